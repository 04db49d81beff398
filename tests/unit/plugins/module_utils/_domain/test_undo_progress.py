# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far an undo came, from the run's journal."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import in_words
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import changed_meanwhile, still_to_put_back
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo_progress import undo_progress, what_it_takes
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._domain.test_undo import FAILOVER, intent, outcome, ran, record

BAD = {"name": "a", "status": "failed", "reason": "changed_by_other", "msg": "is otherwise"}


def back(step: str, *names: str, bad: t.Sequence[t.Mapping[str, str]] = ()) -> Event:
    event = outcome(step, reverts="r1", failed=bool(bad), bad=bad)
    event.data["changed"] = [{"name": name, "status": "done", "after": "old"} for name in names]
    return event


def test_an_undo_that_stopped_says_what_is_back_and_what_is_not() -> None:
    made = ran(record(), *FAILOVER[:5])
    made.concluded(outcome("databases@exch2", reverts="r1"))
    made.concluded(outcome("services@exch2", reverts="r1", bad=[BAD]))
    made.concluded(outcome("spns", reverts="r1", failed=True, bad=[BAD]))
    made.intended(intent("identity@exch2", reverts="r1"))
    done, not_done = undo_progress(made)
    assert [(one["step"], one["status"]) for one in done] == [("databases", "done"), ("services", "accepted")]
    assert [(one["step"], one["status"]) for one in not_done] == [("spns", "failed"), ("identity", "unfinished"), ("fence", "not_begun")]
    assert (not_done[0]["msg"], not_done[2]["host"]) == ("is otherwise", "exch1")


def test_records_that_are_back_are_told_where_another_failed_also_once_more() -> None:
    made = record()
    made.intended(intent("dns", "a", "b"))
    made.concluded(outcome("dns"))
    made.intended(intent("dns", "a", "b", reverts="r1"))
    made.concluded(back("dns", "b", bad=[BAD]))
    told = "done: no step as a whole; not done: dns (failed: a; put back: 1 of 2, b)"
    assert in_words(*undo_progress(made), "put back") == told
    made.intended(intent("dns", "b", reverts="r1"))
    assert changed_meanwhile(made) == ["dns: a is otherwise"]
    made.intended(intent("dns", "a", reverts="r1"))
    assert (undo_progress(made)[1][0]["changed"], changed_meanwhile(made)) == ([], [])
    made.concluded(back("dns", "b", bad=[BAD]))
    made.concluded(back("dns", bad=[BAD]))
    assert in_words(*undo_progress(made), "put back") == told
    made.concluded(back("dns", "a"))
    assert in_words(*undo_progress(made), "put back") == "done: dns"


def test_an_undo_that_goes_on_does_not_say_that_it_puts_back_what_is_back() -> None:
    made = ran(record(), "identity@exch2", "spns", "services@exch2", "dns")

    def told() -> str:
        return what_it_takes(still_to_put_back(made), made)

    assert told() == "to put back: dns, services on exch2, spns, identity on exch2"
    for step in ("dns", "services@exch2", "spns"):
        made.concluded(outcome(step, reverts="r1"))
    assert told() == "to put back: identity on exch2; to be looked at, as others write them too: dns, spns"
    made.concluded(outcome("identity@exch2", reverts="r1"))
    assert told() == "to put back: nothing more; to be looked at, as others write them too: dns, spns"


def test_records_that_a_failback_had_not_come_to_are_looked_at_and_an_undo_of_nothing_says_so() -> None:
    led = ran(record(), "dns")
    made = ran(record("failback"), "services@exch2")
    assert what_it_takes(still_to_put_back(made, led), made) == "to put back: services on exch2; to be looked at, as others write them too: dns"
    assert what_it_takes([], record()) == "to put back: nothing, as nothing was moved"


def with_fence(**services: str) -> RunRecord:
    made, off = record(), {"state": "Stopped", "start_mode": "disabled"}
    changes = [{"name": f"service {name}", "before": {"state": "Running", "start_mode": mode}, "after": off} for name, mode in services.items()]
    made.intended(Event(seq=1, at=made.opened_at, kind="step_intent", run="r1", step="fence@exch1", data={"changes": changes, "reverts": ""}))
    ended = outcome("fence@exch1")
    ended.data["changed"] = [{"name": change["name"], "status": "done", "after": off} for change in changes]
    made.concluded(ended)
    return made


def test_until_the_fence_is_put_back_users_are_cut_off() -> None:
    made = with_fence(IS="auto", Transport="manual")
    assert in_words(*undo_progress(made), "put back") == (
        "done: nothing yet; not done: fence on exch1 (not begun); users are cut off from exch1: IS, Transport were stopped and disabled there"
    )
    made.concluded(back("fence@exch1", "service IS", bad=[{**BAD, "name": "service Transport"}]))
    assert in_words(*undo_progress(made), "put back").endswith(
        "(failed: service Transport; put back: 1 of 2, service IS); users are cut off from exch1: Transport was stopped and disabled there"
    )
