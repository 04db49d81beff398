# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.arrival import STAGES, Wanted, advice, curve, names_server, passed
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    AccessDenied,
    BadCertificate,
    BadCredentials,
    FailoverError,
    InvalidInput,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import verify_clients as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._arrival_sample import _words
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.client_check import Reached
from tests.unit.fakes import FakeClock, FakeHosts, FakeSession
from tests.unit.runs import started

OLD, NEW = "10.0.0.21", "10.0.1.21"
MAIL = Wanted("mail.example.com", frozenset({NEW}), 25, "exch2")


def met(address: str = NEW, banner: str = "EXCH2 7", *, connected: bool = True, connect_error: int = 0, resolve_error: int = 0) -> Reached:
    addresses = (address,) if address else ()
    return Reached("mail.example.com", addresses, resolve_error, address, connected, connect_error, banner if connected else "")


@pytest.mark.parametrize(
    ("seen", "stages"),
    [
        (met(), ("resolve", "tcp", "identity")),
        (met(banner="exch1 7"), ("resolve", "tcp")),
        (met(connected=False), ("resolve",)),
        (met(OLD), ()),
        (met(""), ()),
    ],
)
def test_stages_have_no_gaps(seen: Reached, stages: tuple[str, ...]) -> None:
    assert passed(MAIL, seen) == stages


@pytest.mark.parametrize(
    ("banner", "yes"),
    [("220 exch2.example.com ready", True), ("EXCH2", True), ("exch21", False), ("my-exch2", False), ("exch2-old", False), ("", False), ("host=exch2;", True)],
)
def test_a_server_is_named_by_a_whole_word(banner: str, yes: bool) -> None:
    assert names_server(banner, "exch2") is yes


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (met(OLD), "mail.example.com is 10.0.0.21, not 10.0.1.21"),
        (met("", resolve_error=9003), "did not resolve (no such name)"),
        (met(connected=False, connect_error=10061), "10.0.1.21 port 25 was not reached (refused)"),
        (met(banner=""), "said nothing"),
        (met(banner="exch1"), "which does not name exch2: another server holds the address"),
    ],
)
def test_a_straggler_gets_advice(seen: Reached, words: str) -> None:
    assert words in advice(MAIL, seen, _words)


WEB = Wanted("mail.example.com", frozenset({NEW}), 443, "exch2", "https", "/owa")


@pytest.mark.parametrize(
    ("status", "named", "yes", "words"),
    [
        (200, True, True, ""),
        (401, True, True, ""),
        (200, False, False, "answered 200 for /owa, and nothing in it names exch2"),
        (503, True, False, "answered 503 for /owa: look at the service"),
        (0, True, False, "to a request for /owa, which is no HTTP"),
    ],
)
def test_a_page_identifies_its_server(status: int, named: bool, yes: bool, words: str) -> None:
    seen = dataclasses.replace(met(banner="HTTP/1.0 ..."), http_status=status, named=named)
    assert (passed(WEB, seen) == STAGES) is yes
    assert yes or words in advice(WEB, seen, _words)


def test_a_certificate_that_the_client_does_not_take_is_named() -> None:
    seen = dataclasses.replace(met(banner=""), tls_failed=True)
    assert passed(WEB, seen) == ("resolve", "tcp") and "has a certificate that the client does not take for mail.example.com" in advice(WEB, seen, _words)


def test_a_curve_counts_all_clients_not_only_those_that_came() -> None:
    assert curve({"a": 1.0, "b": 4.0}, 4) == {"reached": 2, "of": 4, "p50": 4.0, "p95": None, "p100": None}
    assert curve({}, 0) == {"reached": 0, "of": 0, "p50": None, "p95": None, "p100": None}


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=200))
def test_the_last_of_a_full_curve_is_the_latest(times: list[float]) -> None:
    found = curve({str(number): seconds for number, seconds in enumerate(times)}, len(times))
    assert found["p100"] == round(max(times), 3)
    assert found["p50"] <= found["p95"] <= found["p100"]


class Client:
    """What one client meets at each look; the last for ever."""

    def __init__(self, name: str, *looks: Reached) -> None:
        self.looks = list(looks)
        self.count = 0
        self.asked_for_tickets = 0
        self.tickets: dict[str, t.Any] = {"issued": 0, "age": 0, "sessions": []}
        self.session = FakeSession(name, scripts=self.script)

    def script(self, script: str, data: t.Any) -> t.Any:
        if "spns" in data:
            self.asked_for_tickets += 1
            return {"tickets": [{"spn": spn, **self.tickets} for spn in data["spns"]], "sessions_error": 0}
        seen = self.looks[min(self.count, len(self.looks) - 1)]
        self.count += 1
        return {"checks": [{**seen.as_dict(), "name": check["name"]} for check in data["checks"]]}


def verify(*clients: Client, check_mode: bool = False, clock: FakeClock | None = None, **options: t.Any) -> Result:
    spec = module.verify_clients_spec().argument_spec
    params = {name: option.get("default") for name, option in spec.items()}
    expect = [{"name": "mail.example.com", "port": 25, "identity": "exch2", "addresses": [NEW]}]
    hosts = FakeHosts(named=[client.session for client in clients])
    asked = {**params, "clients": [client.session.name for client in clients], "expect": expect, **options}
    return module.verify_clients(asked, hosts, clock or FakeClock(), check_mode=check_mode)


def test_a_sample_that_is_there_is_looked_at_once() -> None:
    clients = [Client("a", met()), Client("b", met())]
    result = verify(*clients)
    assert (result.failed, result.changed) == (False, False)
    assert [outcome.status for outcome in result.outcomes] == ["already", "already"]
    assert [client.count for client in clients] == [1, 1]
    assert result.extra["curves"]["identity"] == {"reached": 2, "of": 2, "p50": 0.0, "p95": 0.0, "p100": 0.0, "unproven": 0}
    assert result.extra["curves"]["kerberos"]["unproven"] == 2


def test_only_stragglers_are_looked_at_again_and_each_stage_has_its_own_time() -> None:
    fast, slow = Client("a", met()), Client("b", met(OLD), met(connected=False), met(connected=False), met())
    result = verify(fast, slow)
    assert not result.failed and (fast.count, slow.count) == (1, 4)
    curves = result.extra["curves"]
    assert (curves["resolve"]["p100"], curves["tcp"]["p100"], curves["identity"]["p100"]) == (2.0, 6.0, 6.0)


def test_a_stage_that_was_lost_again_does_not_count() -> None:
    result = verify(Client("a", met(), met()), Client("b", met(banner="exch1"), met(OLD)), verify_timeout=10.0)
    assert result.failed
    assert result.extra["curves"]["resolve"]["reached"] == 1


def test_stragglers_are_named_with_what_would_help() -> None:
    result = verify(Client("a", met()), Client("b", met(OLD)), verify_timeout=10.0)
    assert (result.failed, result.reason) == (True, "clients_not_there")
    assert result.msg == "1 of 2 clients arrive, 100% must; b: mail.example.com is 10.0.0.21, not 10.0.1.21"
    assert result.outcomes[1].reason == "not_there_resolve"
    assert result.timing["total"] <= 12


CACHE, CONNECTIONS = ("root/StandardCimv2", "MSFT_DNSClientCache"), ("root/StandardCimv2", "MSFT_NetTCPConnection")
OLD_ENTRY = {"Entry": "mail.example.com", "Name": "mail.example.com", "Type": 1, "Status": 0, "Data": OLD}


@pytest.mark.parametrize(
    ("row", "hosts_file", "kind", "helps"),
    [
        (OLD_ENTRY, b"", "stale_cache", "clear its cache with flush_dns_clients"),
        (OLD_ENTRY, b"10.0.0.21 mail.example.com", "hosts_file", "take the line out of its hosts file"),
        ({**OLD_ENTRY, "Status": 9003, "Data": None}, b"", "negative_entry", "clear its cache"),
    ],
)
def test_what_keeps_a_straggler_is_looked_up_not_guessed(row: dict[str, t.Any], hosts_file: bytes, kind: str, helps: str) -> None:
    late = Client("b", met(OLD))
    late.session.instances.update({CACHE: [row], CONNECTIONS: []})
    late.session.programs = lambda command, arguments, stdin: ShellResult(0, hosts_file, "")
    result = verify(Client("a", met()), late, verify_timeout=0.0)
    assert [(one["name"], one["kind"]) for one in result.extra["stubborn"]] == [("b", kind)]
    assert helps in result.outcomes[1].msg and result.outcomes[0].msg == ""


def test_an_open_connection_to_the_old_address_is_named_though_the_client_arrives() -> None:
    client = Client("a", met())
    client.session.instances.update(
        {
            CONNECTIONS: [{"RemoteAddress": OLD, "RemotePort": 443, "State": 5, "OwningProcess": 4120}],
            ("root/cimv2", "Win32_Process"): [{"ProcessId": 4120, "Name": "OUTLOOK.EXE"}],
        }
    )
    expect = [{"name": "mail.example.com", "port": 25, "identity": "exch2", "addresses": [NEW], "old_addresses": [OLD]}]
    result = verify(client, expect=expect)
    assert not result.failed and result.outcomes[0].status == "already"
    assert [(one["kind"], one["help"]) for one in result.extra["stubborn"]] == [("open_connection", "restart Outlook")]
    assert "OUTLOOK.EXE (process 4120) holds a connection to 10.0.0.21 port 443" in result.outcomes[0].msg


def test_what_could_not_be_looked_at_is_said() -> None:
    late = Client("b", met(OLD))
    late.session.failures["query"] = AccessDenied("no")
    result = verify(late, verify_timeout=0.0)
    assert result.warnings == ["what keeps b at the old server could not be looked at"]


KERBEROS = [{"name": "mail.example.com", "port": 25, "identity": "exch2", "addresses": [NEW], "spn": "http/mail.example.com"}]
ANNA = {"logon": "0x1", "account": "CORP\\anna", "age": 7200}


def test_a_session_with_an_old_ticket_is_unproven_and_never_proven() -> None:
    fresh, old, refused = Client("a", met()), Client("b", met()), Client("c", met())
    old.tickets = {"issued": 0, "age": 0, "sessions": [ANNA]}
    refused.tickets = {"issued": 1, "age": -1, "sessions": []}
    result = verify(fresh, old, refused, expect=KERBEROS)
    assert not result.failed, "clients arrive by what can be seen of them; Kerberos is a curve of its own"
    assert result.extra["curves"]["kerberos"] == {"reached": 1, "of": 3, "p50": None, "p95": None, "p100": None, "unproven": 2, "old_sessions": 1}
    assert [(one["name"], one["kind"]) for one in result.extra["stubborn"]] == [("b", "old_ticket")]
    assert "klist purge" in result.outcomes[1].msg and "no ticket for http/mail.example.com" in result.outcomes[2].msg


def test_a_ticket_counts_from_the_move_on() -> None:
    client = Client("a", met())
    client.tickets = {"issued": 0, "age": 100, "sessions": []}
    assert verify(client, expect=KERBEROS).extra["curves"]["kerberos"]["reached"] == 0, "nobody said when the name moved"
    moved = (FakeClock().now() - datetime.timedelta(seconds=200)).isoformat()
    assert verify(client, expect=KERBEROS, moved_at=moved).extra["curves"]["kerberos"]["reached"] == 1


def test_kerberos_has_its_own_time_on_the_curve() -> None:
    late = Client("b", met(OLD), met())
    late.session.instances.update({CACHE: [], CONNECTIONS: []})
    curves = verify(Client("a", met()), late, expect=KERBEROS).extra["curves"]
    assert (curves["kerberos"]["reached"], curves["kerberos"]["p50"], curves["kerberos"]["p100"]) == (2, 0.0, 2.0)


def test_tickets_are_asked_for_once_and_not_in_check_mode() -> None:
    client, other = Client("a", met()), Client("b", met(OLD), met(OLD), met())
    other.session.instances.update({CACHE: [], CONNECTIONS: []})
    verify(client, other, expect=KERBEROS)
    assert (client.asked_for_tickets, other.asked_for_tickets) == (1, 1)
    verify(client, expect=KERBEROS, check_mode=True)
    assert client.asked_for_tickets == 1, "a ticket that is asked for stays in the client's cache"


def test_a_share_is_enough() -> None:
    result = verify(Client("a", met()), Client("b", met(OLD)), share=0.5)
    assert not result.failed and result.msg == "1 of 2 clients arrive, which is enough"
    assert [outcome.status for outcome in result.outcomes] == ["already", "skipped"]


def test_a_client_that_does_not_answer_is_a_straggler() -> None:
    dead = Client("b", met())
    dead.session.failures["run"] = Unreachable("b is silent")
    result = verify(Client("a", met()), dead)
    assert not result.failed, "the second try reached it"

    class Dead(FakeSession):
        def run(self, *arguments: t.Any) -> t.Any:
            raise Unreachable("b is silent")

    dead.session = Dead("b")
    result = verify(Client("a", met()), dead, verify_timeout=6.0)
    assert result.outcomes[1].reason == "unreachable" and result.failed


class Refusing(FakeSession):
    """Refuses every script, or only those about tickets, and counts how often."""

    def __init__(self, client: Client, error: FailoverError, *, tickets_only: bool = False) -> None:
        super().__init__(client.session.name, scripts=self.script, instances={CACHE: [], CONNECTIONS: []})
        self.client = client
        self.error = error
        self.tickets_only = tickets_only
        self.refusals = 0

    def script(self, script: str, data: t.Any) -> t.Any:
        if not self.tickets_only or "spns" in data:
            self.refusals += 1
            raise self.error
        return self.client.script(script, data)


@pytest.mark.parametrize("error", [BadCredentials("wrong password"), AccessDenied("no"), BadCertificate("a stranger's")])
def test_a_client_that_refuses_for_good_is_not_asked_again_and_again(error: FailoverError) -> None:
    late, refusing = Client("a", met(OLD), met(OLD), met()), Client("b", met())
    late.session.instances.update({CACHE: [], CONNECTIONS: []})
    refusing.session = session = Refusing(refusing, error)
    result = verify(late, refusing)
    assert late.count == 3 and result.outcomes[1].reason == error.reason and result.failed
    assert session.refusals == (2 if isinstance(error, BadCertificate) else 1), "only a certificate is looked at in the second round too"


def test_nobody_waits_for_those_that_have_refused() -> None:
    clock, refusing = FakeClock(), Client("b", met())
    refusing.session = Refusing(refusing, BadCredentials("wrong password"))
    verify(Client("a", met()), refusing, clock=clock)
    assert clock.monotonic() == FakeClock().monotonic()


def test_where_no_logon_is_taken_nobody_waits_for_those_that_were_not_tried() -> None:
    clock, clients = FakeClock(), [Client(f"ws{number}", met()) for number in range(10)]
    for client in clients:
        client.session = Refusing(client, BadCredentials("wrong password"))
    result = verify(*clients, clock=clock)
    assert clock.monotonic() == FakeClock().monotonic()
    assert [outcome.reason for outcome in result.outcomes].count("circuit_open") == 7


class DownUntil(FakeSession):
    """Silent until some seconds have passed."""

    def __init__(self, client: Client, clock: FakeClock, seconds: float) -> None:
        super().__init__(client.session.name, scripts=client.script)
        self.clock = clock
        self.up = clock.monotonic() + seconds

    def run(self, *arguments: t.Any) -> t.Any:
        if self.clock.monotonic() < self.up:
            raise Unreachable(f"{self.name} is silent")
        return super().run(*arguments)


def test_a_sample_that_is_down_for_a_while_is_asked_until_it_is_up() -> None:
    clock, clients = FakeClock(), [Client(f"ws{number}", met()) for number in range(10)]
    for client in clients:
        client.session = DownUntil(client, clock, 45.0)
    result = verify(*clients, clock=clock)
    assert not result.failed and result.extra["curves"]["identity"]["p100"] == 46.0


def test_who_refuses_the_question_for_tickets_is_not_asked_what_keeps_it() -> None:
    client = Client("a", met())
    client.session = session = Refusing(client, BadCredentials("disabled meanwhile"), tickets_only=True)
    expect = [{**KERBEROS[0], "old_addresses": [OLD]}]
    verify(client, expect=expect)
    assert session.refusals == 1 and not session.calls_of("query")


def test_check_mode_looks_once_and_does_not_fail() -> None:
    client = Client("b", met(OLD))
    result = verify(client, check_mode=True)
    assert not result.failed and client.count == 1
    assert result.outcomes[0].status == "predicted" and "not 10.0.1.21" in result.outcomes[0].msg


def test_plan_mode_asks_nobody_and_knows_nothing(tmp_path: pathlib.Path) -> None:
    client = Client("b", met(OLD))
    kept = Predictions.begin()
    run = {**started(tmp_path, FakeClock(), mode="plan"), "predictions": kept.path}
    result = verify(client, run=run)
    assert client.count == 0 and result.outcomes[0].status == "predicted"
    (said,) = kept.all()
    assert (said.step, [(change["name"], change["grade"]) for change in said.changes]) == ("verify", [("b", "unknown")])
    kept.end()


def test_what_can_not_be_proven_is_said() -> None:
    result = verify(Client("a", met()), expect=[{"name": "mail.example.com", "port": None, "identity": None, "addresses": []}])
    assert result.outcomes[0].grade == "unknown"
    curves = result.extra["curves"]
    assert (curves["resolve"]["unproven"], curves["tcp"]["unproven"], curves["identity"]["unproven"]) == (0, 1, 1)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"clients": []}, "clients names no host"),
        ({"expect": []}, "expect is empty"),
        ({"share": 1.5}, "share must be from 0 to 1"),
        ({"expect": [{"name": "ma il"}]}, "expect: 'ma il' is not a DNS name"),
        ({"expect": [{"name": "x", "port": 99999}]}, "expect for x has the port 99999, which is not between 1 and 65535"),
        ({"expect": [{"name": "x", "addresses": ["1.2"]}]}, "expect for x has the address '1.2', which is no IP address"),
        ({"expect": [{"name": "x", "identity": "y"}]}, "has an identity but no port"),
        ({"expect": [{"name": "x", "port": 80, "protocol": "http"}]}, "has the protocol http but no identity"),
        ({"expect": [{"name": "x", "port": 80, "protocol": "http", "identity": "y", "path": "/a b"}]}, "has the path '/a b'"),
        ({"expect": [{"name": "x", "spn": "mail.example.com; calc"}]}, "it is written as class/host, such as http/x"),
        ({"moved_at": "yesterday"}, "moved_at is 'yesterday'; it is written as"),
        ({"moved_at": "2026-03-01T12:00:00"}, "with its time zone"),
        ({"moved_at": "2036-03-01T12:00:00Z"}, "which is still to come"),
        ({"expect": [{"name": "x", "addresses": ["here"]}]}, "'here', which is no IP address"),
    ],
)
def test_bad_input_gets_one_sentence(options: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        verify(Client("a", met()), **options)
