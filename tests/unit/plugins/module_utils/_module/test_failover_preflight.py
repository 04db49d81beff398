# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import collections
import copy
import datetime
import importlib
import pathlib
import pkgutil
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils import _module
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import KINDS, Finding, counts, judged
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    AccessDenied,
    ConnectionLost,
    DeadlineExceeded,
    DnsRefused,
    FailoverError,
    InvalidInput,
    Unreachable,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _preflight_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_preflight as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading
from tests.unit.fakes import FakeClock, FakeHosts, FakeSession

OLD, NEW = "10.0.0.21", "10.0.1.21"
UUIDS = {"exch1": "11111111-0000-0000-0000-000000000001", "exch2": "22222222-0000-0000-0000-000000000002"}
KEY = {"name": "failover-key", "secret": "c2VjcmV0", "algorithm": "hmac-sha256"}
GIB = 2**30


def server(name: str, clock: FakeClock) -> FakeSession:
    """A healthy server of the pair."""
    now = clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    return FakeSession(
        name,
        instances={
            ("root/cimv2", "Win32_ComputerSystemProduct"): [{"UUID": UUIDS.get(name, name)}],
            ("root/cimv2", "Win32_ComputerSystem"): [{"Name": name.upper()}],
            ("root/cimv2", "Win32_OperatingSystem"): [{"LocalDateTime": now}],
            ("root/cimv2", "Win32_LogicalDisk"): [{"DeviceID": "C:", "DriveType": 3, "Size": 100 * GIB, "FreeSpace": 50 * GIB}],
            ("root/cimv2", "Win32_Service"): [{"Name": "MSExchangeIS", "State": "Stopped", "StartMode": "Manual"}],
            ("root/StandardCimv2", "MSFT_NetIPAddress"): [
                {"IPAddress": "10.0.5.2", "PrefixLength": 24, "InterfaceAlias": "LAN", "InterfaceIndex": 4, "Store": 1}
            ],
            ("root/StandardCimv2", "MSFT_NetIPInterface"): [{"InterfaceAlias": "LAN", "InterfaceIndex": 4, "AddressFamily": 2, "Dhcp": 0}],
        },
    )


class World:
    """A healthy identity; a test breaks one thing and looks what is found."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.clock = FakeClock()
        self.sessions = {name: server(name, self.clock) for name in ("exch1", "exch2", "ws001", "ws002")}
        self.addresses = {name: f"10.99.0.{number}" for number, name in enumerate(self.sessions, 1)}
        self.definition: dict[str, t.Any] = {
            "source": {"host": "exch1"},
            "target": {"host": "exch2"},
            "services": [{"name": "MSExchangeIS"}],
            "addresses": [{"address": "10.0.5.5", "prefix_length": 24}],
            "clients": {"flush": ["ws001", "ws002"]},
            "store": {"kind": "directory", "path": str(folder)},
        }
        self.armed_days_ago = 1.0
        self.armed = True

    def hosts(self) -> FakeHosts:
        settings = {name: ConnectionSettings(name, address) for name, address in self.addresses.items()}
        return FakeHosts(target=self.sessions["exch2"], named=self.sessions.values(), settings=settings)

    def run(self, **options: t.Any) -> Result:
        hosts = self.hosts()
        if self.armed:
            taken = stamp(self.clock.now() - datetime.timedelta(days=self.armed_days_ago))
            machines = {name: {"uuid": UUIDS[name], "name": name.upper()} for name in UUIDS}
            journal = open_journal("mail", self.definition["store"], None, hosts, self.clock)
            journal.append([journal.draft("armed", data={"machines": machines, "taken_at": taken})])
        params = {"identity": "mail", "definition": copy.deepcopy(self.definition), "kind": "failover", "key": None, "credentials": [], "accept": {}}
        params.update({"data_state": None, "hooks": [], **options})
        return module.failover_preflight(params, hosts, self.clock, check_mode=False)

    def found(self, **options: t.Any) -> dict[str, dict[str, t.Any]]:
        return {finding["id"]: finding for finding in self.run(**options).extra["findings"]}

    def instance(self, host: str, class_name: str) -> dict[str, t.Any]:
        return next(found[0] for (_namespace, name), found in self.sessions[host].instances.items() if name == class_name)


@pytest.fixture
def world(tmp_path: pathlib.Path) -> World:
    return World(tmp_path)


class Dead(FakeSession):
    def _record(self, timeout: float, *call: t.Any) -> None:
        raise Unreachable(f"{self.name} is silent")


def test_a_healthy_identity_has_no_findings(world: World) -> None:
    result = world.run()
    assert result.extra["findings"] == []
    assert (result.failed, result.changed) == (False, False)
    assert result.extra["counts_by_severity"] == {"info": 0, "warning": 0, "error": 0, "blocker": 0, "accepted": 0}


class Lossy(FakeSession):
    """A host of which the answer to the first question of each kind is lost, once or always."""

    def __init__(self, healthy: FakeSession, *, losses: int) -> None:
        super().__init__(healthy.name, instances=healthy.instances)
        self.losses = losses
        self.lost: collections.Counter[t.Any] = collections.Counter()

    def _record(self, timeout: float, *call: t.Any) -> None:
        super()._record(timeout, *call)
        self.lost[call] += 1
        if self.lost[call] <= self.losses:
            raise ConnectionLost(f"{self.name} did not answer", host=self.name)


def test_one_lost_answer_is_no_finding(world: World) -> None:
    for name in ("exch1", "exch2"):
        world.sessions[name] = Lossy(world.sessions[name], losses=1)
    assert world.found() == {}
    assert min(session.lost[call] for session in world.sessions.values() if isinstance(session, Lossy) for call in session.lost) == 2


def test_a_host_that_never_answers_is_asked_a_few_times_only(world: World) -> None:
    world.sessions["exch2"] = Lossy(world.sessions["exch2"], losses=1000)
    assert world.found()["target_unreachable"]["evidence"] == {"reason": "connection_lost"}
    assert max(t.cast("Lossy", world.sessions["exch2"]).lost.values()) == 3


class SilentFor(FakeSession):
    """A dead source whose silence lasts until the clients and the target were asked."""

    asked: t.Mapping[str, threading.Event]

    def _record(self, timeout: float, *call: t.Any) -> None:
        for name, event in self.asked.items():
            assert event.wait(20.0), f"{name} were not asked while the source was waited for"
        raise Unreachable(f"{self.name} is silent")


def test_a_dead_source_is_waited_for_beside_the_other_looks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    source = SilentFor("exch1")
    source.asked = {"the clients": threading.Event(), "the target's disks": threading.Event()}
    world.sessions["exch1"] = source
    identify, query = world.sessions["ws001"].identify, world.sessions["exch2"].query

    def asked(timeout: float) -> t.Any:
        source.asked["the clients"].set()
        return identify(timeout)

    def looked(namespace: str, wql: str, timeout: float) -> t.Any:
        if "Win32_LogicalDisk" in wql:
            source.asked["the target's disks"].set()
        return query(namespace, wql, timeout)

    monkeypatch.setattr(world.sessions["ws001"], "identify", asked)
    monkeypatch.setattr(world.sessions["exch2"], "query", looked)
    assert set(world.found()) == {"source_unreachable"}


def test_nothing_is_changed(world: World) -> None:
    world.run()
    kinds = {call[0] for session in world.sessions.values() for call in session.calls}
    assert kinds <= {"query", "enumerate", "identify", "get"}


@pytest.mark.parametrize(("kind", "severity", "fails"), [("failover", "info", False), ("drill", "warning", False), ("failback", "error", True)])
def test_a_silent_source_matters_by_kind(world: World, kind: str, severity: str, fails: bool) -> None:
    world.sessions["exch1"] = Dead("exch1")
    result = world.run(kind=kind)
    (finding,) = [one for one in result.extra["findings"] if one["id"] == "source_unreachable"]
    assert finding["severity"] == severity and result.failed is fails


def test_a_silent_target_blocks(world: World) -> None:
    world.sessions["exch2"] = Dead("exch2")
    result = world.run()
    assert result.failed and result.reason == "target_unreachable"
    assert "bring the target's WinRM service within reach" in result.msg


def test_another_machine_is_never_acceptable(world: World) -> None:
    world.instance("exch2", "Win32_ComputerSystem")["Name"] = "OTHER"
    assert world.found()["wrong_machine"]["evidence"]["found"].startswith("OTHER")
    with pytest.raises(InvalidInput, match="accept.wrong_machine can not be accepted"):
        world.run(accept={"wrong_machine": "never mind"})


def test_two_names_of_one_machine(world: World) -> None:
    world.instance("exch1", "Win32_ComputerSystemProduct")["UUID"] = UUIDS["exch2"]
    world.armed = False
    assert "are one machine" in world.found()["wrong_machine"]["msg"]


def test_without_a_baseline(world: World) -> None:
    world.armed = False
    assert world.found()["baseline_missing"]["severity"] == "blocker"


ARM = "ansible-playbook continuity.identity_failover.arm -e failover_identity=mail"


def test_a_missing_baseline_is_taken_next_while_both_servers_answer(world: World) -> None:
    world.armed = False
    assert world.run().extra["next"] == ARM
    assert world.run(accept={"baseline_missing": "it is moved for good"}).extra["next"] == ""


@pytest.mark.parametrize("host", ["exch1", "exch2"])
def test_where_a_server_is_silent_no_baseline_can_be_taken(world: World, host: str) -> None:
    world.armed = False
    world.sessions[host] = Dead(host)
    assert '"baseline_missing": "say why"' in world.run().extra["next"]


def test_another_machine_is_no_source_to_take_a_baseline_of(world: World) -> None:
    world.instance("exch1", "Win32_ComputerSystemProduct")["UUID"] = UUIDS["exch2"]
    world.armed = False
    assert world.run().extra["next"] == ""


def test_an_old_baseline_is_taken_again_where_nothing_else_is_wrong(world: World) -> None:
    world.armed_days_ago = 45
    assert world.run().extra["next"] == ARM
    world.armed = False  # it has been armed by now
    assert world.run(accept={"baseline_stale": "it is new enough"}).extra["next"] == ""
    world.definition["services"].append({"name": "MSExchangeTransport"})
    assert world.run().extra["next"] == f'{ARM.replace(".arm", ".failover")} -e \'{{"failover_accept": {{"service_missing_on_target": "say why"}}}}\''


def test_an_identity_that_the_target_owns_is_not_armed(world: World) -> None:
    world.armed_days_ago = 45
    world.run()
    journal = open_journal("mail", world.definition["store"], None, world.hosts(), world.clock)
    journal.read()
    journal.append([journal.draft("adopted", by="ops", data={"owner": "target"})])
    world.armed = False
    result = world.run()
    assert "baseline_stale" in result.extra["table"][2] and result.extra["next"] == ""


def test_findings_are_lines_for_people(world: World) -> None:
    assert (world.run().extra["table"], world.run().msg) == ([], "mail can be moved as it is")
    world.instance("exch2", "Win32_LogicalDisk")["FreeSpace"] = 1 * GIB
    result = world.run()
    assert (result.failed, result.msg) == (False, "mail can be moved as it is; 1 finding")
    assert world.run(accept={"disk_space": "the new disk comes"}).msg == "mail can be moved as it is; 1 finding, 1 of them accepted"
    told = " ".join(" ".join(result.extra["table"]).split())
    assert told.startswith("FINDINGS severity finding where what, and how to mend it warning disk_space exch2 ")
    assert told.endswith("to mend it, make room on the target")


def test_an_old_baseline(world: World) -> None:
    world.armed_days_ago = 45
    assert world.found()["baseline_stale"]["evidence"] == {"age_days": 45.0, "allowed_days": 30.0}


def test_how_old_a_baseline_may_be_is_for_the_definition_to_say(world: World) -> None:
    world.armed_days_ago = 45
    world.definition["baseline"] = {"max_age": 60 * 86400.0}
    assert "baseline_stale" not in world.found()
    world.definition["baseline"] = {"max_age": 44.9 * 86400.0}
    assert "is more than 45 days old, and 45 days are allowed" in world.found()["baseline_stale"]["msg"]
    world.definition["baseline"] = {"max_age": 44 * 86400.0}
    assert "is 45 days old, and 44 days are allowed (baseline.max_age)" in world.found()["baseline_stale"]["msg"]


@pytest.mark.parametrize(("address", "key"), [("10.0.5.5", "definition.addresses[0].address"), ("mail", "definition.names[0]")])
def test_management_inside_the_identity(world: World, address: str, key: str) -> None:
    world.definition["names"] = ["mail"]
    world.addresses["exch2"] = address
    assert world.found()["management_inside_identity"]["evidence"] == {"address": address, "key": key}


def test_a_service_that_is_not_there(world: World) -> None:
    world.definition["services"].append({"name": "MSExchangeTransport"})
    finding = world.found()["service_missing_on_target"]
    assert (finding["host"], finding["evidence"]) == ("exch2", {"service": "MSExchangeTransport"})


def test_the_receiving_host_is_looked_at(world: World) -> None:
    world.sessions["exch1"].instances[("root/cimv2", "Win32_Service")].clear()
    assert "service_missing_on_target" not in world.found()
    assert world.found(kind="failback")["service_missing_on_target"]["host"] == "exch1"


def test_a_disabled_service_and_the_start_mode_that_mends_it(world: World) -> None:
    world.instance("exch2", "Win32_Service")["StartMode"] = "Disabled"
    assert "service_disabled_on_target" in world.found()
    world.definition["services"][0]["start_mode"] = "auto"
    assert "service_disabled_on_target" not in world.found()


def test_dhcp_on_the_adapter(world: World) -> None:
    world.instance("exch2", "MSFT_NetIPInterface")["Dhcp"] = 1
    assert world.found()["dhcp_on_target_interface"]["evidence"] == {"interface": "LAN", "address": "10.0.5.5"}


def test_no_adapter_for_the_address(world: World) -> None:
    world.definition["addresses"][0]["address"] = "10.7.7.7"
    assert "give interface" in world.found()["interface_missing_on_target"]["msg"]


@pytest.mark.parametrize(("seconds", "severity"), [(-40, "warning"), (40, "warning"), (400, "error"), (5, None)])
def test_a_clock_that_is_off(world: World, seconds: int, severity: str | None) -> None:
    there = world.clock.now() + datetime.timedelta(seconds=seconds)
    world.instance("exch1", "Win32_OperatingSystem")["LocalDateTime"] = there.isoformat()
    finding = world.found().get("clock_skew")
    assert (finding["severity"] if finding else None) == severity


def test_a_full_disk(world: World) -> None:
    world.instance("exch2", "Win32_LogicalDisk")["FreeSpace"] = 1 * GIB
    assert world.found()["disk_space"]["evidence"] == {"disk": "C:", "free": GIB, "size": 100 * GIB}


def test_silent_clients_are_counted_and_named(world: World) -> None:
    world.sessions["ws002"] = Dead("ws002")
    finding = world.found()["client_unreachable"]
    assert finding["evidence"] == {"expected": 2, "answered": 1, "failed": [{"name": "ws002", "reason": "unreachable"}]}


def test_clients_whose_settings_are_unknown_are_not_passed_over(world: World) -> None:
    world.definition["clients"]["flush"].append("ws999")
    assert world.found()["check_failed"]["evidence"] == {"check": "clients", "names": ["ws999"]}


@pytest.mark.parametrize(
    ("choice", "kind", "engine", "hooks", "told"),
    [
        ("discard_queues", "failover", "native", [], True),
        ("discard_queues", "failover", "native", ["data"], False),
        ("discard_queues", "failover", "none", [], False),
        ("discard_queues", "drill", "native", [], False),
        ("apply_queues", "failover", "native", [], False),
        ("apply_queues", "failover", "double_take", ["before_data"], True),
        ("revert_to_snapshot", "failover", "other", ["data"], False),
    ],
)
def test_a_choice_for_the_data_that_nobody_can_carry_out(world: World, choice: str, kind: str, engine: str, hooks: list[str], told: bool) -> None:
    world.definition["engine"] = {"kind": engine}
    world.run()
    world.armed = False
    journal = open_journal("mail", world.definition["store"], None, world.hosts(), world.clock)
    until = stamp(world.clock.now() + datetime.timedelta(hours=1))
    vote = {"by": "ops", "decision": "proceed", "reason": "a move", "intent": {"data_state": choice}, "required": 1, "expires_at": until}
    journal.read()
    journal.append([journal.draft("decision", data=vote)])
    found = world.found(kind=kind, hooks=hooks).get("data_choice_unserved")
    assert bool(found) is told
    assert not found or (found["severity"], found["evidence"]) == ("error", {"engine": engine, "choice": choice})


@pytest.mark.parametrize(
    ("choices", "required", "refused"),
    [
        (["apply_queues", "discard_queues"], 1, False),
        (["discard_queues"], 2, False),
        (["discard_queues", "discard_queues"], 2, True),
    ],
)
def test_a_choice_for_the_data_that_not_enough_people_approved_is_not_the_runs(world: World, choices: list[str], required: int, refused: bool) -> None:
    world.definition["engine"] = {"kind": "native"}
    world.definition["approvals"] = {"required": required}
    world.run()
    world.armed = False
    journal = open_journal("mail", world.definition["store"], None, world.hosts(), world.clock)
    until = stamp(world.clock.now() + datetime.timedelta(hours=1))
    journal.read()
    for number, choice in enumerate(choices):
        vote = {"by": f"person {number}", "decision": "proceed", "reason": "a move", "intent": {"data_state": choice}, "required": 1, "expires_at": until}
        journal.append([journal.draft("decision", data=vote)])
    assert ("data_choice_unserved" in world.found()) is refused


def test_the_choice_of_who_breaks_the_glass_is_looked_at_and_may_be_accepted(world: World) -> None:
    result = world.run(data_state="discard_queues")
    assert result.failed and result.reason == "data_choice_unserved"
    assert not world.run(data_state="discard_queues", accept={"data_choice_unserved": "the queue is empty, seen in the console"}).failed


def test_a_journal_that_can_not_be_used(world: World, tmp_path: pathlib.Path) -> None:
    world.armed = False
    (tmp_path / "file").write_text("x", encoding="utf-8")
    world.definition["store"]["path"] = str(tmp_path / "file")
    assert world.found()["store_unwritable"]["severity"] == "blocker"


def test_a_check_that_can_not_be_made_is_a_finding(world: World) -> None:
    class Forbidden(FakeSession):
        def query(self, namespace: str, wql: str, timeout: float) -> list[dict[str, t.Any]]:
            if "Win32_LogicalDisk" in wql:
                raise AccessDenied("not allowed")
            return super().query(namespace, wql, timeout)

    world.sessions["exch2"] = Forbidden("exch2", instances=world.sessions["exch2"].instances)
    assert world.found()["check_failed"]["evidence"] == {"check": "its disks", "reason": "access_denied"}


def test_an_accepted_finding_does_not_stop(world: World) -> None:
    world.definition["services"].append({"name": "MSExchangeTransport"})
    assert world.run().failed
    result = world.run(accept={"service_missing_on_target": "it is installed tonight"})
    assert not result.failed and result.extra["counts_by_severity"]["accepted"] == 1
    world.definition["accept"] = {"service_missing_on_target": "as agreed"}
    assert world.found()["service_missing_on_target"]["accepted"] == "as agreed"


@pytest.mark.parametrize(("accept", "sentence"), [({"disk_spce": "x"}, "is no finding; did you mean 'disk_space'"), ({"disk_space": " "}, "has no reason")])
def test_what_can_not_be_accepted(world: World, accept: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        world.run(accept=accept)


#: Refusals with a reason of their own that are no finding -> how a person gets past them; empty: no reason can make it right.
REFUSALS = {
    "undo_begun": "",  # the former owner may have served again, so going forward would make a known second owner
    "vote_refused": "",  # of a vote, not of a run: bad syntax of a statement, or somebody else's
    "awaiting_approval": "break_glass",
    "servers_disagree": "accept_disagreement",
    "run_open": "take over or end the run",
    "owner_not_confirmed": "accept",
    "marker_not_seen": "raise verify_timeout, or list the primary first",
}


def test_the_absolute_refusals_are_these() -> None:
    """Whoever adds one says where it is defined why no reason can make it right. Bad syntax is InvalidInput; two servers that both have
    an address of the identity are refused at the end of a run, see test__run_ending.py."""
    assert [name for name, kind in KINDS.items() if not kind.acceptable] == ["wrong_machine"]
    for found in pkgutil.iter_modules(_module.__path__):
        importlib.import_module(f"{_module.__name__}.{found.name}")
    assert {str(kind.reason) for kind in WrongState.__subclasses__()} == REFUSALS.keys()


def test_the_gravest_come_first() -> None:
    listed = judged([Finding("disk_space"), Finding("baseline_missing"), Finding("clock_skew"), Finding("service_missing_on_target")], {})
    assert [one.severity for one in listed] == ["blocker", "error", "warning", "warning"]
    assert counts(listed) == {"info": 0, "warning": 2, "error": 1, "blocker": 1, "accepted": 0}
    assert all(kind.remedy and kind.means for kind in KINDS.values())


def exchange_with(*names: str) -> t.Callable[[str, t.Any], t.Any]:
    def script(text: str, data: t.Any) -> t.Any:
        assert (data["action"], data["user"], data["password"]) == ("read", "EXAMPLE\\admin", "canary")
        databases = [{"name": name, "guid": name, "mounted": False} for name in names]
        return {"reachable": True, "message": "", "server": "EXCH2", "databases": databases, "failed": [], "refused": []}

    return script


CREDENTIALS = [{"name": "exchange", "user": "EXAMPLE\\admin", "password": "canary"}]


def test_a_database_that_is_not_there(world: World) -> None:
    world.definition["databases"] = [
        {"kind": "exchange", "from": "DB01", "to": "DB01-DR", "credential": "exchange"},
        {"kind": "exchange", "name": "DB02", "credential": "exchange"},
    ]
    world.sessions["exch2"].scripts = exchange_with("db01-dr")
    assert world.found(credentials=CREDENTIALS)["database_not_found"]["evidence"] == {"database": "DB02", "kind": "exchange"}
    world.sessions["exch1"].scripts = exchange_with("DB01", "DB02")
    assert "database_not_found" not in world.found(kind="failback", credentials=CREDENTIALS)


def test_a_database_without_its_credential_is_not_passed_over(world: World) -> None:
    world.definition["databases"] = [{"kind": "exchange", "name": "DB01", "credential": "exchange"}]
    finding = world.found()["check_failed"]
    assert finding["evidence"] == {"check": "databases", "names": ["DB01"]} and "credential exchange" in finding["msg"]


def test_a_silent_exchange_is_a_finding(world: World) -> None:
    world.definition["databases"] = [{"kind": "exchange", "name": "DB01"}]
    answer = {"reachable": False, "message": "no endpoint", "server": "", "databases": [], "failed": [], "refused": []}
    world.sessions["exch2"].scripts = lambda text, data: answer
    finding = world.found()["databases_unknown"]
    assert finding["severity"] == "warning" and "no endpoint" in finding["msg"]


def with_directory(world: World, holders: list[dict[str, str]]) -> None:
    world.definition["spns"] = [{"from": "EXCH1$", "to": "EXCH2$", "values": ["http/mail.example.com"]}]
    world.definition["directory"] = {"domain_controllers": ["dc1", "dc2"]}
    world.sessions["dc1"] = Dead("dc1")
    world.sessions["dc2"] = FakeSession("dc2", scripts=lambda text, data: {"accounts": [], "holders": holders, "forest": True, "failed": []})
    world.addresses.update(dc1="10.99.0.11", dc2="10.99.0.12")


@pytest.mark.parametrize(("holder", "third"), [("EXCH1$", False), ("exch2$", False), ("OTHER$", True)])
def test_a_name_that_a_third_account_holds(world: World, holder: str, third: bool) -> None:
    with_directory(world, [{"value": "HTTP/mail.example.com", "account": holder}])
    assert ("spn_held_by_third" in world.found()) is third


def test_no_domain_controller(world: World) -> None:
    with_directory(world, [])
    world.sessions["dc2"] = Dead("dc2")
    assert "dc1" in world.found()["directory_unreachable"]["msg"]


class FakeNameServer:
    def __init__(self, endpoint: Endpoint, refusal: FailoverError | None) -> None:
        self.endpoint = endpoint
        self.refusal = refusal
        self.updates: list[bytes] = []

    def update(self, wire: bytes, auth: t.Any, timeout: float) -> None:
        self.updates.append(wire)
        losses = FakeServers.losses.get(self.endpoint.label)
        if losses:
            raise losses.pop()
        if self.refusal is not None:
            raise self.refusal


class FakeServers:
    """Name servers by label: what they hold for every name, or how they fail."""

    holds: t.ClassVar[dict[str, t.Any]] = {}
    refusals: t.ClassVar[dict[str, FailoverError]] = {}
    losses: t.ClassVar[dict[str, list[FailoverError]]] = {}
    made: t.ClassVar[list[FakeNameServer]] = []

    def __init__(self, endpoints: t.Sequence[Endpoint], verify_only: t.Sequence[Endpoint], clock: t.Any) -> None:
        self.updated = [FakeNameServer(endpoint, self.refusals.get(endpoint.label)) for endpoint in endpoints]
        self.made.extend(self.updated)

    def close(self) -> None:
        pass

    def zones(self, one: FakeNameServer, names: t.Iterable[str], stated: t.Mapping[str, str]) -> dict[str, str]:
        holds = self.holds[one.endpoint.label]
        if isinstance(holds, Exception):
            raise holds
        return {**stated, **dict.fromkeys(names, "example.com")}

    def read(self, one: FakeNameServer, items: t.Sequence[Item]) -> dict[Item, Reading]:
        return {item: Reading("ok", RecordSet.of([self.holds[one.endpoint.label]], 60)) for item in items}


@pytest.fixture
def dns(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(_preflight_dns, "Servers", FakeServers)
    monkeypatch.setattr(FakeServers, "holds", {"dns1": OLD, "dns2": OLD})
    monkeypatch.setattr(FakeServers, "refusals", {})
    monkeypatch.setattr(FakeServers, "losses", {})
    monkeypatch.setattr(FakeServers, "made", [])
    world.definition["dns"] = {
        "servers": [{"address": "10.0.0.10", "name": "dns1"}],
        "verify_servers": [{"address": "10.0.1.10", "name": "dns2"}],
        "repoint": {"from": [OLD], "to": [NEW], "names": ["mail.example.com"]},
    }
    return world


def test_healthy_name_servers(dns: World) -> None:
    assert dns.found(key=KEY) == {}


def test_a_zone_that_nobody_serves(dns: World) -> None:
    FakeServers.holds["dns1"] = DnsRefused("mail.example.com lies in no zone that dns1 serves", host="dns1")
    finding = dns.found()["dns_zone_not_served"]
    assert (finding["severity"], finding["evidence"]) == ("blocker", {"name": "mail.example.com"})


def test_a_silent_name_server(dns: World) -> None:
    FakeServers.holds["dns2"] = Unreachable("silence")
    assert dns.found()["dns_server_unreachable"]["host"] == "dns2"


def test_name_servers_that_disagree(dns: World) -> None:
    FakeServers.holds["dns2"] = NEW
    assert set(dns.found()["dns_servers_disagree"]["evidence"]["answers"]) == {"dns1", "dns2"}


def test_a_key_that_is_refused(dns: World) -> None:
    endpoint = Endpoint("10.0.0.10", 53, "dns1")
    FakeServers.refusals["dns1"] = Refusal("it does not know the key", endpoint, "bad_key", rcode=9, authentic=False)
    finding = dns.found(key=KEY)["dns_key_refused"]
    assert finding["evidence"] == {"zone": "example.com", "code": "bad_key"}
    assert KEY["secret"] not in str(finding)


def test_the_key_is_tried_without_a_change_and_only_where_updates_go(dns: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Message] = []
    real = _preflight_dns.update_wire
    monkeypatch.setattr(_preflight_dns, "update_wire", lambda message: sent.append(message) or real(message))
    dns.run(key=KEY)
    assert [(message.deleted, message.added) for message in sent] == [((), ())]
    assert {one.endpoint.label: len(one.updates) for one in FakeServers.made} == {"dns1": 1, "dns2": 0}


def test_a_lost_answer_to_the_key_is_no_refusal(dns: World) -> None:
    FakeServers.losses["dns1"] = [DeadlineExceeded("dns1 did not answer within 5 s")]
    assert dns.found(key=KEY) == {}
    assert len(FakeServers.made[0].updates) == 2


def test_a_server_that_is_silent_to_the_key_is_given_up(dns: World) -> None:
    """After three tries, and without asking for each further zone."""
    dns.definition["dns"]["records"] = [{"name": "www.example.org", "type": "A", "values": [OLD], "zone": "example.org"}]
    FakeServers.losses["dns1"] = [DeadlineExceeded("dns1 did not answer within 5 s") for _number in range(100)]
    finding = dns.found(key=KEY)["check_failed"]
    assert finding["evidence"] == {"check": "the key", "reason": "deadline_exceeded"}
    assert "example.com" in finding["msg"]
    assert len(FakeServers.made[0].updates) == 3


def test_a_prerequisite_that_fails_says_that_the_key_is_good(dns: World) -> None:
    endpoint = Endpoint("10.0.0.10", 53, "dns1")
    FakeServers.refusals["dns1"] = Refusal("exists", endpoint, "prerequisite", rcode=7, authentic=True)
    assert dns.found(key=KEY) == {}


def test_a_lost_journal_has_a_word_of_its_own_in_the_next_command() -> None:
    lost, spns = Finding("journal_lost", "exch2"), Finding("spn_held_by_third")
    alone = module._accepting("failover", "mail", [lost])
    assert "failover_from_observation" in alone and "failover_accept" not in alone
    both = module._accepting("failover", "mail", [lost, spns])
    assert "failover_from_observation" in both and '"spn_held_by_third"' in both and "journal_lost" not in both
