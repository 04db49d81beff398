# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease's rules are stated twice (Python, the target's script) and played a third time by the lab: all of them on the same sequences."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import pathlib
import time
import typing as t
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Head
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import (
    KeptLease,
    LeaseClaim,
    LeaseState,
    after_restart,
    grant,
    judge,
    lease_state,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.tests.lab.model.files import Files
from ansible_collections.continuity.identity_failover.tests.lab.powershell.twins import store as twin
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._store.test_transaction import DAMAGED
from ansible_collections.continuity.identity_failover.tests.unit.powershell_store import StoreEngine
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import needs_engine

BOOTS = [f"2026-11-{day:02}T01:00:00Z" for day in range(1, 28)]
FOLDER = "C:\\store"

#: The engine's uptime is the machine's own, so it sees a moment later than the others: no sequence ends a span within LATE seconds.
LATE = 0.9
SPANS = st.sampled_from([30.95, 60.95])
AGES = st.sampled_from([3, 7, 17, 33, 67])


@dataclasses.dataclass(frozen=True)
class Act:
    """``age`` seconds pass, perhaps the store restarts, then ``holder`` claims; ``epoch`` is relative to the right one."""

    age: int
    restart: bool
    holder: str
    verb: str
    seconds: float
    longest: float
    epoch: int
    force: bool
    settling: float = 0.0

    def claim(self, known: int) -> LeaseClaim | None:
        if self.verb == "look":
            return None
        acquire = self.verb == "acquire"
        epoch = known + self.epoch + (1 if acquire else 0)
        run = f"r{self.holder}"
        return LeaseClaim(
            self.holder,
            epoch,
            self.seconds,
            f"{self.holder}@c",
            run,
            self.longest,
            acquire,
            self.verb == "release",
            acquire and self.force,
            self.settling * acquire,
        )


ACTS = st.builds(
    Act,
    age=AGES,
    restart=st.sampled_from([False, False, False, True]),
    holder=st.sampled_from(["a", "b"]),
    verb=st.sampled_from(["acquire", "acquire", "renew", "renew", "release", "look"]),
    seconds=SPANS,
    longest=st.sampled_from([0.0, 0.0, 100.95]),
    epoch=st.sampled_from([0, 0, 0, 0, 0, -1, 1]),
    force=st.sampled_from([False, False, True]),
    settling=st.sampled_from([0.0, 0.0, 200.0]),
)
SEQUENCES = st.lists(ACTS, min_size=1, max_size=12)


ACT = Act(0, False, "a", "renew", 60.0, 0.0, 0, False)


class Place:
    """Uptime and boot that all of them see."""

    def __init__(self) -> None:
        self.uptime, self.boot = 1000.0, 0

    def pass_by(self, act: Act) -> None:
        self.uptime += act.age
        self.boot += act.restart


class Rules:
    """The pure functions alone."""

    def __init__(self, place: Place) -> None:
        self.place, self.kept = place, KeptLease(boot=BOOTS[0])

    def __call__(self, act: Act, claim: LeaseClaim | None) -> tuple[str, LeaseState]:
        boot = BOOTS[self.place.boot]
        self.kept = after_restart(self.kept, self.place.uptime, boot)
        state = lease_state(self.kept, self.place.uptime)
        verdict = judge(claim, state, None, Head())
        if verdict == "ok" and claim is not None:
            self.kept = grant(claim, self.kept, self.place.uptime, boot, "")
        return verdict, lease_state(self.kept, self.place.uptime)


class Directory:
    def __init__(self, place: Place, folder: pathlib.Path) -> None:
        self.store = DirectoryStore(str(folder), lambda: place.uptime, lambda: BOOTS[place.boot])

    def __call__(self, act: Act, claim: LeaseClaim | None) -> tuple[str, LeaseState]:
        reply = self.store.transact(Request("mail", lease=claim), 5.0)
        return reply.verdict, reply.lease


class Twin:
    def __init__(self, place: Place, folder: pathlib.Path) -> None:
        self.place = place
        self.host = mock.Mock(files=Files(folder))
        self.host.files.add_folder(FOLDER)

    def __call__(self, act: Act, claim: LeaseClaim | None) -> tuple[str, LeaseState]:
        calls = mock.Mock(call=mock.AsyncMock(return_value={"last_boot": BOOTS[self.place.boot]}))
        with mock.patch.object(twin.time, "monotonic", lambda: self.place.uptime):
            answer = asyncio.run(twin.run(self.host, {"path": FOLDER, "request": Request("mail", lease=claim).as_json()}, calls))
        reply = Reply.from_json(answer)
        return reply.verdict, reply.lease


class Engine:
    """The target's script in a real PowerShell, one process for all sequences. Its uptime is the machine's: a lease is aged on disk."""

    def __init__(self, powershell: StoreEngine, folder: pathlib.Path) -> None:
        self.powershell, self.folder = powershell, folder
        self.place, self.number, self.granted = Place(), 0, 0.0

    def begin(self, place: Place) -> None:
        self.place, self.number = place, self.number + 1

    def __call__(self, act: Act, claim: LeaseClaim | None) -> tuple[str, LeaseState]:
        path = self.folder / f"store{self.number}\\mail.lease"
        before = ""
        if path.exists():
            granted = time.monotonic() - (self.place.uptime - self.granted)
            before = json.dumps({**json.loads(path.read_text(encoding="utf-8")), "granted": granted})
            path.write_text(before, encoding="utf-8")
        reply = self.powershell.transact(self.folder / f"store{self.number}", Request("mail", lease=claim), BOOTS[self.place.boot])
        if path.exists() and path.read_text(encoding="utf-8") != before:
            self.granted = self.place.uptime
        return reply.verdict, reply.lease


def shown(answer: tuple[str, LeaseState]) -> tuple[t.Any, ...]:
    """What must agree: everything but the stamp for people."""
    verdict, lease = answer
    return (verdict, lease.holder, lease.epoch, lease.by, lease.run, lease.live)


def spans(answer: tuple[str, LeaseState]) -> list[float]:
    return [answer[1].remaining, answer[1].longest, answer[1].settling]


def hold_together(acts: list[Act], place: Place, first: t.Callable[..., t.Any], others: t.Sequence[t.Callable[..., t.Any]]) -> None:
    known = 0
    for number, act in enumerate(acts):
        place.pass_by(act)
        claim = act.claim(known)
        expected = first(act, claim)
        for other in others:
            found = other(act, claim)
            where = f"act {number} of {type(other).__name__}"
            assert shown(found) == shown(expected), where
            assert spans(found) == pytest.approx(spans(expected), abs=LATE), where
        known = expected[1].epoch


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=SEQUENCES)
def test_the_directory_and_the_labs_twin_follow_the_rules(acts: list[Act], tmp_path_factory: pytest.TempPathFactory) -> None:
    place, folder = Place(), tmp_path_factory.mktemp("rules")
    hold_together(acts, place, Rules(place), [Directory(place, folder / "directory"), Twin(place, folder / "twin")])


@pytest.mark.parametrize("content", DAMAGED)
def test_the_labs_twin_sets_a_damaged_lease_aside_as_the_stores_do(content: str, tmp_path: pathlib.Path) -> None:
    place = Place()
    played, files = Twin(place, tmp_path / "twin"), Files(tmp_path / "twin")
    lease = FOLDER + "\\mail.lease"
    played.host.files = files
    assert played(ACT, LeaseClaim("a", 7, 60.0, acquire=True))[0] == "ok"
    files.write(lease, content.encode("ascii"))
    assert shown(played(ACT, LeaseClaim("a", 7, 60.0))) == ("lease_lost", "", 0, "", "", False)
    assert (files.exists(lease), files.read(lease + ".damaged")) == (False, content.encode("ascii"))


@pytest.fixture(scope="module")
def powershell(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Engine]:
    folder = tmp_path_factory.mktemp("engine")
    made = StoreEngine(folder)
    yield Engine(made, folder)
    made.end()


@needs_engine
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=SEQUENCES)
def test_the_targets_script_follows_the_rules(acts: list[Act], powershell: Engine) -> None:
    place = Place()
    powershell.begin(place)
    hold_together(acts, place, Rules(place), [powershell])
