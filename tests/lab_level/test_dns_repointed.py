# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""update_dns on the lab's default estate: its keys, its reverse zone, a secondary that lags, a source that comes back."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

NAMES = ["mail.example.com", "autodiscover.example.com"]


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> Iterator[Lab]:
    with Lab.start(tmp_path, clients=2, lag=0.5) as started:
        yield started


def source_and_target(lab: Lab) -> tuple[str, str]:
    """The identity's address on the source, and the one that users shall come to."""
    return lab.info["hosts"]["exch1"]["names"]["mail.example.com"][0], lab.info["hosts"]["exch2"]["addresses"][-1]


def repoint(lab: Lab, **options: t.Any) -> Result:
    source, target = source_and_target(lab)
    dns = lab.info["dns"]
    first, *others = [{name: server[name] for name in ("address", "port", "name")} for server in dns["servers"]]
    params = {
        **runs.ALONE,
        "state": "repointed",
        "records": None,
        "repoint": {"from": [source], "to": [target], "names": NAMES, "ptr": True},
        "servers": [first],
        "verify_servers": others,
        "key": dns["key"],
        "unsigned": False,
        "ttl": 60,
        "require": "all",
        "verify_timeout": 20.0,
        "protected_names": ["exch1.example.com", "exch2.example.com"],
        **options,
    }
    return update_dns(params, FakeHosts(), SystemClock(), check_mode=False)


def wait_for_registration(lab: Lab, name: str, since: int) -> None:
    clock = SystemClock()
    deadline = Deadline(clock, 20)
    while not any(record["effect"] == "name_registered" and record["name"] == name for record in lab.trace(since=since, kind="effect")):
        deadline.check(f"registering {name}")
        clock.sleep(0.05)


def test_the_identity_s_names_reach_the_target_on_every_server(lab: Lab) -> None:
    source, target = source_and_target(lab)
    result = repoint(lab)
    assert not result.failed, result.msg
    assert {facts["status"] for facts in result.extra["servers"].values()} == {"ok"}
    for client in lab.info["clients"]:
        assert lab.ask(client, "mail.example.com")["address"] == target
    again = repoint(lab)
    assert (again.changed, again.failed) == (False, False)


def test_a_source_that_comes_back_and_registers_is_seen_and_repointed_again(lab: Lab) -> None:
    source, target = source_and_target(lab)
    lab.kill("exch1")
    assert not repoint(lab).failed
    number = max((record["number"] for record in lab.trace(kind="effect")), default=0)
    lab.return_("exch1")
    wait_for_registration(lab, "autodiscover.example.com", number)
    lab.control("flush", {"host": "ws001"})
    assert lab.ask("ws001", "mail.example.com")["address"] == source, "the source took its name back"
    result = repoint(lab)
    assert result.changed and not result.failed, result.msg
    for client in lab.info["clients"]:
        lab.control("flush", {"host": client})
    assert {lab.ask(client, "mail.example.com")["address"] for client in lab.info["clients"]} == {target}


def test_requests_that_get_lost_do_not_stop_it(tmp_path: pathlib.Path) -> None:
    with Lab.start(tmp_path, clients=2, lag=0.5, drop=2.0, seed=3) as lab:
        result = repoint(lab)
        assert not result.failed, result.msg
