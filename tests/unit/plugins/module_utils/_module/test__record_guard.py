# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of a failed over identity, read from embedded name servers: dns1, the primary, and dns2, which follows it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _ownership
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._record_guard import guards_of, look_at_records
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import entry, one_port

CLOCK = SystemClock()
SOURCE, TARGET = "127.1.0.21", "127.1.0.22"
POINTER = "22.0.1.127.in-addr.arpa PTR"


class Estate:
    def __init__(self) -> None:
        self.dns1 = example.primary()
        self.dns2 = example.secondary(self.dns1)
        self.call: Call = lambda *arguments: None
        record = RunRecord("run-1", "failover", "execute", "2026-11-26T20:00:00.000Z", "ops", False, 1)
        record.images["dns"] = {
            "mail.example.com A": {"after": {"values": [TARGET], "ttl": 60}},
            POINTER: {"after": {"values": ["exch2.example.com", "mail.example.com"], "ttl": 300}},
        }
        self.fold = Fold(state="failed_over", runs={"run-1": record}, last_failover="run-1")

    def definition(self, *servers: DnsServer, **more: t.Any) -> dict[str, t.Any]:
        listed = [entry(one) for one in servers or (self.dns1, self.dns2)]
        repoint = {"from": [SOURCE], "to": [TARGET], "names": ["mail.example.com"], "ptr": True}
        dns = {"servers": listed, **more, "credential": "dns", "repoint": repoint}
        return normalise({"source": {"host": "exch1"}, "target": {"host": "exch2"}, "dns": dns})

    def set(self, name: str, rdtype: str, *values: str) -> None:
        self.call(self.dns1.replace, name, rdtype, values)
        self.call(self.dns2.wait_for, lambda server: server.lookup(name, rdtype) == sorted(values))

    def failed_over(self) -> None:
        self.set("mail.example.com", "A", TARGET)
        self.set("22.0.1.127.in-addr.arpa", "PTR", "exch2.example.com.", "mail.example.com.")

    def said(self, *servers: DnsServer, **more: t.Any) -> dict[tuple[str, str], str]:
        definition = self.definition(*servers, **more)
        names = _ownership._by_names(definition, CLOCK)
        seen = look_at_records(definition, guards_of(definition, self.fold), names, CLOCK)
        return {(one["of"], one.get("name", "")): one["says"] for one in seen}


@pytest.fixture
def estate() -> Iterator[Estate]:
    made = Estate()
    with background(made.dns1, made.dns2) as call:
        made.call = call
        made.failed_over()
        yield made


def both(name: str, says: str) -> dict[tuple[str, str], str]:
    return {("dns1", name): says, ("dns2", name): says}


def test_records_as_the_failover_left_them_are_right_on_every_server(estate: Estate) -> None:
    assert estate.said() == both("mail.example.com A", "target") | both(POINTER, "target")


@pytest.mark.parametrize(("values", "says"), [([SOURCE], "source"), ([SOURCE, TARGET], "both"), (["127.1.0.99"], "changed"), ([], "gone")])
def test_another_value_is_seen_on_every_server(estate: Estate, values: list[str], says: str) -> None:
    estate.set("mail.example.com", "A", *values)
    assert estate.said() == both("mail.example.com A", says) | both(POINTER, "target")


def test_a_pointer_that_somebody_took_is_seen(estate: Estate) -> None:
    estate.set("22.0.1.127.in-addr.arpa", "PTR", "exch2.example.com.")
    assert estate.said() == both("mail.example.com A", "target") | both(POINTER, "changed")


@pytest.mark.parametrize(("alias", "says"), [("exch2.example.com.", "changed"), ("exch1.example.com.", "source")])
def test_an_alias_in_the_records_place_is_seen_and_where_it_leads(estate: Estate, alias: str, says: str) -> None:
    definition = estate.definition()
    definition["dns"]["repoint"].update({"from": [SOURCE, "exch1.example.com"], "to": [TARGET, "exch2.example.com"]})
    estate.set("mail.example.com", "A")
    estate.set("mail.example.com", "CNAME", alias)
    mail = [one for one in look_at_records(definition, guards_of(definition, estate.fold), [], CLOCK) if one["name"] == "mail.example.com A"]
    assert {(one["says"], *one["values"]) for one in mail} == {(says, f"CNAME {alias.rstrip('.')}")}


def test_a_secondary_that_lags_is_the_one_that_is_named(estate: Estate) -> None:
    estate.dns2.lag = 3600.0
    estate.call(estate.dns1.replace, "mail.example.com", "A", [SOURCE])
    said = estate.said()
    assert (said["dns1", "mail.example.com A"], said["dns2", "mail.example.com A"]) == ("source", "target")


@pytest.mark.parametrize("fault", ["lame", "refused"])
def test_a_server_that_is_no_authority_proves_nothing(estate: Estate, fault: str) -> None:
    estate.call(estate.dns2.set_fault, fault)
    said = estate.said()
    assert {says for (of, _name), says in said.items() if of == "dns2"} == {"unreachable"}
    assert {says for (of, _name), says in said.items() if of == "dns1"} == {"target"}


def test_a_silent_server_is_not_waited_for_twice(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    definition = estate.definition()
    silent = {"kind": "dns", "of": "dns2", "says": "unreachable", "msg": "no answer"}
    before = estate.dns2.messages
    seen = look_at_records(definition, guards_of(definition, estate.fold), [silent], CLOCK)
    assert silent in seen and estate.dns2.messages == before


def test_where_the_zones_can_not_be_asked_for_their_name_servers_that_is_said(estate: Estate) -> None:
    definition = estate.definition()
    definition["dns"].update(discover=True, servers=definition["dns"]["servers"][:1])
    definition["dns"]["servers"][0]["port"] = 1  # nothing listens there
    seen = look_at_records(definition, guards_of(definition, estate.fold), [], CLOCK)
    assert [(one["of"], one["says"]) for one in seen] == [("the zones' own name servers", "unreachable"), ("dns1", "unreachable")]


# Zones that are divided among the listed servers


class Divided(t.NamedTuple):
    """dns1 has example.com alone and rev1 the reverse zone; dns2 is another controller of example.com, which only the zone names."""

    estate: Estate
    dns2: DnsServer
    rev1: DnsServer

    def said(self, **more: t.Any) -> dict[tuple[str, str], str]:
        return self.estate.said(self.estate.dns1, self.rev1, **more)


@pytest.fixture
def divided() -> Iterator[Divided]:
    estate = Estate()
    records = [*example.FORWARD["records"], {"name": "rev1", "type": "A", "values": ["127.0.53.3"]}]
    estate.dns1 = example.primary({**example.FORWARD, "records": records})
    dns2 = example.primary({**example.FORWARD, "servers": {"dns2.example.com": example.SECOND, **example.SERVERS}})
    dns2.address, dns2.name = example.SECOND, "dns2"
    rev1 = DnsServer("127.0.53.3", 0, [Zone.from_dict({**example.REVERSE, "servers": {"rev1.example.com.": "127.0.53.3"}})], name="rev1")
    for server in (estate.dns1, dns2):
        server.replace("mail.example.com", "A", [TARGET])
    rev1.replace("22.0.1.127.in-addr.arpa", "PTR", ["exch2.example.com.", "mail.example.com."])
    with one_port(estate.dns1, dns2, rev1) as call:
        estate.call = call
        yield Divided(estate, dns2, rev1)


def test_each_server_is_asked_for_what_lies_in_its_own_zones(divided: Divided) -> None:
    """Else each of them would be warned of for ever, for the zone that it has never had."""
    assert divided.said() == {("dns1", "mail.example.com A"): "target", ("rev1", POINTER): "target"}


def test_a_source_that_registers_at_a_controller_that_only_the_zone_names_is_seen(divided: Divided) -> None:
    divided.estate.call(divided.dns2.replace, "mail.example.com", "A", [SOURCE])
    said = divided.said(discover=True)
    assert said == {("dns1", "mail.example.com A"): "target", ("dns2.example.com", "mail.example.com A"): "source", ("rev1", POINTER): "target"}


def test_a_name_that_nobody_serves_keeps_no_zone_from_naming_its_servers(divided: Divided) -> None:
    """It is asked for at each listed server, which says that it can't tell."""
    divided.estate.fold.runs["run-1"].images["dns"]["mail.example.net A"] = {"after": {"values": [TARGET], "ttl": 60}}
    divided.estate.call(divided.dns2.replace, "mail.example.com", "A", [SOURCE])
    said = divided.said(discover=True)
    assert said["dns2.example.com", "mail.example.com A"] == "source"
    assert {of: says for (of, name), says in said.items() if name == "mail.example.net A"} == {"dns1": "unreachable", "rev1": "unreachable"}


def test_a_first_server_that_is_known_to_be_silent_is_not_waited_for_to_find_the_zones(divided: Divided) -> None:
    definition = divided.estate.definition(divided.estate.dns1, divided.rev1, divided.dns2)
    before = divided.estate.dns1.messages
    silent = {"kind": "dns", "of": "dns1", "says": "unreachable", "msg": "no answer"}
    seen = look_at_records(definition, guards_of(definition, divided.estate.fold), [silent], CLOCK)
    assert divided.estate.dns1.messages == before
    assert {(one["of"], one.get("name", "")): one["says"] for one in seen} == {
        ("dns1", ""): "unreachable",
        ("rev1", POINTER): "target",
        ("dns2", "mail.example.com A"): "target",
    }
