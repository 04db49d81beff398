# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The weak lock on every server: what an alias in the place of the addresses keeps out, and what it does not."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.tests.real_servers.probe import Probe
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import ZONE, RealServer
from ansible_collections.continuity.identity_failover.tests.real_servers.test_update_dns import run
from ansible_collections.continuity.identity_failover.tests.unit import runs

OWN, STAND_IN = "127.20.0.21", f"source.{ZONE}"


def lock(server: RealServer, name: str, **options: t.Any) -> Result:
    alias = {"how": "alias", "names": [name], "to": STAND_IN, "account": None, "domain_controllers": []}
    return run(server, **{"state": "locked", "lock": alias, "static": False, "records": None, "ttl": None, **options})


def test_an_alias_keeps_out_who_replaces_the_address_and_goes_back_exactly(server: RealServer, tmp_path: pathlib.Path) -> None:
    probe, clock = Probe(server), SystemClock()
    name = f"{probe.name('alias')}.{ZONE}"
    probe.given((name + ".", "A", OWN), (name + ".", "A", "127.20.0.77"))
    failover = runs.started(tmp_path, clock)
    locked = lock(server, name, run=failover)
    assert (locked.failed, locked.changed) == (False, True), locked.msg
    assert any("an alias is a weak lock" in warning for warning in locked.warnings)
    assert (probe.values(name + ".", "CNAME"), probe.ttl(name + ".", "CNAME")) == ([STAND_IN + "."], 300)
    assert not lock(server, name).changed
    replaced = probe.send(lambda u: (u.delete(name + ".", "A"), u.add(name + ".", 300, "A", OWN)))
    assert replaced == ("REFUSED" if server.kind == "powerdns" else "NOERROR")
    assert probe.values(name + ".", "CNAME") == [STAND_IN + "."]
    careful = probe.send(lambda u: (u.absent(name + ".", "CNAME"), u.add(name + ".", 300, "A", OWN)))
    assert careful.startswith("YXRRSET")
    runs.ended(tmp_path, clock, failover)
    back = lock(server, name, state="reverted", revert_run="run1", run=runs.started(tmp_path, clock, run_id="run2", kind="failback"))
    assert not back.failed, back.msg
    assert (probe.values(name + ".", "A"), probe.ttl(name + ".", "A")) == ([OWN, "127.20.0.77"], 300)
    assert probe.values(name + ".", "CNAME") == []


def test_an_alias_does_not_keep_out_who_deletes_the_whole_name(server: RealServer) -> None:
    probe = Probe(server)
    name = f"{probe.name('alias')}.{ZONE}"
    probe.given((name + ".", "A", OWN))
    assert not lock(server, name).failed
    assert probe.send(lambda u: (u.delete(name + "."), u.add(name + ".", 300, "A", OWN))) == "NOERROR"
    assert probe.values(name + ".", "A") == [OWN]


def test_a_name_with_other_data_can_t_be_an_alias(server: RealServer) -> None:
    probe = Probe(server)
    name = f"{probe.name('alias')}.{ZONE}"
    probe.given((name + ".", "A", OWN), (name + ".", "TXT", "x"))
    with pytest.raises(WrongState, match="can't be locked by an alias"):
        lock(server, name)
    assert probe.values(name + ".", "A") == [OWN]
