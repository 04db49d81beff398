# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The heartbeat: while a step lasts its lease is renewed from a thread, and a loss is told to whoever wants to change something next."""

from __future__ import annotations

import pathlib
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim, LeaseState
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, LeaseLost, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts

#: A lease that is renewed every hundredth of a second.
SHORT = 0.03


class Heard:
    """A journal whose claims are counted; ``answers`` is raised in their turn."""

    def __init__(self, journal: t.Any, *answers: FailoverError) -> None:
        self.journal: Journal = journal
        self.answers = list(answers)
        self.first, self.enough = threading.Event(), threading.Event()
        self.claims: list[LeaseClaim] = []
        self._claim = journal.claim
        journal.claim = self.claim

    def claim(self, claim: LeaseClaim) -> LeaseState:
        self.claims.append(claim)
        self.first.set()
        if len(self.claims) >= 3:
            self.enough.set()
        if self.answers:
            raise self.answers.pop(0)
        return self._claim(claim)


def lease_of(folder: pathlib.Path, *answers: FailoverError, clock: Clock | None = None, seconds: float = SHORT) -> tuple[Lease, Heard]:
    clock = clock or SystemClock()
    journal = open_journal("mail", {"kind": "directory", "path": str(folder)}, None, FakeHosts(), clock)
    journal.read()
    journal.claim(LeaseClaim("h", 1, seconds, by="ops", run="r1", acquire=True))
    return Lease(journal, "h", 1, seconds, "r1", "ops", clock), Heard(journal, *answers)


def test_a_living_holder_is_heard_again_and_again_and_tells_how_long_its_change_may_last(tmp_path: pathlib.Path) -> None:
    lease, heard = lease_of(tmp_path)
    lease.append([], 500.0)
    with lease.kept():
        assert heard.enough.wait(20)
    assert all(claim.holder == "h" and claim.longest >= 500 and not claim.acquire for claim in heard.claims)
    lease.require(10.0)


def test_a_change_that_would_outlast_what_the_store_was_told_does_not_start_before_it_is_told(tmp_path: pathlib.Path) -> None:
    """The lease itself lasts a minute; a change of thirty seconds was told to end, with its margin, within 55."""
    clock = FakeClock()
    lease, heard = lease_of(tmp_path, clock=clock, seconds=60.0)
    lease.append([], 30.0)
    clock.elapsed += 24
    lease.require(30.0)
    assert heard.claims == []
    clock.elapsed += 2
    heard.answers.append(Unreachable("no answer"))
    with pytest.raises(Unreachable):
        lease.require(30.0)
    lease.require(30.0)
    assert [claim.longest >= 30 for claim in heard.claims] == [True, True]


def test_a_store_that_is_silent_once_is_asked_again(tmp_path: pathlib.Path) -> None:
    lease, heard = lease_of(tmp_path, Unreachable("no answer"))
    with lease.kept():
        assert heard.enough.wait(20)


def test_a_lease_that_was_lost_meanwhile_lets_nothing_more_be_changed(tmp_path: pathlib.Path) -> None:
    lease, heard = lease_of(tmp_path, LeaseLost("another controller has it"))
    with lease.kept():
        assert heard.first.wait(20)
    for ask in (lease.still_ours, lambda: lease.require(0.0)):
        with pytest.raises(LeaseLost, match="another controller has it"):
            ask()
    assert len(heard.claims) == 1  # nothing is asked any more
