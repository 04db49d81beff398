# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A domain controller that lacks a change is told to replicate the entry; test_update_dns_verification.py has NOTIFY, tests/real_servers a directory."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _dns_telling
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import update_dns as module_function
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_telling import Telling
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ldap
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import TsigKey
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock
from ansible_collections.continuity.identity_failover.tests.unit.ldap_peer import FakeSeal, Peer
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import entry, one_port, task

CLOCK = SystemClock()
ZONE = "example.com"
SERVICE = "CN=NTDS Settings,CN={},CN=Servers,CN=Main,CN=Sites,CN=Configuration,DC=example,DC=com"
CONTAINER = "CN=MicrosoftDNS,DC=DomainDnsZones,DC=example,DC=com"
MAIL = f"DC=mail,DC={ZONE},{CONTAINER}"


class OfTheDomain(TsigAuth):
    """Signs with a key, which the embedded name servers know, and is known to the directory: Kerberos is in tests/real_servers."""

    shared = False
    account = Account("failover@EXAMPLE.COM", password="of-the-account")


AUTH = OfTheDomain(TsigKey.from_text("failover-key", example.SECRET, "hmac-sha256"), CLOCK)


class Domain:
    """The directories of two name servers."""

    def __init__(self, *peers: Peer) -> None:
        self.dc1, self.dc2 = peers
        for number, peer in enumerate(peers, 1):
            peer.entries[""]["dsservicename"] = [SERVICE.format(f"DC{number}").encode()]
            peer.entries[f"DC={ZONE},{CONTAINER}".lower()] = {"dnsproperty": []}

    @property
    def told(self) -> list[str]:
        """What dc2 was told to fetch."""
        return [value.decode() for value in self.dc2.entries[""].get("replicatesingleobject", [])]


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[Domain]:
    with Peer().serving() as one, Peer().serving() as two:
        ports = {"dc1": one.port, "dns1": one.port, "dc2": two.port, "dns2": two.port}
        monkeypatch.setattr(_dns_telling, "KerberosSeal", FakeSeal)
        monkeypatch.setattr(_dns_telling, "GssAuth", OfTheDomain)
        monkeypatch.setattr(_dns_telling, "controller", lambda server: Controller("127.0.0.1", ports[server.endpoint.name], server.endpoint.name))
        yield Domain(one, two)


DC1, DC2 = (NameServer(Endpoint("127.0.0.1", 53, name), CLOCK) for name in ("dc1", "dc2"))


@pytest.fixture
def tell(domain: Domain) -> Iterator[t.Callable[..., str]]:
    telling = Telling(AUTH, lambda zone: DC1, CLOCK)
    yield lambda *names: telling(DC2, ZONE, names)
    telling.close()


def test_the_entries_are_replicated_from_the_controller_that_was_written_each_once(domain: Domain, tell: t.Callable[..., str]) -> None:
    assert tell("mail.example.com", "example.com", "mail.example.com") == "accepted"
    apex = f"DC=@,DC={ZONE},{CONTAINER}"
    assert domain.told == [f"{SERVICE.format('DC1')}:{MAIL}", f"{SERVICE.format('DC1')}:{apex}"]
    assert not any(line.startswith("change") for line in domain.dc1.seen)


@pytest.mark.parametrize(("code", "said"), [(ldap.ACCESS_DENIED, "refused (the account may not)"), (53, "refused (LDAP code 53)"), (ldap.SUCCESS, "accepted")])
def test_a_refusal_is_told_with_its_code(domain: Domain, tell: t.Callable[..., str], code: int, said: str) -> None:
    domain.dc2.refuse_changes = {"": code} if code else {}
    assert tell("mail.example.com") == said


def test_a_name_that_the_directory_does_not_keep_is_not_asked_for(domain: Domain, tell: t.Callable[..., str]) -> None:
    del domain.dc1.entries[f"DC={ZONE},{CONTAINER}".lower()]
    assert tell("mail.example.com") == "refused (dc1 does not keep the names in its directory)"
    assert domain.told == []


def test_a_server_without_a_directory_is_asked_once(domain: Domain, tell: t.Callable[..., str]) -> None:
    domain.dc2.known = False
    assert [tell("mail.example.com"), tell("mail.example.com")] == ["refused (the account may not)"] * 2
    assert domain.dc2.seen == ["read "], "the root, for the name of the ticket, and no second logon"


def test_a_slow_controller_is_not_waited_for_with_every_name(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users wait behind it, and the lease does."""
    clock = FakeClock()
    monkeypatch.setattr(domain.dc2, "before_change", lambda: setattr(clock, "elapsed", clock.elapsed + 2.0))
    telling = Telling(AUTH, lambda zone: DC1, clock)
    assert telling(DC2, ZONE, [f"h{number}.example.com" for number in range(100)]) == "accepted for 2 of 100 names"
    telling.close()


def test_a_silent_controller_is_no_obstacle(domain: Domain, tell: t.Callable[..., str]) -> None:
    domain.dc2.raw = b"\xff\xff"
    assert tell("mail.example.com") == "no answer"


def test_a_controller_that_would_have_the_change_in_a_minute_has_it_at_once(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without being told dns2 would have it long behind the time that the task waits."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=60.0)
    monkeypatch.setattr(module_function, "_auth", lambda *_options: AUTH)
    with one_port(dns1, dns2) as call:
        domain.dc2.before_change = lambda: call(dns2.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
        result = task([entry(dns1)], verify_servers=[entry(dns2)], require="all")
        assert not result.failed, result.msg
        assert result.extra["servers"]["dns2"]["notified"] == {ZONE: "accepted"} and domain.told == [f"{SERVICE.format('DC1')}:{MAIL}"]
