# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps that need PowerShell on the host, in the engine and as twins, against the lab."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import StepFailed
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.app_services import app_services, app_services_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.directory_spns import directory_spns, directory_spns_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.mount_databases import mount_databases, mount_databases_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.run_post_script import ScriptStep, run_post_script, run_post_script_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import post_script
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import run_step, statuses
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine

PATH = r"D:\dr\post_failover.ps1"
MAIL = ["http/mail.example.com", "http/autodiscover.example.com"]


@pytest.fixture(params=["engine", "twin"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    """A lab with the real PowerShell language, and one with the twins alone."""
    if request.param == "engine" and engine() is None:
        pytest.skip("no PowerShell engine: set LAB_PWSH")
    with Lab.start(tmp_path_factory.mktemp("lab"), clients=1, engine=engine() if request.param == "engine" else None) as started:
        yield started


def exchange(lab: Lab, name: str = "DB01-DR", **more: t.Any) -> dict[str, t.Any]:
    known = lab.info["credentials"]["exchange"]
    return {"name": name, "kind": "exchange", "user": known["user"], "password": known["password"], "timeout": 20.0, **more}


def mount(lab: Lab, *databases: dict[str, t.Any], check_mode: bool = False, **given: t.Any) -> Result:
    return run_step(lab, mount_databases, mount_databases_spec(), "exch2", check_mode=check_mode, databases=list(databases), **given)


def spns(lab: Lab, *values: str, giver: str = "EXCH1$", check_mode: bool = False, **given: t.Any) -> Result:
    families = [{"from": giver, "to": "EXCH2$", "values": list(values)}]
    return run_step(lab, directory_spns, directory_spns_spec(), None, named=["dc1"], check_mode=check_mode, spns=families, domain_controllers=["dc1"], **given)


def script(lab: Lab, check_mode: bool = False, **given: t.Any) -> Result:
    options = {"path": PATH, "arguments": ["-Role", "Primary"], "run_timeout": 60.0, **given}
    return run_step(lab, run_post_script, run_post_script_spec(), "exch2", check_mode=check_mode, **options)


def test_databases_of_both_engines(lab: Lab) -> None:
    start_store(lab)
    both = [exchange(lab), {"name": "ERP", "kind": "sqlserver"}]
    in_use = mount(lab, both[0])
    assert in_use.failed and "-1032" in in_use.msg and in_use.reason == "refused_by_exchange"
    lab.kill("exch1")
    forecast = mount(lab, *both, check_mode=True)
    assert set(statuses(forecast).values()) == {"predicted"}
    done = mount(lab, *both)
    assert statuses(done) == {"DB01-DR": "done", "ERP": "done"} and done.outcomes[1].before["state"] == "OFFLINE"
    assert not mount(lab, *both).changed
    gone = mount(lab, *both, state="dismounted")
    assert statuses(gone) == {"DB01-DR": "done", "ERP": "done"} and gone.outcomes[1].after["state"] == "OFFLINE"


def start_store(lab: Lab) -> None:
    assert not run_step(lab, app_services, app_services_spec(), "exch2", services=[{"name": "MSExchangeIS"}], settle=0.0).failed


def test_exchange_without_its_own_credentials_is_a_second_hop(lab: Lab) -> None:
    start_store(lab)
    result = mount(lab, exchange(lab, user=None, password=None))
    assert result.failed and result.reason == "exchange_unreachable" and "second hop" in result.msg


def test_unknown_databases_touch_nothing(lab: Lab) -> None:
    start_store(lab)
    with pytest.raises(StepFailed, match="no mailbox database NOPE; there are DB01-DR"):
        mount(lab, exchange(lab, "NOPE"), {"name": "ERP", "kind": "sqlserver"})
    assert lab.state("exch2")["sql"]["MSSQLSERVER"]["ERP"]["state"] == "OFFLINE"


def test_passwords_are_in_no_trace(lab: Lab) -> None:
    mount(lab, exchange(lab), check_mode=True)
    password = lab.info["credentials"]["exchange"]["password"]
    assert password not in (lab.dir / "trace.jsonl").read_text(encoding="utf-8") and password not in (lab.dir / "lab.log").read_text(encoding="utf-8")


def test_spns_move_and_come_back(lab: Lab, tmp_path: pathlib.Path) -> None:
    clock = SystemClock()
    assert set(statuses(spns(lab, *MAIL, check_mode=True)).values()) == {"predicted"}
    failover = runs.started(tmp_path, clock)
    moved = spns(lab, *MAIL, "http/new.example.com", run=failover)
    assert set(statuses(moved).values()) == {"done"} and moved.outcomes[0].after == {"account": "EXCH2$"}
    assert not spns(lab, *MAIL).changed
    runs.ended(tmp_path, clock, failover)
    failback = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    back = spns(lab, *MAIL, "http/new.example.com", state="reverted", run=failback, revert_run="run1")
    assert set(statuses(back).values()) == {"done"}
    assert spns(lab, *MAIL, check_mode=True).outcomes[0].before == {"account": "EXCH1$"}


def test_spns_that_a_third_account_holds_or_that_may_not_be_written(lab: Lab) -> None:
    with pytest.raises(StepFailed, match="ldap/dc1.example.com is held by DC1"):
        spns(lab, *MAIL, "ldap/dc1.example.com")
    denied = spns(lab, "HOST/locked1", giver="LOCKED1$")
    assert denied.failed and denied.reason == "access_denied"


def test_a_script_runs_once_in_a_run(lab: Lab, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> None:
    clock = SystemClock()
    assert statuses(script(lab, check_mode=True)) == {PATH: "predicted"}
    opened = runs.started(tmp_path, clock)
    first = script(lab, run=opened, keep_output=True)
    assert statuses(first) == {PATH: "done"} and first.extra["script"]["exit_code"] == 0 and first.extra["script"]["sha256"]
    second = script(lab, run=opened)
    assert statuses(second) == {PATH: "already"} and second.extra["script"]["started"] == first.extra["script"]["started"]
    if request.node.callspec.params["lab"] == "engine":
        assert "post failover on EXCH2 as Primary" in first.extra["script"]["stdout_tail"]
    assert len([record for record in lab.trace(kind="effect") if record.get("effect") == "script_started" and record["script"] == PATH]) == 1


def test_the_marker_itself_keeps_a_second_start_away(lab: Lab, tmp_path: pathlib.Path) -> None:
    """As when two controllers start it at the same moment: only one may."""
    clock = SystemClock()
    opened = runs.started(tmp_path, clock)
    assert statuses(script(lab, run=opened)) == {PATH: "done"}
    session = WinrmSession(lab.settings("exch2"))
    try:
        step = ScriptStep({**params_of_script(), "run": opened}, session, clock)
        options = {"working_directory": "", "seconds": 30.0, "cap": 0, "folder": step.folder, "mark": step.mark, "lease": None}
        again = post_script.run(session, PATH, [], again=False, **options)
        assert again.refused == "started" and not again.ran
        assert post_script.run(session, PATH, [], again=True, **options).ran
    finally:
        session.close()


def params_of_script() -> dict[str, t.Any]:
    given = {"path": PATH, "arguments": [], "working_directory": None, "run_timeout": 60.0, "repeatable": False, "unknown": "stop"}
    return {**runs.ALONE, **given, "reason_for_unknown": None, "keep_output": False}
