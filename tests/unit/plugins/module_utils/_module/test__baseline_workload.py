# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The baseline knows databases and service principal names, keeps what it cannot ask again, and a failback of what people moved follows it."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _run_adoption
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.mount_databases import mount_databases
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, make_estate
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module.test_directory_spns import MAIL, Forest
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module.test_mount_databases import Engines, database

ACCOUNT = [{"name": "sql", "user": "sa", "password": "secret"}]


class Workload:
    """exch2 with a mailbox database, a SQL Server database and one that only drills mount; a directory."""

    def __init__(self, estate: Estate) -> None:
        self.estate, self.engines, self.forest = estate, Engines(), Forest()
        self.engines.sql = {"ERP": {"state": "RESTORING"}, "REHEARSAL": {"state": "OFFLINE"}}
        estate.sessions["exch2"].scripts = self.engines.answer
        source = Engines()
        source.mailboxes, source.sql = {"DB01": True}, {"ERP": {"state": "ONLINE"}}
        estate.sessions["exch1"].scripts = source.answer
        estate.sessions["dc1"] = self.forest.controllers[0]
        self.define()

    def define(self, **more: t.Any) -> None:
        self.estate.definition = normalise(
            {
                "source": {"host": "exch1"},
                "target": {"host": "exch2"},
                "databases": [
                    {"kind": "exchange", "from": "DB01", "to": "DB01-DR"},
                    {"kind": "sqlserver", "name": "ERP", "credential": "sql"},
                    {"kind": "command", "name": "ledger", "command": {"mount": ["up.exe"], "dismount": ["down.exe"], "query": ["ask.exe"]}},
                ],
                "spns": [{"from": "EXCH1$", "to": "EXCH2$", "values": [MAIL]}],
                "directory": {"domain_controllers": ["dc1"]},
                "drill": {"databases": {"databases": [{"kind": "sqlserver", "name": "REHEARSAL", "credential": "sql"}]}},
                **more,
            }
        )

    def arm(self, **more: t.Any) -> t.Any:
        return self.estate.run("armed", **{"credentials": ACCOUNT, **more})


@pytest.fixture
def workload(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Workload:
    return Workload(make_estate(tmp_path, monkeypatch))


def test_databases_and_names_are_in_the_baseline_those_of_drills_too(workload: Workload) -> None:
    result = workload.arm()
    baseline = result.extra["baseline"]
    assert {name: image["mounted"] for name, image in baseline["databases"]["exch2"].items()} == {"DB01-DR": False, "ERP": False, "REHEARSAL": False}
    assert {name: image["mounted"] for name, image in baseline["databases"]["exch1"].items()} == {"DB01": True, "ERP": True}
    assert baseline["spns"] == {MAIL: {"account": "EXCH1$"}} and "secret" not in str(result.as_dict())
    assert not workload.arm().changed


def test_what_a_drill_left_mounted_or_moved_is_a_difference(workload: Workload) -> None:
    workload.arm()
    workload.engines.sql["REHEARSAL"]["state"] = "ONLINE"
    workload.forest.accounts["EXCH1$"].remove(MAIL)
    workload.forest.accounts["EXCH2$"].append(MAIL)
    leaks = workload.arm(check_mode=True)
    assert leaks.changed and {outcome.name for outcome in leaks.outcomes} >= {"databases.exch2.REHEARSAL.mounted", f"spns.{MAIL}.account"}


@pytest.mark.parametrize("trouble", ["credential", "engine", "directory"])
def test_what_cannot_be_asked_stays_as_it_was_known_and_is_told(workload: Workload, trouble: str) -> None:
    first = workload.arm().extra["baseline"]
    if trouble == "engine":
        workload.engines.reachable = False
    if trouble == "directory":
        workload.estate.dead.add("dc1")
    again = workload.arm(credentials=[] if trouble == "credential" else ACCOUNT)
    assert (again.changed, again.extra["baseline"]["databases"], again.extra["baseline"]["spns"]) == (False, first["databases"], first["spns"])
    assert any("so what the last one knew stays" in warning for warning in again.warnings)


def test_what_was_never_known_is_left_out_and_told(workload: Workload) -> None:
    workload.estate.dead.add("dc1")
    result = workload.arm(credentials=[])
    assert list(result.extra["baseline"]["databases"]["exch2"]) == ["DB01-DR"] and result.extra["baseline"]["spns"] == {}
    assert any("the credential sql was not handed over" in warning for warning in result.warnings)
    assert any("no domain controller answers" in warning for warning in result.warnings)


def test_a_failback_of_what_people_mounted_follows_the_baseline(tmp_path: pathlib.Path, workload: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    workload.arm()
    monkeypatch.setattr(_run_adoption, "observe_owner", lambda definition, hosts, clock: ("target", []))
    workload.estate.run("adopted", owner="target", reason="moved by hand")
    workload.engines.mailboxes["DB01-DR"] = True  # as people left it
    back = workload.estate.run("opened", kind="failback")
    given = {**runs.ALONE, "state": "reverted", "databases": [database("DB01-DR")], "run": back.extra["run"], "revert_run": back.extra["reverts"]}
    result = mount_databases(given, FakeHosts(workload.estate.named("exch2")), workload.estate.clock, check_mode=False)
    assert (result.failed, [outcome.status for outcome in result.outcomes], workload.engines.mailboxes["DB01-DR"]) == (False, ["done"], False)


def test_a_dead_engine_is_no_reason_not_to_arm(workload: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(script: str, data: t.Any) -> t.Any:
        raise Unreachable("no answer")

    workload.estate.sessions["exch2"].scripts = silent
    assert workload.arm().extra["state"] == "protected"
