# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import tempfile
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, InvalidInput, StepFailed
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Fence
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.mount_databases import DatabasesStep, mount_databases
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell import exchange, sqlserver
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts, FakeSession, KeptLease
from ansible_collections.continuity.identity_failover.tests.unit.interrupted import there_and_back

LOGON = {"user": r"EXAMPLE\exchange-admin", "password": "canary-4711"}


class Engines:
    """Exchange and one SQL Server instance behind a FakeSession, as their scripts answer."""

    def __init__(self) -> None:
        self.mailboxes: dict[str, bool | None] = {"DB01-DR": False, "DB02-DR": False}
        self.sql: dict[str, dict[str, t.Any]] = {"ERP": {"state": "RESTORING"}, "CRM": {"state": "OFFLINE"}}
        self.refuses: set[str] = set()
        self.reachable = True
        self.lost_after_act = False
        self.leases: list[t.Any] = []
        self.taken_after: int | None = None  #: databases that are still changed before another controller takes the lease
        self.asked: list[tuple[str, str, list[str]]] = []
        self.services: list[dict[str, t.Any]] = []
        self.session = FakeSession("exch2", instances={("root/cimv2", "Win32_Service"): self.services}, scripts=self.answer)

    def answer(self, script: str, data: t.Any) -> t.Any:
        kind = {exchange.SCRIPT: "exchange", sqlserver.SCRIPT: "sqlserver"}[script]
        self.asked.append((kind, data["action"], [entry["name"] for entry in data["databases"]]))
        answer = self._exchange(data) if kind == "exchange" else self._sqlserver(data)
        if self.lost_after_act and data["action"] in ("mount", "change"):
            raise ConnectionLost("the connection ended")
        return answer

    def _taken_over(self, lease: t.Any) -> bool:
        """What the scripts' look at the lease says, before each database."""
        self.leases.append(lease)
        return self.taken_after is not None and len(self.leases) > self.taken_after

    def _exchange(self, data: t.Any) -> t.Any:
        failed, refused = [], []
        if not self.reachable:
            return {"reachable": False, "message": "no endpoint", "server": "EXCH2", "databases": [], "failed": [], "refused": []}
        for entry in data["databases"] if data["action"] in ("mount", "dismount") else ():
            assert entry["guid"] == f"guid-{entry['name']}"
            if self._taken_over(data["lease"]):
                refused.append(entry["name"])
            elif entry["name"] in self.refuses:
                failed.append({"name": entry["name"], "message": "missing logs (ec=-528)", "id": "X"})
            else:
                self.mailboxes[entry["name"]] = data["action"] == "mount"
        databases = [{"name": name, "guid": f"guid-{name}", "mounted": mounted} for name, mounted in self.mailboxes.items()]
        return {"reachable": True, "message": "", "server": "EXCH2", "databases": databases, "failed": failed, "refused": refused}

    def _sqlserver(self, data: t.Any) -> t.Any:
        if not self.reachable:
            return {"reachable": False, "number": 2, "message": "not found", "databases": [], "files": [], "failed": [], "refused": []}
        failed, refused = [], []
        for entry in data["databases"] if data["action"] == "change" else ():
            if self._taken_over(data["lease"]):
                refused.append(entry["name"])
            elif entry["name"] in self.refuses:
                failed.append({"name": entry["name"], "number": 5120, "message": "no file"})
            else:
                self.sql[entry["name"]]["state"] = "OFFLINE" if entry["do"] == "offline" else "ONLINE"
        defaults = {"standby": False, "read_only": False, "member": ""}
        databases = [{"name": name, "ready": known["state"] == "ONLINE", **defaults, **known} for name, known in self.sql.items()]
        files = [{"name": "ERP", "path": r"D:\erp.mdf"}]
        return {"reachable": True, "number": 0, "message": "", "databases": databases, "files": files, "failed": failed, "refused": refused}


def database(name: str, kind: str = "exchange", **more: t.Any) -> dict[str, t.Any]:
    options = {"database": None, "instance": None, "server": None, "user": None, "password": None, "timeout": 30.0, "command": None}
    return {"name": name, "kind": kind, **options, **(LOGON if kind == "exchange" else {}), **more}


def params(*databases: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    return {**runs.ALONE, "state": "mounted", "databases": list(databases), **more}


def run(engines: Engines, given: dict[str, t.Any], clock: FakeClock | None = None, check_mode: bool = False) -> Result:
    return mount_databases(given, FakeHosts(engines.session), clock or FakeClock(), check_mode=check_mode)


def statuses(result: Result) -> list[tuple[str, str]]:
    return [(outcome.name, outcome.status) for outcome in result.outcomes]


def test_databases_of_two_engines_are_mounted_with_one_call_each():
    engines = Engines()
    result = run(engines, params(database("DB01-DR"), database("DB02-DR"), database("ERP", "sqlserver"), database("CRM", "sqlserver")))
    assert {status for _name, status in statuses(result)} == {"done"} and not result.failed
    assert [(kind, action) for kind, action, _names in engines.asked] == [
        ("exchange", "read"),
        ("sqlserver", "read"),
        ("exchange", "mount"),
        ("sqlserver", "read"),
        ("sqlserver", "change"),
    ]
    assert result.outcomes[0].after == {"mounted": True, "guid": "guid-DB01-DR"}
    assert result.outcomes[2].before == {"mounted": False, "state": "RESTORING", "standby": False}
    assert not run(engines, params(database("DB01-DR"), database("ERP", "sqlserver"))).changed


def fenced(engines: Engines, run: dict[str, t.Any], *databases: dict[str, t.Any]) -> tuple[DatabasesStep, Fence]:
    step = DatabasesStep(params(*databases, run=run), engines.session, FakeClock())
    return step, Fence("mail", "run1", 7, KeptLease())


RUN = {"id": "run1", "identity": "mail"}


@pytest.mark.parametrize(
    ("store", "lease"),
    [
        ({"kind": "target", "host": "exch2", "path": r"E:\journal"}, {"file": r"E:\journal\mail.lease", "epoch": 7}),
        ({"kind": "target", "host": None, "path": None}, {"file": r"C:\ProgramData\continuity\identity_failover\mail.lease", "epoch": 7}),
        ({"kind": "target", "host": "witness", "path": None}, None),
        ({"kind": "directory", "host": None, "path": "/srv/journal"}, None),
    ],
)
def test_the_lease_travels_where_the_journal_is_on_the_same_host(store: dict[str, t.Any], lease: t.Any) -> None:
    engines = Engines()
    step, fence = fenced(engines, {**RUN, "store": store}, database("DB01-DR"), database("CRM", "sqlserver"))
    for group in step.groups(step.changes(step.observe())):
        assert all(applied.ok for applied in step.apply(group, fence).values())
    assert engines.leases == [lease, lease]


@pytest.mark.parametrize("names", [("DB01-DR", "DB02-DR"), ("CRM", "ERP")])
def test_databases_are_left_alone_from_the_moment_when_the_lease_was_taken(names: tuple[str, str]) -> None:
    engines = Engines()
    engines.taken_after = 1
    kind = "exchange" if names[0] in engines.mailboxes else "sqlserver"
    step, fence = fenced(engines, {**RUN, "store": {"kind": "target", "host": "exch2"}}, *(database(name, kind) for name in names))
    (group,) = step.groups(step.changes(step.observe()))
    applied = step.apply(group, fence)
    assert [(one.ok, one.reason) for one in applied.values()] == [(True, ""), (False, "lease_lost")]
    assert names[1] in applied[names[1]].msg and "another controller has taken the run over" in applied[names[1]].msg
    assert {item: image["mounted"] for item, image in step.observe().items()} == {names[0]: True, names[1]: False}


def test_a_refusal_of_one_does_not_hide_the_others():
    engines = Engines()
    engines.refuses = {"DB01-DR", "ERP"}
    result = run(engines, params(*(database(name) for name in ("DB01-DR", "DB02-DR")), *(database(name, "sqlserver") for name in ("ERP", "CRM"))))
    assert statuses(result) == [("DB01-DR", "failed"), ("DB02-DR", "done"), ("ERP", "failed"), ("CRM", "done")]
    assert "missing logs (ec=-528)" in result.outcomes[0].msg and "no file (error 5120)" in result.outcomes[2].msg


def test_dismounting_goes_the_other_way_round():
    engines = Engines()
    engines.mailboxes = {"DB01-DR": True, "DB02-DR": True}
    run(engines, params(database("DB01-DR"), database("DB02-DR"), state="dismounted"))
    assert ("exchange", "dismount", ["DB02-DR", "DB01-DR"]) in engines.asked and engines.mailboxes == {"DB01-DR": False, "DB02-DR": False}


def test_an_unknown_database_stops_the_task_before_anything_is_touched():
    engines = Engines()
    with pytest.raises(StepFailed, match="EXCH2 has no mailbox database DB99; there are DB01-DR, DB02-DR") as caught:
        run(engines, params(database("DB01-DR"), database("DB99"), database("NONE", "sqlserver")))
    assert caught.value.reason == "unknown_database" and {action for _kind, action, _names in engines.asked} == {"read"}
    assert statuses(caught.value.result) == [("DB01-DR", "not_tried"), ("DB99", "failed"), ("NONE", "failed")]


@pytest.mark.parametrize(
    ("known", "word"),
    [
        ({"state": "SUSPECT"}, "is SUSPECT"),
        ({"state": "EMERGENCY"}, "is EMERGENCY"),
        ({"state": "RECOVERY_PENDING"}, r"missing, locked or not readable \(D:\\erp.mdf\)"),
        ({"state": "RESTORING", "member": "log_shipping"}, "log shipping secondary"),
        ({"state": "RESTORING", "member": "availability_group"}, "fail over the group"),
        ({"state": "ONLINE", "standby": True, "member": "mirroring"}, "fail over the mirror"),
        ({"state": "COPYING"}, "COPYING is not known"),
    ],
)
def test_what_needs_a_person_is_left_alone(known: dict[str, t.Any], word: str):
    engines = Engines()
    engines.sql["ERP"] = known
    with pytest.raises(StepFailed, match=word) as caught:
        run(engines, params(database("ERP", "sqlserver")))
    assert caught.value.reason == "needs_a_person" and [action for _kind, action, _names in engines.asked] == ["read"]


def test_a_standby_database_is_recovered():
    engines = Engines()
    engines.sql["ERP"] = {"state": "ONLINE", "standby": True}
    changed = engines.answer

    def answer(script: str, data: t.Any) -> t.Any:
        if data["action"] == "change":
            assert data["databases"][0]["do"] == "recover"
            engines.sql["ERP"]["standby"] = False
        return changed(script, data)

    engines.session.scripts = answer
    assert statuses(run(engines, params(database("ERP", "sqlserver")))) == [("ERP", "done")]


def test_nobody_knows_while_exchange_gives_no_answer():
    engines = Engines()
    engines.reachable = False
    forecast = run(engines, params(database("DB01-DR")), check_mode=True)
    assert forecast.outcomes[0].grade == "unknown" and forecast.outcomes[0].before == {"mounted": None, "guid": ""}
    result = run(engines, params(database("DB01-DR")))
    assert result.failed and result.reason == "exchange_unreachable" and "no endpoint" in result.msg


def test_exchange_that_answers_in_between_is_asked_for_the_guid():
    engines = Engines()
    engines.reachable = False
    ask = engines.answer
    engines.session.scripts = lambda script, data: (ask(script, data), setattr(engines, "reachable", True))[0]
    result = run(engines, params(database("DB01-DR")))
    assert statuses(result) == [("DB01-DR", "done")] and ("exchange", "mount", ["DB01-DR"]) in engines.asked


def test_what_is_unknown_is_not_taken_for_dismounted_unless_its_service_is_stopped():
    engines = Engines()
    engines.mailboxes["DB01-DR"] = None
    engines.services.append({"Name": "MSExchangeIS", "State": "Running", "StartMode": "Auto"})
    assert run(engines, params(database("DB01-DR"), state="dismounted"), check_mode=True).outcomes[0].status == "predicted"
    engines.services[0]["State"] = "Stopped"
    assert statuses(run(engines, params(database("DB01-DR"), state="dismounted"))) == [("DB01-DR", "already")]


def test_an_answer_that_was_lost_is_decided_by_reading_back():
    engines = Engines()
    engines.lost_after_act = True
    result = run(engines, params(database("DB01-DR"), database("ERP", "sqlserver")))
    assert statuses(result) == [("DB01-DR", "done"), ("ERP", "done")]
    assert engines.mailboxes["DB01-DR"] is True
    assert [action for kind, action, _names in engines.asked if kind == "exchange"] == ["read", "mount", "read", "read"]


def test_a_command_database_goes_by_exit_codes():
    state = {"mounted": False}

    def program(command: str, arguments: t.Sequence[str], stdin: bytes) -> ShellResult:
        if command == "mount.cmd":
            state["mounted"] = True
        return ShellResult(0 if command == "mount.cmd" or state["mounted"] else 1, b"", "")

    engines = Engines()
    engines.session.scripts, engines.session.programs = None, program
    entry = database("billing", "command", command={"mount": ["mount.cmd", "-x"], "dismount": ["stop.cmd"], "query": ["ask.cmd"]})
    assert statuses(run(engines, params(entry))) == [("billing", "done")] and state["mounted"]
    assert engines.session.calls_of("run")[1][1:3] == ("mount.cmd", ["-x"])
    assert statuses(run(engines, params(entry))) == [("billing", "already")]


@pytest.mark.parametrize(
    ("codes", "reason", "word"), [({"mount": 3}, "command_failed", "exit code 3"), ({"mount": 0, "ask": 7}, "unconfirmed", "neither 0 nor 1")]
)
def test_a_command_that_fails_is_told(codes: dict[str, int], reason: str, word: str):
    engines = Engines()
    engines.session.scripts = None
    engines.session.programs = lambda command, arguments, stdin: ShellResult(codes.get(command, 1), b"", "")
    entry = database("billing", "command", command={"mount": ["mount"], "dismount": ["stop"], "query": ["ask"]})
    result = run(engines, params(entry))
    assert result.failed and result.reason == reason and word in result.msg


def test_the_password_is_in_no_part_of_a_result():
    engines = Engines()
    engines.refuses = {"DB01-DR"}
    result = run(engines, params(database("DB01-DR")))
    assert "canary-4711" not in repr(result) and "canary-4711" not in repr(engines.session.calls_of("run")[0][2])


@pytest.mark.parametrize(
    ("databases", "word"),
    [
        ([], "databases is empty"),
        ([database(" ")], "empty name, and Exchange takes"),
        ([database("A", database="")], "empty name"),
        ([database("A"), database("a")], "listed twice"),
        ([database("A", timeout=0.0)], "more than 0 seconds"),
        ([database("A", instance="X")], "has instance, which belongs to sqlserver"),
        ([database("A", "sqlserver", server="x")], "has server, which belongs to exchange"),
        ([database("A", "sqlserver", instance="a;b")], "cannot be the name of a SQL Server instance"),
        ([database("A", "command", command={"mount": [], "dismount": ["x"], "query": ["y"]})], "mount command of A names no program"),
    ],
)
def test_bad_input_asks_nothing_of_the_host(databases: list[dict[str, t.Any]], word: str):
    engines = Engines()
    with pytest.raises(InvalidInput, match=word):
        run(engines, params(*databases))
    assert not engines.session.calls


def test_the_same_name_on_two_instances_is_two_items():
    entries = [database("ERP", "sqlserver"), database("ERP", "sqlserver", instance="OLD"), database("CRM", "sqlserver", instance="mssqlserver")]
    assert [name for name, _status in statuses(run(Engines(), params(*entries)))] == ["ERP", r"OLD\ERP", "CRM"]


def test_a_later_run_takes_down_what_an_earlier_one_mounted(tmp_path: pathlib.Path):
    engines, clock = Engines(), FakeClock()
    engines.mailboxes["DB02-DR"] = True
    entries = [database("DB01-DR"), database("DB02-DR"), database("ERP", "sqlserver")]
    first = runs.started(tmp_path, clock)
    run(engines, params(*entries, run=first), clock)
    runs.ended(tmp_path, clock, first)
    second = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    result = run(engines, params(*entries, state="reverted", run=second, revert_run="run1"), clock)
    assert engines.mailboxes == {"DB01-DR": False, "DB02-DR": True} and engines.sql["ERP"]["state"] == "OFFLINE" and not result.failed
    assert "canary-4711" not in "".join(path.read_text() for path in tmp_path.iterdir() if path.is_file())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.sampled_from(["OFFLINE", "ONLINE"]),
    st.sampled_from(["mounted", "dismounted"]),
    st.integers(0, 12),
    st.integers(0, 12),
)
def test_databases_are_put_back_exactly_wherever_the_controller_died(found: list[bool], sql: str, state: str, first: int, second: int) -> None:
    engines, clock = Engines(), FakeClock()
    engines.mailboxes = dict(zip(("DB01-DR", "DB02-DR"), found, strict=True))
    engines.sql = {"CRM": {"state": sql}}
    listed = [database("DB01-DR"), database("DB02-DR"), database("CRM", "sqlserver")]
    with tempfile.TemporaryDirectory() as folder:
        given_run = runs.started(pathlib.Path(folder), clock)
        there_and_back(
            engines.session,
            lambda: run(engines, params(*listed, state=state, run=given_run), clock),
            lambda: run(engines, params(*listed, state="reverted", run=given_run, revert_run="run1"), clock),
            lambda: (dict(engines.mailboxes), engines.sql["CRM"]["state"]),
            first,
            second,
        )
