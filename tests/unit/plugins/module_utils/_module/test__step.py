# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The driver: what is journalled when, what is refused, and that no item is lost."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import typing as t
from unittest import mock

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    DeadlineExceeded,
    InvalidInput,
    LeaseLost,
    MirrorUnwritable,
    RemoteError,
    Unreachable,
    WrongMachine,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Applied, Change, Fence, Seen, one_by_one
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive, look
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Request

UUID = "00000000-0000-0000-0000-0000000000aa"


class TestClock:
    __test__ = False

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime.datetime:
        return datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Lamps:
    """A step over lamps: each is on or off; some refuse, some are switched but do not shine."""

    host = "exch2"
    key = "lamps@exch2"

    def __init__(
        self, lamps: dict[str, str], wanted: str = "on", faults: t.Mapping[str, t.Any] | None = None, log: t.Callable[[str], None] = lambda text: None
    ) -> None:
        self.lamps, self.wanted, self.faults, self.log = lamps, wanted, dict(faults or {}), log
        self.applied: list[str] = []
        self.fences: list[Fence | None] = []

    def check_machine(self, expected: Machine | None) -> None:
        self.log("machine")
        if expected is not None and expected.uuid != UUID:
            raise WrongMachine(f"{expected} is not here")

    def observe(self) -> dict[str, t.Any]:
        self.log("observe")
        return dict(self.lamps)

    def changes(self, before: dict[str, t.Any]) -> list[Change]:
        return [Change(name, f"switch {self.wanted}", image, self.wanted, deadline=10.0) for name, image in before.items() if image != self.wanted]

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        return one_by_one(changes)

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        (change,) = group
        self.log(f"apply {change.name}")
        self.fences.append(fence)
        fault = self.faults.get(change.name)
        if isinstance(fault, Applied):
            return {change.name: fault}
        if fault != "dark":
            self.lamps[change.name] = change.after
        self.applied.append(change.name)
        if isinstance(fault, BaseException):
            raise fault
        return {change.name: Applied(ok=True)}

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        return {c.name: Seen(self.lamps[c.name] == c.after, self.lamps[c.name], "" if self.lamps[c.name] == c.after else "it stays dark") for c in group}

    def inverse(self, name: str, before: t.Any, after: t.Any, now: t.Any) -> Change | None:
        if now == before:
            return None
        if now != after:
            raise WrongState(f"{name} is {now}, which run and baseline know nothing of")
        return Change(name, "put back", now, before, deadline=10.0)


class Hosts:
    def target(self) -> t.Any:
        raise AssertionError("no session is needed")

    named = settings = names = close = target


class Run:
    """A run over a directory store, opened as failover_run does."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.clock = TestClock()
        self.folder = folder
        journal = self.journal()
        journal.append([journal.draft("armed", data={"machines": {"exch2": {"uuid": UUID, "name": "EXCH2"}}})])
        self.open("r1")

    def journal(self) -> Journal:
        return Journal(
            "mail", DirectoryStore(str(self.folder / "store"), self.clock.monotonic, lambda: "boot"), Mirror(str(self.folder / "mirror"), "mail"), self.clock
        )

    def open(self, run: str, kind: str = "failover", mode: str = "execute") -> dict[str, t.Any]:
        self.clock.seconds += 200  # any older lease has run out
        journal = self.journal()
        journal.read()
        claim = LeaseClaim(holder=f"holder-{run}", epoch=journal.lease.epoch + 1, seconds=30.0, run=run, acquire=True)
        journal.append([journal.draft("run_opened", run=run, data={"kind": kind, "mode": mode, "planned": True, "epoch": claim.epoch})], claim)
        self.option = {
            "id": run,
            "identity": "mail",
            "kind": kind,
            "mode": mode,
            "epoch": claim.epoch,
            "holder": claim.holder,
            "lease_seconds": 30.0,
            "store": {"kind": "directory", "path": str(self.folder / "store")},
            "mirror": str(self.folder / "mirror"),
            "machines": {"exch2": {"uuid": UUID, "name": "EXCH2"}},
        }
        return self.option

    def events(self, kind: str = "") -> list[Event]:
        journal = self.journal()
        journal.read()
        return [e for e in journal.events if not kind or e.kind == kind]

    def drive(self, step: Lamps, **params: t.Any) -> t.Any:
        return drive(step, {"run": self.option, **params}, Hosts(), self.clock, check_mode=params.pop("check_mode", False))


@pytest.fixture
def run(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    made = Run(tmp_path)
    from ansible_collections.continuity.identity_failover.plugins.module_utils._store import opening

    monkeypatch.setattr(opening, "DirectoryStore", lambda path: DirectoryStore(path, made.clock.monotonic, lambda: "boot"))
    return made


class Death(BaseException):
    """Of the controller: nothing catches it."""


class Measured(Lamps):
    """What is read back says more than was predicted."""

    def observe(self) -> dict[str, t.Any]:
        return {name: {"is": state, "watts": 60} for name, state in self.lamps.items()}

    def changes(self, before: dict[str, t.Any]) -> list[Change]:
        return [Change(name, "switch on", image, {"is": "on"}, deadline=10.0) for name, image in before.items() if image["is"] != "on"]

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        self.lamps[group[0].name] = "on"
        raise Death


def statuses(result: t.Any) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in result.outcomes}


def test_the_intent_is_in_the_journal_and_the_mirror_before_anything_is_touched(run: Run) -> None:
    seen: list[tuple[str, int, int]] = []

    def log(text: str) -> None:
        mirrored = (run.folder / "mirror" / "mail.mirror").read_text(encoding="utf-8").count("step_intent")
        seen.append((text, len(run.events("step_intent")), mirrored))

    run.drive(Lamps({"a": "off", "b": "on"}, log=log))
    assert seen == [("machine", 0, 0), ("observe", 0, 0), ("apply a", 1, 1)]
    (intent,) = run.events("step_intent")
    assert (intent.data["longest"], intent.data["whole"]) == (10.0, 10.0)  # what is waited for where the store loses its lease
    assert intent.data["changes"] == [{"name": "a", "do": "switch on", "before": "off", "after": "on", "grade": "predicted", "detail": None}]
    (outcome,) = run.events("step_outcome")
    assert outcome.data["changed"] == [{"name": "a", "status": "done", "after": "on"}]


def test_a_second_run_of_a_finished_step_changes_nothing_and_says_so(run: Run) -> None:
    lamps = {"a": "off", "b": "off"}
    assert run.drive(Lamps(lamps)).changed
    step = Lamps(lamps)
    result = run.drive(step)
    assert (result.changed, statuses(result), step.applied) == (False, {"a": "already", "b": "already"}, [])
    assert len(run.events("step_intent")) == 1


def test_what_a_dead_controller_had_done_is_recorded_as_it_is_found(run: Run) -> None:
    lamps = {"a": "off", "b": "on"}
    with pytest.raises(Death):
        run.drive(Measured(lamps))
    assert run.events("step_outcome") == []
    result = run.drive(Measured(lamps))
    assert (result.changed, statuses(result)) == (False, {"a": "already", "b": "already"})
    image = fold(run.events(), run.clock.now()).runs["r1"].images["lamps@exch2"]["a"]
    assert (image["before"], image["after"]) == ({"is": "off", "watts": 60}, {"is": "on", "watts": 60})
    run.drive(Measured(lamps))
    assert [[one["name"] for one in event.data["changed"]] for event in run.events("step_outcome")] == [["a"], []]


def test_check_mode_predicts_and_neither_touches_nor_journals(run: Run) -> None:
    before = len(run.events())
    step = Lamps({"a": "off", "b": "on"})
    result = drive(step, {"run": run.option}, Hosts(), run.clock, check_mode=True)
    assert (result.changed, statuses(result), step.applied) == (True, {"a": "predicted", "b": "already"}, [])
    assert result.diff == {"before": {"a": "off"}, "after": {"a": "on"}}
    assert len(run.events()) == before


def test_plan_mode_predicts_and_touches_neither_the_thing_nor_the_journal(run: Run) -> None:
    run.open("p1", mode="plan")
    before = len(run.events())
    step = Lamps({"a": "off"})
    result = run.drive(step)
    assert (statuses(result), step.applied, result.outcomes[0].grade) == ({"a": "predicted"}, [], "probed")
    assert len(run.events()) == before


def test_alone_without_a_run_it_works_without_any_store() -> None:
    result = drive(Lamps({"a": "off"}), {}, Hosts(), TestClock(), check_mode=False)
    assert statuses(result) == {"a": "done"}


def test_the_wrong_machine_stops_before_anything_is_read(run: Run) -> None:
    log: list[str] = []
    run.option["machines"]["exch2"]["uuid"] = "another"
    with pytest.raises(WrongMachine):
        run.drive(Lamps({"a": "off"}, log=log.append))
    assert log == ["machine"]
    assert run.events("step_intent") == []


def test_one_item_that_fails_hides_no_other_and_fails_the_step(run: Run) -> None:
    result = run.drive(Lamps({"a": "off", "b": "off", "c": "off"}, faults={"b": RemoteError("the fuse is out", host="exch2")}))
    assert statuses(result) == {"a": "done", "b": "failed", "c": "done"}
    assert (result.failed, result.reason) == (True, "remote_error")
    assert "b failed on exch2: the fuse is out" in result.msg
    assert run.events("step_outcome")[0].data["failed"]


def test_with_stop_the_items_behind_a_failure_are_named_as_not_tried(run: Run) -> None:
    step = Lamps({"a": "off", "b": "off"}, faults={"a": Applied(ok=False, msg="no bulb", reason="no_bulb")})
    result = run.drive(step, on_item_failure="stop")
    assert statuses(result) == {"a": "failed", "b": "not_tried"}
    assert (result.reason, step.applied) == ("no_bulb", [])


def test_an_accepted_failure_goes_on_and_is_recorded(run: Run) -> None:
    result = run.drive(Lamps({"a": "off"}, faults={"a": "dark"}), accept_failure="the room has a window")
    assert (result.failed, statuses(result)) == (False, {"a": "unconfirmed"})
    assert run.events("accepted")[0].data["reason"] == "the room has a window"


def test_an_accepted_failure_that_is_found_well_later_is_told_to_the_journal(run: Run) -> None:
    lamps = {"a": "off"}
    run.drive(Lamps(lamps, faults={"a": "dark"}), accept_failure="the room has a window")
    assert folded(run).steps["lamps@exch2"]["bad"] == ["a"]
    lamps["a"] = "on"
    run.drive(Lamps(lamps))
    assert folded(run).steps["lamps@exch2"]["bad"] == []


def test_what_was_not_read_back_is_unconfirmed_and_counts_as_changed(run: Run) -> None:
    result = run.drive(Lamps({"a": "off"}, faults={"a": "dark"}))
    (outcome,) = result.outcomes
    assert (outcome.status, outcome.changed, outcome.msg, result.failed, result.reason) == ("unconfirmed", True, "it stays dark", True, "unconfirmed")


def test_a_lost_answer_is_settled_by_reading_back(run: Run) -> None:
    result = run.drive(Lamps({"a": "off", "b": "off"}, faults={"a": ConnectionLost("gone")}))
    assert statuses(result) == {"a": "done", "b": "done"}


def test_a_change_that_was_lost_on_the_way_is_made_again(run: Run) -> None:
    step = Lamps({"a": "off"})
    lost = [ConnectionLost("gone"), ConnectionLost("gone")]
    apply = step.apply

    def lossy(group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        if lost:
            raise lost.pop()
        return apply(group, fence)

    step.apply = lossy  # type: ignore[method-assign]
    assert statuses(run.drive(step)) == {"a": "done"}
    assert step.applied == ["a"]


def test_a_read_whose_answer_was_lost_is_repeated(run: Run) -> None:
    step = Lamps({"a": "off"})
    lost = [DeadlineExceeded("late"), ConnectionLost("gone")]
    observe = step.observe

    def lossy() -> dict[str, t.Any]:
        if lost:
            raise lost.pop()
        return observe()

    step.observe = lossy  # type: ignore[method-assign]
    assert statuses(run.drive(step)) == {"a": "done"}


def test_reading_back_whose_answer_was_lost_is_repeated(run: Run) -> None:
    step = Lamps({"a": "off"})
    lost = [ConnectionLost("gone"), ConnectionLost("gone")]
    verify = step.verify

    def lossy(group: list[Change]) -> dict[str, Seen]:
        if lost:
            raise lost.pop()
        return verify(group)

    step.verify = lossy  # type: ignore[method-assign]
    assert statuses(run.drive(step)) == {"a": "done"}
    assert step.applied == ["a"]


def test_nothing_starts_once_the_lease_was_taken_over(run: Run) -> None:
    clock = run.clock

    def steal(text: str) -> None:
        if text == "apply a":
            clock.seconds += 500  # a stalled controller, and another that waited long enough
            run.open("r2")

    option = dict(run.option)
    step = Lamps({"a": "off", "b": "off"}, log=steal)
    with pytest.raises(LeaseLost) as caught:
        drive(step, {"run": option}, Hosts(), clock, check_mode=False)
    assert step.applied == ["a"]
    assert statuses(caught.value.result) == {"a": "done", "b": "not_tried"}


def test_a_change_starts_only_once_the_store_knows_of_it_up_to_its_deadline(run: Run) -> None:
    """a takes 20 s: the lease lasts on, and what the store was told of our changes would end in the middle of b, which may take 10."""
    under_way: list[float] = []

    def slowly(text: str) -> None:
        if text == "apply a":
            run.clock.seconds += 20
        if text == "apply b":
            journal = run.journal()
            journal.read()
            under_way.append(journal.lease.unsettled)

    run.drive(Lamps({"a": "off", "b": "off"}, log=slowly))
    assert len(under_way) == 1 and under_way[0] >= 10


class Pair(Lamps):
    """Of each two lamps that are switched at once the second takes longer."""

    def changes(self, before: dict[str, t.Any]) -> list[Change]:
        return [dataclasses.replace(change, deadline=20.0 if change.name in "bd" else 1.0) for change in super().changes(before)]

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        return [changes[:2], changes[2:]]

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        return {name: applied for change in group for name, applied in super(Pair, self).apply([change], fence).items()}


def test_of_changes_that_start_together_the_store_knows_the_longest_deadline(run: Run) -> None:
    under_way: list[float] = []

    def slowly(text: str) -> None:
        if text == "apply b":
            run.clock.seconds += 20
        if text == "apply c":
            journal = run.journal()
            journal.read()
            under_way.append(journal.lease.unsettled)

    run.drive(Pair(dict.fromkeys("abcd", "off"), log=slowly))
    assert len(under_way) == 1 and under_way[0] >= 20


def test_every_message_that_can_carries_the_fence(run: Run) -> None:
    step = Lamps({"a": "off"})
    run.drive(step)
    (fence,) = step.fences
    assert fence is not None and (fence.identity, fence.run, fence.epoch) == ("mail", "r1", run.option["epoch"])
    fence.lease.beat()
    run.clock.seconds += 500
    run.open("r2")
    with pytest.raises(LeaseLost):
        fence.lease.beat()


def test_reverted_puts_the_first_before_image_back(run: Run) -> None:
    lamps = {"a": "dim", "b": "on"}
    run.drive(Lamps(lamps))
    run.open("r2", kind="drill")
    result = run.drive(Lamps(lamps), state="reverted", revert_run="r1")
    assert (lamps, statuses(result)) == ({"a": "dim", "b": "on"}, {"a": "done", "b": "already"})
    assert not run.drive(Lamps(lamps), state="reverted", revert_run="r1").changed


def test_a_run_that_reverts_itself_can_be_killed_in_the_middle_and_goes_on(run: Run) -> None:
    lamps = {"a": "off"}
    run.open("d1", kind="drill")
    run.drive(Lamps(lamps))

    class Killed(BaseException):
        """Stands for kill -9: no handler of ours runs."""

    step = Lamps(lamps)
    step.apply = mock.Mock(side_effect=Killed)  # type: ignore[method-assign]
    with pytest.raises(Killed):
        run.drive(step, state="reverted", revert_run="d1")
    result = run.drive(Lamps(lamps), state="reverted", revert_run="d1")
    assert (lamps, statuses(result)) == ({"a": "off"}, {"a": "done"})


def test_no_secret_of_the_task_reaches_the_journal(run: Run) -> None:
    fault = RemoteError("logon of svc with canary-Pa55 failed", host="exch2")
    run.drive(Lamps({"a": "off"}, faults={"a": fault}), databases=[{"name": "DB", "user": "svc", "password": "canary-Pa55"}])
    assert "canary" not in (run.folder / "mirror" / "mail.mirror").read_text(encoding="utf-8")
    assert "logon of svc" in (run.folder / "mirror" / "mail.mirror").read_text(encoding="utf-8")


def test_an_inverse_that_was_lost_half_way_is_made_again(run: Run) -> None:
    lamps = {"a": "off"}
    run.drive(Lamps(lamps))
    run.open("r2", kind="drill")
    step = Lamps(lamps)
    apply, lost = step.apply, [ConnectionLost("gone")]

    def lossy(group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        if lost:
            lamps["a"] = "dim"  # the first of two requests was carried out
            raise lost.pop()
        return apply(group, fence)

    step.apply = lossy  # type: ignore[method-assign]
    result = run.drive(step, state="reverted", revert_run="r1")
    assert (lamps, statuses(result)) == ({"a": "off"}, {"a": "done"})


def test_reverted_refuses_to_overwrite_what_somebody_else_changed(run: Run) -> None:
    lamps = {"a": "off"}
    run.drive(Lamps(lamps))
    lamps["a"] = "flickering"
    result = run.drive(Lamps(lamps), state="reverted", revert_run="r1")
    assert (lamps["a"], result.failed, result.reason) == ("flickering", True, "changed_by_other")


def test_reverted_names_what_the_task_does_not_list(run: Run) -> None:
    run.drive(Lamps({"a": "off"}))
    result = run.drive(Lamps({}), state="reverted", revert_run="r1")
    assert (statuses(result), result.reason) == ({"a": "failed"}, "not_listed")


def test_reverted_without_the_run_to_revert_is_refused(run: Run) -> None:
    with pytest.raises(InvalidInput, match="revert_run"):
        run.drive(Lamps({"a": "on"}), state="reverted")


def test_a_step_that_only_looks_is_in_the_journal_too(run: Run) -> None:
    found = Result(extra={"curves": {"tcp": 1.0}})
    assert look("verify", lambda: found, {"run": run.option}, Hosts(), run.clock, check_mode=False) is found
    (outcome,) = run.events("step_outcome")
    assert (outcome.step, outcome.data["evidence"], run.events("step_intent")) == ("verify", {"tcp": 1.0}, [])
    look("verify", lambda: found, {"run": run.option}, Hosts(), run.clock, check_mode=True)
    assert len(run.events("step_outcome")) == 1


def test_a_crash_between_apply_and_record_is_made_good_by_the_next_run(run: Run) -> None:
    lamps = {"a": "off", "b": "off"}

    class Killed(BaseException):
        """Stands for kill -9: no handler of ours runs."""

    with pytest.raises(Killed):
        run.drive(Lamps(lamps, faults={"a": Killed()}))
    assert (lamps, run.events("step_outcome")) == ({"a": "on", "b": "off"}, [])
    result = run.drive(Lamps(lamps))
    assert statuses(result) == {"a": "already", "b": "done"}
    run.open("r2", kind="drill")
    run.drive(Lamps(lamps), state="reverted", revert_run="r1")
    assert lamps == {"a": "off", "b": "off"}


def test_a_step_makes_two_calls_to_the_store_where_a_mirror_is_at_hand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    transact = DirectoryStore.transact
    monkeypatch.setattr(DirectoryStore, "transact", lambda self, request, timeout: calls.append(1) or transact(self, request, timeout))
    run.drive(Lamps({"a": "off", "b": "off"}))
    assert len(calls) == 2


def folded(run: Run) -> RunRecord:
    journal = run.journal()
    return journal.read().runs["r1"]


class Dark(Lamps):
    """A step whose host does not even answer when it is asked what is there."""

    def observe(self) -> dict[str, t.Any]:
        raise Unreachable("no domain controller answers", host="dc1")


def test_a_step_that_cannot_even_look_is_in_the_journal_with_its_reason(run: Run) -> None:
    with pytest.raises(Unreachable) as raised:
        run.drive(Dark({"hall": "off"}))
    assert [(o.status, o.host) for o in raised.value.result.outcomes] == [("failed", "dc1")]
    facts = folded(run).steps["lamps@exch2"]
    assert (facts["failed"], facts["went_wrong"][0]["reason"]) == (True, "unreachable")


def test_a_step_that_cannot_even_look_is_accepted_with_a_reason(run: Run) -> None:
    result = run.drive(Dark({"hall": "off"}), accept_failure="the directory is down, Kerberos is not needed")
    assert (result.failed, result.extra["accepted"]["reason"]) == (False, "the directory is down, Kerberos is not needed")
    record = folded(run)
    assert (record.steps["lamps@exch2"]["failed"], [entry["step"] for entry in record.accepted]) == (False, ["lamps@exch2"])


def test_another_machine_is_accepted_for_no_reason(run: Run) -> None:
    with pytest.raises(WrongMachine):
        run.drive(Lamps({"hall": "off"}), accept_failure="whatever", machine={"uuid": "another", "name": "OTHER"})


def test_what_only_looks_is_accepted_too(run: Run) -> None:
    read = Result(failed=True, reason="clients_not_there", msg="1 of 9 clients arrive")
    result = look("verify", lambda: read, {"run": run.option, "accept_failure": "the sample is off at night"}, Hosts(), run.clock, check_mode=False)
    assert (result.failed, folded(run).accepted[0]["reason"]) == (False, "the sample is off at night")


def test_a_failure_that_was_accepted_stays_accepted_when_its_run_is_resumed(run: Run) -> None:
    lamps = {"a": "off"}
    assert not run.drive(Lamps(lamps, faults={"a": "dark"}), accept_failure="the moon shines").failed
    for _time in range(2):
        again = run.drive(Lamps(lamps, faults={"a": "dark"}))
        assert (again.failed, again.extra["accepted"]["reason"]) == (False, "the moon shines")
        assert "accepted in it before: the moon shines" in again.warnings[-1]
    assert len(folded(run).accepted) == 1
    assert run.drive(Lamps({"b": "off"}, faults={"b": "dark"}), accept_failure="nor here").extra["accepted"]["reason"] == "nor here"
    assert not run.drive(Dark({"hall": "off"})).failed


def test_what_was_accepted_on_the_way_forward_is_not_accepted_on_the_way_back(run: Run) -> None:
    lamps = {"a": "off", "b": "off"}
    assert not run.drive(Lamps(lamps, faults={"b": "dark"}), accept_failure="the moon shines").failed
    assert run.drive(Lamps(lamps, faults={"a": Applied(ok=False, msg="stuck")}), state="reverted", revert_run="r1").failed


def test_what_another_run_accepted_is_not_accepted(run: Run) -> None:
    assert not run.drive(Lamps({"a": "off"}, faults={"a": "dark"}), accept_failure="the moon shines").failed
    run.open("r2")
    assert run.drive(Lamps({"a": "off"}, faults={"a": "dark"})).failed


class Judging(Lamps):
    """A step that fails on the whole, not on an item."""

    def conclude(self, result: Result) -> None:
        result.failed, result.reason, result.msg = True, "too_dim", "the hall is too dim"


def test_what_fails_on_the_whole_is_accepted_too(run: Run) -> None:
    result = run.drive(Judging({"a": "off"}), accept_failure="the moon shines")
    assert (result.failed, result.reason, result.extra["accepted"]) == (False, "", {"what": "the hall is too dim", "reason": "the moon shines"})
    record = folded(run)
    assert (record.steps["lamps@exch2"]["failed"], [entry["what"] for entry in record.accepted]) == (False, ["the hall is too dim"])


@pytest.mark.parametrize("state", ["off", "on"])
def test_an_acceptance_that_nobody_could_note_loses_no_record_of_what_was_changed(run: Run, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    append = Lease.append
    noted: list[list[str]] = []

    def refused(self: Lease, drafts: t.Sequence[Event], longest: float | None = None) -> None:
        noted.append([draft.kind for draft in drafts])
        if "accepted" in noted[-1]:
            raise LeaseLost("taken over")
        append(self, drafts, longest)

    monkeypatch.setattr(Lease, "append", refused)
    with pytest.raises(LeaseLost) as lost:
        run.drive(Judging({"a": state}), accept_failure="the moon shines")
    assert statuses(lost.value.result) == {"a": "done" if state == "off" else "already"}
    assert noted[-1] == ["accepted", "step_outcome"] and folded(run).accepted == []


def test_an_acceptance_of_what_only_looks_that_nobody_could_note_keeps_what_was_seen(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lease, "append", mock.Mock(side_effect=LeaseLost("taken over")))
    read = Result(failed=True, reason="clients_not_there", msg="1 of 9 clients arrive")
    with pytest.raises(LeaseLost) as lost:
        look("verify", lambda: read, {"run": run.option, "accept_failure": "it is night"}, Hosts(), run.clock, check_mode=False)
    assert lost.value.result is read


def test_an_acceptance_of_a_step_that_could_not_look_keeps_why(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lease, "append", mock.Mock(side_effect=LeaseLost("taken over")))
    with pytest.raises(LeaseLost) as lost:
        run.drive(Dark({"hall": "off"}), accept_failure="the directory is down")
    assert [outcome.status for outcome in lost.value.result.outcomes] == ["failed"]


def test_a_failure_is_not_accepted_for_the_words_of_the_printed_command(run: Run) -> None:
    with pytest.raises(InvalidInput, match="accept_failure: 'say why' only stands for a reason"):
        run.drive(Lamps({"hall": "off"}), accept_failure="say why")
    with pytest.raises(InvalidInput, match="accept_failure"):
        look("verify", Result, {"run": run.option, "accept_failure": "..."}, Hosts(), run.clock, check_mode=False)
    assert (folded(run).steps, folded(run).accepted) == ({}, [])


def test_a_run_that_puts_back_its_own_changes_waits_for_what_an_earlier_controller_had_begun(run: Run) -> None:
    lamps = {"a": "off"}
    run.drive(Lamps(lamps))
    dead = run.option
    journal = run.journal()
    journal.read()
    Lease(journal, dead["holder"], dead["epoch"], 30.0, "r1", "", run.clock).append([], 600.0)
    run.clock.seconds += 200
    taken = {**dead, "holder": "another", "epoch": dead["epoch"] + 1}
    claim = LeaseClaim(holder="another", epoch=taken["epoch"], seconds=30.0, run="r1", acquire=True)
    journal.append([journal.draft("run_resumed", run="r1", data={"epoch": claim.epoch})], claim)
    begun = run.clock.seconds
    result = drive(Lamps(lamps), {"run": taken, "state": "reverted", "revert_run": "r1"}, Hosts(), run.clock, check_mode=False)
    assert (statuses(result), lamps) == ({"a": "done"}, {"a": "off"})
    assert run.clock.seconds - begun == pytest.approx(415, abs=1)  # 600, and a beat and the margin, less 200
    assert "had begun" in result.warnings[0]


def lose_mirror(run: Run) -> None:
    """A file stands where the mirror's folder was: nothing can be written there, whoever runs this."""
    folder = run.folder / "mirror"
    folder.rename(run.folder / "kept")
    folder.write_text("", encoding="utf-8")


def test_a_mirror_that_fails_before_a_change_stops_the_step_before_it(run: Run) -> None:
    lamps = {"hall": "off"}
    step = Lamps(lamps, log=lambda text: lose_mirror(run) if text == "observe" else None)
    with pytest.raises(MirrorUnwritable):
        run.drive(step)
    assert (step.applied, lamps) == ([], {"hall": "off"})
    events = DirectoryStore(str(run.folder / "store")).transact(Request("mail"), 5.0).lines
    assert '"kind":"step_intent"' in events[-1]


def test_a_mirror_that_fails_after_a_change_loses_no_record_of_it(run: Run) -> None:
    lamps = {"hall": "off"}
    step = Lamps(lamps, log=lambda text: lose_mirror(run) if text == "apply hall" else None)
    with pytest.raises(MirrorUnwritable) as raised:
        run.drive(step)
    assert statuses(raised.value.result) == {"hall": "done"}
    events = DirectoryStore(str(run.folder / "store")).transact(Request("mail"), 5.0).lines
    assert '"kind":"step_outcome"' in events[-1] and '"failed":false' in events[-1]


def test_a_run_that_was_accepted_without_its_mirror_goes_on_and_warns(run: Run) -> None:
    lose_mirror(run)
    run.option = {**run.option, "without_mirror": "the controller's disk is full"}
    lamps = {"hall": "off"}
    result = run.drive(Lamps(lamps))
    assert (result.failed, lamps, "could not use the mirror" in result.warnings[0]) == (False, {"hall": "on"}, True)
