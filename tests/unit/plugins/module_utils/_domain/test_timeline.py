# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a run's time went, and the journal as sentences."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.timeline import accepted_of, phases, run_reports, timeline

START = datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)


def at(seconds: float) -> str:
    return (START + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def outcome(seconds: float, begun: float, step: str, run: str, failed: bool = False) -> Event:
    data = {"failed": failed, "msg": "it broke" if failed else "", "begun_at": at(begun), "counts": {"done": 1}, "changed": [], "evidence": None}
    return Event(0, at(seconds), "step_outcome", run, step, data=data)


def opened(seconds: float, run: str, kind: str) -> Event:
    return Event(0, at(seconds), "run_opened", run, by="ops", data={"kind": kind, "mode": "execute", "planned": False, "epoch": 1})


def closed(seconds: float, run: str, kind: str) -> Event:
    return Event(0, at(seconds), "run_closed", run, data={"kind": kind})


VOTE: dict[str, t.Any] = {"by": "chief", "decision": "proceed", "reason": "dead", "intent": {}, "required": 1, "expires_at": at(9999)}
EVENTS = [
    Event(0, at(0), "armed", data={"machines": {"exch1": {}, "exch2": {}}}),
    Event(0, at(30), "incident_opened", data={"class": "host", "msg": "silent", "silent_seconds": 25.0}),
    Event(0, at(90), "decision", data=VOTE),
    opened(100, "r1", "failover"),
    outcome(110, 104, "fence@exch1", "r1"),
    outcome(115, 112, "dns", "r1"),
    outcome(118, 116, "verify", "r1"),
    closed(120, "r1", "failover"),
    opened(200, "r2", "failback"),
    outcome(207, 203, "services@exch2", "r2", failed=True),
]


def test_a_failovers_outage_is_split_into_its_phases() -> None:
    assert phases(fold(EVENTS, START).runs["r1"]) == {"detect": 25.0, "decide": 60.0, "act": 6.0, "propagate": 3.0, "verify": 2.0}


def test_a_failback_detects_and_decides_nothing() -> None:
    assert phases(fold(EVENTS, START).runs["r2"]) == {"detect": 0.0, "decide": 0.0, "act": 4.0, "propagate": 0.0, "verify": 0.0}


def test_reports_are_newest_first_and_name_step_host_and_failure() -> None:
    newest, oldest = run_reports(fold(EVENTS, START))
    assert (newest["id"], newest["ended"], oldest["id"], oldest["ended"]) == ("r2", "open", "r1", "closed")
    (step,) = newest["steps"]
    assert (step["step"], step["host"], step["seconds"], step["failed"], step["msg"]) == ("services", "exch2", 4.0, True, "it broke")


def test_the_hours_that_a_run_lay_stopped_are_no_part_of_a_step() -> None:
    resumed = Event(0, at(7200), "run_resumed", "r2", data={"kind": "failback", "epoch": 2})
    newest = run_reports(fold([*EVENTS, resumed, outcome(7205, 7203, "services@exch2", "r2")], START))[0]
    assert [step["seconds"] for step in newest["steps"]] == [6.0]


def test_every_event_has_a_sentence() -> None:
    assert [entry["text"] for entry in timeline(EVENTS)][:4] == [
        "baseline of exch1, exch2",
        "host incident: silent",
        "chief (asserted): proceed (dead)",
        "failover under epoch 1",
    ]


def test_what_name_servers_owe_and_how_it_ends_is_told() -> None:
    def debt(server: str) -> dict[str, t.Any]:
        return {"server": server, "records": {"mail.example.com A": None, "www.example.com A": None}}

    step = outcome(115, 112, "dns", "r1")
    step.data["debts"] = {"owed": [debt("dns2")], "settled": [debt("dns3")], "void": [debt("dns4")]}
    paid = Event(0, at(130), "debts_settled", by="monitor", data={"settled": [debt("dns2")]})
    assert [entry["text"] for entry in timeline([step, paid])] == [
        "1 done; dns2 owes 2 records; dns3 has what it owed: 2 records; dns4 owes no more, as another value is wanted: 2 records",
        "dns2 has what it owed: 2 records",
    ]


def test_broken_glass_stands_before_what_was_accepted_earlier() -> None:
    older = [
        opened(1, "r1", "failover"),
        Event(0, at(2), "accepted", "r1", by="ops", data={"what": "a full disk", "reason": "known"}),
        closed(3, "r1", "failover"),
    ]
    glass = Event(0, at(12), "accepted", "r2", by="ops", data={"kind": "break_glass", "what": "opened without approval", "reason": "nobody answers"})
    found = accepted_of(fold([EVENTS[0], *older, opened(11, "r2", "failback"), glass], START + datetime.timedelta(seconds=20)))
    assert [entry["what"] for entry in found] == ["opened without approval", "a full disk"]


def test_an_opening_says_on_whose_word_and_how_each_name_is_known() -> None:
    approved, broken, few, alone = (opened(1, "r1", "failover") for _time in range(4))
    approved.data["approvers"] = [{"by": "chief", "how": "asserted"}, {"by": "owner", "how": "signature"}]
    broken.data["break_glass"] = few.data["break_glass"] = "nobody answers"
    few.data["approvers"] = [{"by": "owner", "how": "signature"}]
    assert [entry["text"] for entry in timeline([approved, broken, few, alone])] == [
        "failover under epoch 1, approved by chief (asserted), owner (signature)",
        "failover under epoch 1, without approval (break-glass)",
        "failover under epoch 1, without approval (break-glass), which owner (signature) had given alone",
        "failover under epoch 1",
    ]


def test_of_what_a_step_is_about_to_change_the_first_are_named() -> None:
    changes = [{"name": f"share {name}", "do": f"share D:\\{name}"} for name in "abcde"]
    many, one = (Event(0, at(3), "step_intent", "r1", "identity@exch2", data={"changes": some}) for some in (changes, changes[:1]))
    assert [entry["text"] for entry in timeline([many, one])] == [
        "5 changes: share a: share D:\\a; share b: share D:\\b; share c: share D:\\c; share d: share D:\\d; ...",
        "1 change: share a: share D:\\a",
    ]
