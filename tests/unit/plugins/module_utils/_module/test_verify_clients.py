# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.arrival import Wanted, advice, curve, names_server, passed
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import verify_clients as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
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
        (met(OLD), "flush the client's cache"),
        (met("", resolve_error=9003), "did not resolve (no such name)"),
        (met(connected=False, connect_error=10061), "10.0.1.21 port 25 was not reached (refused)"),
        (met(banner=""), "said nothing"),
        (met(banner="exch1"), "which does not name exch2: another server holds the address"),
    ],
)
def test_a_straggler_gets_advice(seen: Reached, words: str) -> None:
    assert words in advice(MAIL, seen, t.cast("t.Any", module._words))


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
        self.session = FakeSession(name, scripts=self.script)

    def script(self, script: str, data: t.Any) -> t.Any:
        seen = self.looks[min(self.count, len(self.looks) - 1)]
        self.count += 1
        return {"checks": [{**seen.as_dict(), "name": check["name"]} for check in data["checks"]]}


def verify(*clients: Client, check_mode: bool = False, **options: t.Any) -> Result:
    spec = module.verify_clients_spec().argument_spec
    params = {name: option.get("default") for name, option in spec.items()}
    expect = [{"name": "mail.example.com", "port": 25, "identity": "exch2", "addresses": [NEW]}]
    hosts = FakeHosts(named=[client.session for client in clients])
    asked = {**params, "clients": [client.session.name for client in clients], "expect": expect, **options}
    return module.verify_clients(asked, hosts, FakeClock(), check_mode=check_mode)


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
    assert result.msg.startswith("1 of 2 clients arrive, 100% must; b: mail.example.com is 10.0.0.21, not 10.0.1.21")
    assert result.outcomes[1].reason == "not_there_resolve"
    assert result.timing["total"] <= 12


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
        ({"expect": [{"name": "x", "identity": "y"}]}, "has an identity but no port"),
        ({"expect": [{"name": "x", "addresses": ["here"]}]}, "'here', which is no IP address"),
    ],
)
def test_bad_input_gets_one_sentence(options: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        verify(Client("a", met()), **options)
