# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import functools
import threading
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, DeadlineExceeded, DnsRefused, InvalidInput, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _resolvers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import flush_dns_clients as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from tests.unit.fakes import FakeClock, FakeHosts, FakeSession

OLD, NEW = "10.0.0.21", "10.0.1.21"
DNS1, DNS2 = "10.0.0.10", "10.0.1.10"
EXPECT = [{"name": "Mail.example.com.", "type": "A", "values": [NEW]}]
WILDCARD = {"name": "*.example.com", "type": "A", "values": [NEW]}


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
        if after == "nothing":
            return []
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


def test_every_client_is_cleared_and_read_back_in_one_session(resolvers: Resolvers) -> None:
    names, hosts = estate(60)
    result = flush(names, hosts, expect=EXPECT, dns_port=5353)
    assert (result.failed, result.changed) == (False, True)
    assert [outcome.status for outcome in result.outcomes] == ["done"] * 60
    assert [outcome.name for outcome in result.outcomes] == names
    assert all([call[0] for call in hosts.named(name).calls] == ["invoke", "query"] for name in names)
    roll_call = result.extra["roll_call"]
    assert roll_call.pop("last_after") >= 2.5, "dns2 has the new value at its sixth answer, half a second apart"
    assert roll_call == {"expected": 60, "answered": 60, "failed": [], "skipped": 0, "not_read_back": []}


def test_without_reading_back_every_client_costs_one_request(resolvers: Resolvers) -> None:
    names, hosts = estate(3)
    result = flush(names, hosts, expect=EXPECT, read_back=False)
    assert all(len(hosts.named(name).calls) == 1 for name in names)
    assert result.extra["roll_call"]["not_read_back"] == names, "whose evidence is the host's return value alone"


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


class ClockOfEachThread(Clock):
    """Time that moves only for the thread that sleeps."""

    def __init__(self) -> None:
        self.own = threading.local()

    def now(self) -> datetime.datetime:
        return datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)

    def monotonic(self) -> float:
        return float(getattr(self.own, "elapsed", 0.0))

    def sleep(self, seconds: float) -> None:
        self.own.elapsed = self.monotonic() + seconds


def test_name_servers_that_never_have_it_take_no_time_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    never = [f"10.1.{number // 250}.{number % 250}" for number in range(_resolvers.MOST_AT_ONCE)]
    late = [f"10.9.0.{number}" for number in range(10)]
    monkeypatch.setattr(_resolvers, "lookup", Resolvers(**{**dict.fromkeys([f"r{one}" for one in never]), **{f"r{one}": 2 for one in late}}))
    expect = _resolvers.expected_records(EXPECT)
    outcomes = _resolvers.await_resolvers([((one,),) for one in (*never, *late)], 53, expect, 1.5, ClockOfEachThread())
    assert {outcome.adapters[0][0] for outcome in outcomes if not outcome.problem} == set(late), "each has its whole time, from its first question on"


def test_all_name_servers_are_asked_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(120)

    def lookup(*arguments: t.Any) -> list[str]:
        meeting.wait(60)
        return [NEW]

    monkeypatch.setattr(_resolvers, "lookup", lookup)
    lists = [((f"10.1.0.{number}",),) for number in range(120)]
    assert not any(outcome.problem for outcome in _resolvers.await_resolvers(lists, 53, _resolvers.expected_records(EXPECT), 5.0, FakeClock()))


def without_resolvers(servers: t.Mapping[str, list[str]]) -> FakeHosts:
    """Clients of whose name servers the inventory knows nothing; each says itself what it asks."""
    hosts = FakeHosts(named=[client(name) for name in servers], settings={name: ConnectionSettings(name, "127.0.0.1") for name in servers})
    for name, addresses in servers.items():
        rows = [{"AddressFamily": 2, "InterfaceIndex": 4, "ServerAddresses": addresses}] if addresses else []
        hosts.named(name).instances[("root/StandardCimv2", "MSFT_DNSClientServerAddress")] = rows
    return hosts


def test_a_client_without_a_known_resolver_is_asked_for_it(resolvers: Resolvers) -> None:
    hosts = without_resolvers({"a": [DNS1], "b": []})
    result = flush(["a", "b"], hosts, expect=EXPECT)
    assert [outcome.status for outcome in result.outcomes] == ["done", "failed"]
    assert result.outcomes[1].reason == "resolver_unknown" and "failover_resolver" in result.outcomes[1].msg
    assert {asked[0] for asked in resolvers.asked} == {DNS1}


def test_where_the_resolver_has_the_new_value_one_session_does_it_all(resolvers: Resolvers) -> None:
    resolvers.after["r" + DNS1] = 0
    names = [f"ws{number:03}" for number in range(40)]
    hosts = without_resolvers(dict.fromkeys(names, [DNS1]))
    ended: list[str] = []
    for name in names:
        t.cast("t.Any", hosts.named(name)).close = functools.partial(ended.append, name)
    result = flush(names, hosts, expect=EXPECT)
    assert not result.failed and len(resolvers.asked) == 1, "one question for all of its clients"
    assert all([call[0] for call in hosts.named(name).calls] == ["query", "invoke", "query"] for name in names)
    assert sorted(ended) == names


def test_a_silent_name_server_is_passed_over_for_the_next(resolvers: Resolvers) -> None:
    resolvers.after["r" + DNS1] = Unreachable("silence")
    hosts = without_resolvers({"a": [DNS1, DNS2], "b": [DNS1, DNS2]})
    result = flush(["a", "b"], hosts, expect=EXPECT)
    assert [outcome.status for outcome in result.outcomes] == ["done", "done"], "as Windows asks the second"
    resolvers.after["r" + DNS2] = Unreachable("silence")
    result = flush(["a"], without_resolvers({"a": [DNS1, DNS2]}), expect=EXPECT, resolver_timeout=5.0)
    assert result.failed and DNS1 in result.outcomes[0].msg and DNS2 in result.outcomes[0].msg


@pytest.mark.parametrize("silent", [0, 1])
def test_a_name_server_with_the_old_value_holds_back_whoever_comes_after(resolvers: Resolvers, silent: int) -> None:
    resolvers.after.update({"r" + DNS1: None, "r" + DNS2: 0, "r10.0.2.10": Unreachable("silence")})
    hosts = without_resolvers({"a": [*["10.0.2.10"] * silent, DNS1, DNS2]})
    result = flush(["a"], hosts, expect=EXPECT, resolver_timeout=5.0)
    assert (result.reason, clears(hosts, "a")) == ("resolver_not_converged", 0)
    assert DNS2 not in {asked[0] for asked in resolvers.asked}


SILENT, NOTHING, HAS, OLD_VALUE = Unreachable("silence"), "nothing", 0, None


@pytest.mark.parametrize(
    ("first", "second", "well"),
    [
        (HAS, HAS, True),
        (HAS, OLD_VALUE, False),
        (OLD_VALUE, HAS, False),
        (SILENT, HAS, True),
        (HAS, SILENT, True),
        (SILENT, OLD_VALUE, False),
        (SILENT, SILENT, False),
        (NOTHING, HAS, True),  # a network of its own, such as that of a storage adapter, knows nothing of the name
        (HAS, DnsRefused("REFUSED"), True),
        (NOTHING, NOTHING, False),
        (NOTHING, OLD_VALUE, False),
    ],
)
@pytest.mark.parametrize("waits", [False, True], ids=["at the first look", "after a wait"])
def test_the_name_servers_of_every_adapter_count(resolvers: Resolvers, first: t.Any, second: t.Any, well: bool, waits: bool) -> None:
    resolvers.after.update({"r" + DNS1: first, "r" + DNS2: second})
    if waits:
        resolvers.after.update({"r" + address: 1 for address in (DNS1, DNS2) if resolvers.after["r" + address] == HAS})
    hosts = without_resolvers({"a": []})
    hosts.named("a").instances[("root/StandardCimv2", "MSFT_DNSClientServerAddress")] = [
        {"AddressFamily": 2, "InterfaceIndex": index, "ServerAddresses": [address]} for index, address in ((4, DNS1), (7, DNS2))
    ]
    result = flush(["a"], hosts, expect=EXPECT, resolver_timeout=5.0)
    assert (not result.failed, clears(hosts, "a")) == (well, 1 if well else 0), result.outcomes[0].msg


@pytest.mark.parametrize("beside", [(), ((DNS1,),)], ids=["alone", "beside one that has both at the second look"])
@pytest.mark.parametrize(
    "looks",
    [
        [{"mail": [], "web": [OLD]}, {"mail": [], "web": [NEW]}],
        [{"mail": [NEW], "web": []}],
        [{"mail": [NEW], "web": DnsRefused("REFUSED")}],
        [{"mail": [OLD], "web": []}, {"mail": [NEW], "web": []}],
        [{"mail": [NEW], "web": SILENT}, {"mail": [NEW], "web": []}],
        [{"mail": [], "web": [NEW]}, {"mail": [], "web": SILENT}, {"mail": [], "web": [NEW]}],
    ],
)
def test_no_record_is_lost_over_the_looks(monkeypatch: pytest.MonkeyPatch, looks: list[dict[str, t.Any]], beside: tuple[tuple[str], ...]) -> None:
    clock = FakeClock()

    def lookup(address: str, port: int, name: str, *rest: t.Any) -> t.Any:
        number = round(clock.elapsed / _resolvers.LOOK)
        found = looks[min(number, len(looks) - 1)][name.partition(".")[0]] if address == DNS2 else [NEW] if number else [OLD]
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(_resolvers, "lookup", lookup)
    expect = _resolvers.expected_records([*EXPECT, {"name": "web.example.com", "type": "A", "values": [NEW]}])
    (outcome,) = _resolvers.await_resolvers([(*beside, (DNS2,))], 53, expect, 3.0, clock)
    assert DNS2 in outcome.problem and outcome.seconds >= 3.0


def test_a_name_server_that_has_only_some_of_the_records_lags_and_holds_back(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {(DNS1, "mail.example.com"): [NEW], (DNS1, "web.example.com"): [NEW], (DNS2, "mail.example.com"): [], (DNS2, "web.example.com"): [OLD]}
    monkeypatch.setattr(_resolvers, "lookup", lambda address, port, name, *rest: answers[address, name])
    expect = _resolvers.expected_records([*EXPECT, {"name": "web.example.com", "type": "A", "values": [NEW]}])
    (outcome,) = _resolvers.await_resolvers([((DNS1,), (DNS2,))], 53, expect, 2.0, FakeClock())
    assert outcome.reason == "resolver_not_converged" and f"{DNS2} gives {OLD} for web.example.com A" in outcome.problem
    answers[DNS2, "web.example.com"] = [NEW]
    (outcome,) = _resolvers.await_resolvers([((DNS1,), (DNS2,))], 53, expect, 2.0, FakeClock())
    assert f"{DNS2} gives nothing for mail.example.com A" in outcome.problem


def test_a_client_that_has_to_wait_for_its_resolver_is_cleared_afterwards(resolvers: Resolvers) -> None:
    hosts = without_resolvers({"a": [DNS1], "b": [DNS2]})
    result = flush(["a", "b"], hosts, expect=EXPECT)
    assert not result.failed
    assert [call[0] for call in hosts.named("b").calls] == ["query", "invoke", "query"], "it says only once which server it asks"


@pytest.mark.parametrize("known", [True, False], ids=["the inventory says", "the client says"])
def test_no_cache_is_cleared_before_its_resolver_has_the_new_value(resolvers: Resolvers, known: bool) -> None:
    names, hosts = estate(6)
    if not known:
        hosts = without_resolvers({name: [(DNS1, DNS2)[number % 2]] for number, name in enumerate(names)})
    early: list[str] = []

    def clear(session: FakeSession, keys: t.Any, arguments: t.Any) -> dict[str, int]:
        server = (DNS1, DNS2)[names.index(session.name) % 2]
        if sum(1 for one in resolvers.asked if one[0] == server) <= resolvers.after["r" + server]:
            early.append(session.name)
        return {"ReturnValue": 0}

    for name in names:
        hosts.named(name).methods[("MSFT_DNSClientCache", "Clear")] = clear
    assert not flush(names, hosts, expect=EXPECT).failed and early == []


def test_a_silent_client_is_tried_again_behind_those_that_say_which_resolver_they_wait_for(resolvers: Resolvers) -> None:
    hosts = without_resolvers({"a": [DNS1], "b": [DNS2]})
    order: list[str] = []
    for name in "ab":
        hosts.named(name).methods[("MSFT_DNSClientCache", "Clear")] = lambda session, keys, arguments: order.append(session.name) or {"ReturnValue": 0}
    hosts.named("a").failures["query"] = Unreachable("silence")
    assert not flush(["a", "b"], hosts, expect=EXPECT).failed and order == ["b", "a"]


def test_a_silent_client_is_tried_again_behind_those_that_wait_for_a_resolver(resolvers: Resolvers) -> None:
    names, hosts = estate(3)
    order: list[str] = []
    for name in names:
        hosts.named(name).methods[("MSFT_DNSClientCache", "Clear")] = lambda session, keys, arguments: order.append(session.name) or {"ReturnValue": 0}
    hosts.named("ws000").failures["invoke"] = Unreachable("silence")
    result = flush(names, hosts, expect=EXPECT, workers=1)  # of two that may be cleared at once either may be the first
    assert not result.failed and order == ["ws002", "ws001", "ws000"], "dns2, whom ws001 asks, has the new value last"


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
    assert roll_call["failed"] == [{"name": "ws003", "reason": "access_denied", "msg": "ws003 says no", "tries": 1}]
    assert roll_call["expected"] == roll_call["answered"] + len(roll_call["failed"]) == 20


def test_a_client_that_was_silent_once_is_reached_in_the_end() -> None:
    names, hosts = estate(5)
    hosts.named("ws000").failures["invoke"] = Unreachable("silence")
    result = flush(names, hosts)
    assert not result.failed and clears(hosts, "ws000") == 2


CACHE = ("root/StandardCimv2", "MSFT_DNSClientCache")
STALE = {"Entry": "mail.example.com", "Name": "mail.example.com", "Type": 1, "Status": 0, "Data": OLD}
NEGATIVE = {"Entry": "mail.example.com", "Name": "", "Type": 1, "Status": 9003, "Data": None}


def typed(content: bytes, rc: int = 0) -> t.Any:
    return lambda command, arguments, stdin: ShellResult(rc, content, "")


@pytest.mark.parametrize(
    ("row", "hosts_file", "reason", "words"),
    [
        (STALE, b"# nothing", "stale_cache", f"mail.example.com is {OLD}"),
        (STALE, b"10.0.0.21 mail.example.com", "hosts_file", "take the line out there"),
        (NEGATIVE, None, "negative_entry", "there is no mail.example.com A"),
    ],
)
def test_read_back_finds_what_keeps_the_old_answer(resolvers: Resolvers, row: dict[str, t.Any], hosts_file: bytes | None, reason: str, words: str) -> None:
    names, hosts = estate(2)
    hosts.named("ws001").instances[CACHE] = [row]
    if hosts_file is not None:
        hosts.named("ws001").programs = typed(hosts_file)
    result = flush(names, hosts, expect=EXPECT)
    assert [outcome.status for outcome in result.outcomes] == ["done", "unconfirmed"]
    assert result.failed and result.reason == reason and words in result.outcomes[1].msg
    roll_call = result.extra["roll_call"]
    assert roll_call["answered"] == 1 and [(one["name"], one["reason"]) for one in roll_call["failed"]] == [("ws001", reason)]


def test_max_failures_allows_a_stale_cache_too(resolvers: Resolvers) -> None:
    names, hosts = estate(2)
    hosts.named("ws001").instances[CACHE] = [NEGATIVE]
    result = flush(names, hosts, expect=EXPECT, max_failures=1.0)
    assert not result.failed and result.outcomes[1].status == "skipped" and "no mail.example.com" in result.outcomes[1].msg
    assert result.extra["roll_call"]["answered"] == 1


def test_an_old_windows_gets_ipconfig_and_is_not_said_to_be_read_back(resolvers: Resolvers) -> None:
    names, hosts = estate(1)
    hosts.named("ws000").methods.clear()
    hosts.named("ws000").programs = typed(b"")
    result = flush(names, hosts, expect=EXPECT)
    assert result.outcomes[0].status == "done" and "not read back" in result.outcomes[0].msg
    assert result.extra["roll_call"]["not_read_back"] == ["ws000"]


FATES = ("well", "silent once", "dead", "denied", "stale", "negative", "no class", "old windows", "resolver behind", "no resolver")


@given(st.lists(st.sampled_from(FATES), min_size=1, max_size=30), st.sampled_from([0.0, 0.25, 3.0]), st.booleans())
def test_a_roll_call_can_not_disagree_with_itself(fates: list[str], max_failures: float, stop: bool) -> None:
    """Every client is in exactly one of answered and failed, and the outcomes say the same."""
    names = [f"ws{number:03}" for number in range(len(fates))]
    settings = {
        name: ConnectionSettings(name, "127.0.0.1", resolver={"resolver behind": DNS2, "no resolver": None, "old windows": None}.get(fate, DNS1))
        for name, fate in zip(names, fates, strict=True)
    }
    hosts = FakeHosts(named=[fated(name, fate) for name, fate in zip(names, fates, strict=True)], settings=settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_resolvers, "lookup", Resolvers(r10_0_0_10=0, r10_0_1_10=None))
        result = flush(names, hosts, expect=EXPECT, resolver_timeout=2.0, max_failures=max_failures, on_item_failure="stop" if stop else "continue")
    roll_call = result.extra["roll_call"]
    failed = [one["name"] for one in roll_call["failed"]]
    good = [outcome.name for outcome in result.outcomes if outcome.status == "done"]
    assert roll_call["expected"] == roll_call["answered"] + len(failed) + roll_call["skipped"] == len(names)
    assert sorted([*good, *failed]) == names and len(good) == roll_call["answered"]
    assert good == [name for name, fate in zip(names, fates, strict=True) if fate in ("well", "silent once", "no class", "old windows")]
    assert result.failed is (len(failed) > (int(max_failures * len(names)) if max_failures < 1 else int(max_failures)))


def fated(name: str, fate: str) -> FakeSession:
    session = client(name, {"stale": [STALE], "negative": [NEGATIVE]}.get(fate))
    session.programs = typed(b"")
    session.instances[("root/StandardCimv2", "MSFT_DNSClientServerAddress")] = []
    if fate == "old windows":
        del session.instances[("root/StandardCimv2", "MSFT_DNSClientServerAddress")]
        session.instances[("root/cimv2", "Win32_NetworkAdapterConfiguration")] = [{"Index": 7, "IPEnabled": True, "DNSServerSearchOrder": [DNS1]}]
    if fate == "silent once":
        session.failures["invoke"] = Unreachable("silence")
    if fate == "denied":
        session.failures["invoke"] = AccessDenied("no")
    if fate in ("no class", "old windows"):
        session.methods.clear()
    if fate == "dead":
        session.methods[("MSFT_DNSClientCache", "Clear")] = dead
    return session


def dead(session: FakeSession, keys: t.Any, arguments: t.Any) -> t.Any:
    raise Unreachable("silence")


@pytest.mark.parametrize("kind", ["MX", "SRV", "TXT"])
def test_every_type_that_update_dns_writes_can_be_waited_for(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    values = {"MX": "10 Mail.example.com.", "SRV": "0 0 25 mail.example.com", "TXT": "Owner exch2"}
    answers = {"MX": "10 mail.example.com", "SRV": "0 0 25 mail.example.com", "TXT": '"owner exch2"'}
    monkeypatch.setattr(_resolvers, "lookup", lambda *arguments: [answers[kind]])
    names, hosts = estate(1)
    assert not flush(names, hosts, expect=[{"name": "Example.com", "type": kind, "values": [values[kind]]}]).failed


def test_a_wildcard_is_not_waited_for(resolvers: Resolvers) -> None:
    names, hosts = estate(1)
    assert not flush(names, hosts, expect=[WILDCARD, *EXPECT]).failed
    assert {name for _address, _port, name, _type in resolvers.asked} == {"mail.example.com"}


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


def test_a_record_that_is_expected_twice_alike_is_asked_once() -> None:
    """A definition may list a record and move its name."""
    assert len(_resolvers.expected_records([*EXPECT, {**EXPECT[0], "name": EXPECT[0]["name"].upper()}])) == len(EXPECT)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"clients": []}, "clients names no host"),
        ({"workers": 0}, "workers must be more than 0"),
        ({"dns_port": 0}, "dns_port 0 is not between 1 and 65535"),
        ({"client_timeout": 0.0}, "client_timeout must be more than 0"),
        ({"max_failures": -1.0}, "max_failures must be 0 or more"),
        ({"expect": [{"name": "x", "type": "A", "values": []}]}, "expect names no value for x"),
        ({"expect": [WILDCARD]}, "expect names wildcards only"),
        (
            {"expect": [{"name": name, "type": "A", "values": [value]} for name, value in (("x.example", "10.0.0.1"), ("X.example.", "10.0.0.2"))]},
            "expect: X.example. A is listed twice, once as 10.0.0.1 and once as 10.0.0.2: no name server can give both",
        ),
    ],
)
def test_bad_input_gets_one_sentence(options: dict[str, t.Any], sentence: str) -> None:
    names, hosts = estate()
    with pytest.raises(InvalidInput, match=sentence):
        flush(options.pop("clients", names), hosts, **options)
