# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""on_failure: what becomes of the messages that were carried out when a later one is not."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ttl import note_item
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

CLOCK = SystemClock()
FORWARD, REVERSE = "mail.example.com A", "22.0.1.127.in-addr.arpa PTR"
#: The second message goes to the reverse zone.
RECORDS = [
    {"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"], "ttl": 60},
    {"name": "new.example.com", "type": "A", "values": ["127.1.0.22"], "ttl": 60},
    {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": ["mail.example.com"], "ttl": 60},
]
#: A key that may write everything, and one that may write the forward zone only.
WHOLE = {"name": "failover-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
HALF = {"name": "half", "secret": example.SECRET, "algorithm": "hmac-sha256"}


class Estate:
    def __init__(self) -> None:
        names = [record["name"] for record in RECORDS[:2]]
        keys = [*example.KEYS, {**HALF, "may_write": [*names, "_failover-mail.example.com", note_item(names[0]).name]}]
        self.on_update: Callable[[int], None] = lambda number: None
        self.updates: list[dict[str, t.Any]] = []
        self.dns1 = example.server_of(keys, trace=self._trace)
        self.call: Call = lambda *arguments: None

    def _trace(self, kind: str, server: str, **data: t.Any) -> None:
        if data.get("opcode") == "UPDATE":
            self.updates.append(data)
            self.on_update(len(self.updates))

    def listed(self, dns2: DnsServer) -> list[dict[str, t.Any]]:
        """dns2 comes first."""
        return [{"address": server.address, "port": server.port, "name": server.name} for server in (dns2, self.dns1)]

    def run(self, **options: t.Any) -> Result:
        params = {
            **runs.ALONE,
            "state": "present",
            "records": RECORDS,
            "repoint": None,
            "servers": [{"address": self.dns1.address, "port": self.dns1.port, "name": "dns1"}],
            "verify_servers": [],
            "key": HALF,
            "unsigned": False,
            "ttl": None,
            "require": "reachable",
            "verify_timeout": 1.0,
            "protected_names": [],
            **options,
        }
        return update_dns(params, FakeHosts(), CLOCK, check_mode=False)

    def mail(self) -> tuple[list[str], int | None]:
        return self.dns1.lookup("mail.example.com", "A"), self.dns1.ttl("mail.example.com", "A")


@pytest.fixture
def estate() -> Iterator[Estate]:
    made = Estate()
    with background(made.dns1) as call:
        made.call = call
        yield made


def named(result: Result) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in result.outcomes}


@pytest.mark.parametrize("why", ["asked", "run", "accepted"])
def test_what_was_done_is_kept_where_somebody_goes_on_from_there(estate: Estate, tmp_path: pathlib.Path, why: str) -> None:
    options = {"asked": {"on_failure": "keep"}, "run": {"run": runs.started(tmp_path, CLOCK)}, "accepted": {"accept_failure": "PTRs are another team's"}}
    result = estate.run(**options[why])
    assert [named(result)[name].status for name in (FORWARD, REVERSE)] == ["done", "failed"]
    assert estate.mail() == (["127.1.0.22"], 60)
    assert result.extra["rollback"] == {"done": [], "left": {}}
    assert result.failed is (why != "accepted") and result.changed


@pytest.mark.parametrize("asked", [None, "rollback"])
def test_what_was_done_is_put_back_when_a_later_message_is_refused(estate: Estate, asked: str | None) -> None:
    """Of a task that stands alone nothing half done is left, also where it does not say so."""
    result = estate.run(on_failure=asked)
    assert (result.failed, result.changed, result.reason) == (True, False, "refused")
    assert result.msg.startswith(f"dns: {REVERSE} (and 2 more) failed on dns1: ") and "; 2 taken back; 0 of 3 items are as wanted" in result.msg
    assert estate.mail() == (["127.1.0.21"], 600) and estate.dns1.lookup("new.example.com", "A") == []
    outcome = named(result)[FORWARD]
    assert (outcome.status, outcome.changed, outcome.reason) == ("failed", False, "rolled_back")
    assert outcome.msg == f"it was done and taken back, as {REVERSE} failed"
    assert outcome.after == outcome.before == {"values": ["127.1.0.21"], "ttl": 600}
    assert result.extra["rollback"] == {"done": [FORWARD, "new.example.com A"], "left": {}}
    assert result.diff == {"before": {}, "after": {}}
    servers = result.extra["servers"]["dns1"]
    assert (servers["status"], servers["ok"], servers["names"]) == ("wrong", 2, {"wrong": [REVERSE]}), "what was put back is as it was, and no more is claimed"


@pytest.mark.parametrize("state", ["ttl_lowered", "ttl_restored"])
def test_ttls_that_one_message_lowered_are_put_back_and_those_that_it_restored_are_not(estate: Estate, state: str) -> None:
    """Restoring is a way back itself."""
    names = [{"name": "mail.example.com", "type": "A", "values": []}, {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": []}]
    if state == "ttl_restored":
        assert not estate.run(state="ttl_lowered", records=names, ttl=60, key=WHOLE).failed
        assert estate.mail()[1] == 60
    assert estate.run(state=state, records=names, ttl=60).failed
    assert estate.mail() == (["127.1.0.21"], 600), "put back, or restored"


def test_messages_that_would_come_later_are_not_sent(estate: Estate) -> None:
    records = [{"name": "two.example.com", "type": "A", "values": ["127.1.0.22"], "ttl": 60}, RECORDS[2]]
    result = estate.run(on_failure="rollback", records=records)
    assert [outcome.status for outcome in result.outcomes] == ["failed", "not_tried"] and len(estate.updates) == 1
    assert named(result)[REVERSE].msg == "not tried: an item before it failed, and on_failure is 'rollback'"
    assert result.extra["rollback"] == {"done": [], "left": {}}


def test_what_somebody_changed_since_is_not_overwritten(estate: Estate) -> None:
    def change(number: int) -> None:
        if number == 2:
            estate.dns1.replace("mail.example.com", "A", ["127.9.9.9"], 300)

    estate.on_update = change
    result = estate.run(on_failure="rollback")
    assert estate.mail() == (["127.9.9.9"], 300) and estate.dns1.lookup("new.example.com", "A") == []
    facts = result.extra["rollback"]
    assert facts["done"] == ["new.example.com A"] and list(facts["left"]) == [FORWARD]
    assert "somebody changed it since, so it is not overwritten" in facts["left"][FORWARD]
    outcome = named(result)[FORWARD]
    assert (outcome.status, outcome.changed) == ("done", True) and "not taken back: mail.example.com A is 127.9.9.9" in outcome.msg
    assert f"1 could not be taken back: {FORWARD}" in result.msg and result.changed


def test_a_server_that_is_gone_by_then_is_said(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(number: int) -> None:
        if number == 2:
            estate.dns1.set_fault("refused")

    estate.on_update = die
    result = estate.run(on_failure="rollback")
    assert estate.mail() == (["127.1.0.22"], 60)
    assert list(result.extra["rollback"]["left"]) == [FORWARD, "new.example.com A"] and result.changed
    assert "2 could not be taken back" in result.msg


def test_a_name_server_that_only_lags_is_no_reason(estate: Estate) -> None:
    dns2 = example.secondary(estate.dns1, lag=60.0)
    estate.call(dns2.start)
    try:
        readers = [{"address": dns2.address, "port": dns2.port, "name": "dns2"}]
        key = {"name": "failover-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
        result = estate.run(on_failure="rollback", verify_servers=readers, verify_timeout=0.2, key=key)
    finally:
        estate.call(dns2.stop)
    assert result.failed and {outcome.reason for outcome in result.outcomes} == {"not_converged"}
    assert estate.mail() == (["127.1.0.22"], 60) and result.extra["rollback"]["done"] == []


def test_back_is_said_only_of_the_server_that_was_written(estate: Estate) -> None:
    """dns2, a secondary that lags, is asked first: its old value is no sign that dns1 has it again."""
    dns2 = example.secondary(estate.dns1, lag=60.0)
    estate.call(dns2.start)
    try:
        result = estate.run(on_failure="rollback", servers=estate.listed(dns2), require="primary")
    finally:
        estate.call(dns2.stop)
    assert result.failed and result.extra["rollback"] == {"done": [FORWARD, "new.example.com A"], "left": {}}
    assert estate.mail() == (["127.1.0.21"], 600) and estate.dns1.lookup("new.example.com", "A") == []


def test_another_primary_can_t_tell_that_it_is_back(estate: Estate) -> None:
    """dns1 took the first message and is gone when the second is refused: dns2, a primary of its own to which the
    change was replicated, is no witness of what dns1 has."""
    dns2 = example.server_of([*example.KEYS, {**HALF, "may_write": ["mail.example.com"]}])
    dns2.address, dns2.name = example.SECOND, "dns2"

    def die(number: int) -> None:
        if number == 2:
            estate.dns1.set_fault("refused")
            dns2.replace("mail.example.com", "A", ["127.1.0.22"], 60)

    estate.on_update = die
    estate.call(dns2.start)
    try:
        result = estate.run(on_failure="rollback", servers=estate.listed(dns2)[::-1], require="primary", verify_timeout=0.2, records=[RECORDS[0], RECORDS[2]])
    finally:
        estate.call(dns2.stop)
    assert estate.mail() == (["127.1.0.22"], 60) and dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]
    assert list(result.extra["rollback"]["left"]) == [FORWARD] and result.changed


def test_a_lost_answer_is_looked_for_on_the_server_that_was_written(estate: Estate) -> None:
    """dns2, which lags, would say that nothing was done."""
    dns2 = example.secondary(estate.dns1, lag=60.0)
    estate.call(dns2.start)
    estate.on_update = lambda number: estate.dns1.set_fault("drop_replies", count=1)
    try:
        result = estate.run(servers=estate.listed(dns2), records=RECORDS[:1], require="primary")
    finally:
        estate.call(dns2.stop)
    assert (result.failed, estate.mail()) == (False, (["127.1.0.22"], 60)), result.msg
    assert len(estate.updates) == 1


def test_no_resolver_is_asked_for_what_is_about_to_be_taken_back(estate: Estate) -> None:
    """It would keep the stand-in's address for as long as its TTL says."""
    asked: list[str] = []
    resolver = example.secondary(estate.dns1, trace=lambda kind, server, **data: asked.append(str(data.get("question"))))
    estate.call(resolver.start)
    try:
        result = estate.run(on_failure="rollback", resolvers=estate.listed(resolver)[:1])
    finally:
        estate.call(resolver.stop)
    assert result.extra["rollback"]["done"] and "mail.example.com." not in asked


def test_the_way_back_overwrites_nobody_even_where_the_way_there_would(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(number: int) -> None:
        """Between the second look and the message that puts back; the first two were the way there."""
        if number == 2:
            real, looks = estate.dns1.receive, []

            def late(wire: bytes, peer: str, transport: str) -> bytes | None:
                if wire[2] >> 3 & 15 == 5 and not looks:
                    looks.append(1)
                    estate.dns1.replace("mail.example.com", "A", ["127.1.0.22", "127.9.9.9"], 60)
                return real(wire, peer, transport)

            monkeypatch.setattr(estate.dns1, "receive", late)

    estate.on_update = change
    move = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com"], "ptr": True}
    result = estate.run(on_failure="rollback", state="repointed", records=None, repoint=move)
    assert result.failed and set(estate.mail()[0]) == {"127.1.0.22", "127.9.9.9"}
    assert "somebody changed it, so it was not overwritten" in result.extra["rollback"]["left"][FORWARD]


def test_in_a_run_the_journal_has_both_ways_and_undoing_has_nothing_left_to_do(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    assert estate.run(on_failure="rollback", run=run).failed
    assert estate.mail() == (["127.1.0.21"], 600)
    image = runs.read(tmp_path, CLOCK).runs["run1"].images["dns"][FORWARD]
    assert image["before"] == {"values": ["127.1.0.21"], "ttl": 600} and image["afters"] == [{"values": ["127.1.0.22"], "ttl": 60}, image["before"]]
    undone = estate.run(state="reverted", revert_run="run1", run=run)
    assert (undone.failed, undone.changed) == (False, False), undone.msg


def test_putting_back_is_not_taken_back(estate: Estate) -> None:
    with pytest.raises(InvalidInput, match="on_failure: 'rollback' would take back what state 'reverted' puts back"):
        estate.run(state="reverted", revert_run="run1", on_failure="rollback")
