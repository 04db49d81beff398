# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which name servers must have a change, and what the result says of each: the whole module against embedded name servers."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import update_dns as module_function
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import entry, one_port, task

#: A name server of the zone that does not run, and one whose name leads nowhere.
DEAD, NAMELESS = "127.0.53.9", "ns.elsewhere.test."


@pytest.fixture
def quick_to_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent server costs a tenth of a second a try."""
    monkeypatch.setattr(module_function, "Endpoint", lambda address, port, name: Endpoint(address, port, name, timeout=0.1))


def primary(**servers: str) -> DnsServer:
    named = {**example.SERVERS, **{name.replace("_", "."): address for name, address in servers.items()}}
    zone = Zone.from_dict({**example.FORWARD, "servers": named})
    made = example.primary()
    made.zones[zone.origin] = zone
    return made


def test_the_zone_s_own_name_servers_are_read_back_too() -> None:
    dns1 = primary()
    dns2 = example.secondary(dns1, lag=0.3)
    with one_port(dns1, dns2):
        result = task([entry(dns1)], discover=True)
        assert not result.failed and result.timing["verify"] >= 0.2, "the secondary that nobody listed was waited for"
        assert {label: facts["status"] for label, facts in result.extra["servers"].items()} == {"dns1": "ok", "dns2.example.com": "ok"}
        assert result.extra["servers"]["dns2.example.com"]["address"] == example.SECOND
        again = task([entry(dns1)], discover=True)
        assert (again.changed, again.failed) == (False, False)


@pytest.mark.usefixtures("quick_to_give_up")
@pytest.mark.parametrize(("require", "failed"), [("reachable", False), ("all", True), ("2", False), (4, True), ("primary", False)])
def test_a_name_server_that_can_t_be_read_is_named(require: t.Any, failed: bool) -> None:
    """Of four, one does not run and one has no address: reading two back is what can be done."""
    dns1 = primary(dead_example_com=DEAD, ns_elsewhere_test_="")
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2):
        result = task([entry(dns1)], discover=True, require=require, verify_timeout=1.0)
        assert result.failed is failed
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]
        servers = result.extra["servers"]
        assert {"dead.example.com", "ns.elsewhere.test"} < set(servers)
        if require != "primary":
            assert (servers["dead.example.com"]["status"], servers["ns.elsewhere.test"]["status"]) == ("unreachable", "unreachable")
            assert servers["dns2.example.com"]["status"] == "ok"
            named = " ".join(result.warnings)
            assert "name server dead.example.com did not answer" in named and "name server ns.elsewhere.test did not answer" in named


def test_more_name_servers_than_there_are_are_refused_before_anything_is_touched() -> None:
    dns1 = primary()
    with one_port(dns1, example.secondary(dns1)):
        for options in ({"require": 2}, {"require": "3", "discover": True}):
            with pytest.raises(InvalidInput, match="name servers shall have the records, and only [12] (is|are) known for zone example.com"):
                task([entry(dns1)], **options)
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]
        with pytest.raises(InvalidInput, match="^require: 'most' is neither"):
            task([entry(dns1)], require="most")


def test_a_number_is_enough_while_another_server_still_lags() -> None:
    dns1 = primary()
    dns2 = example.secondary(dns1, lag=60)
    with one_port(dns1, dns2):
        result = task([entry(dns1)], verify_servers=[entry(dns2)], require=1)
        assert not result.failed
        assert result.extra["servers"]["dns2"]["names"] == {"wrong": ["mail.example.com A"]}
        assert task([entry(dns1)], verify_servers=[entry(dns2)], require=2, verify_timeout=0.2).failed


def test_a_server_that_serves_another_zone_alone_is_not_asked_for_this_one() -> None:
    """The reverse zone names a server of its own: found for that zone, it owes nothing of the other."""
    reverse = {**example.REVERSE, "servers": {"dns1.example.com.": example.ADDRESS, "dns3.example.com.": "127.0.53.3"}}
    forward = {**example.FORWARD, "servers": {"dns1.example.com": example.ADDRESS}}
    dns3_address = {"name": "dns3", "type": "A", "values": ["127.0.53.3"]}
    dns1 = example.primary({**forward, "records": [*forward["records"], dns3_address]}, reverse)
    dns3 = DnsServer("127.0.53.3", 0, [Zone.from_dict(reverse)], name="dns3")
    with one_port(dns1, dns3):
        repoint = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com"], "ptr": True}
        result = task([entry(dns1)], discover=True, state="repointed", records=None, repoint=repoint, require="primary")
        assert not result.failed
        result = task([entry(dns1)], discover=True, state="repointed", records=None, repoint=repoint, verify_timeout=0.2)
        names = result.extra["servers"]["dns3.example.com"]["names"].get("wrong", [])
        assert names and all("in-addr.arpa" in name for name in names), "it holds a copy of the reverse zone that nobody updates"


# The side that survives


def controllers() -> tuple[DnsServer, DnsServer]:
    """Two primaries of one zone, each its own MNAME, as domain controllers are; nothing replicates between them here."""
    made = []
    for name, address in example.SERVERS.items():
        zone = Zone.from_dict({**example.FORWARD, "servers": {name: address, **example.SERVERS}})
        server = example.primary()
        server.address, server.name, server.zones = address, name.partition(".")[0], {zone.origin: zone}
        made.append(server)
    return made[0], made[1]


@pytest.mark.usefixtures("quick_to_give_up")
def test_another_primary_takes_the_change_where_the_first_is_dead() -> None:
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        servers = [entry(dns1), entry(dns2)]
        call(dns1.stop)
        result = task(servers)
        assert not result.failed, result.msg
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert {label: (facts["written"], facts["status"]) for label, facts in result.extra["servers"].items()} == {
            "dns1": (False, "unreachable"),
            "dns2": (True, "ok"),
        }


@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
def test_a_secondary_that_passes_updates_on_is_read_back_once_it_has_them(tmp_path: pathlib.Path, on_conflict: str) -> None:
    """Its old value is nobody's doing: neither is the marker of the run written again and again, nor the record."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=0.4)
    dns2.forwards = True
    with one_port(dns1, dns2):
        run = runs.started(tmp_path, SystemClock())
        result = task([entry(dns2)], on_conflict=on_conflict, run=run)
        assert not result.failed, result.msg
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert result.extra["servers"]["dns2"]["messages"] == 2, "the marker and the record, once each"
        assert not result.warnings


@pytest.mark.usefixtures("quick_to_give_up")
@pytest.mark.parametrize("forwards", [False, True])
def test_where_only_secondaries_survive_one_sentence_says_so_and_nothing_is_done(forwards: bool) -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    dns2.forwards = forwards
    with one_port(dns1, dns2) as call:
        servers = [entry(dns1), entry(dns2)]
        call(dns1.stop)
        result = task(servers)
        outcome = result.outcomes[0]
        assert (result.failed, outcome.status, outcome.reason, outcome.changed) == (True, "failed", "no_primary", False)
        sentence = f"no server takes updates of zone example.com: dns1 ({dns1.address} port {dns1.port}) can't be reached, and dns2 ("
        assert outcome.msg.startswith(sentence) and "answers and takes none, as a secondary does" in outcome.msg
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.21"]
