# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which name servers must have a change, and what the result says of each: the whole module against embedded name servers."""

from __future__ import annotations

import pathlib
import re
import typing as t
from collections.abc import Callable

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _dns_agreement, _dns_readback
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import GssAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.signing import Key
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.local_server import closed_port
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import (
    MAIL,
    CountingClock,
    catch_up,
    controllers,
    entry,
    is_update,
    not_waited_for,
    one_port,
    task,
    waits_before_the_first_update,
)

#: A name server of the zone that does not run.
DEAD = "127.0.53.9"


def primary(**servers: str) -> DnsServer:
    named = {**example.SERVERS, **{name.replace("_", "."): address for name, address in servers.items()}}
    zone = Zone.from_dict({**example.FORWARD, "servers": named})
    made = example.primary()
    made.zones[zone.origin] = zone
    return made


def test_the_zone_s_own_name_servers_are_read_back_too() -> None:
    dns1 = primary()
    dns2 = example.secondary(dns1, lag=60)
    clock = CountingClock()
    with one_port(dns1, dns2) as call:
        clock.behind[2] = lambda: catch_up(call, dns2)
        result = task([entry(dns1)], clock, discover=True)
        assert not result.failed and len(clock.waits) == 2, "the secondary that nobody listed was waited for"
        assert {label: facts["status"] for label, facts in result.extra["servers"].items()} == {"dns1": "ok", "dns2.example.com": "ok"}
        assert result.extra["servers"]["dns2.example.com"]["address"] == example.SECOND
        again = task([entry(dns1)], discover=True)
        assert (again.changed, again.failed) == (False, False)


@pytest.mark.parametrize(("require", "failed"), [("reachable", False), ("all", True), ("2", False), (4, True), ("primary", False)])
def test_a_name_server_that_can_t_be_read_is_named(require: t.Any, failed: bool) -> None:
    """Of four, one does not run and one has no address: reading two back is what can be done."""
    dns1 = primary(dead_example_com=DEAD, ns_elsewhere_test_="")
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2):
        result = task([entry(dns1)], CountingClock(), discover=True, require=require, verify_timeout=1.0)
        assert result.failed is failed
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]
        servers = result.extra["servers"]
        assert {"dead.example.com", "ns.elsewhere.test"} < set(servers)
        if require != "primary":
            assert (servers["dead.example.com"]["status"], servers["ns.elsewhere.test"]["status"]) == ("unreachable", "unreachable")
            assert servers["dns2.example.com"]["status"] == "ok"
            named = " ".join(result.warnings)
            assert "name server dead.example.com did not answer" in named and "name server ns.elsewhere.test did not answer" in named


def test_more_name_servers_than_there_are_are_refused_before_anything_is_touched() -> None:
    dns1 = primary()
    with one_port(dns1, example.secondary(dns1)):
        for options in ({"require": 2}, {"require": "3", "discover": True}):
            with pytest.raises(InvalidInput, match="name servers shall have the records, and only [12] (is|are) known for zone example.com"):
                task([entry(dns1)], **options)
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]
        with pytest.raises(InvalidInput, match="^require: 'most' is neither"):
            task([entry(dns1)], require="most")


def test_a_number_is_enough_while_another_server_still_lags() -> None:
    dns1 = primary()
    dns2 = example.secondary(dns1, lag=60)
    with one_port(dns1, dns2):
        result = task([entry(dns1)], verify_servers=[entry(dns2)], require=1)
        assert not result.failed
        assert result.extra["servers"]["dns2"]["names"] == {"wrong": ["mail.example.com A"]}
        assert task([entry(dns1)], verify_servers=[entry(dns2)], require=2, verify_timeout=0.2).failed


def test_a_number_is_not_enough_where_the_server_that_was_written_has_another_value_again() -> None:
    """The source registers itself once dns2 has fetched the change: dns2 will fetch that too."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1)

    def trace(kind: str, server: str, **data: t.Any) -> None:
        if data.get("opcode") == "UPDATE":
            dns2.lag = 60
            dns1.later(0.0, lambda: dns1.replace("mail.example.com", "A", ["127.1.0.21"], 600))

    dns1._trace = trace
    with one_port(dns1, dns2):
        result = task([entry(dns1)], verify_servers=[entry(dns2)], require=1, on_conflict="fail", verify_timeout=0.5)
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.22"] and dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]
        assert result.failed and result.extra["servers"]["dns1"]["status"] == "wrong"
        outcome = result.outcomes[0]
        assert (outcome.status, outcome.reason) == ("failed", "changed_by_other"), "dns2 shows that dns1 did carry it out"
        assert "mail.example.com A was given another value by somebody else" in outcome.msg


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
def test_a_server_that_lags_is_waited_for_once_behind_the_last_message(on_failure: str) -> None:
    """With sixty seconds and five thousand records the last name would be sent after twenty minutes else."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=60)
    order: list[str] = []
    dns1._trace = lambda kind, server, **data: order.append("sent") if data.get("opcode") == "UPDATE" else None
    dns2._trace = lambda kind, server, **data: order.append("looked")
    records = [{"name": f"{n}.1.127.in-addr.arpa" if n % 2 else f"h{n}.example.com", "type": "TXT", "values": ["x" * 250]} for n in range(600)]
    with one_port(dns1, dns2):
        clock = CountingClock()
        result = task([entry(dns1)], clock, verify_servers=[entry(dns2)], records=records, verify_timeout=0.5, on_failure=on_failure)
    first, last = order.index("sent"), len(order) - order[::-1].index("sent")
    assert order.count("sent") >= 3 and set(order[first:last]) == {"sent"}, "nobody looks at dns2 before the last message was sent"
    assert "looked" in order[last:]
    assert {(outcome.status, outcome.reason) for outcome in result.outcomes} == {("unconfirmed", "not_converged")}, "and success claims nothing of dns2"
    assert sum(clock.waits) == pytest.approx(0.5) and result.extra["rollback"] == {"done": [], "left": {}}
    assert [(debt["server"], len(debt["records"])) for debt in result.extra["debts"]] == [("dns2", 600)]


def test_what_stays_done_behind_a_failure_is_owed_by_who_lacks_it() -> None:
    """The second message is refused, and nobody waits for dns2 any more; what it was not asked it is asked once."""
    key = {"name": "half", "secret": example.SECRET, "algorithm": "hmac-sha256"}
    keys = [*example.KEYS, {"name": "half", "secret": example.SECRET, "may_write": ["mail.example.com"]}]
    dns1 = example.server_of(keys)
    dns2 = example.secondary(dns1, lag=60)
    pointer = {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": ["mail.example.com"], "ttl": 60}

    def trace(kind: str, server: str, **data: t.Any) -> None:
        if data.get("opcode") == "UPDATE" and "arpa" in data["question"]:
            dns1.set_fault("refused")  # nothing can be taken back either

    dns1._trace = trace
    with one_port(dns1, dns2):
        result = task([entry(dns1)], verify_servers=[entry(dns2)], records=[MAIL, pointer], key=key, on_failure="rollback", verify_timeout=0.5)
    assert result.failed and list(result.extra["rollback"]["left"]) == ["mail.example.com A"]
    assert [(debt["server"], debt["records"]) for debt in result.extra["debts"] if debt["server"] == "dns2"] == [("dns2", ["mail.example.com A"])]


def test_a_server_that_serves_another_zone_alone_is_not_asked_for_this_one() -> None:
    """The reverse zone names a server of its own: found for that zone, it owes nothing of the other."""
    reverse = {**example.REVERSE, "servers": {"dns1.example.com.": example.ADDRESS, "dns3.example.com.": "127.0.53.3"}}
    forward = {**example.FORWARD, "servers": {"dns1.example.com": example.ADDRESS}}
    dns3_address = {"name": "dns3", "type": "A", "values": ["127.0.53.3"]}
    dns1 = example.primary({**forward, "records": [*forward["records"], dns3_address]}, reverse)
    dns3 = DnsServer("127.0.53.3", 0, [Zone.from_dict(reverse)], name="dns3")
    with one_port(dns1, dns3):
        repoint = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com"], "ptr": True}
        result = task([entry(dns1)], discover=True, state="repointed", records=None, repoint=repoint, require="primary")
        assert not result.failed
        result = task([entry(dns1)], discover=True, state="repointed", records=None, repoint=repoint, verify_timeout=0.2)
        names = result.extra["servers"]["dns3.example.com"]["names"].get("wrong", [])
        assert names and all("in-addr.arpa" in name for name in names), "it holds a copy of the reverse zone that nobody updates"


def test_waiting_for_a_server_that_lacks_a_record_is_no_change_and_says_why_it_lacks_it() -> None:
    """What is there already is not written; of a server that is not asked again for a while, what it failed with is told still."""
    dns1 = primary(dns2_example_com=example.SECOND)
    with one_port(dns1) as call, closed_port(DEAD) as port:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
        gone = {"address": DEAD, "port": port, "name": "gone"}
        result = task([entry(dns1)], verify_servers=[gone], require="all", verify_timeout=1.0)
        (outcome,) = result.outcomes
        assert (result.failed, result.changed, outcome.status, outcome.changed) == (True, False, "unconfirmed", False)
        assert outcome.msg.endswith(f"within 1 s: gone ({DEAD} port {port}) refuses DNS: nothing listens there"), outcome.msg
        assert not task([entry(dns1)], verify_servers=[gone], require="all", verify_timeout=0.1, check_mode=True).changed
        assert {label: facts["messages"] for label, facts in result.extra["servers"].items()} == {"dns1": 0, "gone": 0}


def test_what_somebody_changes_while_it_is_waited_for_is_written_and_told_as_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The primary had it already when it was looked at; the secondary lagged, so it was looked at once more."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
        call(dns2.replace, "mail.example.com", "A", ["127.1.0.21"], 60)
        forget = _dns_readback.ReadBack.forget

        def somebody_changed_it(readback: _dns_readback.ReadBack, items: t.Iterable[Item]) -> None:
            call(dns1.replace, "mail.example.com", "A", ["127.1.0.21"], 600)
            forget(readback, items)

        monkeypatch.setattr(_dns_readback.ReadBack, "forget", somebody_changed_it)
        result = task([entry(dns1)], verify_servers=[entry(dns2)], on_conflict="replace", accept_disagreement="dns2 lags")
        assert not result.failed and dns1.lookup("mail.example.com", "A") == ["127.1.0.22"], result.msg
        assert result.changed and result.extra["servers"]["dns1"]["messages"] == 1


def test_what_somebody_changes_again_before_each_message_comes_is_no_change_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
        call(dns2.replace, "mail.example.com", "A", ["127.1.0.21"], 60)
        forget, receive, others = _dns_readback.ReadBack.forget, dns1.receive, iter(range(30, 60))

        def somebody_changed_it(readback: _dns_readback.ReadBack, items: t.Iterable[Item]) -> None:
            call(dns1.replace, "mail.example.com", "A", ["127.1.0.21"], 600)
            forget(readback, items)

        def changed_once_more(wire: bytes, peer: str, transport: str) -> bytes | None:
            if wire[2] >> 3 & 15 == 5:
                dns1.replace("mail.example.com", "A", [f"127.1.0.{next(others)}"], 600)
            answer: bytes | None = receive(wire, peer, transport)
            return answer

        monkeypatch.setattr(_dns_readback.ReadBack, "forget", somebody_changed_it)
        monkeypatch.setattr(dns1, "receive", changed_once_more)
        result = task([entry(dns1)], verify_servers=[entry(dns2)], on_conflict="replace", accept_disagreement="dns2 lags")
    (outcome,) = result.outcomes
    assert (outcome.status, outcome.reason, outcome.changed, result.changed) == ("failed", "changed_by_other", False, False)
    assert "(not written again 3 times, as something had changed before the message came)" in outcome.msg
    assert dns1.lookup("mail.example.com", "A") == ["127.1.0.32"]


# The side that survives


def test_another_primary_takes_the_change_where_the_first_is_dead() -> None:
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        servers = [entry(dns1), entry(dns2)]
        call(dns1.stop)
        result = task(servers)
        assert not result.failed, result.msg
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert {label: (facts["written"], facts["status"]) for label, facts in result.extra["servers"].items()} == {
            "dns1": (False, "unreachable"),
            "dns2": (True, "ok"),
        }


def test_a_primary_that_dies_under_the_message_is_left_for_the_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """It took the message and answers nobody any more: whether it did it is for its own return to tell, and it owes until then."""
    dns1, dns2 = controllers()
    not_waited_for(monkeypatch, dns1.address, lambda wire: is_update(wire) or "silent" in dns1.faults)

    def dies(kind: str, server: str, **data: t.Any) -> None:
        if data.get("opcode") == "UPDATE":
            dns1.set_fault("silent")
            dns1.set_fault("drop_replies", count=1)

    dns1._trace = dies
    with one_port(dns1, dns2):
        result = task([entry(dns1), entry(dns2)])
        assert not result.failed, result.msg
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert [debt["server"] for debt in result.extra["debts"]] == ["dns1"]
        assert {label: facts["written"] for label, facts in result.extra["servers"].items()} == {"dns1": False, "dns2": True}


@pytest.mark.parametrize("on_conflict", ["fail", "replace"])
def test_a_secondary_that_passes_updates_on_is_read_back_once_it_has_them(tmp_path: pathlib.Path, on_conflict: str) -> None:
    """Its old value is nobody's doing: neither is the marker of the run written again and again, nor the record."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=0.4)
    dns2.forwards = True
    with one_port(dns1, dns2):
        run = runs.started(tmp_path, SystemClock())
        result = task([entry(dns2)], on_conflict=on_conflict, run=run)
        assert not result.failed, result.msg
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert result.extra["servers"]["dns2"]["messages"] == 2, "the marker and the record, once each"
        assert not result.warnings


@pytest.mark.parametrize("on_conflict", ["fail", "replace", "keep"])
def test_a_secondary_that_passes_updates_on_and_lags_too_long_is_no_liar(on_conflict: str) -> None:
    """The primary has the change: it is not taken back, nor written again, nor told as somebody's."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=60)
    dns2.forwards = True
    with one_port(dns1, dns2):
        result = task([entry(dns2)], on_conflict=on_conflict, on_failure="rollback", verify_timeout=0.4)
        outcome = result.outcomes[0]
        assert (result.failed, outcome.status, outcome.reason) == (True, "unconfirmed", "not_converged")
        assert "dns2 (" in outcome.msg and "still has 127.1.0.21" in outcome.msg
        assert result.extra["rollback"] == {"done": [], "left": {}} and result.extra["servers"]["dns2"]["messages"] == 1
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]


def lagging_by(seconds: float) -> tuple[DnsServer, DnsServer]:
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=seconds)
    dns2.forwards = True
    return dns1, dns2


def test_a_marker_that_is_on_its_way_is_no_other_controller_s(tmp_path: pathlib.Path) -> None:
    """The run's own TXT record: which server took it, since when it does not show it, and what helps; no record goes out without it."""
    dns1, dns2 = lagging_by(60)
    pointer = {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": ["mail.example.com"], "ttl": 60}
    with one_port(dns1, dns2):
        clock = CountingClock()
        result = task([entry(dns2)], clock, records=[MAIL, pointer], run=runs.started(tmp_path, clock), verify_timeout=0.4)
        first, second = result.outcomes
        assert (result.failed, first.status, first.reason, first.changed) == (True, "failed", "marker_not_seen", False)
        took = rf"dns2 \({dns2.address} port {dns1.port}\) took the marker of run run1 at \S+Z and still shows none 0 s later: it passes updates on to"
        assert re.match(rf"_failover-mail.example.com: {took} its primary", first.msg), first.msg
        assert first.msg.endswith("so no record of zone example.com was written; raise verify_timeout, or name the zone's primary first in servers")
        assert second.reason == "marker_not_seen" and "zone 1.127.in-addr.arpa" in second.msg
        assert dns1.lookup("_failover-mail.example.com", "TXT") == ['"run=run1 epoch=1"'] and dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]


def test_a_marker_that_the_primary_has_already_is_told_as_what_it_may_be(tmp_path: pathlib.Path) -> None:
    """Whoever resumes the run meets his own earlier marker, or somebody else's: dns2 does not show it yet."""
    dns1, dns2 = lagging_by(60)
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "_failover-mail.example.com", "TXT", ['"run=run1 epoch=1"'], 60)
        result = task([entry(dns2)], run=runs.started(tmp_path, SystemClock()), verify_timeout=0.4)
        (outcome,) = result.outcomes
        assert outcome.reason == "marker_not_seen" and "dns2 (" in outcome.msg
        assert "shows none, and its primary, which it passes updates on to, has another marker there: a transfer is not through yet" in outcome.msg
        assert result.extra["servers"]["dns2"]["messages"] == 3


def test_a_marker_that_comes_in_time_lets_the_resumed_run_go_on(tmp_path: pathlib.Path) -> None:
    dns1, dns2 = lagging_by(60)
    with one_port(dns1, dns2) as call:
        run = runs.started(tmp_path, SystemClock())
        assert task([entry(dns2)], run=run, verify_timeout=0.2).failed
        catch_up(call, dns2)
        dns2.lag = 0.0
        assert not task([entry(dns2)], run=run).failed and dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]


def test_what_was_passed_on_and_is_not_seen_yet_is_not_called_taken_back() -> None:
    """The second message is refused: dns2 shows the first record's old value because it lags, and its primary has the new one."""
    keys = [*example.KEYS, {"name": "half", "secret": example.SECRET, "may_write": ["mail.example.com"]}]
    dns1 = example.server_of(keys)
    dns2 = DnsServer(example.SECOND, 0, keys=[Key.from_dict(key) for key in keys], name="dns2", follows=dns1, lag=60)
    dns2.forwards = True
    pointer = {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": ["mail.example.com"], "ttl": 60}
    key = {"name": "half", "secret": example.SECRET, "algorithm": "hmac-sha256"}
    with one_port(dns1, dns2):
        result = task([entry(dns2)], records=[MAIL, pointer], key=key, on_failure="rollback", verify_timeout=0.4)
        assert result.failed and dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert result.extra["rollback"]["done"] == [] and list(result.extra["rollback"]["left"]) == ["mail.example.com A"]
        assert "passed the change of mail.example.com A on to its primary" in result.extra["rollback"]["left"]["mail.example.com A"]
        assert result.changed


@pytest.mark.parametrize("forwards", [False, True])
def test_where_only_secondaries_survive_one_sentence_says_so_and_nothing_is_done(forwards: bool) -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1)
    dns2.forwards = forwards
    with one_port(dns1, dns2) as call:
        servers = [entry(dns1), entry(dns2)]
        call(dns1.stop)
        result = task(servers)
        outcome = result.outcomes[0]
        assert (result.failed, outcome.status, outcome.reason, outcome.changed) == (True, "failed", "no_primary", False)
        sentence = f"no server takes updates of zone example.com: dns1 ({dns1.address} port {dns1.port}) can't be reached, and dns2 ("
        assert outcome.msg.startswith(sentence) and "answers and takes none, as a secondary does" in outcome.msg
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.21"]


# Servers that disagree before anything is changed


@pytest.fixture
def short_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dns_agreement, "LAG", 0.5)


def disagreeing(call: Callable[..., t.Any], dns2: DnsServer, value: str = "127.1.0.77") -> None:
    call(dns2.replace, "mail.example.com", "A", [value], 600)


@pytest.mark.usefixtures("short_lag")
@pytest.mark.parametrize("check_mode", [False, True])
def test_servers_that_disagree_are_refused_before_anything_is_changed(check_mode: bool) -> None:
    """The serial of dns2 is that of dns1 or ahead of it: it does not lag, somebody writes it."""
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        disagreeing(call, dns2)
        with pytest.raises(WrongState) as refused:
            task([entry(dns1), entry(dns2)], check_mode=check_mode)
        assert refused.value.reason == "servers_disagree"
        place = f"({dns1.address} port {dns1.port})", f"({dns2.address} port {dns2.port})"
        assert refused.value.message.startswith(
            f"mail.example.com A: dns1 {place[0]} has 127.1.0.21, and after 0.5 s dns2 {place[1]} has 127.1.0.77 (the serial of dns2, 2, is not behind 1: "
            "no secondary that lags). No record was changed"
        )
        assert (dns1.lookup("mail.example.com", "A"), dns2.lookup("mail.example.com", "A")) == (["127.1.0.21"], ["127.1.0.77"])


@pytest.mark.usefixtures("short_lag")
def test_a_disagreement_is_accepted_with_a_reason_that_the_journal_keeps(tmp_path: pathlib.Path) -> None:
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        disagreeing(call, dns2)
        reason = "dns2 is the test DC"
        run = runs.started(tmp_path, SystemClock())
        result = task([entry(dns1), entry(dns2)], accept_disagreement=reason, require=1, run=run)
        assert not result.failed and dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert any(warning.endswith(f"; accepted: {reason}") for warning in result.warnings)
        (entry_of_it,) = runs.read(tmp_path, SystemClock()).runs["run1"].accepted
        assert (entry_of_it["finding"], entry_of_it["reason"], entry_of_it["step"]) == ("dns_servers_disagree", reason, "dns")
        assert "dns2" in entry_of_it["what"] and "127.1.0.77" in entry_of_it["what"]
        with pytest.raises(InvalidInput, match="^accept_disagreement: 'say why' only stands for a reason"):
            task([entry(dns1)], accept_disagreement="say why")


@pytest.mark.usefixtures("short_lag")
@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_accepted_disagreement_is_mended_where_it_is_wrong(state: str) -> None:
    """What a repair meets most: the first server has what the failover left, and the source registered itself at the second. Nothing comes of waiting."""
    dns1, dns2 = controllers()
    repair = {"state": state, "on_conflict": "replace", "accept_disagreement": "it is what is repaired", "verify_timeout": 1.0}
    with one_port(dns1, dns2) as call:
        there = ["127.1.0.22"] if state == "present" else []
        call(dns1.replace, "mail.example.com", "A", there, 60)
        record = {**MAIL, "values": there}
        result = task([entry(dns1), entry(dns2)], records=[record], **repair)
        assert not result.failed, result.msg
        assert dns2.lookup("mail.example.com", "A") == dns1.lookup("mail.example.com", "A") == there
        assert {label: facts["messages"] for label, facts in result.extra["servers"].items()} == {"dns1": 0, "dns2": 1}
        assert result.outcomes[0].before == {"values": ["127.1.0.21"], "ttl": 600}, "as it was at the server that was written"
        assert not task([entry(dns1), entry(dns2)], records=[record], **repair).changed


def test_a_repair_overwrites_no_run_that_opened_since_it_looked(tmp_path: pathlib.Path) -> None:
    """The run's marker is what the name server compares; the name of the identity is all that a repair has."""
    dns1 = example.primary()
    repair = {"state": "present", "on_conflict": "replace", "outside_runs_of": "mail", "records": [{**MAIL, "values": ["127.1.0.33"]}]}
    with one_port(dns1):
        run = runs.started(tmp_path, SystemClock())
        assert not task([entry(dns1)], run=run).failed
        refused = task([entry(dns1)], **repair)
        outcome = refused.outcomes[0]
        assert (outcome.status, outcome.reason, outcome.changed) == ("failed", "run_open", False)
        assert "_failover-mail.example.com: run run1 of mail writes zone example.com, so nothing was written" in outcome.msg
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert not task([entry(dns1)], **{**repair, "outside_runs_of": "another"}).failed
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.33"]


@pytest.mark.usefixtures("short_lag")
def test_a_secondary_that_lags_is_not_written_for_it() -> None:
    """It takes no updates: nothing is lost by trying, and it is waited for as ever."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=1.5)
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
        result = task([entry(dns1), entry(dns2)], on_conflict="replace", accept_disagreement="it is what is repaired", verify_timeout=5.0)
        assert not result.failed, result.msg
        assert dns2.lookup("mail.example.com", "A") == dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]


@pytest.mark.usefixtures("short_lag")
def test_a_secondary_that_passes_updates_on_and_lags_is_waited_for() -> None:
    """Its primary has all of it as wanted: an update that it passed on would be held against what its primary has, not against its own old value."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=1.0)
    dns2.forwards = True
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
        result = task([entry(dns1), entry(dns2)], on_conflict="replace", accept_disagreement="it is what is repaired", verify_timeout=5.0)
        assert not result.failed, result.msg
        assert {label: facts["messages"] for label, facts in result.extra["servers"].items()} == {"dns1": 0, "dns2": 0}
        assert dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]


@pytest.mark.parametrize(("takes_notify", "lag"), [(False, 0.5), (True, 60.0)])
def test_a_secondary_that_lags_is_no_disagreement(takes_notify: bool, lag: float) -> None:
    """Somebody has just changed the record, and dns2 has it in half a second, or long before its time where it lets itself be told."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=lag)
    dns2.takes_notify = takes_notify
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.55"], 600)
        result = task([entry(dns1)], verify_servers=[entry(dns2)])
        assert not result.failed and dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]


@pytest.mark.usefixtures("short_lag")
def test_a_server_that_somebody_writes_at_this_moment_does_not_disagree_with_what_we_read_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """dns2 is asked after dns1 was written, so it is ahead of what dns1 said; dns1 is asked again, and its new value is what is compared and replaced."""
    dns1, dns2 = controllers()
    asked = Servers.present

    def written_behind_the_look(servers: Servers, server: NameServer, items: t.Sequence[Item]) -> dict[Item, Reading]:
        found = asked(servers, server, items)
        if dns2.lookup("mail.example.com", "A") == ["127.1.0.21"]:
            for written in (dns1, dns2):
                call(written.replace, "mail.example.com", "A", ["127.1.0.77"], 600)
        return found

    monkeypatch.setattr(Servers, "present", written_behind_the_look)
    with one_port(dns1, dns2) as call:
        result = task([entry(dns1), entry(dns2)], require=1)
        assert not result.failed, result.msg
        assert result.outcomes[0].before == {"values": ["127.1.0.77"], "ttl": 600}
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]


@pytest.mark.usefixtures("short_lag")
@pytest.mark.parametrize(("value", "require"), [("127.1.0.22", "reachable"), ("127.1.0.77", "primary")])
def test_the_wanted_value_or_servers_that_do_not_count_are_no_disagreement(value: str, require: str) -> None:
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        disagreeing(call, dns2, value)
        clock = CountingClock()
        waits = waits_before_the_first_update(dns1, clock)
        result = task([entry(dns1), entry(dns2)], clock, require=require, records=[{**MAIL, "ttl": 600}])
        assert not result.failed and waits[0] == 0


@pytest.mark.usefixtures("short_lag")
def test_another_ttl_is_no_disagreement() -> None:
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        call(dns2.replace, "mail.example.com", "A", ["127.1.0.21"], 30)
        clock = CountingClock()
        waits = waits_before_the_first_update(dns1, clock)
        result = task([entry(dns1), entry(dns2)], clock, require=1)
        assert not result.failed and waits[0] == 0


@pytest.mark.usefixtures("short_lag")
def test_putting_back_meets_the_same_refusal(tmp_path: pathlib.Path) -> None:
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        clock = SystemClock()
        servers, run = [entry(dns1), entry(dns2)], runs.started(tmp_path, clock)
        assert not task(servers, run=run, require="primary").failed
        runs.ended(tmp_path, clock, run)
        disagreeing(call, dns2)
        back = {"state": "reverted", "revert_run": "run1", "run": runs.started(tmp_path, clock, run_id="run2", kind="failback")}
        result = task(servers, **back)
        assert (result.failed, result.outcomes[0].reason) == (True, "servers_disagree"), result.msg
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert not task(servers, **back, require="1", accept_disagreement="dns2 is the test DC").failed
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]


# Telling secondaries


@pytest.mark.parametrize(("takes_notify", "said"), [(True, "accepted"), (False, "refused (REFUSED)")])
def test_a_secondary_that_lacks_the_change_is_told_to_fetch_it(takes_notify: bool, said: str) -> None:
    """It has it long before its time, or when that has come."""
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=60)
    dns2.takes_notify = takes_notify
    seen: list[dict[str, t.Any]] = []
    dns2._trace = lambda kind, server, **data: seen.append(data)
    clock = CountingClock()
    with one_port(dns1, dns2) as call:
        if not takes_notify:
            clock.behind[2] = lambda: catch_up(call, dns2)
        result = task([entry(dns1)], clock, verify_servers=[entry(dns2)])
        assert not result.failed and dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert result.extra["servers"]["dns2"]["notified"] == {"example.com": said} and result.extra["servers"]["dns1"]["notified"] == {}
        told = [data for data in seen if data.get("opcode") == "NOTIFY"]
        assert [(data["question"], data["type"], data["key"]) for data in told] == [("example.com.", "SOA", "failover-key.")]


@pytest.mark.parametrize("way", ["task", "check mode", "plan"])
def test_check_mode_and_plans_wait_for_a_lag_and_tell_nobody(tmp_path: pathlib.Path, way: str) -> None:
    dns1 = example.primary()
    dns2 = example.secondary(dns1, lag=60)
    seen: list[dict[str, t.Any]] = []
    dns2._trace = lambda kind, server, **data: seen.append(data)
    (tmp_path / "predictions").touch()
    with one_port(dns1, dns2) as call:
        call(dns1.replace, "mail.example.com", "A", ["127.1.0.55"], 600)
        run = {**runs.started(tmp_path, SystemClock()), "mode": "plan", "predictions": str(tmp_path / "predictions")} if way == "plan" else None
        clock = CountingClock()

        def lags_no_more() -> None:
            dns2.lag = 0.0
            catch_up(call, dns2)

        clock.behind[2] = lags_no_more
        assert not task([entry(dns1)], clock, verify_servers=[entry(dns2)], check_mode=way == "check mode", run=run).failed
        assert len(clock.waits) >= 2
    assert any(data.get("opcode") == "NOTIFY" for data in seen) is (way == "task")


@pytest.mark.parametrize("way", ["leads elsewhere", "expected otherwise", "servers disagree"])
def test_a_plan_names_the_record_that_the_task_would_stop_at_and_calls_no_other_as_wanted(tmp_path: pathlib.Path, way: str) -> None:
    dns1 = example.primary()
    predictions = Predictions(str(tmp_path / "predictions"))
    (tmp_path / "predictions").touch()
    stop = "files.example.com A"
    with one_port(dns1, dns2 := example.secondary(dns1, lag=0)) as call:
        run = {**runs.started(tmp_path, SystemClock()), "mode": "plan", "predictions": predictions.path}
        both = [{"name": name, "type": "A", "values": ["127.1.0.22"]} for name in ("mail.example.com", "files.example.com")]
        options: dict[str, t.Any] = {"state": "present", "records": both, "repoint": None}
        if way == "leads elsewhere":
            options.update(state="repointed", records=None, repoint={"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": [one["name"] for one in both]})
        if way == "expected otherwise":
            both[1]["expect"] = ["127.1.0.21"]
        if way == "servers disagree":
            dns2.lag = 60.0
        call(dns1.replace, "files.example.com", "A", ["127.1.0.99"], 600)
        result = task([entry(dns1)], CountingClock(), verify_servers=[entry(dns2)], run=run, **options)
    (said,) = predictions.all()
    assert (said.changes, said.as_wanted, list(said.stops_at)) == ([], {}, [stop])
    assert (said.found[stop]["values"], said.found["mail.example.com A"]["values"]) == (["127.1.0.99"], ["127.1.0.21"])
    assert {one.status for one in result.outcomes} == {"skipped", "predicted"} and {one.grade for one in result.outcomes} == {"unknown"}


def test_a_plan_names_the_name_server_that_is_written(tmp_path: pathlib.Path) -> None:
    dns1 = example.primary()
    predictions = Predictions(str(tmp_path / "predictions"))
    (tmp_path / "predictions").touch()
    with one_port(dns1, dns2 := example.secondary(dns1, lag=0)):
        run = {**runs.started(tmp_path, SystemClock()), "mode": "plan", "predictions": predictions.path}
        task([entry(dns1)], CountingClock(), verify_servers=[entry(dns2)], run=run)
    (said,) = predictions.all()
    assert (len(said.changes), said.touches) == (1, ["dns1"])


def test_with_kerberos_nobody_is_told() -> None:
    """Active Directory replicates in its own way."""
    assert not GssAuth.shared and TsigAuth.shared


# Serials


def test_a_serial_that_is_ahead_says_nothing_of_the_records() -> None:
    """Every domain controller counts its own: dns2 is far ahead, and has the old value."""
    dns1, dns2 = controllers()
    with one_port(dns1, dns2) as call:
        for number in range(9):
            call(dns2.replace, "other.example.com", "A", [f"127.1.0.{number + 1}"], 60)
        assert dns2.serial("example.com") > dns1.serial("example.com") + 5
        result = task([entry(dns1), entry(dns2)], verify_timeout=0.3)
        assert (result.failed, result.outcomes[0].reason) == (True, "not_converged")
        assert result.extra["servers"]["dns2"]["names"] == {"wrong": ["mail.example.com A"]}


def test_a_serial_that_never_moves_is_no_sign_that_nothing_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samba's stays where it is with every update."""
    dns1 = example.primary()
    zone = next(zone for zone in dns1.zones.values() if zone.origin.to_text() == "example.com.")
    soa = zone.current.serial
    publish = zone.publish

    def frozen(nodes: t.Any) -> None:
        publish(nodes)
        ttl, (record,) = zone.current.soa()
        zone.current.nodes[zone.origin] = {**zone.current.nodes[zone.origin], record.rdtype: type(zone.current.soa())(ttl, (record.replace(serial=soa),))}
        zone.current.serial = soa

    monkeypatch.setattr(zone, "publish", frozen)
    with one_port(dns1):
        result = task([entry(dns1)])
        assert not result.failed and dns1.serial("example.com") == soa
        assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert not task([entry(dns1)]).changed
