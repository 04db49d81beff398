# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every script of the collection, run by the PowerShell engine and by its Python twin on the same states: the same answers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.bootstrap import BOOTSTRAP
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import bootstrap
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.estate import LabEstate, load_estate
from ansible_collections.continuity.identity_failover.tests.lab.network import LabNetwork
from ansible_collections.continuity.identity_failover.tests.lab.powershell import scripts
from ansible_collections.continuity.identity_failover.tests.lab.trace import FileTrace
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, needs_engine

Data = Callable[[LabEstate], JSON]
Prepare = Callable[[LabEstate], Awaitable[Any]]

FOLDER = "C:\\ProgramData\\continuity.identity_failover"
#: What a script is sent by a controller that holds the lease with epoch 1, and by one that thinks it does.
OURS, OTHERS = ({"file": f"{FOLDER}\\mail.lease", "epoch": epoch} for epoch in (1, 7))
HASH = "0" * 64
#: Seconds that are left at the moment of the answer.
SPANS = {"remaining", "longest", "settling", "age"}
#: Values that differ between two runs of one thing, or between a machine and its twin.
VARIES = {"started", "ended", "since", "pid", "stdout_tail", "stderr_tail", "hresult", "line"}


@dataclass
class Step:
    """One run of a script on a host. data may look into the estate (for credentials, identifiers, addresses)."""

    host: str
    data: Data


@dataclass
class Case:
    """Steps one after the other on one fresh estate."""

    script: str
    name: str
    steps: list[Step]
    prepare: list[Prepare] = field(default_factory=list)


async def _nothing(estate: LabEstate) -> None:
    pass


def claim(holder: str, epoch: int, *, acquire: bool = False, release: bool = False, force: bool = False, settling: float = 0.0) -> JSON:
    verbs = {"acquire": acquire, "release": release, "force": force}
    return {**verbs, "epoch": epoch, "holder": holder, "by": "me", "run": "r1", "seconds": 60, "longest": 40, "settling": settling}


def store(
    after: int = 0, lines: list[str] | None = None, expect: JSON = None, lease: JSON = None, *, checkpoint: bool = False, aside: str = "", actor: str = ""
) -> Step:
    request = {
        "identity": "mail",
        "after": after,
        "checkpoint": checkpoint,
        "lines": lines or [],
        "expect": expect,
        "lease": lease,
        "aside": aside,
        "actor": actor,
    }
    return Step("exch2", lambda estate: {"path": FOLDER, "request": request})


def torn(estate: LabEstate) -> Any:
    estate.hosts["exch2"].files.write(f"{FOLDER}\\mail.journal", b'{"seq":1}\n{"se')
    return _nothing(estate)


def mailbox(
    action: str, database: str = "", *, host: str = "exch2", user: str | None = None, password: str | None = None, mounted: bool = True, lease: JSON = None
) -> Step:
    def data(estate: LabEstate) -> JSON:
        known = estate.credentials["exchange"]
        found = estate.store.find(database)
        named = [{"name": database, "guid": found.guid if found else "ffffffff-0000-4000-8000-000000000000"}] if database else []
        return {
            "server": "",
            "user": known["user"] if user is None else user,
            "password": known["password"] if password is None else password,
            "action": action,
            "databases": named,
            "mounted": mounted,
            "seconds": 3,
            "lease": lease,
        }

    return Step(host, data)


async def store_runs(estate: LabEstate) -> None:
    estate.hosts["exch2"].services.start("MSExchangeIS")
    await estate.wait_until(lambda: estate.hosts["exch2"].services.running("MSExchangeIS"))


async def source_dead(estate: LabEstate) -> None:
    await estate.control("kill", {"host": "exch1"})


async def topology_runs(estate: LabEstate) -> None:
    estate.hosts["exch2"].services.start("MSExchangeADTopology")
    await estate.wait_until(lambda: estate.hosts["exch2"].services.running("MSExchangeADTopology"))


async def logs_missing(estate: LabEstate) -> None:
    await estate.control("database", {"name": "DB01-DR", "file_state": "dirty", "logs": "missing"})


def sql(
    action: str,
    do: str = "",
    *,
    name: str = "ERP",
    instance: str = "MSSQLSERVER",
    online: bool = True,
    login: bool = False,
    password: str | None = None,
    lease: JSON = None,
) -> Step:
    def data(estate: LabEstate) -> JSON:
        known = estate.credentials["sql"]
        user = known["user"] if login else ""
        return {
            "instance": instance,
            "user": user,
            "password": (known["password"] if password is None else password) if login else "",
            "action": action,
            "databases": [{"name": name, "do": do, "timeout": 10}] if action != "read" else [],
            "online": online,
            "seconds": 3,
            "lease": lease,
        }

    return Step("exch2", data)


def sql_state(state: str, **more: str) -> Prepare:
    async def change(estate: LabEstate) -> None:
        await estate.control("database", {"name": "ERP", "host": "exch2", "instance": "MSSQLSERVER", "state": state, **more})

    return change


async def sql_stopped(estate: LabEstate) -> None:
    estate.hosts["exch2"].services.die("MSSQLSERVER")


def names(values: list[str], moves: list[tuple[str, str, str]] | None = None, host: str = "dc1", lease: JSON = None) -> Step:
    described = [{"value": value, "from": source, "to": target} for value, source, target in moves or []]
    return Step(host, lambda estate: {"accounts": ["EXCH1$", "EXCH2$", "LOCKED1$", "NOBODY$"], "values": values, "moves": described, "lease": lease})


def user_script(action: str, mark: str = "r1", path: str = "D:\\dr\\post_failover.ps1", *, again: bool = False, lease: JSON = None) -> Step:
    data = {
        "action": action,
        "folder": FOLDER,
        "mark": mark,
        "path": path,
        "program": "powershell.exe",
        "working_directory": "D:\\dr",
        "seconds": 30,
        "cap": 1000,
        "arguments": f'-NoProfile -NonInteractive -ExecutionPolicy Bypass -File "{path}" -Role Primary',
        "again": again,
        "lease": lease,
    }
    return Step("exch2", lambda estate: data)


def left(action: str, last: str = "") -> Step:
    return Step("exch2", lambda estate: {"action": action, "path": FOLDER, "identity": "mail", "last": last})


def checks(*asked: tuple[str, int], protocol: str = "banner") -> Step:
    page = {"type": "A", "protocol": protocol, "path": "/owa", "identity": "exch1"}
    return Step("ws001", lambda estate: {"timeout_ms": 700, "checks": [{"name": name, "port": port, **page} for name, port in asked]})


def tickets(*spns: str) -> Step:
    return Step("ws001", lambda estate: {"spns": list(spns)})


async def old_tickets(estate: LabEstate) -> None:
    for account, spn, age in (("EXAMPLE\\anna", "http/mail.example.com", 7200), ("EXAMPLE\\bert", "http/mail.example.com.au", 60)):
        await estate.control("ticket", {"host": "ws001", "account": account, "spn": spn, "age": age})
    await estate.control("ticket", {"host": "ws001", "account": "EXAMPLE\\anna", "spn": "http/mail.example.com", "age": 10})


async def pinned(estate: LabEstate) -> None:
    await estate.control("hosts_file", {"host": "ws001", "name": "pinned.example.com", "address": estate.world.network.address(20, 11)})


LINE = '{"seq":1}'


def numbered(seq: int, kind: str = "accepted") -> str:
    return Event(seq=seq, at="2026-11-22T20:00:00.000Z", kind=kind).line()


def shortened() -> Step:
    """A read of a journal whose file somebody set back."""

    def data(estate: LabEstate) -> JSON:
        estate.hosts["exch2"].files.write(f"{FOLDER}\\mail.journal", numbered(1).encode() + b"\n")
        return store().data(estate)

    return Step("exch2", data)


CASES = [
    Case("store", "an empty folder", [store(), store(expect={"seq": 0, "hash": HASH})]),
    Case(
        "store",
        "append and read",
        [store(lines=[LINE], expect={"seq": 0, "hash": HASH}), store(after=0), store(after=1), store(lines=["x"], expect={"seq": 0, "hash": HASH})],
    ),
    Case("store", "a vote of another account", [store(lines=[LINE], actor="S-1-5-21-1-2-3-500"), store()]),
    Case("store", "a line that was torn", [store(), store(lines=["y"])], [torn]),
    Case(
        "store",
        "set back, then replaced",
        [store(lines=[numbered(1), numbered(2)]), store(), shortened(), store(lines=[numbered(2)]), store(lines=[numbered(1)], aside="broken"), store()],
    ),
    Case(
        "store",
        "from the last checkpoint, in a journal whose first events were pruned",
        [
            store(lines=[numbered(7, "checkpoint"), numbered(8), numbered(9, "checkpoint"), numbered(10)]),
            store(checkpoint=True),
            store(after=7),
            store(after=9, checkpoint=True),
            store(after=10, checkpoint=True),
        ],
    ),
    Case(
        "store",
        "the lease",
        [
            store(lease=claim("h1", 1, acquire=True)),
            store(lease=claim("h2", 2, acquire=True)),
            store(lease=claim("h1", 1)),
            store(lease=claim("h2", 1)),
            store(lease=claim("h1", 2)),
            store(lease=claim("h1", 1, release=True)),
            store(lease=claim("h2", 3, acquire=True)),
            store(lease=claim("h2", 2, acquire=True)),
        ],
    ),
    Case("exchange", "no services", [mailbox("read")]),
    Case(
        "exchange",
        "no credentials, wrong ones, good ones",
        [mailbox("read", user="", password=""), mailbox("read", password="wrong"), mailbox("read")],
        [store_runs],
    ),
    Case("exchange", "no store", [mailbox("read"), mailbox("mount", "DB01-DR")], [topology_runs, source_dead]),
    Case(
        "exchange",
        "in use, then mounted and dismounted",
        [
            mailbox("mount", "DB01-DR"),
            mailbox("dismount", "DB01", host="exch1"),
            mailbox("mount", "DB01-DR"),
            mailbox("wait", "DB01-DR"),
            mailbox("dismount", "DB01-DR"),
            mailbox("wait", "DB01-DR", mounted=False),
        ],
        [store_runs],
    ),
    Case(
        "exchange", "missing logs and an unknown database", [mailbox("mount", "DB01-DR"), mailbox("mount", "NOTHING")], [store_runs, source_dead, logs_missing]
    ),
    Case(
        "sqlserver",
        "offline to online and back",
        [sql("read"), sql("change", "online"), sql("wait"), sql("change", "offline"), sql("wait", online=False)],
        [sql_state("OFFLINE")],
    ),
    Case("sqlserver", "recovery", [sql("change", "online"), sql("change", "recover"), sql("wait"), sql("change", "recover")], [sql_state("RESTORING")]),
    Case("sqlserver", "a missing file", [sql("change", "online"), sql("read")], [sql_state("OFFLINE", files="missing")]),
    Case("sqlserver", "unknown database and instance", [sql("change", "online", name="N]O'PE"), sql("read", instance="OTHER")]),
    Case("sqlserver", "logons", [sql("read", login=True), sql("read", login=True, password='wr"ong')]),
    Case("sqlserver", "a member of something", [sql("read")], [sql_state("RESTORING", member="log_shipping")]),
    Case("sqlserver", "another member", [sql("read")], [sql_state("ONLINE", member="availability_group")]),
    Case("sqlserver", "no service", [sql("read")], [sql_stopped]),
    Case("spns", "holders", [names(["http/mail.example.com", "HOST/locked1", "http/nothing"])]),
    Case(
        "spns",
        "moved and moved back",
        [
            names(["http/mail.example.com"], [("http/mail.example.com", "EXCH1$", "EXCH2$"), ("http/autodiscover.example.com", "EXCH1$", "EXCH2$")]),
            names(["http/mail.example.com", "http/autodiscover.example.com"], [("http/mail.example.com", "EXCH2$", "EXCH1$")]),
        ],
    ),
    Case(
        "spns",
        "taken by another and no rights",
        [
            names(["HOST/locked1"], [("HOST/locked1", "", "EXCH2$")]),
            names(["http/new"], [("http/new", "", "LOCKED1$")]),
            names(["http/mail.example.com"], [("http/mail.example.com", "EXCH1$", "LOCKED1$")]),
        ],
    ),
    Case(
        "post_script",
        "looked at, run once, not again",
        [user_script("look"), user_script("run"), user_script("run"), user_script("look"), user_script("run", again=True)],
    ),
    Case("post_script", "absent, and without markers", [user_script("run", path="D:\\dr\\nothing.ps1"), user_script("run", mark="")]),
    Case(
        "post_script",
        "another epoch",
        [
            store(lease=claim("h", 1, acquire=True)),
            user_script("run", lease=OTHERS),
            user_script("run", lease=OURS),
        ],
    ),
    Case(
        "spns",
        "another epoch",
        [
            Step("dc1", store(lease=claim("h", 1, acquire=True, settling=90.0)).data),
            names(["http/mail.example.com"], [("http/mail.example.com", "EXCH1$", "EXCH2$")], lease=OTHERS),
            names(["http/mail.example.com"], [("http/mail.example.com", "EXCH1$", "EXCH2$")], lease=OURS),
        ],
    ),
    Case(
        "exchange",
        "another epoch",
        [
            store(lease=claim("h", 1, acquire=True)),
            mailbox("mount", "DB01-DR", lease=OTHERS),
            mailbox("mount", "DB01-DR", lease=OURS),
            mailbox("mount", "DB01-DR", lease=OTHERS),  # it is as wanted: nothing is asked of anybody
            mailbox("dismount", "DB01-DR", lease=OTHERS),
            mailbox("dismount", "DB01-DR"),
        ],
        [store_runs, source_dead],
    ),
    Case(
        "sqlserver",
        "another epoch",
        [
            store(lease=claim("h", 1, acquire=True)),
            sql("change", "online", lease=OTHERS),
            sql("change", "online", lease=OURS),
            sql("change", "offline", lease=OTHERS),
            sql("change", "offline"),
        ],
    ),
    Case("leftovers", "nothing there", [left("look"), left("remove")]),
    Case(
        "leftovers",
        "a journal and its lease",
        [
            store(lines=[numbered(1)], lease=claim("h", 1, acquire=True)),
            left("look"),
            left("remove", last="0" * 64),
            left("remove", last=hashlib.sha256(numbered(1).encode()).hexdigest()),
            left("look"),
        ],
    ),
    Case(
        "client_check",
        "what a user reaches",
        [
            checks(("mail.example.com", 9025), ("mail.example.com", 9), ("nothing.example.com", 9025), ("exch2.example.com", 9025), ("mail.example.com", 0)),
            checks(("mail.example.com", 9025), ("pinned.example.com", 9025)),
        ],
        [pinned],
    ),
    Case("client_check", "a page that is none", [checks(("mail.example.com", 9025), protocol="http")]),
    Case("client_tickets", "two logons, and a name that nobody holds", [tickets("http/mail.example.com", "http/nobody.example.com")], [old_tickets]),
    Case("client_tickets", "nobody logged on", [tickets("HTTP/mail.example.com")]),
    Case("client_check", "a dead server", [checks(("mail.example.com", 9025))], [source_dead]),
]


async def answers(case: Case, program: Path | None) -> list[JSON]:
    network, trace = LabNetwork(), FileTrace(None)
    estate = load_estate("default", clients=2, network=network, trace=trace, engine=program, lag=0.0)
    found: list[JSON] = []
    try:
        await estate.start()
        for database in (each for host in estate.hosts.values() for instance in host.sql.values() for each in instance.databases):
            database.recovery_time = 1.0  # longer than the slower of the two takes to look
        for prepare in case.prepare:
            await prepare(estate)
        for step in case.steps:
            script = next(text for text, name in scripts.known_scripts().items() if name == _script_of(case, step, estate))
            host = estate.hosts[step.host]
            process = host.start_process(bootstrap.PROGRAM, bootstrap.arguments(BOOTSTRAP), {})
            assert process.wants_stdin
            out, err, code = await process.communicate(bootstrap.standard_input(script, step.data(estate)))
            answer = bootstrap.answer_of(out)
            assert answer is not None and code == 0, err.decode()
            found.append(_comparable(answer, f"127.{network.octet}."))
            # Both ways leave the estate at rest before the next step looks at it.
            await estate.wait_until(lambda: _at_rest(estate))
        assert {run.engine for host in estate.hosts.values() for run in host.scripts} == {"twin" if program is None else "pwsh"}
        faults = list(trace.records(0, "fault"))
        assert not faults
    finally:
        await estate.stop()
        await network.close_all()
    return found


def _at_rest(estate: LabEstate) -> bool:
    recovering = [each for host in estate.hosts.values() for instance in host.sql.values() for each in instance.databases if each.state == "RECOVERING"]
    return not recovering and not any(each.mounting for each in estate.store.databases)


def _script_of(case: Case, step: Step, estate: LabEstate) -> str:
    """A case may use the store's script to prepare a lease."""
    return "store" if "request" in step.data(estate) else case.script


def _comparable(value: JSON, network: str) -> JSON:
    """Without what varies; addresses of the lab's own network in one spelling; seconds that are left, roughly."""
    if isinstance(value, dict):
        return {key: ("" if key in VARIES else round(float(each), -1) if key in SPANS else _comparable(each, network)) for key, each in value.items()}
    if isinstance(value, list):
        return [_comparable(each, network) for each in value]
    return value.replace(network, "127.X.") if isinstance(value, str) else value


def test_every_script_has_a_twin_and_a_case() -> None:
    known = set(scripts.known_scripts().values())
    assert known == {case.script for case in CASES}
    assert [name for name in known if scripts.twin_of(name) is None] == []


@needs_engine
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.script}: {case.name}")
def test_the_twin_answers_as_the_script_does(case: Case) -> None:
    async def both() -> tuple[list[JSON], list[JSON]]:
        return await answers(case, engine()), await answers(case, None)

    by_engine, by_twin = asyncio.run(both())
    assert by_twin == by_engine
