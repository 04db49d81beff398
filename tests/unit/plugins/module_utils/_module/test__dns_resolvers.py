# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clients' resolvers as update_dns has them: real caches between it and the name server."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit.caching_resolver import CachingResolver
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import MAIL, CountingClock, entry, not_waited_for, task

ADDRESS = "127.0.53.8"
NAME = "mail.example.com A"


@pytest.fixture
def dns1() -> Iterator[DnsServer]:
    made = example.primary()
    with background(made):
        yield made


def change(dns1: DnsServer, resolver: CachingResolver, clock: CountingClock | None = None, **options: t.Any) -> t.Any:
    return task([entry(dns1)], clock, resolvers=[resolver.entry("resolver1")], **options)


@pytest.mark.parametrize("tcp", [True, False])
def test_an_old_value_in_a_resolver_s_cache_is_waited_for(dns1: DnsServer, tcp: bool) -> None:
    """Its clients got the old value just before; it lasts for 600 s of 1 ms each here, in the time of the task's clock."""
    clock = CountingClock()
    with CachingResolver(ADDRESS, dns1, tcp=tcp, lasts=0.001, now=clock.monotonic) as resolver:
        resolver.fill("mail.example.com", "A")
        result = change(dns1, resolver, clock)
        assert not result.failed, result.msg
        assert sum(clock.waits) >= 0.6 and resolver.asked[NAME] > 2
        assert (result.extra["resolvers"]["resolver1"]["status"], result.extra["resolvers"]["resolver1"]["held"]) == ("ok", 0)


def test_a_cache_that_outlasts_the_wait_fails_and_tells_for_how_long(dns1: DnsServer) -> None:
    with CachingResolver(ADDRESS, dns1) as resolver:
        resolver.fill("mail.example.com", "A")
        result = change(dns1, resolver, verify_timeout=0.3)
        outcome = result.outcomes[0]
        assert (result.failed, outcome.status, outcome.reason, outcome.changed) == (True, "unconfirmed", "resolver_not_converged", True)
        assert f"resolver1 ({ADDRESS} port {resolver.port}) still gives 127.1.0.21, which its cache may hold for up to " in outcome.msg
        facts = result.extra["resolvers"]["resolver1"]
        assert (facts["status"], facts["names"]) == ("wrong", {"wrong": [NAME]}) and 590 <= facts["held"] <= 600
        assert result.extra["servers"]["dns1"]["status"] == "ok"
        again = change(dns1, resolver, verify_timeout=0.3)
        assert again.failed and again.outcomes[0].status == "unconfirmed", "what its clients do not see is not called already done"


def test_a_name_that_was_missed_before_it_was_there_is_held_too(dns1: DnsServer) -> None:
    """A negative answer is cached as well, for the zone's negative TTL."""
    with CachingResolver(ADDRESS, dns1) as resolver:
        resolver.fill("new.example.com", "A")
        result = change(dns1, resolver, records=[{**MAIL, "name": "new.example.com"}], verify_timeout=0.2)
        assert result.outcomes[0].reason == "resolver_not_converged" and "still gives no such record" in result.outcomes[0].msg
        assert 0 < result.extra["resolvers"]["resolver1"]["held"] <= 300


def test_a_resolver_is_not_asked_before_the_change_as_it_would_keep_the_old_value(dns1: DnsServer) -> None:
    with CachingResolver(ADDRESS, dns1) as resolver:
        seen: list[int] = []
        dns1._trace = lambda kind, server, **data: seen.append(resolver.asked[NAME]) if data.get("opcode") == "UPDATE" else None
        assert change(dns1, resolver, check_mode=True).changed and resolver.asked[NAME] == 0
        clock = CountingClock()
        result = change(dns1, resolver, clock)
        assert not result.failed and sum(clock.waits) < 5
        assert (seen, resolver.asked[NAME]) == ([0], 1)
        assert not change(dns1, resolver).changed and resolver.asked[NAME] == 2


@pytest.mark.parametrize("require", ["primary", 1])
def test_where_resolvers_do_not_count_they_are_not_asked(dns1: DnsServer, require: t.Any) -> None:
    with CachingResolver(ADDRESS, dns1) as resolver:
        resolver.fill("mail.example.com", "A")
        result = change(dns1, resolver, require=require)
        assert not result.failed and resolver.asked[NAME] == 1
        assert result.extra["resolvers"] == {}


@pytest.mark.parametrize(("require", "failed"), [("reachable", False), ("all", True)])
def test_a_resolver_that_does_not_answer_is_named(dns1: DnsServer, monkeypatch: pytest.MonkeyPatch, require: str, failed: bool) -> None:
    not_waited_for(monkeypatch, ADDRESS)
    with CachingResolver(ADDRESS, dns1) as resolver:
        resolver.silent = True
        result = change(dns1, resolver, CountingClock(), require=require, verify_timeout=2.0)
        assert result.failed is failed
        assert result.extra["resolvers"]["resolver1"]["status"] == "unreachable"
        assert any("clients' resolver resolver1 did not answer 1 record sets" in warning for warning in result.warnings)
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]


@pytest.mark.parametrize("rcode", ["REFUSED", "SERVFAIL"])
@pytest.mark.parametrize(("require", "failed"), [("reachable", False), ("all", True)])
def test_a_resolver_that_serves_others_only_is_passed_over_and_owes(dns1: DnsServer, require: str, failed: bool, rcode: str) -> None:
    """A controller is seldom on the list of those whom a resolver serves."""
    with CachingResolver(ADDRESS, dns1) as resolver:
        resolver.rcode = rcode
        clock = CountingClock()
        result = change(dns1, resolver, clock, require=require, verify_timeout=30.0)
        assert result.failed is failed and sum(clock.waits) < 5.0
        assert resolver.asked[NAME] == 3
        assert [(debt["server"], debt["status"], debt["records"]) for debt in result.extra["debts"]] == [("resolver1", "unreachable", [NAME])]
        assert any("clients' resolver resolver1 did not answer 1 record sets" in warning for warning in result.warnings)


def test_a_resolver_that_refuses_one_moment_is_asked_until_it_answers(dns1: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with CachingResolver(ADDRESS, dns1) as resolver:
        resolver.rcode = "SERVFAIL"
        answer = resolver._answer

        def recovers(wire: bytes) -> bytes:
            resolver.rcode = resolver.rcode if resolver.asked[NAME] < 2 else ""
            return answer(wire)

        monkeypatch.setattr(resolver, "_answer", recovers)
        result = change(dns1, resolver)
        assert not result.failed and result.extra["debts"] == []
        assert result.extra["resolvers"]["resolver1"]["status"] == "ok"
