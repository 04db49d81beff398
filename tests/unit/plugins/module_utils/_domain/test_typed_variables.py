# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is typed into a variable is refused in one sentence of ours, with the variable's name, before anything is touched."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import FREE_TEXTS
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.typed_variables import (
    CHECKED,
    CHOICES,
    NUMBERS,
    REASONS,
    problems,
    typed_again,
)

ROLES = pathlib.Path(__file__).parents[5] / "roles"
NO_TEXT = st.one_of(st.dictionaries(st.text(min_size=1), st.text(), min_size=1), st.text(".-/?!* ", min_size=1).filter(str.strip))
NO_REASONS = st.one_of(
    st.booleans(), st.sampled_from(("true", "Yes", "1", "...", "say why")), st.integers(), st.floats(allow_nan=False), st.lists(st.text()), NO_TEXT
)


def options() -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        for spec in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values():
            yield from (spec.get("options") or {}).items()


@given(st.sampled_from(sorted(REASONS)), NO_REASONS)
def test_every_variable_for_a_reason_wants_one(name: str, said: t.Any) -> None:
    (found,) = problems({name: said})
    assert found.startswith(f"{name}: ") and "write the reason" in found


@given(st.sampled_from(("failover_accept", "failover_accept_failure")), NO_REASONS)
def test_what_is_accepted_is_accepted_with_a_reason(name: str, said: t.Any) -> None:
    (found,) = problems({name: {"spns": said}})
    assert found.startswith(f"{name}.spns: ")


def test_every_variable_of_free_text_is_one_for_a_reason_or_a_name() -> None:
    assert REASONS == FREE_TEXTS - {"failover_by"}


def test_what_the_roles_restrict_is_refused_in_our_words_before_ansible_does_it_in_its_own() -> None:
    restricted = {name: tuple(option["choices"]) for name, option in options() if option.get("choices") and not name.startswith("failover_flush_")}
    assert {name: set(CHOICES.get(name, ())) for name in restricted} == {name: set(choices) for name, choices in restricted.items()}
    counted = {name for name, option in options() if option["type"] in ("int", "float") and not name.startswith("failover_flush_")}
    assert counted == set(NUMBERS)


def test_the_playbooks_look_at_all_of_them() -> None:
    assert sorted(yaml.safe_load((ROLES / "steps" / "vars" / "main.yml").read_text(encoding="utf-8"))["steps_checked"]) == sorted(CHECKED)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"failover_script_unknown": "foo"}, "failover_script_unknown is 'foo': it is one of stop, rerun, skip"),
        ({"failover_script_unknown": True}, "failover_script_unknown is True: it is one of stop, rerun, skip"),
        (
            {"failover_script_unknown": "rerun", "failover_script_reason": " "},
            "failover_script_unknown=rerun needs failover_script_reason too: say what you found out about the script's last run, with "
            """-e '{"failover_script_reason": "..."}'""",
        ),
        (
            {"failover_journal_state": "pruned"},
            "failover_journal_state=pruned needs failover_journal_export too: name the file of the export, with -e failover_journal_export=FILE",
        ),
        ({"failover_lease_seconds": "abc"}, "failover_lease_seconds is 'abc': give a number above 0, such as -e failover_lease_seconds=60"),
        ({"failover_lease_seconds": "nan"}, "failover_lease_seconds is 'nan': give a number above 0, such as -e failover_lease_seconds=60"),
        (
            {"failover_accept": "x"},
            """failover_accept is 'x': it takes the names of findings, each with a reason, such as -e '{"failover_accept": {"baseline_stale": "..."}}'""",
        ),
        (
            {"failover_accept_failure": {"service": "they start by hand", "dns": "dns2 is down"}},
            "failover_accept_failure.service is no step; did you mean 'services'. The steps are fence, data, identity, spns, services, databases, script, "
            "dns, dns_lock, clients, verify",
        ),
        ({"failover_accept_failure": {"dns": None}}, "failover_accept_failure.dns has no reason: say in words why its failure is accepted"),
        (
            {"failover_accept_failure": "spns"},
            """failover_accept_failure is 'spns': it takes the names of steps, each with a reason, such as -e '{"failover_accept_failure": {"spns": "..."}}'""",
        ),
    ],
)
def test_what_is_wrong_is_said_with_how_to_mend_it(said: dict[str, t.Any], sentence: str) -> None:
    assert problems(said) == [sentence]


@pytest.mark.parametrize(
    ("logons", "sentence"),
    [
        (["deputy", "chief"], "failover_logon is 'zz': of failover_credentials it is one of chief, deputy"),
        ([], "failover_logon is 'zz': failover_credentials has no entry with user and password; add one of that name, or leave it out"),
    ],
)
def test_a_logon_that_nobody_knows_is_refused_with_those_that_are_known(logons: list[str], sentence: str) -> None:
    assert problems({"failover_logon": "zz"}, logons=logons) == [sentence]
    assert problems({"failover_logon": "chief"}, logons=["chief"]) == problems({"failover_logon": ""}) == []


@pytest.mark.parametrize(
    ("by", "says"),
    [
        (" ", "a blank name"),
        (["bob"], "is a list"),
        (True, "is a switch"),
        ("alice, bob", "is a list"),
        ("*", "names nobody"),
        ("EXAMPLE\alice", "a backslash is decoded"),
        ("...", "only stands for"),
    ],
)
def test_an_odd_name_is_refused_before_anything_is_touched(by: t.Any, says: str) -> None:
    (found,) = problems({"failover_by": by})
    assert found.startswith("by (failover_by in the playbooks): ") and says in found
    assert problems({"failover_by": "EXAMPLE\\alice"}) == problems({"failover_by": ""}) == []


def test_a_decision_and_the_way_to_be_known_are_words_that_the_playbook_knows() -> None:
    assert problems({"failover_decision": "yes", "failover_how": "ssh"}) == [
        "failover_decision is 'yes': it is one of proceed, decline, withdraw, acknowledge",
        "failover_how is 'ssh': it is one of asserted, windows_logon, signature",
    ]
    assert problems({}, ("failover_decision",)) == [
        "failover_decision is missing: say one of proceed, decline, withdraw, acknowledge, with -e failover_decision=proceed"
    ]


@pytest.mark.parametrize("choice", ["discard_queues", "revert_to_snapshot"])
def test_whoever_proceeds_with_a_loss_is_asked_for_the_data_and_types_the_rest_once(choice: str) -> None:
    said = {"failover_decision": "proceed", "failover_data_state": choice, "failover_logon": "chief"}
    assert problems(said, logons=["chief"]) == [
        f"""failover_data_state={choice} needs failover_data_at_risk too: say which data may be lost, with -e '{{"failover_data_at_risk": "..."}}'"""
    ]
    assert typed_again(said, logons=["chief"]) == {**said, "failover_data_at_risk": "..."}
    assert problems({**said, "failover_data_at_risk": "mail since noon"}, logons=["chief"]) == []
    assert typed_again({"failover_script_unknown": "skip"}) == {"failover_script_unknown": "skip", "failover_script_reason": "..."}
    # Whoever declines loses nothing, and of a run the votes have said it.
    assert problems({**said, "failover_decision": "decline"}, logons=["chief"]) == problems({"failover_data_state": choice}) == []


def test_what_the_asked_value_needs_is_typed_in_one_go() -> None:
    again = typed_again({"failover_data_state": "discard_queues"}, ("failover_decision", "failover_reason"))
    assert again == {"failover_decision": "proceed", "failover_reason": "...", "failover_data_state": "discard_queues", "failover_data_at_risk": "..."}
    assert problems({**again, "failover_reason": "no power", "failover_data_at_risk": "mail since noon"}, ("failover_decision", "failover_reason")) == []


def test_what_a_playbook_cannot_do_without_is_asked_for() -> None:
    asked = ("failover_owner", "failover_reason")
    assert problems({"failover_owner": "", "failover_reason": "moved by hand"}, asked) == [
        "failover_owner is missing: say who owns the identity now, source or target, with -e failover_owner=target"
    ]
    assert problems({"failover_owner": "source"}, asked) == ["""failover_reason is missing: say why, with -e '{"failover_reason": "..."}'"""]


def test_what_is_right_or_was_not_given_passes() -> None:
    right = {"failover_accept": {"check_failed": "known"}, "failover_lease_seconds": "60", "failover_source_retries": 0, "failover_script_unknown": "skip"}
    assert problems({**dict.fromkeys(CHECKED, ""), **right, "failover_script_reason": "its log says done", "failover_owner": "target"}) == []
    assert problems(dict.fromkeys(CHECKED)) == []
