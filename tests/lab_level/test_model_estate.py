# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The default estate on real sockets: what users reach while machines die, return, and fight for an address or a name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, LabError
from ansible_collections.continuity.identity_failover.tests.lab.model.estate import LabEstate, load_estate
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.network import LabNetwork
from ansible_collections.continuity.identity_failover.tests.lab.trace import FileTrace

MAIL = "mail.example.com"
STANDARD = "root/StandardCimv2"


class Running:
    def __init__(self, estate: LabEstate, network: LabNetwork, trace: FileTrace) -> None:
        self.estate, self.network, self.trace = estate, network, trace

    def host(self, name: str) -> Host:
        return self.estate.hosts[name]

    def serving(self, name: str) -> list[str]:
        application = self.host(name).application
        return application.serving() if application is not None else []

    async def ask(self, client: str = "ws001", name: str = MAIL) -> dict[str, JSON]:
        found: dict[str, JSON] = await self.estate.control("ask", {"client": client, "name": name})
        return found

    async def until(self, true: Callable[[], Any]) -> None:
        await self.estate.wait_until(lambda: bool(true()), 10.0)
        assert true()

    def effects(self, name: str) -> list[dict[str, JSON]]:
        return [record for record in self.trace.records(0, "effect") if record["effect"] == name]

    async def add(self, host: str, address: str) -> None:
        arguments = {"InterfaceIndex": "7", "IPAddress": address, "PrefixLength": "24", "SkipAsSource": "true"}
        await self.host(host).cim.invoke(STANDARD, "MSFT_NetIPAddress", "Create", None, arguments)

    async def take_over(self) -> None:
        """What a failover does on exch2, without the module under test."""
        stand_in = self.host("exch2")
        for service in ("MSExchangeIS", "MSExchangeTransport"):
            assert stand_in.services.start(service) == 0
        await self.until(lambda: stand_in.services.running("MSExchangeIS") and stand_in.services.running("MSExchangeTransport"))
        database = self.estate.store.find("DB01-DR")
        assert database is not None
        self.estate.store.start_mount(database)
        await self.until(lambda: database.mounted)


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Running]:
    network, trace = LabNetwork(), FileTrace(None)
    estate = load_estate("default", network=network, trace=trace, engine=None, **options)
    await estate.start()
    try:
        yield Running(estate, network, trace)
    finally:
        await estate.stop()
        await network.close_all()


def test_users_reach_the_source_and_after_its_death_nobody_until_the_address_is_taken_over() -> None:
    async def check() -> None:
        async with running() as lab:
            assert (await lab.ask())["answered_by"] == "EXCH1"
            address = lab.network.address(20, 21)
            await lab.estate.control("kill", {"host": "exch1"})
            assert (await lab.ask())["answered_by"] is None
            await lab.add("exch2", address)
            await lab.take_over()
            await lab.until(lambda: address in lab.serving("exch2"))
            reached = await lab.ask()
            assert (reached["answered_by"], reached["address"]) == ("EXCH2", address)

    asyncio.run(check())


def test_a_record_that_moved_is_seen_after_a_flush_and_not_before() -> None:
    async def check() -> None:
        async with running(lag=0.0) as lab:
            assert (await lab.ask())["source"] == "server"
            await lab.estate.control("kill", {"host": "exch1"})
            await lab.take_over()
            lab.estate.dns["dns1"].replace(MAIL, "A", [lab.network.address(20, 22)], 60)
            assert (await lab.ask())["source"] == "cache"
            assert (await lab.ask())["answered_by"] is None
            await lab.host("ws001").cim.invoke(STANDARD, "MSFT_DNSClientCache", "Clear", None, {})
            reached = await lab.ask()
            assert (reached["source"], reached["answered_by"]) == ("server", "EXCH2")

    asyncio.run(check())


def test_a_source_that_returns_registers_its_names_again() -> None:
    async def check() -> None:
        async with running() as lab:
            source, primary = lab.network.address(20, 21), lab.estate.dns["dns1"]
            await lab.estate.control("kill", {"host": "exch1"})
            primary.replace(MAIL, "A", [lab.network.address(20, 22)], 60)
            await lab.estate.control("return", {"host": "exch1"})
            await primary.wait_for(lambda server: server.lookup(MAIL, "A") == [source])
            await lab.until(lambda: lab.serving("exch1"))

    asyncio.run(check())


def test_a_source_whose_registration_is_off_leaves_the_record_alone() -> None:
    async def check() -> None:
        async with running() as lab:
            primary = lab.estate.dns["dns1"]
            host = lab.host("exch1")
            keys = {"CreationClassName": "", "SystemCreationClassName": "", "SystemName": "", "Name": "7"}
            await host.cim.put(STANDARD, "MSFT_DNSClient", keys, {"RegisterThisConnectionsAddress": "false"})
            await lab.estate.control("kill", {"host": "exch1"})
            primary.replace(MAIL, "A", [lab.network.address(20, 22)], 60)
            await lab.estate.control("return", {"host": "exch1"})
            await lab.until(lambda: host.addresses)
            assert await lab.estate.control("register", {"host": "exch1"}) == {"host": "exch1", "names": {}}
            assert primary.lookup(MAIL, "A") == [lab.network.address(20, 22)]

    asyncio.run(check())


def test_a_returning_source_finds_its_address_taken() -> None:
    async def check() -> None:
        async with running() as lab:
            address = lab.network.address(20, 21)
            await lab.estate.control("kill", {"host": "exch1"})
            await lab.add("exch2", address)
            await lab.until(lambda: address in lab.host("exch2").addresses)
            await lab.estate.control("return", {"host": "exch1"})
            await lab.until(lambda: lab.effects("address_duplicate"))
            assert lab.effects("address_duplicate")[0]["host"] == "exch1"
            assert address not in lab.host("exch1").addresses

    asyncio.run(check())


def test_behind_a_cut_two_machines_believe_that_they_own_the_address() -> None:
    async def check() -> None:
        async with running() as lab:
            address = lab.network.address(20, 21)
            lab.network.cut("exch1", "exch2")
            await lab.add("exch2", address)
            await lab.until(lambda: address in lab.host("exch2").addresses)
            assert address in lab.host("exch1").addresses
            await lab.take_over()
            await lab.until(lambda: lab.effects("address_conflict"))
            assert (await lab.ask())["answered_by"] == "EXCH1"

    asyncio.run(check())


def test_written_items_are_numbered_on_the_side_that_took_them() -> None:
    async def check() -> None:
        async with running() as lab:
            first = await lab.estate.control("write", {"client": "ws001", "name": MAIL})
            second = await lab.estate.control("write", {"client": "ws002", "name": MAIL})
            assert (second["item"], second["accepted"]) == (first["item"] + 1, first["accepted"] + 1)
            await lab.until(lambda: lab.effects("data_replicated"))
            target = lab.estate.store.find("DB01-DR")
            await lab.until(lambda: target is not None and second["item"] in target.data.items)

    asyncio.run(check())


def test_a_client_behind_a_cut_reaches_neither_its_name_server_nor_the_application() -> None:
    async def check() -> None:
        async with running() as lab:
            lab.network.cut("ws001", "exch1")
            assert (await lab.ask())["error"] == "no connection (TimeoutError)"
            assert (await lab.ask("ws002"))["answered_by"] == "EXCH1"

    asyncio.run(check())


def test_the_store_going_down_closes_the_door() -> None:
    async def check() -> None:
        async with running() as lab:
            await lab.estate.control("service_dies", {"host": "exch1", "service": "MSExchangeIS"})
            await lab.until(lambda: not lab.serving("exch1"))
            assert (await lab.ask())["error"] == "no connection (ConnectionRefusedError)"

    asyncio.run(check())


def test_wrong_verbs_and_names_are_one_sentence() -> None:
    async def check() -> None:
        async with running() as lab:
            for verb, arguments in (
                ("nothing", {}),
                ("kill", {"host": "nobody"}),
                ("ask", {"client": "nobody", "name": MAIL}),
                ("service_dies", {"host": "exch1", "service": "nothing"}),
                ("service", {"host": "exch1", "service": "MSExchangeIS", "nothing": 1}),
                ("replication", {"link": "mail", "action": "nothing"}),
                ("dns_fault", {"server": "dns1", "kind": "nothing"}),
                ("database", {"name": "nothing"}),
            ):
                with pytest.raises(LabError):
                    await lab.estate.control(verb, arguments)

    asyncio.run(check())


def test_a_thousand_clients_are_there_at_once() -> None:
    async def check() -> None:
        async with running(clients=1000) as lab:
            assert len(lab.estate.hosts) == 1004
            assert (await lab.ask("ws1000"))["answered_by"] == "EXCH1"

    asyncio.run(check())
