# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon with a small estate: lab.json, inventory, control, faults, idle end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import yaml

from ansible_collections.continuity.identity_failover.tests.lab import control
from ansible_collections.continuity.identity_failover.tests.lab.daemon import LabDaemon, Options
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import LabError
from ansible_collections.continuity.identity_failover.tests.unit.lab.fake_model import FakeEstate


def _play(folder: Path, work: Callable[[LabDaemon], Awaitable[None]], count: int = 5, **options: float) -> None:
    async def play() -> None:
        daemon = LabDaemon(Options(folder, **options), lambda wanted, network, trace: FakeEstate(network, count))  # type: ignore[arg-type]
        await daemon.start()
        try:
            await work(daemon)
        finally:
            await daemon.stop()

    asyncio.run(play())


def test_files(tmp_path: Path) -> None:
    async def work(daemon: LabDaemon) -> None:
        info = json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))
        assert info["hosts"]["fake1"]["management"] == {"address": daemon.network.address(1, 1), "https_port": 5986, "http_port": 5985}
        assert set(info) >= {"control", "ca", "hosts", "dns", "application_port", "clients"}
        assert (tmp_path / "lab.json").stat().st_mode & 0o777 == 0o600
        inventory = yaml.safe_load((tmp_path / "inventory.yml").read_text(encoding="utf-8"))["all"]
        assert set(inventory) == {"children"}, "the controller is no Windows host"
        windows = inventory["children"]["windows"]
        assert list(windows["hosts"]) == list(inventory["children"]["workstations"]["hosts"]) == [f"fake{number}" for number in range(1, 6)]
        assert [name for name, variables in windows["hosts"].items() if variables.get("ansible_port") == 5985] == ["fake4"]
        assert windows["vars"]["ansible_winrm_ca_trust_path"] == str(tmp_path / "ca.pem") and windows["vars"]["ansible_port"] == 5986

    _play(tmp_path, work)
    assert not (tmp_path / "lab.json").exists()


def test_control_over_http(tmp_path: Path) -> None:
    async def work(daemon: LabDaemon) -> None:
        info = json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))["control"]

        def call(verb: str, **arguments: object) -> object:
            return control.call(info, verb, arguments, timeout=30)

        answer = await asyncio.to_thread(call, "fault", host="fake1", kind="slow", parameters={"ms": "20"})
        assert answer == {"host": "fake1", "kind": "slow", "parameters": {"ms": 20}}
        state = await asyncio.to_thread(call, "state", host="fake1")
        assert state == {"host": "fake1", "endpoint": {"faults": {"slow": {"ms": 20}}, "shells": 0}}
        for verb, arguments, text in (
            ("fault", {"host": "nope", "kind": "slow"}, "no host 'nope'"),
            ("nope", {}, "no command 'nope'"),
            ("cut", {"a": "controller", "b": "x"}, "no place 'x'"),
            ("kill", {"host": "x"}, "no host 'x'"),
        ):
            with pytest.raises(LabError, match=text):
                await asyncio.to_thread(call, verb, **arguments)
        with pytest.raises(LabError, match="token is missing or wrong"):
            await asyncio.to_thread(control.call, {**info, "token": "x"}, "status", {}, 30)

    _play(tmp_path, work)


def test_nobody_answers() -> None:
    with pytest.raises(ConnectionError, match="does not answer"):
        control.call({"host": "127.0.0.1", "port": 1, "token": "x"}, "status")


def test_power_ends_shells_and_shows_in_the_status(tmp_path: Path) -> None:
    async def work(daemon: LabDaemon) -> None:
        await daemon.perform("kill", {"host": "fake1"})
        status = await daemon.perform("status", {})
        assert status["hosts"]["fake1"]["powered"] is False and status["hosts"]["fake2"]["powered"] is True
        await daemon.perform("cut", {"a": "controller", "b": "fake2", "one_way": True})
        assert (await daemon.perform("status", {}))["cuts"] == [("controller", "fake2")]
        assert [record["verb"] for record in await daemon.perform("trace", {"kind": "control"})] == ["kill", "cut"]

    _play(tmp_path, work)


def test_drop_for_every_host(tmp_path: Path) -> None:
    async def work(daemon: LabDaemon) -> None:
        assert {endpoint.faults.active["drop"]["percent"] for endpoint in daemon.endpoints.values()} == {2}

    _play(tmp_path, work, drop=2.0)


def test_it_ends_by_itself(tmp_path: Path) -> None:
    async def play() -> None:
        daemon = LabDaemon(Options(tmp_path, idle_minutes=0.002), lambda wanted, network, trace: FakeEstate(network, 1))
        await daemon.start()
        await asyncio.wait_for(daemon.run(), 30)

    asyncio.run(play())
    assert not (tmp_path / "lab.json").exists()
