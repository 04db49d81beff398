# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables that a role's tasks read, with all the tasks that they bring in, are those that the role documents."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml

ROLES = pathlib.Path(__file__).parents[3] / "roles"
PUBLIC = sorted(path.name for path in ROLES.iterdir() if path.name != "steps" and (path / "meta" / "argument_specs.yml").is_file())

#: A name that is read: no module (``continuity.identity_failover.failover_run``), no text in quotes, no key (``failover_outcome: ...``).
READ = re.compile(r"(?<![\w.'\"])(failover_\w+)(?!\w|['\"]|:(?:\s|$))")
BROUGHT = re.compile(r"(?:include|import)_tasks: *(\S.*)|tasks_from: *(\S.*)")
#: What the plays' selection hands over, and what a failed play says.
NO_INPUT = {"failover_target", "failover_outcome", "failover_identities"}
#: For the status playbook; whoever else looks at the state does not wait for another.
NO_INPUT |= {"failover_wait_for", "failover_wait_timeout"}
#: Read by a shared file for a case that the role never is in. Only a failover is approved, a drill or failover moves no data back, a plan predicts.
ELSEWHERE = {
    "drill": {"failover_break_glass", "failover_data_state", "failover_data_at_risk", "failover_data_restored", "failover_discard"},
    "failback": {"failover_break_glass", "failover_data_state", "failover_data_at_risk"},
    "failover": {"failover_data_restored", "failover_discard"},
    "plan": {"failover_accept_failure", "failover_script_reason", "failover_script_unknown", "failover_source_retries", "failover_when_awaiting"},
    "undo": {"failover_when_awaiting"},
}
#: Whose passwords the connection takes by itself.
NOT_IN_TASKS = {"report": {"failover_credentials"}}


def without_comments(text: str) -> str:
    return re.sub(r"(?m)(^|\s)#.*$", "", text)


def brought_in(path: pathlib.Path, seen: dict[pathlib.Path, str]) -> None:
    """``seen``: file -> text of ``path`` and of everything that its tasks include or import."""
    if path in seen:
        return
    seen[path] = without_comments(path.read_text(encoding="utf-8"))
    for local, shared in BROUGHT.findall(seen[path]):
        name = (local or shared).strip("\"' ")
        if name == "steps":
            continue  # a plan takes the steps of the role of its kind
        folder = path.parent if local else ROLES / "steps" / "tasks"
        pattern = re.sub(r"\{\{.*?\}\}", "*", name)
        found = list(folder.glob(pattern if pattern.endswith(".yml") else f"{pattern}.yml"))
        assert found or "hook" in path.name, f"{path}: {name} is nowhere"
        for one in found:
            brought_in(one, seen)


def variables_of(role: str) -> set[str]:
    seen: dict[pathlib.Path, str] = {}
    for entry in sorted((ROLES / role / "tasks").glob("*.yml")):
        brought_in(entry, seen)
    for kind in ("failover", "failback", "drill") if role == "plan" else ():
        brought_in(ROLES / kind / "tasks" / "steps.yml", seen)
    templates = [path.read_text(encoding="utf-8") for path in (ROLES / role).glob("templates/*")]
    text = "\n".join([*seen.values(), *templates])
    lazy = yaml.safe_load((ROLES / "steps" / "vars" / "main.yml").read_text(encoding="utf-8"))
    own = ROLES / role / "vars" / "main.yml"
    lazy |= yaml.safe_load(own.read_text(encoding="utf-8")) if own.is_file() else {}
    used: set[str] = set()
    while more := {name for name in lazy if name not in used and re.search(rf"\b{name}\b", text)}:
        used |= more
        text += "\n".join(str(lazy[name]) for name in more)
    return set(READ.findall(text)) - NO_INPUT - ELSEWHERE.get(role, set())


def documented(role: str) -> set[str]:
    spec = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return set(spec["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("role", PUBLIC)
def test_a_role_documents_what_its_tasks_read_and_nothing_else(role: str) -> None:
    read, known = variables_of(role), documented(role)
    assert (sorted(read - known), sorted(known - read - NOT_IN_TASKS.get(role, set()))) == ([], [])


@pytest.mark.parametrize("role", PUBLIC)
def test_the_readme_of_a_role_lists_what_it_documents(role: str) -> None:
    readme = (ROLES / role / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"(?m)^\| `(failover_\w+)` \|", readme)) == documented(role)
