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

    def definition(self) -> dict[str, t.Any]:
        servers = [{"address": one.address, "port": one.port, "name": one.name} for one in (self.dns1, self.dns2)]
        repoint = {"from": [SOURCE], "to": [TARGET], "names": ["mail.example.com"], "ptr": True}
        dns = {"servers": servers, "credential": "dns", "repoint": repoint}
        return normalise({"source": {"host": "exch1"}, "target": {"host": "exch2"}, "dns": dns})

    def set(self, name: str, rdtype: str, *values: str) -> None:
        self.call(self.dns1.replace, name, rdtype, values)
        self.call(self.dns2.wait_for, lambda server: server.lookup(name, rdtype) == sorted(values))

    def failed_over(self) -> None:
        self.set("mail.example.com", "A", TARGET)
        self.set("22.0.1.127.in-addr.arpa", "PTR", "exch2.example.com.", "mail.example.com.")

    def said(self) -> dict[tuple[str, str], str]:
        definition = self.definition()
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
