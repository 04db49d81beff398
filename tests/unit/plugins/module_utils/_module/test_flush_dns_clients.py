# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, DeadlineExceeded, InvalidInput, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _resolvers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import flush_dns_clients as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from tests.unit.fakes import FakeClock, FakeHosts, FakeSession

OLD, NEW = "10.0.0.21", "10.0.1.21"
DNS1, DNS2 = "10.0.0.10", "10.0.1.10"
EXPECT = [{"name": "Mail.example.com.", "type": "A", "values": [NEW]}]


class Resolvers:
    """Name servers that change to the new value after some questions; None = never, an error = silent."""

    def __init__(self, **after: t.Any) -> None:
        self.after = {name.replace("_", "."): value for name, value in after.items()}
        self.asked: list[tuple[str, int, str, str]] = []
        self.lock = threading.Lock()

    def __call__(self, address: str, port: int, name: str, record_type: str, timeout: float, clock: Clock) -> list[str]:
        with self.lock:
            self.asked.append((address, port, name, record_type))
            count = sum(1 for one in self.asked if one[0] == address)
        after = self.after["r" + address]
        if isinstance(after, Exception):
            raise after
        return [NEW] if after is not None and count > after else [OLD]


@pytest.fixture
def resolvers(monkeypatch: pytest.MonkeyPatch) -> Resolvers:
    found = Resolvers(r10_0_0_10=2, r10_0_1_10=5)
    monkeypatch.setattr(_resolvers, "lookup", found)
    return found


def client(name: str, entries: list[dict[str, t.Any]] | None = None) -> FakeSession:
    return FakeSession(
        name,
        instances={("root/StandardCimv2", "MSFT_DNSClientCache"): entries or []},
        methods={("MSFT_DNSClientCache", "Clear"): lambda session, keys, arguments: {"ReturnValue": 0}},
    )


def estate(count: int = 4) -> tuple[list[str], FakeHosts]:
    """Half of the clients ask one name server, half the other."""
    names = [f"ws{number:03}" for number in range(count)]
    settings = {name: ConnectionSettings(name, "127.0.0.1", resolver=(DNS1, DNS2)[number % 2]) for number, name in enumerate(names)}
    return names, FakeHosts(named=[client(name) for name in names], settings=settings)


def flush(names: list[str], hosts: FakeHosts, *, check_mode: bool = False, clock: FakeClock | None = None, **options: t.Any) -> Result:
    spec = module.flush_dns_clients_spec().argument_spec
    params = {name: option.get("default") for name, option in spec.items()}
    return module.flush_dns_clients({**params, "clients": names, **options}, hosts, clock or FakeClock(), check_mode=check_mode)


def clears(hosts: FakeHosts, name: str) -> int:
    return len(hosts.named(name).calls_of("invoke"))


def test_every_client_costs_one_request(resolvers: Resolvers) -> None:
    names, hosts = estate(60)
    result = flush(names, hosts, expect=EXPECT, dns_port=5353)
    assert (result.failed, result.changed) == (False, True)
    assert [outcome.status for outcome in result.outcomes] == ["done"] * 60
    assert [outcome.name for outcome in result.outcomes] == names
    assert all(len(hosts.named(name).calls) == 1 for name in names)
    roll_call = result.extra["roll_call"]
    assert roll_call.pop("last_after") >= 2.5, "dns2 has the new value at its sixth answer, half a second apart"
    assert roll_call == {"expected": 60, "answered": 60, "failed": [], "skipped": 0}


def test_each_resolver_is_asked_once_for_all_of_its_clients(resolvers: Resolvers) -> None:
    names, hosts = estate(60)
    flush(names, hosts, expect=EXPECT, dns_port=5353)
    assert sorted(set(resolvers.asked)) == [(DNS1, 5353, "mail.example.com", "A"), (DNS2, 5353, "mail.example.com", "A")]
    assert len(resolvers.asked) == 3 + 6


def test_without_expectations_no_resolver_is_asked(resolvers: Resolvers) -> None:
    names, hosts = estate()
    assert not flush(names, hosts).failed
    assert resolvers.asked == []


@pytest.mark.parametrize(("answer", "reason"), [(None, "resolver_not_converged"), (DeadlineExceeded("silence"), "deadline_exceeded")])
def test_a_client_whose_resolver_has_the_old_value_is_left_alone(resolvers: Resolvers, answer: t.Any, reason: str) -> None:
    resolvers.after["r" + DNS2] = answer
    names, hosts = estate()
    result = flush(names, hosts, expect=EXPECT, resolver_timeout=10.0)
    assert result.failed and result.reason == reason
    assert [outcome.status for outcome in result.outcomes] == ["done", "failed", "done", "failed"]
    assert [clears(hosts, name) for name in names] == [1, 0, 1, 0]
    assert DNS2 in result.outcomes[1].msg and "only take the old value again" in result.outcomes[1].msg
    assert [entry["name"] for entry in result.extra["roll_call"]["failed"]] == ["ws001", "ws003"]


def test_waiting_for_a_resolver_is_bounded(resolvers: Resolvers) -> None:
    resolvers.after["r" + DNS2] = None
    clock = FakeClock()
    names, hosts = estate()
    flush(names, hosts, clock=clock, expect=EXPECT, resolver_timeout=10.0)
    assert clock.elapsed <= 12.0


def test_a_client_without_a_known_resolver_is_asked_for_it(resolvers: Resolvers) -> None:
    hosts = FakeHosts(named=[client("a"), client("b")], settings={name: ConnectionSettings(name, "127.0.0.1") for name in "ab"})
    servers = ("root/StandardCimv2", "MSFT_DNSClientServerAddress")
    hosts.named("a").instances[servers] = [{"AddressFamily": 2, "InterfaceIndex": 4, "ServerAddresses": [DNS1]}]
    hosts.named("b").instances[servers] = []
    result = flush(["a", "b"], hosts, expect=EXPECT)
    assert [outcome.status for outcome in result.outcomes] == ["done", "failed"]
    assert result.outcomes[1].reason == "resolver_unknown" and "failover_resolver" in result.outcomes[1].msg
    assert {asked[0] for asked in resolvers.asked} == {DNS1}


def test_a_few_dead_clients_may_be_allowed(resolvers: Resolvers) -> None:
    names, hosts = estate(20)
    hosts.named("ws003").failures["invoke"] = AccessDenied("ws003 says no")
    refused = flush(names, hosts)
    assert refused.failed and refused.reason == "access_denied"

    names, hosts = estate(20)
    hosts.named("ws003").failures["invoke"] = AccessDenied("ws003 says no")
    allowed = flush(names, hosts, max_failures=0.05)
    assert not allowed.failed and allowed.warnings
    assert allowed.outcomes[3].status == "skipped" and allowed.outcomes[3].reason == "access_denied"
    roll_call = allowed.extra["roll_call"]
    assert roll_call["failed"] == [{"name": "ws003", "reason": "access_denied", "msg": "ws003 says no"}]
    assert roll_call["expected"] == roll_call["answered"] + len(roll_call["failed"]) == 20


def test_a_client_that_was_silent_once_is_reached_in_the_end() -> None:
    names, hosts = estate(5)
    hosts.named("ws000").failures["invoke"] = Unreachable("silence")
    result = flush(names, hosts)
    assert not result.failed and clears(hosts, "ws000") == 2


def test_read_back_finds_a_cache_that_took_the_old_value_again(resolvers: Resolvers) -> None:
    names, hosts = estate(2)
    hosts.named("ws001").instances[("root/StandardCimv2", "MSFT_DNSClientCache")] = [
        {"Entry": "mail.example.com", "Name": "mail.example.com", "Type": 1, "Data": OLD}
    ]
    result = flush(names, hosts, expect=EXPECT, read_back=True)
    assert [outcome.status for outcome in result.outcomes] == ["done", "unconfirmed"]
    assert result.failed and result.reason == "stale_cache" and OLD in result.outcomes[1].msg


def test_check_mode_connects_to_nothing(resolvers: Resolvers) -> None:
    names, hosts = estate(3)
    result = flush(names, hosts, check_mode=True, expect=EXPECT)
    assert [outcome.status for outcome in result.outcomes] == ["predicted"] * 3
    assert result.changed and resolvers.asked == []
    assert all(hosts.named(name).calls == [] for name in names)
    assert result.extra["roll_call"]["skipped"] == 3


@pytest.mark.parametrize(("count", "details", "listed"), [(100, None, 100), (101, None, 1), (101, "all", 101)])
def test_very_many_clients_are_counted(count: int, details: str | None, listed: int) -> None:
    names, hosts = estate(count)
    hosts.named("ws007").failures["invoke"] = AccessDenied("no")
    shown = flush(names, hosts, details=details).as_dict(details or "all")
    assert len(shown["outcomes"]) == listed
    assert shown["counts"]["done"] == count - 1 and shown["counts"]["failed"] == 1


def test_a_client_named_twice_counts_once() -> None:
    names, hosts = estate(2)
    assert flush([*names, *names], hosts).extra["roll_call"]["expected"] == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"clients": []}, "clients names no host"),
        ({"workers": 0}, "workers must be more than 0"),
        ({"client_timeout": 0.0}, "client_timeout must be more than 0"),
        ({"max_failures": -1.0}, "max_failures must be 0 or more"),
        ({"expect": [{"name": "x", "type": "A", "values": []}]}, "expect names no value for x"),
    ],
)
def test_bad_input_gets_one_sentence(options: dict[str, t.Any], sentence: str) -> None:
    names, hosts = estate()
    with pytest.raises(InvalidInput, match=sentence):
        flush(options.pop("clients", names), hosts, **options)
