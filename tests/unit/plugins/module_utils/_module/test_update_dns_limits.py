# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much goes into a message, what comes before it, and what many records cost."""

from __future__ import annotations

import contextlib
import pathlib
import re
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import BASE_SECONDS, MAX_BYTES, MAX_RECORDS, SECONDS_PER_RECORD
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionRefused, DeadlineExceeded, InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.local_server import closed_port
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import CountingClock, Params, entry, is_update, not_waited_for, task

CLOCK = SystemClock()


class Estate:
    """``sizes``: octets of each update; ``updates``: what was in it; ``before``: called with the number of each update before it is handled."""

    def __init__(self, *records: Params) -> None:
        forward = {**example.FORWARD, "records": [*example.FORWARD["records"], *records]}
        self.dns1: t.Any = example.primary(forward, example.REVERSE, trace=self._trace)
        self.dns2 = example.secondary(self.dns1)
        self.sizes: list[int] = []
        self.updates: list[dict[str, t.Any]] = []
        self.before: Callable[[int], None] = lambda number: None
        self.call: Call = lambda *arguments: None
        self._receive = self.dns1.receive
        self.dns1.receive = self._measured

    def _measured(self, wire: bytes, peer: str, transport: str) -> bytes | None:
        if wire[2] >> 3 & 15 == 5:
            self.sizes.append(len(wire))
            self.before(len(self.sizes))
        return self._receive(wire, peer, transport)

    def _trace(self, kind: str, server: str, **data: t.Any) -> None:
        if data.get("opcode") == "UPDATE":
            self.updates.append(data)

    def run(self, records: list[Params], **options: t.Any) -> Result:
        return task([entry(self.dns1)], records=records, verify_servers=[entry(self.dns2)], **options)


@contextlib.contextmanager
def serving(*records: Params) -> Iterator[Estate]:
    made = Estate(*records)
    with background(made.dns1, made.dns2) as call:
        made.call = call
        yield made


@pytest.fixture
def estate() -> Iterator[Estate]:
    with serving() as made:
        yield made


def names_in(update: dict[str, t.Any]) -> set[str]:
    return {line.split(" ")[0] for line in update["updates"]}


def five_thousand(network: int) -> list[Params]:
    return [{"name": f"h{number}.example.com", "type": "A", "values": [f"127.{network}.{number // 250}.{number % 250}"]} for number in range(5000)]


def test_five_thousand_records_are_changed_in_messages_that_every_server_takes() -> None:
    with serving(*five_thousand(2)) as estate:
        result = estate.run(five_thousand(3))
    assert not result.failed and result.as_dict()["counts"]["done"] == 5000
    assert len(estate.sizes) == 20 and max(estate.sizes) <= MAX_BYTES
    for update in estate.updates:
        assert len([line for line in update["updates"] if " IN " in line]) <= MAX_RECORDS
    assert result.extra["servers"]["dns2"]["ok"] == 5000
    asked = {server.name: server.messages for server in (estate.dns1, estate.dns2)}
    assert asked["dns1"] <= 3 * 5000 + 100 and asked["dns2"] <= 2 * 5000 + 100, "zone, value and reading back; of the second server only the last two"


def big(name: str, octets: int) -> list[Params]:
    texts = [f"{number:03d}" + "x" * 252 for number in range(octets // 270)]
    return [{"name": name, "type": "TXT", "values": texts}, {"name": name, "type": "A", "values": ["127.1.0.22"]}]


def test_two_hosts_that_are_too_much_for_one_message_are_divided_between_hosts(estate: Estate) -> None:
    result = estate.run([*big("one.example.com", 30_000), *big("other.example.com", 30_000)])
    assert not result.failed, result.msg
    assert len(estate.sizes) == 2 and max(estate.sizes) <= MAX_BYTES
    assert [names_in(update) for update in estate.updates] == [{"one.example.com."}, {"other.example.com."}]


def test_a_host_that_no_message_can_hold_is_refused_before_anything_is_sent_or_written_down(estate: Estate, tmp_path: pathlib.Path) -> None:
    with pytest.raises(InvalidInput, match=r"one.example.com: its \d+ records \(\d+ bytes\) are more than one message may hold"):
        estate.run([{"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"]}, *big("one.example.com", 60_000)], run=runs.started(tmp_path, CLOCK))
    assert estate.sizes == [] and estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]
    assert not runs.read(tmp_path, CLOCK).runs["run1"].moved_anything()


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_name_with_too_many_addresses_is_refused_in_check_mode_too(estate: Estate, tmp_path: pathlib.Path, check_mode: bool) -> None:
    record = {"name": "mail.example.com", "type": "A", "values": [f"127.2.{number // 250}.{number % 250 + 1}" for number in range(300)]}
    with pytest.raises(InvalidInput, match=r"mail.example.com: its 300 records \(\d+ bytes\) are more than one message may hold \(250"):
        estate.run([record], run=runs.started(tmp_path, CLOCK), check_mode=check_mode)
    run = runs.read(tmp_path, CLOCK).runs["run1"]
    assert estate.sizes == [] and not run.moved_anything() and not run.steps.get("dns", {}).get("trying")


def test_the_journal_knows_what_a_message_changes_before_the_message_goes_out(estate: Estate, tmp_path: pathlib.Path) -> None:
    """Read from the journal's file at the moment at which the name server gets the bytes."""
    known: list[dict[str, t.Any]] = []
    estate.before = lambda number: known.append(runs.read(tmp_path, CLOCK).runs["run1"].images.get("dns", {}))
    records = [
        {"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"]},
        {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": ["mail.example.com"]},
    ]
    assert not estate.run(records, run=runs.started(tmp_path, CLOCK)).failed
    assert len(known) == 4, "a marker and a message for each of two zones"
    for images in known:
        assert images["mail.example.com A"]["before"] == {"values": ["127.1.0.21"], "ttl": 600}
        assert images["22.0.1.127.in-addr.arpa PTR"]["before"] == {"values": ["exch2.example.com"], "ttl": 300}


def test_putting_back_is_in_the_journal_before_its_message_too(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    assert not estate.run([{"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"]}], run=run).failed
    announced: list[bool] = []
    estate.before = lambda number: announced.append(bool(runs.read(tmp_path, CLOCK).runs["run1"].undone["dns"]["announced"]))
    record = {"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"]}
    assert not estate.run([record], state="reverted", run=run, revert_run="run1").failed
    assert announced == [True]


def test_a_server_that_does_not_answer_is_said_with_its_name_and_what_stays(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    not_waited_for(monkeypatch, estate.dns1.address)
    estate.call(estate.dns1.set_fault, "silent")
    with pytest.raises(DeadlineExceeded) as caught:
        estate.run([{"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"]}])
    sentence = r"dns: .*dns1 \(127.0.53.1 port \d+\) did not answer within [^;]*; nothing was changed of mail.example.com: see that it runs .*"
    assert re.fullmatch(sentence, caught.value.result.msg), caught.value.result.msg


def test_a_server_that_is_gone_is_said_with_its_name_and_what_stays() -> None:
    repoint = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com", "www.example.com"], "ptr": True}
    with closed_port("127.0.53.9") as port, pytest.raises(ConnectionRefused) as caught:
        task([{"address": "127.0.53.9", "port": port, "name": "gone"}], state="repointed", records=None, repoint=repoint)
    assert "; nothing was changed of mail.example.com and 3 more: see that it runs" in caught.value.result.msg, caught.value.result.msg


def test_a_server_has_more_time_for_more_records(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    sent, times = NameServer.update, []

    def timed(server: NameServer, wire: bytes, auth: t.Any, timeout: float) -> t.Any:
        times.append(timeout)
        return sent(server, wire, auth, timeout)

    monkeypatch.setattr(NameServer, "update", timed)
    for count in (1, 200):
        records = [{"name": f"h{number}.example.com", "type": "A", "values": [f"127.1.{count % 250}.{number % 250}"]} for number in range(count)]
        assert not estate.run(records).failed
    assert times == [BASE_SECONDS + SECONDS_PER_RECORD * lines for lines in (1, 201)], "h0 is replaced, the others are new"


def test_a_server_that_falls_silent_between_two_messages_leaves_nothing_unsaid(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    not_waited_for(monkeypatch, estate.dns1.address, lambda wire: "silent" in estate.dns1.faults or (is_update(wire) and len(estate.sizes) == 1))

    def die(number: int) -> None:
        if number == 2:
            estate.dns1.set_fault("silent")

    estate.before = die
    records = [
        {"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"]},
        {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": ["mail.example.com"]},
    ]
    result = estate.run(records, clock=CountingClock(), verify_timeout=0.5)
    assert [(outcome.name, outcome.status) for outcome in result.outcomes] == [
        ("mail.example.com A", "done"),
        ("22.0.1.127.in-addr.arpa PTR", "unconfirmed"),
    ]
    assert result.failed and "22.0.1.127.in-addr.arpa PTR unconfirmed" in result.msg and "1 of 2 items are as wanted" in result.msg
