# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""app_services over WinRM against the lab's service control manager."""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import TransportError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.app_services import app_services, app_services_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.services import ServiceRefused, await_state, bring, read_services
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import run_step, statuses

NAMES = ["MSExchangeADTopology", "MSExchangeIS", "MSExchangeTransport"]


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab"), clients=1) as started:
        yield started


def run(lab: Lab, names: list[str], host: str = "exch2", check_mode: bool = False, start_mode: str | None = None, **given: t.Any) -> Result:
    services = [{"name": name, "start_mode": start_mode} for name in names]
    return run_step(lab, app_services, app_services_spec(), host, check_mode=check_mode, services=services, settle=0.2, **given)


def test_check_start_again_stop(lab: Lab) -> None:
    forecast = run(lab, NAMES, check_mode=True)
    assert set(statuses(forecast).values()) == {"predicted"} and lab.state("exch2")["services"]["MSExchangeIS"]["state"] == "Stopped"
    started = run(lab, [NAMES[1], NAMES[2], NAMES[0]])
    assert set(statuses(started).values()) == {"done"}
    assert [(outcome.name, outcome.before, outcome.after) for outcome in forecast.outcomes] == [(o.name, o.before, o.after) for o in run_order(started)]
    assert not run(lab, NAMES).changed
    stopped = run(lab, NAMES, state="stopped", start_mode="disabled")
    assert set(statuses(stopped).values()) == {"done"}
    services = lab.state("exch2")["services"]
    assert {(services[name]["state"], services[name]["start_mode"]) for name in NAMES} == {("Stopped", "Disabled")}


def run_order(result: Result) -> list[t.Any]:
    return sorted(result.outcomes, key=lambda outcome: NAMES.index(outcome.name))


def test_stopping_never_cascades(lab: Lab) -> None:
    run(lab, NAMES)
    result = run(lab, ["LanmanServer"], state="stopped")
    assert result.failed and "MSExchangeIS. They are not listed" in result.msg
    assert lab.state("exch2")["services"]["MSExchangeIS"]["state"] == "Running"


def test_a_delayed_start_is_set_and_read_back(lab: Lab) -> None:
    result = run(lab, ["MSExchangeTransport"], start_mode="delayed")
    assert result.outcomes[0].after == {"state": "Running", "start_mode": "delayed"}


@pytest.mark.parametrize(("code", "word"), [(15, "account could not log on"), (14, "it is disabled")])
def test_what_windows_answers_is_told(lab: Lab, code: int, word: str) -> None:
    lab.fault("exch2", "return_value", **{"value": code, "class": "Win32_Service", "method": "StartService"})
    result = run(lab, ["MSExchangeADTopology"])
    assert result.failed and word in result.msg and f"(code {code})" in result.msg


def test_lost_answers_start_nothing_twice(lab: Lab) -> None:
    """Requests are lost before or after they were carried out: reading back decides what is still to do."""
    lab.fault("exch2", "drop", percent=30, when="either")
    for _attempt in range(8):
        with contextlib.suppress(TransportError):
            if not run(lab, NAMES).failed:
                break
    lab.heal("exch2")
    assert set(statuses(run(lab, NAMES)).values()) == {"already"}
    started = [record["service"] for record in lab.trace(kind="effect") if record.get("effect") == "service_started" and record["host"] == "exch2"]
    assert sorted(name for name in started if name in NAMES) == NAMES


def test_a_service_is_paused_again_and_one_that_takes_no_pause_says_so(lab: Lab) -> None:
    lab.control("service", {"host": "exch2", "service": NAMES[0], "accepts_pause": True})
    run(lab, NAMES[:1])
    session = WinrmSession(lab.settings("exch2"), SystemClock())
    try:
        now = read_services(session, NAMES[:1])[NAMES[0]]
        deadline = Deadline(SystemClock(), 20.0)
        bring(session, NAMES[0], now, {"state": "Paused", "start_mode": "manual"}, deadline, SystemClock(), as_it_was=True)
        seen, why = await_state(session, NAMES[0], "Paused", deadline, SystemClock())
        assert (why, seen and seen.image()) == ("", {"state": "Paused", "start_mode": "manual"})
        assert set(statuses(run(lab, NAMES[:1])).values()) == {"done"}  # resumed
        run(lab, NAMES[1:2])
        other = read_services(session, NAMES[1:2])[NAMES[1]]
        with pytest.raises(ServiceRefused, match=r"control code is not valid \(code 4\)"):
            bring(session, NAMES[1], other, {"state": "Paused", "start_mode": "manual"}, deadline, SystemClock(), as_it_was=True)
    finally:
        session.close()
