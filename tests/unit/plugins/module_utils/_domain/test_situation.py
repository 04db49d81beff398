# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What whoever looks next is told: the incident, the decisions, the open run and its lease."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseState
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.situation import ownership, situation
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import STATES

NOW = datetime.datetime(2026, 11, 22, 20, 10, tzinfo=datetime.timezone.utc)
FREE = LeaseState()
DEFINITION: dict[str, t.Any] = {
    "source": {"host": "exch1"},
    "target": {"host": "exch2"},
    "approvals": {"required": 2, "identity": "signature"},
    "spns": [{}],
    "services": [{"name": "IS"}],
}
INTENT = {"identity": "mail", "incident": "2", "data_state": "discard_queues"}


def at(minute: int) -> str:
    return f"2026-11-22T20:{minute:02}:00.000Z"


def happened(seq: int, of_kind: str, *, run: str = "", step: str = "", by: str = "", **data: t.Any) -> Event:
    return Event(seq=seq, at=at(seq), kind=of_kind, run=run, step=step, by=by, data=data)


ARMED = happened(1, "armed", machines={})
INCIDENT = happened(2, "incident_opened", by="monitor", **{"class": "host"}, msg="tcp 445 from dc3: no reply", silent_seconds=25.0)
DEAD = [ARMED, INCIDENT]


def vote(seq: int, by: str, how: str = "signature", decision: str = "proceed", until: int = 50, **more: t.Any) -> Event:
    said = {"by": by, "how": how, "decision": decision, "reason": "no power", "intent": INTENT, "required": 2, "minimum": "signature", **more}
    return Event(seq=seq, at=at(seq), kind="decision", by=by, data={**said, "expires_at": at(until)})


def opened(seq: int, kind: str = "failover", **data: t.Any) -> Event:
    return happened(seq, "run_opened", run="r1", by="ops@one", kind=kind, mode="execute", epoch=1, planned=False, reverts="", **data)


def told(*events: Event, definition: dict[str, t.Any] | None = None, lease: LeaseState | None = FREE) -> list[str]:
    return situation(folded(*events), events, DEFINITION if definition is None else definition, lease, NOW)


def folded(*events: Event) -> Fold:
    return fold(events, NOW)


def test_while_all_is_quiet_there_is_nothing_to_tell() -> None:
    assert told(ARMED) == []
    assert told(ARMED, lease=None) == []


def test_an_incident_is_told_with_its_beginning_and_cause_and_how_many_decisions_are_needed() -> None:
    assert told(*DEAD) == [
        f"incident 2, a host incident, since {at(2)}, 8 min ago: tcp 445 from dc3: no reply (it was silent for 25 s by then)",
        "decisions: 0 of 2 needed say proceed; without another word the data get apply_queues",
    ]
    assert told(*DEAD, definition={})[1].startswith("decisions: 0 of 1 needed say proceed")


def test_who_said_what_is_told_with_how_it_is_known_until_when_and_what_for_the_data() -> None:
    _incident, *said = told(*DEAD, vote(3, "alice", data_at_risk="four mails"), vote(4, "bob", "asserted"), vote(5, "carol", until=6))
    assert said == [
        "decisions: 1 of 2 needed say proceed",
        f"alice says proceed (signature), at {at(3)}, until {at(50)}, for the data discard_queues, at risk: four mails: no power",
        f"bob says proceed (asserted, too weak to count), at {at(4)}, until {at(50)}, for the data discard_queues: no power",
        f"the decision of carol to proceed expired at {at(6)}",
    ]


def test_a_refusal_and_two_that_mean_different_things_are_told() -> None:
    said = told(*DEAD, vote(3, "alice"), vote(4, "bob", intent={**INTENT, "data_state": "apply_queues"}), vote(5, "carol", decision="decline"))
    assert said[1] == "decisions: 2 of 2 needed say proceed, and they do not mean the same"
    assert said[4] == f"carol says decline (signature), at {at(5)}, until {at(50)}: no power"


def step(seq: int, name: str, failed: bool = False, by: str = "ops@one") -> Event:
    bad = [{"name": "http/mail", "status": "failed", "reason": "r", "msg": "a third account holds it"}] if failed else []
    return happened(
        seq, "step_outcome", run="r1", step=name, by=by, failed=failed, counts={}, changed=[], bad=bad, msg="1 of 2 names could not be moved" if failed else ""
    )


DECIDED = [*DEAD, vote(3, "alice"), vote(3, "bob"), opened(4, approvers=[{"by": "alice"}, {"by": "bob"}])]
STOPPED = [*DECIDED, step(5, "fence@exch1"), step(6, "spns", failed=True, by="dave@two")]


def test_a_stopped_run_is_told_with_who_stopped_it_how_far_it_came_and_why() -> None:
    incident, run, far, why, lease = told(*STOPPED)
    assert incident.startswith("incident 2")
    assert run == f"the failover run r1 is open since {at(4)}, opened by ops@one, decided by alice, bob; its last event is of {at(6)} by dave@two"
    assert far == "done: fence on exch1; not done: spns (failed: http/mail), services on exch2 (not begun)"
    assert why == "spns: 1 of 2 names could not be moved"
    assert lease == "nobody holds the lease of the run: it has stopped, and whoever has the next command goes on with it"


def test_a_run_that_is_under_way_is_told_with_who_has_its_lease() -> None:
    lease = LeaseState(holder="h", epoch=1, by="dave@two", run="r1", remaining=42.4)
    assert told(*STOPPED, lease=lease)[-1] == "dave@two holds the lease of this run, which is under way; it runs out in 42 s unless it is renewed"
    other = LeaseState(holder="h", epoch=1, by="dave@two", run="r0", remaining=42.4)
    assert told(ARMED, lease=other) == ["dave@two holds the lease of the run r0; it runs out in 42 s unless it is renewed"]
    assert told(*STOPPED, lease=None)[-1] == "who holds the lease of the run is not known, as the store could not be asked"


def test_an_undo_is_told_as_one_with_what_is_put_back() -> None:
    image = {"name": "http/mail", "before": None, "after": 1, "do": "it"}
    events = [
        *DECIDED,
        happened(6, "step_intent", run="r1", step="spns", changes=[image]),
        happened(7, "step_intent", run="r1", step="services@exch2", changes=[image]),
        happened(8, "run_resumed", run="r1", by="ops@one", epoch=2, mode="undo"),
        happened(9, "step_outcome", run="r1", step="services@exch2", failed=False, counts={}, changed=[], bad=[], msg="", reverts="r1"),
    ]
    _incident, run, far, _lease = told(*events)
    assert f"it is being undone since {at(8)}" in run
    assert far == "put back: services on exch2; still moved: spns"


def test_a_drill_is_told_without_the_steps_of_a_failover() -> None:
    _drill, far, _lease = told(ARMED, opened(4, "drill"), step(5, "services@exch2"))
    assert far == "done: services on exch2"


def test_a_run_without_approval_says_so() -> None:
    assert "opened by ops@one without approval: nobody answers;" in told(*DEAD, opened(4, break_glass="nobody answers"))[1]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_who_owns_the_identity_is_a_sentence_in_every_state(state: t.Any) -> None:
    said = ownership(state.name, state.owner, "source")
    if state.owner == "moving":
        assert said.startswith("it is being moved from the ") and said.endswith("nobody owns it until that has ended; observed is source")
    else:
        assert said == f"by the journal the owner is the {state.owner}, observed is source"


def test_of_a_run_that_is_being_undone_it_is_told_who_will_own_the_identity() -> None:
    said = ownership("failing_back", "moving", "source", "target")
    assert said == "its run is being undone: afterwards the target owns it, and by the journal nobody does until that has ended; observed is source"
    assert ownership("protected", "source", "source", "source") == "by the journal the owner is the source, observed is source"  # the undo of a drill
