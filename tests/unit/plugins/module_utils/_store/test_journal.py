# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal in use: how much of it is read, and by whom a checkpoint is written."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import EVENTS
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import parse
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, ConnectionRefused, HeadMoved, JournalBroken, LeaseLost
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts


class Watched(DirectoryStore):
    """Remembers what it answered."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.replies: list[Reply] = []
        self.deaf = False
        self.lose = False
        self.meanwhile: t.Callable[[], t.Any] = lambda: None

    def transact(self, request: Request, timeout: float) -> Reply:
        if self.deaf:
            raise ConnectionRefused("the port is closed")
        self.replies.append(super().transact(request, timeout))
        if self.lose:
            self.lose = False
            self.meanwhile()
            raise ConnectionLost("the answer was lost")
        return self.replies[-1]


class Case:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.clock = folder, FakeClock()

    def open(self, *, mirrored: bool = False, whole: bool = False) -> tuple[Journal, Watched]:
        store = Watched(str(self.folder / "store"))
        mirror = Mirror(str(self.folder / "mirror"), "mail") if mirrored else None
        return Journal("mail", store, mirror, self.clock, whole=whole), store

    def filled(self, *, mirrored: bool = False) -> Journal:
        """Armed, with so many events that a checkpoint is due."""
        journal, _store = self.open(mirrored=mirrored)
        journal.append([journal.draft("armed", data={"machines": {}})])
        journal.append([journal.draft("accepted", data={"n": n}) for n in range(EVENTS)])
        return journal


def test_without_a_mirror_one_call_brings_the_lines_from_the_last_checkpoint_on(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    case.filled().checkpoint("test")
    journal, store = case.open()
    assert journal.read().state == "protected"
    assert [len(reply.lines) for reply in store.replies] == [1]
    journal.append([journal.draft("incident_opened", data={"class": "host"})])
    again, _store = case.open()
    assert (again.read().state, again.head) == ("pending", journal.head)
    assert [event.kind for event in again.events] == ["checkpoint", "incident_opened"]


def test_a_step_that_appends_before_it_reads_gets_the_tail_too(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    case.filled().checkpoint("test")
    journal, store = case.open()
    journal.append([journal.draft("accepted", data={})], anywhere=True)
    assert [len(reply.lines) for reply in store.replies] == [1, 0]
    journal.read()
    assert [event.kind for event in journal.events] == ["checkpoint", "accepted"]


def test_who_needs_every_event_gets_every_event(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    case.filled().checkpoint("test")
    journal, _store = case.open(whole=True)
    journal.read()
    assert [event.seq for event in journal.events] == list(range(1, EVENTS + 3))


def test_the_mirror_stays_complete_and_is_read_from_its_last_checkpoint_on(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    case.filled(mirrored=True).checkpoint("test")
    journal, store = case.open(mirrored=True)
    assert ([event.kind for event in journal.events], journal.fold().state) == (["checkpoint"], "protected")
    journal.read()
    journal.append([journal.draft("accepted", data={})])
    assert [len(reply.lines) for reply in store.replies] == [0, 0]
    mirrored, head = Mirror(str(tmp_path / "mirror"), "mail").read()
    assert (len(mirrored), head) == (EVENTS + 3, journal.head)


def test_a_new_mirror_is_given_every_line(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    case.filled().checkpoint("test")
    journal, _store = case.open(mirrored=True)
    journal.read()
    assert len(Mirror(str(tmp_path / "mirror"), "mail").read()[0]) == EVENTS + 2


def test_a_mirror_that_the_pruned_store_does_not_reach_back_to_is_kept_and_begun_again(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    behind, _store = case.open(mirrored=True)
    behind.append([behind.draft("armed", data={"machines": {}})])
    case.open()[0].read()
    writer, _store = case.open()
    writer.read()
    writer.append([writer.draft("accepted", data={"n": n}) for n in range(EVENTS)])
    writer.prune("test", {"export": "somewhere"})
    late, _store = case.open(mirrored=True)
    assert late.read().state == "protected"
    assert "pruned behind event 1, up to 201" in late.warnings[0]
    assert (tmp_path / "mirror" / "mail.mirror.before-pruning").exists()
    assert [event.seq for event in Mirror(str(tmp_path / "mirror"), "mail").read()[0]] == [EVENTS + 2]


def test_a_pruned_journal_begins_with_a_line_that_cites_the_one_it_follows_from(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    journal = case.filled(mirrored=True)
    last = journal.head
    journal.prune("ops", {"export": "somewhere"})
    (line,) = (tmp_path / "store" / "mail.journal").read_text(encoding="ascii").splitlines()
    first = parse(line)
    assert (first.kind, first.seq, first.prev) == ("checkpoint", last.seq + 1, last.hash)
    assert first.data["pruned"] == {"seq": last.seq, "hash": last.hash, "export": "somewhere"}
    for mirrored in (True, False):
        again, _store = case.open(mirrored=mirrored, whole=True)
        assert (again.read().state, again.head) == ("protected", journal.head)
    assert len(Mirror(str(tmp_path / "mirror"), "mail").read()[0]) == EVENTS + 2


def test_a_lost_answer_to_a_pruning_is_asked_for_again(tmp_path: pathlib.Path) -> None:
    journal = Case(tmp_path).filled()
    t.cast("Watched", journal.store).lose = True
    journal.prune("ops", {})
    assert len((tmp_path / "store" / "mail.journal").read_text(encoding="ascii").splitlines()) == 1


def test_lines_that_are_missing_behind_a_mirror_are_no_pruning(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    journal = case.filled(mirrored=True)
    other, _store = case.open()
    other.read()
    other.append([other.draft("accepted", data={}), other.draft("checkpoint", data={"fold": {}})])
    path = tmp_path / "store" / "mail.journal"
    path.write_text(path.read_text(encoding="ascii").splitlines()[-1] + "\n", encoding="ascii")
    with pytest.raises(JournalBroken, match="no pruning says"):
        journal.read()


def test_a_checkpoint_is_written_only_when_it_is_due(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    journal = case.filled()
    head = journal.head.seq
    journal.checkpoint("test")
    journal.checkpoint("test")
    assert journal.head.seq == head + 1


def test_a_checkpoint_gives_way_to_whoever_writes(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    journal = case.filled()
    other, _store = case.open()
    other.read()
    other.append([other.draft("incident_opened", data={"class": "host"})])
    journal.checkpoint("test")
    assert (journal.head, journal.fold().state, journal.warnings) == (other.head, "pending", [])


def test_a_store_that_does_not_answer_costs_the_checkpoint_and_nothing_else(tmp_path: pathlib.Path) -> None:
    journal = Case(tmp_path).filled()
    t.cast("Watched", journal.store).deaf = True
    journal.checkpoint("test")
    assert "no checkpoint was written" in journal.warnings[0]


def test_a_checkpoint_of_another_version_is_passed_over(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    journal = case.filled()
    older = {"fold": {"state": "unarmed", "runs": []}}
    journal.append([journal.draft("checkpoint", data=older)])
    assert case.open()[0].read().state == "protected"
    assert case.open(mirrored=True)[0].read().state == "protected"
    assert case.open(mirrored=True)[0].fold().state == "protected"


def held(holder: str, epoch: int, **more: t.Any) -> LeaseClaim:
    return LeaseClaim(holder=holder, epoch=epoch, seconds=60.0, **more)


def test_a_lost_lease_is_told_to_who_appends_nothing(tmp_path: pathlib.Path) -> None:
    first, _store = Case(tmp_path).open()
    first.append([first.draft("armed", data={"machines": {}})], held("a", 1, acquire=True))
    assert first.append([], held("a", 1)) == []
    second, _store = Case(tmp_path).open()
    second.read()
    second.claim(held("b", 2, acquire=True, force=True))
    with pytest.raises(LeaseLost):
        first.append([], held("a", 1), anywhere=True)


def test_an_epoch_that_somebody_took_meanwhile_is_not_claimed(tmp_path: pathlib.Path) -> None:
    first, second = (Case(tmp_path).open()[0] for _controller in range(2))
    assert first.claim(held("a", 1, acquire=True)).holder == "a"
    with pytest.raises(HeadMoved, match="was taken since"):
        second.claim(held("b", 1, acquire=True, force=True))
    assert second.lease.holder == "a"


@pytest.mark.parametrize("anywhere", [True, False])
@pytest.mark.parametrize("mirrored", [True, False])
def test_an_append_whose_answer_was_lost_stands_once_whoever_appended_behind_it(tmp_path: pathlib.Path, mirrored: bool, anywhere: bool) -> None:
    case = Case(tmp_path)
    journal, store = case.open(mirrored=mirrored)
    journal.append([journal.draft("armed", data={"machines": {}})])
    other, _store = case.open()

    def meanwhile() -> None:
        other.read()
        other.append([other.draft("incident_opened", by="the monitor", data={"class": "host"})])

    store.lose, store.meanwhile = True, meanwhile
    drafts = [journal.draft("accepted", by="ops", data={"n": n}) for n in range(2)]
    assert [event.seq for event in journal.append(drafts, anywhere=anywhere)] == [2, 3]
    assert [event.kind for event in journal.events] == ["armed", "accepted", "accepted", "incident_opened"]
    assert (case.open(whole=True)[0].read().state, journal.head) == ("pending", other.head)


def test_a_lease_that_was_taken_while_an_answer_was_lost_is_lost_although_the_lines_stand(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    journal, store = case.open()
    journal.append([journal.draft("armed", data={"machines": {}})], held("a", 1, acquire=True))
    other, _store = case.open()
    store.lose, store.meanwhile = True, lambda: other.claim(held("b", 2, acquire=True, force=True))
    with pytest.raises(LeaseLost):
        journal.append([journal.draft("accepted", data={})], held("a", 1), anywhere=True)
    assert [event.kind for event in journal.events] == ["armed", "accepted"]


def test_a_lease_that_was_given_up_with_the_lines_is_given_up_although_the_answer_was_lost(tmp_path: pathlib.Path) -> None:
    journal, store = Case(tmp_path).open()
    journal.append([journal.draft("armed", data={"machines": {}})], held("a", 1, acquire=True))
    store.lose = True
    journal.append([journal.draft("accepted", data={})], held("a", 1, release=True), anywhere=True)
    assert [event.kind for event in journal.events] == ["armed", "accepted"]


@pytest.mark.parametrize("content", ["{", None])
def test_behind_a_lease_that_was_lost_epochs_go_on_after_those_of_every_run(tmp_path: pathlib.Path, content: str | None) -> None:
    case = Case(tmp_path)
    journal, _store = case.open()
    journal.append([journal.draft("armed", data={"machines": {}})])
    opened = {"kind": "drill", "mode": "execute", "planned": True, "epoch": 7}
    journal.append([journal.draft("run_opened", run="r1", data=opened)], held("a", 7, acquire=True))
    path = tmp_path / "store" / "mail.lease"
    path.unlink() if content is None else path.write_text(content, encoding="ascii")
    later, _store = case.open()
    later.read()
    assert (later.lease.live, later.lease.epoch, len(later.warnings)) == (False, 1007, 0 if content is None else 1)
    with pytest.raises(LeaseLost):
        journal.append([journal.draft("accepted", data={})], held("a", 7), anywhere=True)
    assert later.claim(held("b", later.lease.epoch + 1, acquire=True)).epoch == 1008
    assert later.read().runs["r1"].epoch == 7 and later.lease.epoch == 1008


@pytest.mark.parametrize(("passed", "left"), [(0.0, 300.0), (1000.0, 300.0), (1400.0, 100.0), (3000.0, 0.0)])
@pytest.mark.parametrize("content", [None, "{half a li"])
def test_behind_a_lease_that_was_lost_what_was_begun_is_waited_for(tmp_path: pathlib.Path, content: str | None, passed: float, left: float) -> None:
    clock = FakeClock()
    journal = open_journal("mail", {"kind": "directory", "path": str(tmp_path)}, None, FakeHosts(), clock)
    opened = {"kind": "failover", "mode": "execute", "planned": True, "epoch": 7}
    journal.append([journal.draft("run_opened", run="r1", data=opened)], LeaseClaim("a", 7, 60.0, run="r1", acquire=True))
    change = {"name": "x", "before": None, "after": 1, "do": "do", "grade": "probed", "detail": None}
    journal.append([journal.draft("step_intent", run="r1", step="dns", data={"changes": [change], "reverts": "", "longest": 300.0, "whole": 500.0})])
    path = tmp_path / "mail.lease"
    path.unlink() if content is None else path.write_text(content, encoding="ascii")
    clock.advance(passed)
    later = open_journal("mail", {"kind": "directory", "path": str(tmp_path)}, None, FakeHosts(), clock)
    later.read()
    assert later.lease.settling == pytest.approx(left)
    taken = later.claim(LeaseClaim("b", later.lease.epoch + 1, 60.0, run="r1", acquire=True))
    assert taken.settling == pytest.approx(left, abs=1.0)  # the store keeps it from now on
    later.append([later.draft("step_outcome", run="r1", step="dns", data={"failed": False, "msg": "", "counts": {}, "changed": [], "bad": [], "begun_at": ""})])
    path.unlink()
    again = open_journal("mail", {"kind": "directory", "path": str(tmp_path)}, None, FakeHosts(), clock)
    again.read()
    assert again.lease.settling == 0  # it has ended


@pytest.mark.parametrize("appends", [False, True])
def test_half_an_event_is_told_with_its_number_and_what_is_safe(tmp_path: pathlib.Path, appends: bool) -> None:
    journal, _store = Case(tmp_path).open()
    journal.append([journal.draft("armed", data={"machines": {}}), journal.draft("accepted")])
    with open(tmp_path / "store" / "mail.journal", "a", encoding="utf-8") as stream:
        stream.write('{"at":"2026')
    journal.append([journal.draft("accepted")]) if appends else journal.read()
    (warning,) = journal.warnings
    assert warning.startswith("event 3 of the journal in ") and ".torn" in warning
    assert warning.endswith("Safe now: go on, since the journal ends with event 2, which is whole")


def test_a_journal_whose_first_event_is_half_written_is_begun_again(tmp_path: pathlib.Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "mail.journal").write_text('{"at":"2026', encoding="utf-8")
    journal, _store = Case(tmp_path).open()
    journal.read()
    (warning,) = journal.warnings
    assert warning.startswith("the first event of the journal in ") and warning.endswith("Safe now: begin again")
