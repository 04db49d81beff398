# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import dns.rdatatype
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.model.resolver import (
    NO_SUCH_NAME,
    SUCCESS,
    Answer,
    NameServer,
    Record,
    Resolver,
    hosts_file_text,
    read_hosts_file,
)

from .support import TestWorld

NAME = "mail.example.com"


class CountingResolver(Resolver):
    """Its servers answer what the test says."""

    def __init__(self, world: TestWorld, **options: object) -> None:
        super().__init__(world, "ws001", "127.77.110.1", [NameServer("dns1", "127.77.53.1", 53)], **options)  # type: ignore[arg-type]
        self.asked = 0
        self.address = "127.77.20.21"
        self.ttl = 300

    async def ask_servers(self, name: str, kind: str = "A", servers: Sequence[NameServer] | None = None) -> Answer:
        self.asked += 1
        if not self.address:
            return Answer(NO_SUCH_NAME, (), "server", "dns1", min(self.negative_ttl, 30))
        return Answer(SUCCESS, (Record(name, dns.rdatatype.A, self.ttl, self.address),), "server", "dns1", self.ttl)


def ask(resolver: Resolver, name: str = NAME) -> Answer:
    return asyncio.run(resolver.ask(name))


def test_an_answer_is_kept_for_its_ttl_and_not_longer() -> None:
    world = TestWorld()
    resolver = CountingResolver(world)
    assert ask(resolver).addresses() == ["127.77.20.21"]
    resolver.address = "127.77.20.22"
    world.clock.advance(299)
    assert (ask(resolver, "MAIL.example.com.").addresses(), resolver.asked) == (["127.77.20.21"], 1)
    world.clock.advance(1)
    assert (ask(resolver).addresses(), resolver.asked) == (["127.77.20.22"], 2)


def test_that_a_name_is_absent_is_kept_too_for_a_shorter_time() -> None:
    world = TestWorld()
    resolver = CountingResolver(world, negative_ttl=5)
    resolver.address = ""
    assert ask(resolver).status == NO_SUCH_NAME
    resolver.address = "127.77.20.21"
    assert ask(resolver).status == NO_SUCH_NAME
    world.clock.advance(5)
    assert ask(resolver).status == SUCCESS


def test_clearing_forgets_what_servers_said_and_keeps_what_the_hosts_file_says() -> None:
    world = TestWorld()
    resolver = CountingResolver(world)
    resolver.hosts_file["pinned.example.com"] = "127.77.20.99"
    ask(resolver)
    assert [entry.name for entry in resolver.entries()] == ["pinned.example.com", NAME]
    resolver.clear()
    assert [entry.name for entry in resolver.entries()] == ["pinned.example.com"]
    assert ask(resolver, "pinned.example.com").source == "hosts"
    assert world.seen.effects("cache_cleared") == [{"kind": "effect", "host": "ws001", "effect": "cache_cleared", "entries": 1}]


def test_a_stubborn_cache_never_expires_but_can_be_cleared() -> None:
    world = TestWorld()
    resolver = CountingResolver(world, stubborn="ttl")
    ask(resolver)
    world.clock.advance(100_000)
    assert ask(resolver).source == "cache"
    resolver.clear()
    assert ask(resolver).source == "server"


def test_a_stubborn_application_keeps_its_first_address_whatever_is_cleared() -> None:
    world = TestWorld()
    resolver = CountingResolver(world, stubborn="application")
    assert asyncio.run(resolver.ask_as_application(NAME)).addresses() == ["127.77.20.21"]
    resolver.address = "127.77.20.22"
    resolver.clear()
    assert asyncio.run(resolver.ask_as_application(NAME)).addresses() == ["127.77.20.21"]
    assert ask(resolver).addresses() == ["127.77.20.22"]
    resolver.restart()
    assert asyncio.run(resolver.ask_as_application(NAME)).addresses() == ["127.77.20.22"]


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,8}\.example\.com", fullmatch=True), st.sampled_from(["127.1.2.3", "127.1.2.4"]), max_size=6))
def test_a_hosts_file_is_read_as_it_was_written(entries: dict[str, str]) -> None:
    assert read_hosts_file("# a comment\r\n" + hosts_file_text(entries)) == entries
