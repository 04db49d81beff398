# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a person may type into a variable of the playbooks, where Ansible's own refusal would name an option or none. Pure."""

from __future__ import annotations

import collections.abc
import math
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import FREE_TEXTS, option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.person_names import odd_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import accepted_wrongly
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES, DECISIONS, STRENGTHS

#: Who decides, and whose logon to the target that is: a key of ``failover_credentials``.
BY, LOGON = "failover_by", "failover_logon"
#: Into which a person writes a reason.
REASONS = FREE_TEXTS - {BY}
#: Which take names with a reason for each: of what, and such a name.
NAMED = {"failover_accept": ("findings", "baseline_stale"), "failover_accept_failure": ("steps", "spns")}
CHOICES: dict[str, tuple[str, ...]] = {
    "failover_data_state": tuple(DATA_STATES),
    "failover_decision": DECISIONS,
    "failover_how": STRENGTHS,
    "failover_journal_state": ("read", "verified", "exported", "pruned"),
    "failover_kind": ("failover", "failback", "drill"),
    "failover_owner": ("source", "target"),
    "failover_script_unknown": ("stop", "rerun", "skip"),
    "failover_when_awaiting": ("fail", "end"),
}
#: variable -> whether 0 passes, and a number that is usual.
NUMBERS = {"failover_lease_seconds": (False, 60), "failover_monitor_duration": (True, 60), "failover_source_retries": (True, 30)}
#: (variable, values) -> the variable that these need, what it is for, and how it is typed.
NEEDED = {
    ("failover_script_unknown", ("rerun", "skip")): ("failover_script_reason", "say what you found out about the script's last run", "..."),
    ("failover_journal_state", ("exported", "pruned")): ("failover_journal_export", "name the file of the export", "FILE"),
}
#: What a playbook may ask for: how, and how it is typed.
ASKED = {
    "failover_decision": (f"say one of {', '.join(DECISIONS)}", "proceed"),
    "failover_owner": ("say who owns the identity now, source or target", "target"),
    "failover_reason": ("say why", "..."),
}
#: All that ``problems`` looks at.
CHECKED = frozenset([BY, LOGON, *REASONS, *NAMED, *CHOICES, *NUMBERS, *ASKED, *(needed for needed, _what, _typed in NEEDED.values())])


def problems(given: t.Mapping[str, t.Any], asked: t.Sequence[str] = (), logons: t.Collection[str] = ()) -> list[str]:
    """Variable -> value; one sentence for each that can't be meant. ``asked``: those that the playbook can't do without; ``logons``: what
    ``failover_logon`` may name."""
    said = {name: value for name, value in given.items() if value is not None and str(value).strip()}
    found = [f"{name} is missing: {ASKED[name][0]}, with {option(name, ASKED[name][1])}" for name in asked if name not in said]
    if given.get(BY) not in (None, ""):
        found += filter(None, [odd_name(str(given[BY]))])
    for name, value in said.items():
        if name == LOGON and value not in logons:
            found.append(f"{name} is {value!r}: {_known(logons)}")
        elif name in NAMED:
            found += _of_names(name, value)
        elif name in REASONS:
            found += filter(None, [refusal(name, value)])
        elif name in CHOICES and value not in CHOICES[name]:
            found.append(f"{name} is {value!r}: it is one of {', '.join(CHOICES[name])}")
        elif name in NUMBERS and not _is_number(value, NUMBERS[name][0]):
            lowest = "of 0 or more" if NUMBERS[name][0] else "above 0"
            found.append(f"{name} is {value!r}: give a number {lowest}, such as {option(name, str(NUMBERS[name][1]))}")
    for (name, values), (needed, what, typed) in NEEDED.items():
        if said.get(name) in values and needed not in said:
            found.append(f"{name}={said[name]} needs {needed} too: {what}, with {option(needed, typed)}")
    return found


def typed_again(given: t.Mapping[str, t.Any], asked: t.Sequence[str] = (), logons: t.Collection[str] = ()) -> dict[str, t.Any]:
    """What was typed, for the command that does better: three dots where a value can't be meant, and what is ``asked`` and was not given."""
    said = {name: value for name, value in given.items() if value is not None and str(value).strip()}
    kept = {name: "..." if problems({name: value}, logons=logons) else value for name, value in said.items()}
    return {**{name: ASKED[name][1] for name in asked}, **kept}


def _known(logons: t.Collection[str]) -> str:
    if not logons:
        return "failover_credentials has no entry with user and password; add one of that name, or leave it out"
    return f"of failover_credentials it is one of {', '.join(sorted(logons))}"


def _of_names(name: str, value: t.Any) -> list[str]:
    what, usual = NAMED[name]
    if not isinstance(value, collections.abc.Mapping):
        return [f"{name} is {value!r}: it takes the names of {what}, each with a reason, such as {option(name, {usual: '...'})}"]
    if what == "steps":
        return accepted_wrongly(name, value)
    return [why for key, text in value.items() if (why := refusal(f"{name}.{key}", text))]


def _is_number(value: t.Any, zero: bool) -> bool:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool) and math.isfinite(number) and (number >= 0 if zero else number > 0)
