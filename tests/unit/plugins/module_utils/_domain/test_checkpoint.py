# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checkpoints: a journal that is read from one amounts to what the whole journal amounts to."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import EVENTS, as_json, complete, due
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, fold, replay
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, chain, follow, from_checkpoint, origin

NOW = datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)
AT = "2026-11-22T19:59:00.000Z"
NAMES = st.sampled_from(["zulu", "alpha", "Mike", "ä"])
IMAGES = st.one_of(st.none(), st.text(max_size=3), st.dictionaries(st.text(max_size=2), st.integers(), max_size=2))


def event(kind: str, data: t.Any = None, run: str = "", step: str = "") -> Event:
    return Event(seq=0, at=AT, kind=kind, run=run, step=step, by="ops", data=data)


def votes(decision: str, by: str, expires: str) -> Event:
    intent = {"identity": "mail", "incident": ""}
    return event(
        "decision", {"by": by, "decision": decision, "reason": "r", "intent": intent, "required": 1, "expires_at": f"2026-11-22T{(expires + ':00')[:8]}.000Z"}
    )


def opened(kind: str, run: str) -> Event:
    return event("run_opened", {"kind": kind, "mode": "execute", "planned": False, "epoch": 1}, run)


def outcome(run: str, step: str, changed: list[tuple[str, t.Any]]) -> Event:
    listed = [{"name": name, "after": after} for name, after in changed]
    return event("step_outcome", {"failed": False, "counts": {"done": 1}, "changed": listed, "begun_at": "2026-11-22T19:58:57.123Z"}, run, step)


#: Before the first event, between the two moments of events, and after NOW.
EXPIRIES = st.sampled_from(["19:59", "19:59:30", "20:30"])
RUNS = st.sampled_from(["r1", "r2"])
STEPS = st.sampled_from(["services@exch2", "dns", "identity@exch2"])
DRAFT = st.one_of(
    st.sampled_from([event("armed", {"machines": {"exch2": {}, "exch1": {}}}), event("disarmed"), event("incident_recovered", {}), event("incident_closed")]),
    st.just(event("incident_opened", {"class": "host", "silent_seconds": 25.0})),
    st.builds(votes, st.sampled_from(["proceed", "decline", "withdraw"]), st.sampled_from(["ops", "chief"]), EXPIRIES),
    st.builds(opened, st.sampled_from(["failover", "failback", "drill"]), RUNS),
    st.builds(lambda run, how: event(f"run_{how}", {"kind": ""}, run), RUNS, st.sampled_from(["closed", "reverted", "abandoned"])),
    st.builds(lambda run: event("run_resumed", {"epoch": 2}, run), RUNS),
    st.builds(
        lambda run, step, items, reverts: event(
            "step_intent", {"changes": [{"name": n, "before": b, "after": a} for n, b, a in items], "reverts": reverts}, run, step
        ),
        RUNS, STEPS, st.lists(st.tuples(NAMES, IMAGES, IMAGES), max_size=4), st.sampled_from(["", "r1"]),
    ),
    st.builds(outcome, RUNS, STEPS, st.lists(st.tuples(NAMES, IMAGES), max_size=3)),
    st.builds(lambda run: event("accepted", {"what": "w", "reason": "r"}, run), RUNS),
    st.sampled_from([event("threat", {}), event("repaired", {}), event("checkpoint", as_json(Fold()))]),
)  # fmt: skip


def ordered(found: Fold) -> t.Any:
    """A fold with the order of everything that has one: dictionaries compare equal in any order, an undo does not do the same in any."""
    return [(run, list(record.steps), [(step, list(items)) for step, items in record.images.items()]) for run, record in found.runs.items()]


#: Half a minute later than every event before.
BEHIND = DRAFT.map(lambda draft: dataclasses.replace(draft, at="2026-11-22T19:59:45.000Z"))


@given(st.lists(DRAFT, max_size=25), st.lists(BEHIND, max_size=8))
def test_a_journal_that_is_read_from_a_checkpoint_amounts_to_the_same(before: list[Event], behind: list[Event]) -> None:
    first, lines, head = chain(before, Head())
    _mark, marked, head = chain([event("checkpoint", as_json(replay(first)))], head)
    lines += marked + chain(behind, head)[1]
    whole, end = follow(lines, Head())
    tail = lines[len(before) :]
    read, same_end = follow(tail, origin(tail, Head()))
    assert (fold(read, NOW), same_end) == (fold(whole, NOW), end)
    assert ordered(fold(read, NOW)) == ordered(fold(whole, NOW))


@given(st.lists(DRAFT, max_size=25))
def test_reading_twice_from_a_checkpoint_gives_the_same_twice(before: list[Event]) -> None:
    (mark,) = follow(chain([event("checkpoint", as_json(replay(chain(before, Head())[0])))], Head())[1], Head())[0]
    behind = [outcome("r1", "dns", [("alpha", "seen")]), votes("proceed", "ops", "20:30")]
    assert fold([mark, *behind], NOW) == fold([mark, *behind], NOW)


def test_nothing_is_expired_in_a_checkpoint() -> None:
    approved = [event("armed", {}), votes("proceed", "ops", "20:30")]
    mark = event("checkpoint", as_json(replay(approved)))
    assert fold([mark], NOW).state == "approved"
    assert fold([mark], NOW + datetime.timedelta(hours=1)).state == "protected"


def test_the_last_checkpoint_is_found_among_lines() -> None:
    mark, other = event("checkpoint", as_json(Fold())), event("accepted", {"kind": "checkpoint", "what": '"kind":"checkpoint","prev":"'})
    lines = chain([other, mark, other, mark, other], Head())[1]
    assert from_checkpoint(lines) == 3
    assert from_checkpoint(lines, 4) == 4
    assert from_checkpoint(lines[:1]) == 0


def test_a_checkpoint_is_due_behind_many_events_and_not_again_at_once() -> None:
    one, mark = event("accepted", {}), event("checkpoint", as_json(Fold()))
    assert [due([]), due([one] * (EVENTS - 1)), due([one] * EVENTS)] == [False, False, True]
    assert [due([one] * EVENTS + [mark]), due([mark] + [one] * EVENTS)] == [False, True]


def test_a_checkpoint_of_another_version_is_known_by_its_fields_and_read_as_far_as_it_goes() -> None:
    data = as_json(replay([event("armed", {"machines": {}}), opened("drill", "r1")]))
    assert complete(data)
    newer = {"fold": {**data["fold"], "invented": 1}}
    older_run = {"fold": {**data["fold"], "runs": [{k: v for k, v in data["fold"]["runs"][0].items() if k != "waited"}]}}
    assert not complete(newer) and not complete(older_run)
    assert fold([event("checkpoint", newer)], NOW) == fold([event("checkpoint", older_run)], NOW) == fold([event("checkpoint", data)], NOW)
