# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the monitor and people write in whatever order, each entry is expected, and the state agrees with the incident."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import QUIET, next_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import live_votes
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import ALLOWED
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import INCIDENT as ENDS
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import WATCHED
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._domain.test_fold import (
    ARMED,
    INCIDENT,
    NOW,
    SOON,
    closed,
    event,
    opened,
    vote,
)

LATER = "2026-11-22T21:00:00.000Z"
CLOSES = {"failing_over": "failover", "failing_back": "failback"}


def waiting(found: Fold) -> bool:
    return any(one["decision"] == "proceed" for one in live_votes(found.votes, NOW))


def may_follow(found: Fold, number: int) -> list[Event]:
    """What the monitor, the people and the runs write in this state."""
    state, incident = found.state, found.incident["id"] if found.incident else ""
    entries = [
        vote(decision, by=by, required=required, expires_at=until, incident=incident)
        for decision, states in ALLOWED.items()
        if state in states and decision != "acknowledge" and (decision != "decline" or state not in QUIET or waiting(found))
        for by in ("ops", "deputy")
        for required in (1, 2)
        for until in (SOON, LATER)
    ]
    if state in WATCHED or (state in ("approved", "declined") and not incident):
        entries.append(INCIDENT)
    if state in ENDS and incident:
        entries.append(event("incident_recovered", {}))
    if state == "recovered":
        entries.append(event("incident_closed", {"decision": "acknowledge"}))
    if state in ("approved", "failed_over"):
        entries.append(opened("failover" if state == "approved" else "failback", run=f"r{number}"))
    if state in CLOSES:
        entries += [closed(CLOSES[state], run=found.active_run), event("run_reverted", {}, run=found.active_run)]
    return entries


@given(data=st.data(), length=st.integers(1, 10))
def test_a_state_of_an_incident_has_one_and_a_quiet_state_has_none(data: st.DataObject, length: int) -> None:
    history = [ARMED]
    for number in range(2, length + 2):
        entry = data.draw(st.sampled_from(may_follow(fold(history, NOW), number)))
        history.append(dataclasses.replace(entry, seq=number))
        found = fold(history, NOW)
        assert found.unexpected == []
        if found.state in ("pending", "protected"):
            assert (found.incident is not None) == (found.state == "pending")
        if found.state in ("pending", "declined") or waiting(found):
            assert ".ack " in next_of(found, "mail", NOW) or found.state == "approved"
