# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Between the commands of a paper: each hook that nobody runs there, and each step that the plan could not look at."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_limits import hooks_of
from ansible_collections.continuity.identity_failover.tests.unit.plans import PEACE, RUNNING, STOPPED, change, moved, plan, said, serving, usual

ROLES = pathlib.Path(__file__).resolve().parents[5] / "roles"
HOOKS = yaml.safe_load((ROLES / "steps" / "vars" / "main.yml").read_text(encoding="utf-8"))["steps_hook_names"]
ON_THE_WAY = hooks_of("failover", HOOKS)


def place(text: str, hook: str) -> int:
    found = [number for number, line in enumerate(text.splitlines()) if line.startswith((f"> **Your hook {hook} ", f"> **Your hook {hook},"))]
    assert len(found) == 1, (hook, found)
    return found[0]


def heading(text: str, begins: str) -> int:
    return next(number for number, line in enumerate(text.splitlines()) if line.startswith(begins))


@pytest.mark.parametrize(("kind", "hooks"), [("failover", ON_THE_WAY), ("failback", hooks_of("failback", HOOKS))])
def test_each_hook_has_its_word_once(kind: str, hooks: list[str]) -> None:
    text = paper(plan(serving() if kind == "failover" else moved(), kind=kind, hooks=hooks), PEACE)
    for hook in hooks:
        assert place(text, hook) > heading(text, "Hooks that a run plays and this paper does not: ")
        assert f"Read inventory/hooks/{hook}.yml" in text


def test_the_word_stands_where_a_run_plays_the_hook() -> None:
    text = paper(plan(serving(), hooks=ON_THE_WAY), PEACE)
    order = [
        (heading(text, "## First"), place(text, "before_fence"), heading(text, "1. ")),
        (heading(text, "## Then"), place(text, "after_fence"), place(text, "before_data"), place(text, "data"), place(text, "after_data")),
        (place(text, "before_identity"), heading(text, "### identity@exch2"), place(text, "after_identity"), place(text, "before_services")),
        (place(text, "before_dns"), heading(text, "### dns: mail"), place(text, "after_dns"), place(text, "before_clients"), heading(text, "### clients")),
        (heading(text, "### verify"), place(text, "after_verify"), heading(text, "## The way back")),
    ]
    for lines in order:
        assert list(lines) == sorted(lines)


def test_a_hook_that_the_plan_may_have_run_is_told_as_one_that_may_not_be_there() -> None:
    definition: dict[str, t.Any] = {**PEACE, "hooks": {"dir": "inventory/hooks", "plan_safe": ["data", "before_quiesce"]}}
    text = paper(plan(serving(), hooks=["before_dns"]), definition)
    assert "this paper does not: before_dns, data." in text
    assert "> **Your hook data, if it is there, runs here" in text and "before_quiesce" not in text


def test_a_step_that_could_not_be_looked_at_is_told_at_its_place() -> None:
    there = [
        said("identity@exch2", reason="unreachable", msg="exch2 does not answer in 5 s."),
        said("dns", change("mail.example.com A", None, {"values": ["10.0.0.21"], "ttl": 60}, detail={"zone": "example.com"})),
    ]
    text = paper(plan(there), PEACE)
    assert heading(text, "### identity@exch2: not looked at when the plan was made") < heading(text, "### dns: mail")
    assert "exch2 does not answer in 5 s. So this paper has no commands for it" in text


def test_a_step_that_would_stop_says_so_before_its_commands() -> None:
    predictions = usual()
    predictions[2] = said("services@exch2", change("MSExchangeIS", STOPPED, RUNNING), reason="start_disabled", msg="a policy disables W3SVC")
    text = paper(plan(predictions), PEACE)
    assert heading(text, "### services@exch2: a run would have stopped here") < heading(text, "### services@exch2: MSExchangeIS")
    assert "a policy disables W3SVC. Mend that first" in text


def test_what_a_step_would_stop_at_has_no_commands_and_is_named() -> None:
    predictions = usual()
    some, why = change("MSExchangeIS", STOPPED, RUNNING), "exch2 has no W3SVC"
    predictions[2] = Prediction("services@exch2", "exch2", [some], {}, "unknown_service", why, stops_at={"W3SVC": why})
    assert "Of W3SVC it has no commands." in paper(plan(predictions), PEACE)
    predictions[2] = Prediction("services@exch2", "exch2", [], {}, "unknown_service", why, found={"MSExchangeIS": STOPPED}, stops_at={"W3SVC": why})
    text = paper(plan(predictions), PEACE)
    assert "### services@exch2: a run would have stopped here\n\nexch2 has no W3SVC. So this paper has no commands for it" in text
