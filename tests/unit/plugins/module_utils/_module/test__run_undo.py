# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Undoing a run: over a directory store and two service control managers, from every point, interrupted anywhere."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.undo import UndoBegun
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, LeaseHeld, Unreachable, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _run_undo
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.app_services import app_services
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.fence_source import fence_source
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.lease import Lease
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, machine, make_estate
from ansible_collections.continuity.identity_failover.tests.unit.runs import ALONE
from ansible_collections.continuity.identity_failover.tests.unit.windows_services import Manager, service

ROOT = "root/standardcimv2"
STEP: dict[str, t.Any] = {**ALONE, "settle": 0.0, "from_baseline": False, "registration": False, "evidence": [], "accept_unfenced": None, "minimum": 2}
SOURCE = ("Running", "Auto")
TARGET = ("Stopped", "Manual")


def silent(*arguments: t.Any, **more: t.Any) -> t.NoReturn:
    raise Unreachable("exch1 does not answer", host="exch1")


class Died(Exception):
    """The controller is gone."""


def died(*arguments: t.Any) -> t.NoReturn:
    raise Died


class Servers:
    """exch1 serves with the service IS, exch2 has it stopped and started by hand; a planned failover is open."""

    def __init__(self, estate: Estate, source: tuple[str, str] = SOURCE) -> None:
        self.estate = estate
        self.managers = {}
        for name, (state, mode) in (("exch1", source), ("exch2", TARGET)):
            manager = Manager(service("IS", state, mode), name=name)
            template = machine(name, f"{name[-1] * 8}-0000-0000-0000-000000000000", state)
            manager.session.instances.update({key: value for key, value in template.instances.items() if key[1] != "Win32_Service"})
            manager.session.instances[(ROOT, "MSFT_DNSClient")] = []
            manager.session.methods[("Win32_Process", "Create")] = lambda session, keys, arguments: {"ReturnValue": 0}
            estate.sessions[name] = manager.session
            self.managers[name] = manager
        estate.run("armed")
        estate.do(failover_ack)
        self.run = estate.run("opened").extra["run"]

    def images(self) -> dict[str, tuple[str, str]]:
        return {name: (manager.find("IS")["State"], manager.find("IS")["StartMode"]) for name, manager in self.managers.items()}

    def on(self, host: str, function: t.Any, **more: t.Any) -> t.Any:
        estate = self.estate

        class There:
            target = staticmethod(lambda: estate.named(host))
            named = staticmethod(estate.named)

        entries = ["IS"] if function is fence_source else [{"name": "IS", "start_mode": "auto", "timeout": 30.0}]
        params = {**STEP, "services": entries, "service_timeout": 30.0, "vantage_points": [], "addresses": [], "run": self.run, "revert_run": self.run["id"]}
        return function({**params, **more}, There(), estate.clock, check_mode=False)

    def fence(self) -> None:
        assert not self.on("exch1", fence_source, state="fenced").failed

    def start(self) -> None:
        assert not self.on("exch2", app_services, state="started").failed

    def stop(self) -> None:
        self.estate.run("stopped", run=self.run)

    def forward(self, state: str = "opened", **more: t.Any) -> t.Any:
        opened = self.estate.run(state, **more)
        self.run = opened.extra["run"]
        return opened

    def lease(self) -> Lease:
        """As the controller that runs has it."""
        run, clock = self.run, self.estate.clock
        journal = open_journal("mail", self.estate.store, self.estate.mirror, self.estate, clock)
        return Lease(journal, run["holder"], run["epoch"], run["lease_seconds"], run["id"], run["by"], clock)

    def undo(self, reason: str | None = None) -> t.Any:
        opened = self.estate.run("opened", mode="undo", reason=reason)
        self.run = opened.extra["run"] or self.run
        return opened

    def undo_after_stop(self) -> t.Any:
        self.stop()
        return self.undo("data discarded: a test").extra["undoing"]["steps"]

    def put_back(self, steps: t.Sequence[t.Mapping[str, str]], **more: t.Any) -> list[t.Any]:
        functions: dict[str, t.Any] = {"services": app_services, "fence": fence_source}
        return [self.on(step["host"], functions[step["step"]], state="reverted", **more) for step in steps]

    def end(self, **more: t.Any) -> t.Any:
        return self.estate.run("reverted", run=self.run, **{"reason": None, **more})

    def state(self) -> str:
        return str(self.estate.do(failover_status, definition=None).extra["state"])


@pytest.fixture
def servers(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Servers:
    return Servers(make_estate(tmp_path, monkeypatch))


BEFORE = {"exch1": SOURCE, "exch2": TARGET}


def test_a_fenced_source_and_a_started_target_are_as_before(servers: Servers) -> None:
    servers.fence()
    servers.start()
    assert servers.images() == {"exch1": ("Stopped", "Disabled"), "exch2": ("Running", "Auto")}
    servers.stop()
    opened = servers.undo("data discarded: a test")
    assert opened.extra["undoing"]["steps"] == [
        {"key": "services@exch2", "step": "services", "host": "exch2"},
        {"key": "fence@exch1", "step": "fence", "host": "exch1"},
    ]
    # Said before anything is put back.
    assert opened.extra["owner_afterwards"] == "source" and "Afterwards the source owns the identity" in opened.msg
    assert servers.images()["exch2"] == ("Running", "Auto")
    assert not any(result.failed for result in servers.put_back(opened.extra["undoing"]["steps"]))
    assert servers.images() == BEFORE
    ended = servers.end()
    assert (ended.extra["state"], ended.extra["owner_afterwards"], ended.changed) == ("protected", "source", True)
    assert servers.estate.do(failover_status, definition=None).extra["lease"] is None
    again = servers.end()
    assert (again.changed, again.outcomes[0].status) == (False, "already")
    assert servers.undo().outcomes[0].status == "already"


def test_a_status_says_that_the_run_is_undone_until_it_goes_forward_again(servers: Servers) -> None:
    def status() -> str:
        return str(servers.estate.do(failover_status).msg)

    servers.fence()
    assert "it is being moved from the source to the target" in status()
    servers.stop()
    opened = servers.undo()
    assert "to put back: fence on exch1. Afterwards the source owns the identity" in opened.msg
    assert "mail is failing_over; its run is being undone: afterwards the source owns it" in status()
    servers.stop()
    servers.forward()
    assert "it is being moved from the source to the target" in status()


def test_data_are_asked_for_past_the_point_of_no_return_and_not_before(servers: Servers) -> None:
    servers.fence()
    servers.stop()
    assert servers.undo().extra["undoing"]["point_of_no_return"] == ""
    servers.stop()
    servers.run = servers.estate.run("opened").extra["run"]
    servers.start()
    servers.stop()
    with pytest.raises(InvalidInput, match=r"services@exch2 starts what serves clients.*failover_data_restored.*failover_discard"):
        servers.undo()
    assert servers.undo("data restored: copied by hand").extra["undoing"]["point_of_no_return"] == "services@exch2"


def test_an_undo_that_stopped_does_not_ask_for_the_data_again_until_it_went_forward(servers: Servers) -> None:
    servers.fence()
    servers.start()
    servers.stop()
    servers.run = servers.undo("data discarded: a test").extra["run"]
    servers.stop()
    servers.run = servers.undo().extra["run"]
    servers.stop()
    servers.forward()
    servers.stop()
    with pytest.raises(InvalidInput, match="failover_discard"):
        servers.undo()


def test_an_undo_refuses_to_accept_what_is_no_finding(servers: Servers) -> None:
    servers.fence()
    servers.stop()
    with pytest.raises(InvalidInput, match="owner_not_confirmd"):
        servers.estate.run("opened", mode="undo", accept={"owner_not_confirmd": "a slip of the keyboard"})


def test_an_undo_takes_the_run_over_and_the_reason_for_that_is_no_word_about_the_data(servers: Servers) -> None:
    servers.fence()
    servers.start()
    forced = {"mode": "undo", "reason": "that controller is gone"}
    with pytest.raises(LeaseHeld, match=r"identity_failover\.undo .*failover_take_over"):
        servers.estate.run("opened", mode="undo", reason="data discarded: a test")
    with pytest.raises(LeaseHeld, match=r"identity_failover\.undo .*failover_take_over"):
        servers.estate.run("taken_over", mode="undo", reason="")
    with pytest.raises(InvalidInput, match="failover_discard"):
        servers.estate.run("taken_over", **forced)
    taken = servers.estate.run("taken_over", accept={"data_at_stake": "data discarded: a test"}, **forced)
    assert (taken.extra["taken_from"]["forced"], taken.extra["owner_afterwards"]) == (True, "source")
    servers.run = taken.extra["run"]
    for state in ("opened", "taken_over"):
        with pytest.raises(LeaseHeld, match=r"identity_failover\.undo .*failover_take_over"):
            servers.estate.run(state, reason="")
    servers.put_back(taken.extra["undoing"]["steps"])
    assert servers.end().extra["state"] == "protected" and servers.images() == BEFORE


@pytest.mark.parametrize(("answers", "state"), [(False, "pending"), (True, "recovered")])
def test_an_undone_failover_is_pending_only_while_its_source_is_silent(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, answers: bool, state: str
) -> None:
    estate = make_estate(tmp_path, monkeypatch)
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    run = estate.run("opened").extra["run"]
    estate.run("stopped", run=run)
    undoing = estate.run("opened", mode="undo", reason=None).extra["run"]
    if answers:
        estate.dead.clear()
    ended = estate.run("reverted", run=undoing, reason=None)
    assert ended.extra["state"] == state
    assert any("the incident is over" in warning for warning in ended.warnings) == answers


def test_an_undo_that_was_interrupted_goes_on_at_any_point(servers: Servers) -> None:
    servers.fence()
    servers.start()
    steps = servers.undo_after_stop()
    for done in range(len(steps) + 1):
        servers.put_back(steps[:done])
        servers.estate.clock.advance(61.0)  # the controller died; its lease runs out
        again = servers.undo("data discarded: a test")
        assert again.extra["undoing"]["steps"] == steps[done:]
    servers.put_back(steps)
    assert servers.images() == BEFORE
    assert servers.end().extra["state"] == "protected"


@pytest.mark.parametrize("calls", [1, 2, 3])
@pytest.mark.parametrize("carried_out", [True, False])
def test_a_source_that_ran_though_disabled_does_so_again_wherever_its_undo_dies(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, calls: int, carried_out: bool
) -> None:
    """Windows starts no disabled service, so it is put back by way of another start mode."""
    servers = Servers(make_estate(tmp_path, monkeypatch), source=("Running", "Disabled"))
    servers.fence()
    steps = servers.undo_after_stop()
    session = servers.managers["exch1"].session
    invoke, begun = session.invoke, []

    def dying(*arguments: t.Any, **more: t.Any) -> t.Any:
        begun.append(arguments[2])
        if len(begun) == calls:
            if carried_out:
                invoke(*arguments, **more)
            raise Died
        return invoke(*arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(session, "invoke", dying)
        with pytest.raises(Died):
            servers.put_back(steps)
    assert begun == ["ChangeStartMode", "StartService", "ChangeStartMode"][:calls]
    servers.estate.clock.advance(600.0)
    servers.undo()
    assert not any(result.failed for result in servers.put_back(steps))
    assert servers.images()["exch1"] == ("Running", "Disabled")


def test_another_start_mode_that_nobody_put_back_is_somebody_else_s(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(make_estate(tmp_path, monkeypatch), source=("Running", "Disabled"))
    servers.fence()
    steps = servers.undo_after_stop()
    servers.managers["exch1"].find("IS")["StartMode"] = "Manual"
    for _attempt in range(2):
        (result,) = servers.put_back(steps)
        assert (result.failed, result.reason) == (True, "changed_by_other")
    assert servers.images()["exch1"] == ("Stopped", "Manual")


def test_what_an_earlier_attempt_left_is_the_run_s_own(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    servers.start()
    # The next attempt wants another start mode, and dies between its announcement and its act: what is there is neither first nor last image.
    with monkeypatch.context() as died:
        died.setattr(servers.managers["exch2"].session, "invoke", silent)
        entries = [{"name": "IS", "start_mode": "delayed", "timeout": 30.0}]
        assert servers.on("exch2", app_services, state="started", services=entries).failed
    steps = servers.undo_after_stop()
    assert not any(result.failed for result in servers.put_back(steps))
    assert servers.images() == BEFORE


def test_a_fence_that_is_not_proven_says_that_users_are_cut_off_until_it_is_put_back(servers: Servers) -> None:
    assert servers.on("exch1", fence_source, state="fenced", minimum=3).reason == "not_fenced"
    stopped = servers.estate.run("stopped", run=servers.run)
    assert "done: no step as a whole; not done: fence on exch1 (failed; changed: 1 of 1, service IS)" in stopped.msg
    assert stopped.msg.endswith("; users are cut off from exch1: IS was stopped and disabled there")
    servers.undo()
    assert servers.estate.run("stopped", run=servers.run).extra["not_done"][0]["cut_off"] == ["IS"]
    servers.undo()
    servers.managers["exch1"].find("IS").update(State=SOURCE[0], StartMode=SOURCE[1])  # by hand: nothing is left to put back, and it is back
    servers.put_back([{"step": "fence", "host": "exch1"}])
    (entry,) = servers.estate.run("stopped", run=servers.run).extra["done"]
    assert (entry["changed"], entry["cut_off"]) == (["service IS"], [])


def test_ending_is_refused_while_a_step_was_not_put_back(servers: Servers) -> None:
    servers.fence()
    servers.start()
    steps = servers.undo_after_stop()
    servers.put_back(steps[:1])
    with pytest.raises(WrongState, match="fence@exch1 is not as it was before"):
        servers.end()
    assert servers.state() == "failing_over"


def test_what_somebody_else_changed_is_told_and_left_alone_until_it_is_accepted(servers: Servers) -> None:
    servers.fence()
    servers.start()
    servers.managers["exch2"].find("IS")["StartMode"] = "Disabled"
    steps = servers.undo_after_stop()
    (result, _fence) = servers.put_back(steps)
    assert (result.failed, [(o.name, o.reason) for o in result.outcomes]) == (True, [("IS", "changed_by_other")])
    assert servers.images()["exch2"] == ("Running", "Disabled")
    with pytest.raises(WrongState, match="services@exch2 is not as it was"):
        servers.end()
    (accepted,) = servers.put_back(steps[:1], accept_failure="the administrator of exch2 wants it so")
    assert not accepted.failed
    ended = servers.end()
    assert ended.extra["state"] == "protected"
    assert "services@exch2: IS" in ended.extra["undoing"]["left"][0]
    assert servers.images()["exch2"] == ("Running", "Disabled")


def test_a_source_that_died_meanwhile_is_a_failure_that_can_be_accepted(servers: Servers) -> None:
    servers.fence()
    steps = servers.undo_after_stop()
    for call in ("query", "get", "identify", "enumerate"):
        setattr(servers.managers["exch1"].session, call, silent)
    (result,) = servers.put_back(steps)
    assert (result.failed, {o.reason for o in result.outcomes if o.status == "failed"}) == (True, {"unreachable"})
    assert not servers.put_back(steps, accept_failure="exch1 burnt down")[0].failed
    assert "exch1" in servers.end().extra["undoing"]["left"][0]


def test_the_failover_goes_forward_again_until_the_source_may_have_served(servers: Servers) -> None:
    servers.fence()
    servers.start()
    steps = servers.undo_after_stop()
    servers.put_back(steps[:1])
    servers.stop()
    # Fresh intents: the target is started again, and the first image stays.
    servers.run = servers.estate.run("opened").extra["run"]
    servers.start()
    assert servers.images()["exch2"] == ("Running", "Auto")
    servers.stop()
    assert servers.undo("data discarded: a test").extra["undoing"]["steps"] == steps
    servers.put_back(steps)
    servers.stop()
    with pytest.raises(UndoBegun, match=r"fence@exch1.*continuity\.identity_failover\.undo"):
        servers.estate.run("opened")
    assert servers.images() == BEFORE


@pytest.mark.parametrize("tried_again", [False, True])
def test_going_forward_again_sets_what_somebody_else_changed_meanwhile_only_with_a_reason(servers: Servers, tried_again: bool) -> None:
    servers.fence()
    servers.start()
    servers.managers["exch2"].find("IS")["StartMode"] = "Disabled"
    steps = servers.undo_after_stop()
    assert servers.put_back(steps[:1])[0].failed
    servers.stop()
    if tried_again:
        servers.undo("data discarded: a test")
        assert servers.put_back(steps[:1])[0].failed
        servers.stop()
    with pytest.raises(WrongState, match="services@exch2: IS .*go on with the undo; to go on all the same") as refused:
        servers.forward()
    assert (refused.value.reason, "changed_by_other" in refused.value.details["next"]) == ("changed_by_other", True)
    assert servers.images()["exch2"] == ("Running", "Disabled")
    opened = servers.forward(accept={"changed_by_other": "agreed with the administrator of exch2"})
    assert any("IS" in warning and "agreed with the administrator" in warning for warning in opened.warnings)
    servers.start()
    assert servers.images()["exch2"] == ("Running", "Auto")
    servers.stop()
    assert "changed_by_other" not in " ".join(servers.forward().warnings), "it is set, and nothing of it is left to be asked about"
    (entry,) = servers.estate.do(failover_status, definition=None).extra["accepted"]
    assert entry["finding"] == "changed_by_other"


@pytest.mark.parametrize("ended", ["stopped", "taken by force", "by one that died waiting"])
def test_going_forward_again_waits_for_what_the_undo_may_have_begun(servers: Servers, ended: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = servers.estate.clock
    servers.fence()
    servers.start()
    servers.put_back(servers.undo_after_stop()[:1])
    servers.lease().require(300.0)  # the undo's last change: it may go on for five minutes, and its controller is not heard again
    if ended != "taken by force":
        servers.stop()
    if ended == "by one that died waiting":
        with monkeypatch.context() as patch, pytest.raises(Died):
            patch.setattr(clock, "sleep", died)
            servers.forward()
        clock.advance(61.0)
    clock.slept.clear()
    opened = servers.forward(state="taken_over")
    left = 300.0 - (61.0 if ended == "by one that died waiting" else 0.0)
    assert any(left < waited <= left + 30 for waited in clock.slept), clock.slept
    assert any("that the undo of run" in warning for warning in opened.warnings)
    servers.start()
    assert servers.images()["exch2"] == ("Running", "Auto")


def test_a_run_that_was_never_undone_is_resumed_at_once(servers: Servers) -> None:
    servers.fence()
    servers.lease().require(300.0)
    servers.stop()
    servers.estate.clock.slept.clear()
    assert not servers.forward().warnings
    assert servers.estate.clock.slept == []


def test_once_all_is_back_the_run_may_be_abandoned_too_and_before_not(servers: Servers) -> None:
    servers.fence()
    steps = servers.undo_after_stop()
    with pytest.raises(WrongState, match="has begun to move things"):
        servers.estate.run("abandoned")
    servers.put_back(steps)
    servers.stop()
    assert servers.estate.run("abandoned").extra["state"] == "protected"
    assert servers.images() == BEFORE


def test_a_run_in_use_is_not_undone_by_another_controller(servers: Servers) -> None:
    servers.fence()
    with pytest.raises(LeaseHeld):
        servers.undo()


def test_a_closed_failover_is_not_undone(servers: Servers) -> None:
    servers.estate.run("closed", run=servers.run)
    with pytest.raises(WrongState, match="failback"):
        servers.undo()
    with pytest.raises(WrongState, match="was closed"):
        servers.end()


def test_an_undone_failback_leaves_the_target_serving(servers: Servers) -> None:
    servers.fence()
    servers.start()
    served = servers.images()
    servers.estate.run("closed", run=servers.run)
    opened = servers.estate.run("opened", kind="failback")
    failover, servers.run = opened.extra["reverts"], opened.extra["run"]
    servers.on("exch2", app_services, state="reverted", revert_run=failover)
    servers.on("exch1", fence_source, state="released", revert_run=failover)
    servers.on("exch1", app_services, state="started")
    assert servers.images() == BEFORE
    servers.stop()
    undo = servers.undo("data discarded: nobody worked on exch1")
    assert undo.extra["owner_afterwards"] == "target"
    assert [step["key"] for step in undo.extra["undoing"]["steps"]] == ["services@exch1", "fence@exch1", "services@exch2"]
    assert not any(result.failed for result in servers.put_back(undo.extra["undoing"]["steps"]))
    assert servers.images() == served
    assert servers.end().extra["state"] == "failed_over"
    # And a later failback still finds the failover's images.
    back = servers.estate.run("opened", kind="failback")
    servers.run = back.extra["run"]
    assert not servers.on("exch2", app_services, state="reverted", revert_run=back.extra["reverts"]).failed
    assert servers.images()["exch2"] == TARGET


def test_an_undo_of_a_failback_asks_for_the_data_where_its_hook_may_have_let_the_source_join(servers: Servers) -> None:
    hooks = {"mode": "undo", "hooks": ["before_source_joins"]}
    servers.start()
    servers.estate.run("closed", run=servers.run)
    opened = servers.forward("opened", kind="failback")
    servers.on("exch2", app_services, state="reverted", revert_run=opened.extra["reverts"])
    servers.stop()
    with pytest.raises(InvalidInput, match=r"the hook before_source_joins, .* may let exch1 join.*failover_data_restored.*failover_discard"):
        servers.estate.run("opened", reason=None, **hooks)
    undo = servers.estate.run("opened", reason="data discarded: nobody worked on exch1", **hooks)
    assert undo.extra["undoing"]["point_of_no_return"] == "fence@exch1"


def says(monkeypatch: pytest.MonkeyPatch, observed: str, *evidence: dict[str, t.Any]) -> None:
    monkeypatch.setattr(_run_undo, "observe_owner", lambda definition, hosts, clock: (observed, list(evidence)))


@pytest.mark.parametrize(("observed", "ends"), [("source", True), ("unknown", True), ("target", False), ("both", False)])
def test_an_undo_ends_only_where_the_world_agrees(servers: Servers, monkeypatch: pytest.MonkeyPatch, observed: str, ends: bool) -> None:
    says(monkeypatch, observed, {"kind": "dns", "of": "dns1", "name": "mail A", "values": ["10.0.0.22"], "says": "target"})
    servers.undo_after_stop()
    if ends:
        assert servers.end().extra["state"] == "protected"
        return
    with pytest.raises(WrongState, match=r"dns1: mail A 10\.0\.0\.22"):
        servers.end()
    accepted = servers.end(reason="the record belongs to somebody else now")
    assert accepted.extra["accepted"][0]["reason"] == "the record belongs to somebody else now"


def test_two_servers_with_the_identity_s_addresses_are_never_accepted(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [{"kind": "address", "of": host, "name": "10.0.0.30", "values": ["Preferred"], "says": side} for host, side in (("a", "source"), ("b", "target"))]
    says(monkeypatch, "both", *both)
    servers.undo_after_stop()
    with pytest.raises(WrongState, match="lead to both"):
        servers.end(reason="whatever")


def test_check_mode_resumes_and_ends_nothing(servers: Servers) -> None:
    servers.fence()
    servers.stop()
    assert servers.estate.run("opened", mode="undo", reason=None, check_mode=True).outcomes[0].status == "predicted"
    assert servers.estate.do(failover_status, definition=None).extra["lease"] is None


def test_a_drill_that_a_failover_went_on_beside_is_put_back_after_it(servers: Servers) -> None:
    servers.undo_after_stop()
    servers.end()
    servers.run = servers.estate.run("opened", kind="drill").extra["run"]
    servers.start()
    servers.stop()
    drill = servers.run["id"]
    servers.estate.do(failover_ack)
    servers.forward()
    servers.stop()
    assert servers.estate.do(failover_status, definition=None).extra["left_over"][0]["id"] == drill
    assert servers.undo().extra["run"]["id"] != drill
    servers.end()
    status = servers.estate.do(failover_status, definition=None)
    assert "continuity.identity_failover.undo" in status.extra["next"]  # where nobody waits for users, the drill that was left over comes first
    assert status.extra["active_run"] is None and any(drill in warning and "continuity.identity_failover.undo" in warning for warning in status.warnings)
    opened = servers.undo()
    assert (opened.extra["run"]["id"], [step["key"] for step in opened.extra["undoing"]["steps"]]) == (drill, ["services@exch2"])
    servers.put_back(opened.extra["undoing"]["steps"])
    assert servers.images() == BEFORE
    ended = servers.end()
    assert (ended.extra["state"], ended.extra["owner_afterwards"]) == ("protected", "source")
    done = servers.estate.do(failover_status, definition=None)
    assert done.extra["left_over"] == [] and "undo" not in done.extra["next"]
    assert servers.undo().outcomes[0].status == "already"


@pytest.mark.parametrize(("fenced", "point"), [(False, ("services@exch2", "IS", 1)), (True, ("services@exch1", "IS", 3))])
def test_the_plan_of_a_failback_names_the_point_where_an_undo_asks(servers: Servers, fenced: bool, point: tuple[str, str, int]) -> None:
    """Where the failover had fenced the source, whatever lets it join starts nothing there."""
    hooks = ["before_source_joins"]
    if fenced:
        servers.fence()
    servers.start()
    servers.estate.run("closed", run=servers.run)
    opened = servers.forward("opened", kind="failback", mode="plan")
    failover = opened.extra["reverts"]
    servers.on("exch2", app_services, state="reverted", revert_run=failover)
    servers.on("exch1", fence_source, state="released", revert_run=failover)
    servers.on("exch1", app_services, state="started", revert_run=failover)
    named = servers.estate.run("closed", kind="failback", run=servers.run, hooks=hooks).extra["plan"]["point_of_no_return"]
    assert (named["step"], named["item"], named["number"]) == point
    opened = servers.forward("opened", kind="failback")
    servers.on("exch2", app_services, state="reverted", revert_run=opened.extra["reverts"])
    if fenced:
        servers.on("exch1", fence_source, state="released", revert_run=opened.extra["reverts"])
        servers.stop()
        assert servers.forward("opened", mode="undo", reason=None, hooks=hooks).extra["undoing"]["point_of_no_return"] == ""
        servers.stop()
        servers.forward("opened", kind="failback")
        servers.on("exch1", app_services, state="started")
    servers.stop()
    with pytest.raises(InvalidInput, match="clients may write on exch1"):
        servers.estate.run("opened", mode="undo", reason=None, hooks=hooks)
