# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A BIND primary and its secondary: found by the zone, one of them down, debts and their end, NOTIFY, updates that are passed on."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _dns_agreement
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import failover_monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.tests.needs import needed
from ansible_collections.continuity.identity_failover.tests.real_servers.bind_pair import Pair
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import KINDS, SECRETS, ZONE, key
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts, FakeSession
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import task

NAME, OLD, NEW = f"source.{ZONE}", "127.20.0.21", "127.20.0.22"
CLOCK = SystemClock()
pytestmark = needed(KINDS["bind"].missing())


def change(pair: Pair, *servers: str, value: str = NEW, **options: t.Any) -> Result:
    listed = [{"address": one.address, "port": one.port, "name": one.name} for one in (pair.endpoints[name] for name in servers or ("primary",))]
    record = {"name": NAME, "type": "A", "values": [value], "ttl": 60}
    signer = {"name": key().name, "secret": SECRETS["hmac-sha256"], "algorithm": "hmac-sha256"}
    return task(listed, CLOCK, **{"records": [record], "key": signer, "discover": True, **options})


def statuses(result: Result) -> dict[str, str]:
    return {label: facts["status"] for label, facts in result.extra["servers"].items()}


def owed(folder: pathlib.Path) -> list[tuple[str, str, str]]:
    """(server, wanted, as read now), as failover_status shows it."""
    params = {"identity": "mail", "definition": None, "wait_for": None, "timeout": 1.0, "store": {"kind": "directory", "path": str(folder)}, "mirror": None}
    result = failover_status(params, FakeHosts(), CLOCK, check_mode=False)
    return [(debt["server"], record["wanted"]["values"][0], record["now"]) for debt in result.extra["debts"] for record in debt["records"]]


def test_the_secondary_that_the_zone_names_is_read_back(tmp_path: pathlib.Path) -> None:
    with Pair(tmp_path / "bind") as pair:
        result = change(pair, require="2")
        assert not result.failed, result.msg
        assert statuses(result) == {"primary": "ok", f"ns2.{ZONE}": "ok"}


def test_a_secondary_that_is_killed_owes_until_it_is_back_and_was_read(tmp_path: pathlib.Path) -> None:
    journal = tmp_path / "journal"
    with Pair(tmp_path / "bind") as pair:
        pair.stop("secondary")
        run = runs.started(journal, CLOCK)
        result = change(pair, run=run)
        assert not result.failed, result.msg
        assert statuses(result) == {"primary": "ok", f"ns2.{ZONE}": "unreachable"}
        runs.ended(journal, CLOCK, run)
        assert owed(journal) == [(f"ns2.{ZONE}", NEW, "unreachable")]
        pair.start("secondary")
        assert owed(journal) == [(f"ns2.{ZONE}", NEW, "ok")]
        store = {"kind": "directory", "path": str(journal)}
        monitor = {"identity": "mail", "source": "exch1", "vantage_points": [], "probes": [], "interval": 1.0, "missed": 1, "trigger": "all", "duration": 0.0}
        noted = failover_monitor(
            {**monitor, "definition": None, "store": store, "mirror": None}, FakeHosts(named=[FakeSession("exch1")]), CLOCK, check_mode=False
        )
        assert noted.changed and noted.extra["debts"] == []
        assert owed(journal) == []


def test_a_later_task_of_the_run_settles_what_the_secondary_owes(tmp_path: pathlib.Path) -> None:
    journal = tmp_path / "journal"
    with Pair(tmp_path / "bind") as pair:
        pair.stop("secondary")
        run = runs.started(journal, CLOCK)
        change(pair, run=run)
        assert len(owed(journal)) == 1
        pair.start("secondary")
        result = change(pair, run=run)
        assert (result.failed, result.extra["debts"], owed(journal)) == (False, [], [])


@pytest.mark.parametrize(("takes_notify", "said"), [(True, "accepted"), (False, "refused (REFUSED)")])
def test_a_secondary_that_nobody_told_is_told_with_the_key(tmp_path: pathlib.Path, takes_notify: bool, said: str) -> None:
    """The primary sends no NOTIFY here, and the zone's refresh is an hour away."""
    with Pair(tmp_path / "bind", notify=False, takes_notify=takes_notify) as pair:
        result = change(pair, verify_timeout=10.0 if takes_notify else 1.0)
        assert result.extra["servers"][f"ns2.{ZONE}"]["notified"] == {ZONE: said}
        assert result.failed is not takes_notify
        assert statuses(result)[f"ns2.{ZONE}"] == ("ok" if takes_notify else "wrong")


def test_updates_are_passed_on_by_a_secondary(tmp_path: pathlib.Path) -> None:
    """With the marker of a run, which is written, read and needed as at a primary."""
    with Pair(tmp_path / "bind", forwards=True) as pair:
        result = change(pair, "secondary", run=runs.started(tmp_path / "journal", CLOCK))
        assert not result.failed and not result.warnings, (result.msg, result.warnings)
        assert statuses(result) == {"secondary": "ok", f"ns1.{ZONE}": "ok"}
        assert result.extra["servers"]["secondary"]["messages"] == 2


@pytest.mark.parametrize("forwards", [False, True])
def test_where_only_the_secondary_survives_nothing_is_done_and_said_so(tmp_path: pathlib.Path, forwards: bool) -> None:
    with Pair(tmp_path / "bind", forwards=forwards) as pair:
        pair.stop("primary")
        result = change(pair, "primary", "secondary", run=None)
        assert (result.failed, result.outcomes[0].reason, result.outcomes[0].changed) == (True, "no_primary", False), result.msg
        assert result.outcomes[0].msg.startswith(f"no server takes updates of zone {ZONE}: primary (127.0.53.1 port 25353) can't be reached, and secondary (")


def test_a_secondary_that_fell_behind_is_refused_and_accepted(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dns_agreement, "LAG", 1.0)
    with Pair(tmp_path / "bind", notify=False) as pair:
        assert not change(pair, require="primary").failed
        with pytest.raises(WrongState, match=rf"the serial of ns2\.{ZONE}, 1, is behind 2: its transfer fails") as refused:
            change(pair, value="127.20.0.23")
        assert refused.value.reason == "servers_disagree"
        accepted = change(pair, value="127.20.0.23", require="1", accept_disagreement="ns2 is being moved")
        assert not accepted.failed and statuses(accepted)[f"ns2.{ZONE}"] == "wrong"
