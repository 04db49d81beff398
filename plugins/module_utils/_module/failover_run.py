# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_run: arms an identity, opens, closes and abandons its runs. Every other module works inside what this opens."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, accounts_option
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import definition_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import minimum_of, next_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.timeline import timeline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.person_names import refuse_odd_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import refuse_placeholders
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.step_order import accepted_wrongly
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._from_observation import read_or_restart
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import AUTH_OPTIONS
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_adoption import adopt
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_arming import arm
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_disarming import disarm
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_ending import abandon, close, stop
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_opening import open_or_resume
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_planning import begin_plan, drop_plan, finish_plan, is_plan
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_takeover import take_over
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_undo import open_undo, revert
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts


def opened(task: RunTask) -> None:
    (open_undo if task.params["mode"] == "undo" else open_or_resume)(task)


#: What each ``state`` does; every verb says who owns the identity afterwards.
VERBS: dict[str, t.Callable[[RunTask], None]] = {
    "armed": arm,
    "disarmed": disarm,
    "opened": opened,
    "taken_over": take_over,
    "stopped": stop,
    "closed": close,
    "reverted": revert,
    "abandoned": abandon,
    "adopted": adopt,
}

#: The same words for a plan, which is begun, made into its document or dropped.
PLANNING: dict[str, t.Callable[[RunTask], None]] = {"opened": begin_plan, "taken_over": begin_plan, "closed": finish_plan, "stopped": drop_plan}

#: Options that a person writes a reason into; ``accept`` has several.
REASONS = ("reason", "break_glass", "from_observation", "data_at_risk", "accept")


def failover_run_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "state": {"type": "str", "choices": list(VERBS), "required": True},
            "definition": {"type": "dict", "options": definition_spec()},
            "kind": {"type": "str", "choices": ["failover", "failback", "drill"], "default": "failover"},
            "mode": {"type": "str", "choices": ["execute", "plan", "undo"], "default": "execute"},
            "run": {"type": "dict"},
            "lease_seconds": {"type": "float", "default": 60.0},
            "by": {"type": "str"},
            "reason": {"type": "str"},
            "export": {"type": "path"},
            **AUTH_OPTIONS,
            "break_glass": {"type": "str"},
            "data_state": {"type": "str", "choices": list(DATA_STATES)},
            "data_at_risk": {"type": "str"},
            "from_observation": {"type": "str"},
            "owner": {"type": "str", "choices": ["source", "target"]},
            "accept": {"type": "dict", "default": {}},
            "accept_failure": {"type": "dict", "default": {}},
            "plan": {"type": "dict"},
            "replanned": {"type": "dict"},
            "findings": {"type": "list", "elements": "dict", "default": []},
            "hooks": {"type": "list", "elements": "str", "default": []},
            "credentials": accounts_option(),
        },
        required_if=[
            ("state", "armed", ["definition"]),
            ("state", "disarmed", ["definition"]),
            ("state", "opened", ["definition"]),
            ("state", "taken_over", ["definition"]),
            ("state", "closed", ["run"]),
            ("state", "stopped", ["run"]),
            ("state", "reverted", ["run"]),
            ("state", "abandoned", ["reason"]),
            ("state", "adopted", ["definition", "owner", "reason"]),
        ],
    )


def failover_run(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """One verb of a run's life. Every verb says who owns the identity afterwards (``owner_afterwards``)."""
    refuse_odd_name(params.get("by"))
    refuse_placeholders({option: params.get(option) for option in REASONS})
    for problem in accepted_wrongly("accept_failure", params.get("accept_failure") or {}):
        raise InvalidInput(problem)
    result, disarming = Result(), params["state"] == "disarmed"
    if disarming:
        journal = open_journal(params["identity"], params["store"], params["mirror"], hosts, clock, whole=True)
        fold, result.warnings = journal.read(), journal.warnings
    else:
        journal, fold = read_or_restart(params, hosts, clock, result, check_mode=check_mode)
    plan = is_plan(params)
    verbs = {**VERBS, **PLANNING} if plan else VERBS
    verbs[params["state"]](RunTask(params, hosts, clock, journal, fold, result, check_mode))
    if not check_mode and not plan and not disarming:  # disarming removes the journal
        journal.checkpoint(params["by"] or "failover_run")
    after = journal.fold()
    result.diff = {"before": {"state": fold.state}, "after": {"state": after.state}}
    result.extra.setdefault("run", {})
    result.extra.update(state=after.state, timeline=timeline(journal.events), baseline=after.baseline)
    result.extra.setdefault("next", next_of(after, params["identity"], clock.now(), minimum=minimum_of(params["definition"])))
    result.extra.setdefault("owner_afterwards", "target" if after.state in ("failed_over", "threatened") else "source")
    return result
