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
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES, DECISIONS, LOSING, STRENGTHS

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
#: The same for a decision to proceed with a choice that may lose data.
AT_RISK = ("failover_data_at_risk", "say which data may be lost", "...")
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
    said = _said(given)
    found = [f"{name} is missing: {ASKED[name][0]}, with {option(name, ASKED[name][1])}" for name in asked if name not in said]
    found += [sentence for name, value in said.items() for sentence in _wrong(name, value, logons)]
    return found + [f"{name}={said[name]} needs {needed} too: {what}, with {option(needed, typed)}" for name, (needed, what, typed) in _lacking(said)]


def _said(given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What was given. A blank is nothing, but for a blank name, which would make whoever runs Ansible of somebody."""
    return {name: value for name, value in given.items() if value is not None and (str(value).strip() or (name == BY and value != ""))}


def _wrong(name: str, value: t.Any, logons: t.Collection[str]) -> list[str]:
    """Why this value alone can't be meant."""
    if name == BY:
        return list(filter(None, [odd_name(str(value))]))
    if name == LOGON and value not in logons:
        return [f"{name} is {value!r}: {_known(logons)}"]
    if name in NAMED:
        return _of_names(name, value)
    if name in REASONS:
        return list(filter(None, [refusal(name, value)]))
    if name in CHOICES and value not in CHOICES[name]:
        return [f"{name} is {value!r}: it is one of {', '.join(CHOICES[name])}"]
    if name in NUMBERS and not _is_number(value, NUMBERS[name][0]):
        lowest = "of 0 or more" if NUMBERS[name][0] else "above 0"
        return [f"{name} is {value!r}: give a number {lowest}, such as {option(name, str(NUMBERS[name][1]))}"]
    return []


def typed_again(given: t.Mapping[str, t.Any], asked: t.Sequence[str] = (), logons: t.Collection[str] = ()) -> dict[str, t.Any]:
    """What was typed, for the command that does better: three dots where a value can't be meant, and what is ``asked`` and was not given."""
    said = _said(given)
    kept = {name: "..." if _wrong(name, value, logons) else value for name, value in said.items()}
    again = {**{name: ASKED[name][1] for name in asked}, **kept}
    return {**again, **{needed: typed for _name, (needed, _what, typed) in _lacking(again)}}


def _lacking(said: t.Mapping[str, t.Any]) -> list[tuple[str, tuple[str, str, str]]]:
    """Each variable that needs another one, which was not given, and that one as in NEEDED."""
    lacking = [(name, needs) for (name, values), needs in NEEDED.items() if said.get(name) in values and needs[0] not in said]
    if said.get("failover_decision") == "proceed" and said.get("failover_data_state") in LOSING and AT_RISK[0] not in said:
        lacking.append(("failover_data_state", AT_RISK))  # of a run the votes have said it
    return lacking


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
