# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole module against embedded name servers: dns1, the primary, and dns2, which follows it."""

from __future__ import annotations

import pathlib
import random
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionRefused,
    DnsRefused,
    FailoverError,
    InvalidInput,
    LeaseLost,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.modules import update_dns as update_dns_module
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.module_arguments import run_main
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import CountingClock, catch_up, is_update, not_waited_for

CLOCK = SystemClock()
Params = dict[str, t.Any]
REPOINT: Params = {
    "state": "repointed",
    "records": None,
    "repoint": {
        "from": ["127.1.0.21", "exch1.example.com"],
        "to": ["127.1.0.22", "exch2.example.com"],
        "names": ["mail.example.com", "autodiscover.example.com"],
        "ptr": True,
    },
}
MAIL: Params = {"name": "mail.example.com", "type": "A", "values": ["127.1.0.22"]}


class Estate:
    """The servers, what was asked of dns1 (``seen``), and a hook into its thread after each message (``after``)."""

    def __init__(self) -> None:
        self.seen: list[dict[str, t.Any]] = []
        self.after: Callable[[dict[str, t.Any]], None] = lambda data: None
        self.dns1 = example.primary(trace=self._trace)
        self.dns2 = example.secondary(self.dns1)
        self.call: Call = lambda *arguments: None

    def _trace(self, kind: str, server: str, **data: t.Any) -> None:
        self.seen.append(data)
        self.after(data)

    def updates(self) -> list[dict[str, t.Any]]:
        return [data for data in self.seen if data.get("opcode") == "UPDATE"]

    def params(self, **options: t.Any) -> Params:
        return {
            **runs.ALONE,
            "state": "present",
            "records": [MAIL],
            "repoint": None,
            "servers": [{"address": self.dns1.address, "port": self.dns1.port, "name": "dns1"}],
            "verify_servers": [{"address": self.dns2.address, "port": self.dns2.port, "name": "dns2"}],
            "key": {"name": "failover-key", "secret": example.SECRET, "algorithm": "hmac-sha256"},
            "unsigned": False,
            "ttl": None,
            "require": "reachable",
            "verify_timeout": 10.0,
            "protected_names": [],
            **options,
        }

    def run(self, *, check_mode: bool = False, clock: Clock = CLOCK, **options: t.Any) -> Result:
        return update_dns(self.params(**options), FakeHosts(), clock, check_mode=check_mode)

    def mail(self) -> list[str]:
        return self.dns1.lookup("mail.example.com", "A")


@pytest.fixture
def estate() -> Iterator[Estate]:
    made = Estate()
    with background(made.dns1, made.dns2) as call:
        made.call = call
        yield made


def named(result: Result) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in result.outcomes}


def statuses(result: Result) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in result.outcomes}


# What it does


def test_a_record_is_set_read_back_everywhere_and_left_alone_the_second_time(estate: Estate) -> None:
    result = estate.run(ttl=60)
    assert (result.changed, result.failed, result.warnings) == (True, False, [])
    assert named(result)["mail.example.com A"].status == "done"
    assert result.diff == {
        "before": {"mail.example.com A": {"values": ["127.1.0.21"], "ttl": 600}},
        "after": {"mail.example.com A": {"values": ["127.1.0.22"], "ttl": 60}},
    }
    for server in (estate.dns1, estate.dns2):
        assert server.lookup("mail.example.com", "A") == ["127.1.0.22"] and server.ttl("mail.example.com", "A") == 60
    servers = result.extra["servers"]
    assert [(name, facts["status"], facts["ok"], facts["written"], facts["messages"]) for name, facts in servers.items()] == [
        ("dns1", "ok", 1, True, 1),
        ("dns2", "ok", 1, False, 0),
    ]
    again = estate.run(ttl=60)
    assert (again.changed, again.failed, statuses(again)) == (False, False, {"mail.example.com A": "already"})
    assert len(estate.updates()) == 1


def test_the_message_compares_and_swaps(estate: Estate) -> None:
    estate.run()
    assert estate.updates()[0]["prerequisites"] == ["mail.example.com. 0 IN A 127.1.0.21"]
    assert estate.updates()[0]["updates"] == ["mail.example.com. 0 NONE A 127.1.0.21", "mail.example.com. 600 IN A 127.1.0.22"]


def test_check_mode_says_all_and_sends_nothing(estate: Estate) -> None:
    result = estate.run(check_mode=True)
    assert (result.changed, statuses(result)) == (True, {"mail.example.com A": "predicted"})
    assert result.diff["after"] == {"mail.example.com A": {"values": ["127.1.0.22"], "ttl": 600}}
    assert named(result)["mail.example.com A"].msg == "would set mail.example.com A to 127.1.0.22 with a TTL of 600 s, now 127.1.0.21"
    assert not estate.updates()


def test_every_type_is_written_and_comes_back_the_same(estate: Estate) -> None:
    records = [
        {"name": "new.example.com", "type": "A", "values": ["127.1.0.5", "127.1.0.4"]},
        {"name": "new.example.com", "type": "AAAA", "values": ["2001:DB8::5"]},
        {"name": "new.example.com", "type": "MX", "values": ["5 Mail.example.com."]},
        {"name": "new.example.com", "type": "SRV", "values": ["0 0 443 mail.example.com"]},
        {"name": "new.example.com", "type": "TXT", "values": ['say "hi" \\ ü', "x" * 300]},
        {"name": "alias.example.com", "type": "CNAME", "values": ["mail.example.com"]},
        {"name": "5.0.1.127.in-addr.arpa", "type": "PTR", "values": ["new.example.com"]},
    ]
    result = estate.run(records=records)
    assert not result.failed and set(statuses(result).values()) == {"done"}
    assert [outcome.name for outcome in result.outcomes] == [f"{record['name']} {record['type']}" for record in records]
    assert [update["question"] for update in estate.updates()] == ["example.com.", "1.127.in-addr.arpa."]
    assert not estate.run(records=records).changed
    gone = estate.run(state="absent", records=[{**record, "values": []} for record in records])
    assert not gone.failed and set(statuses(gone).values()) == {"done"}
    assert not estate.run(state="absent", records=[{**record, "values": []} for record in records]).changed
    assert estate.dns1.lookup("new.example.com", "A") == []


OTHER_TYPES = [
    ("CAA", ['0 ISSUE "ca.example.net"']),
    ("SSHFP", ["4 2 " + "AB" * 32]),
    ("TLSA", ["3 1 1 " + "cd" * 32]),
    ("NAPTR", ['100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .', '200 10 "s" "SIP+D2T" "" _Sip._tcp.Example.com.']),
    ("HTTPS", ["1 . alpn=h2,h3 port=8443"]),
    ("SVCB", ["0 Pool.example.com."]),
    ("URI", ['10 1 "https://www.example.com/"']),
    ("LOC", ["52 31 0.000 N 13 24 0.000 E 34.00m"]),
    ("TYPE65280", ["\\# 4 0A000001"]),
    ("TYPE28", ["2001:db8::7"]),
]


def test_other_types_are_written_as_a_zone_file_has_them_and_left_alone_the_second_time(estate: Estate) -> None:
    records: list[Params] = [{"name": "others.example.com", "type": kind, "values": values} for kind, values in OTHER_TYPES]
    records.append({"name": "branch.example.com", "type": "DNAME", "values": ["Elsewhere.example.net."]})
    result = estate.run(records=records)
    assert not result.failed and set(statuses(result).values()) == {"done"}, result.msg
    assert named(result)["others.example.com NAPTR"].after["values"][1] == '200 10 "s" "SIP+D2T" "" _sip._tcp.example.com.'
    assert named(result)["others.example.com AAAA"].after["values"] == ["2001:db8::7"]
    assert estate.dns1.lookup("others.example.com", "TYPE65280") == ["\\# 4 0a000001"]
    again = estate.run(records=records)
    assert (again.changed, set(statuses(again).values())) == (False, {"already"})
    gone = estate.run(state="absent", records=[{**record, "values": []} for record in records])
    assert not gone.failed and estate.dns1.lookup("others.example.com", "CAA") == []


def test_a_text_is_the_same_however_it_is_quoted(estate: Estate) -> None:
    assert estate.run(records=[{"name": "new.example.com", "type": "TXT", "values": ['"\\065 b" "c"', "plain"]}]).changed
    assert not estate.run(records=[{"name": "new.example.com", "type": "TXT", "values": ['"A b"  "c"', '"plain"']}]).changed


def test_a_wildcard_is_changed_where_that_is_asked_for(estate: Estate) -> None:
    record = {"name": "*.web.example.com", "type": "A", "values": ["127.1.0.22"]}
    with pytest.raises(InvalidInput, match="is a wildcard, one record for many names"):
        estate.run(records=[record])
    assert not estate.run(records=[record], allow_wildcards=True).failed
    assert estate.dns1.lookup("*.web.example.com", "A") == ["127.1.0.22"]


def test_absent_takes_only_the_listed_values(estate: Estate) -> None:
    result = estate.run(state="absent", records=[{"name": "two.example.com", "type": "A", "values": ["127.1.0.99"]}])
    assert not result.failed and estate.dns1.lookup("two.example.com", "A") == ["127.1.0.21"]


def test_names_are_repointed_with_their_pointers_and_others_are_not_touched(estate: Estate) -> None:
    result = estate.run(**REPOINT, ttl=60)
    assert not result.failed
    assert statuses(result) == {
        "mail.example.com A": "done",
        "autodiscover.example.com CNAME": "done",
        "21.0.1.127.in-addr.arpa PTR": "done",
        "22.0.1.127.in-addr.arpa PTR": "done",
    }
    for server in (estate.dns1, estate.dns2):
        assert server.lookup("mail.example.com", "A") == ["127.1.0.22"]
        assert server.lookup("autodiscover.example.com", "CNAME") == ["exch2.example.com."]
        assert server.lookup("21.0.1.127.in-addr.arpa", "PTR") == ["other.example.com."]
        assert server.lookup("22.0.1.127.in-addr.arpa", "PTR") == ["exch2.example.com.", "mail.example.com."]
        assert server.lookup("two.example.com", "A") == ["127.1.0.21", "127.1.0.99"]
        assert server.lookup("exch1.example.com", "A") == ["127.1.0.1"]
    assert not estate.run(**REPOINT, ttl=60).changed


def test_names_from_which_no_pointer_goes_over_leave_the_reverse_zone_alone(estate: Estate) -> None:
    repoint = {**REPOINT["repoint"], "names": ["two.example.com"]}
    result = estate.run(state="repointed", records=None, repoint=repoint)
    assert not result.failed and [update["question"] for update in estate.updates()] == ["example.com."]


def test_a_thousand_records_are_four_messages(estate: Estate) -> None:
    records = [{"name": f"h{number}.example.com", "type": "A", "values": [f"127.2.{number // 250}.{number % 250}"]} for number in range(1000)]
    result = estate.run(records=records)
    assert not result.failed and result.as_dict()["counts"]["done"] == 1000
    assert len(estate.updates()) == 4
    assert result.extra["servers"]["dns2"]["ok"] == 1000


# Servers that lag, lie or are silent


def test_a_secondary_that_lags_is_waited_for(estate: Estate) -> None:
    estate.dns2.lag = 60
    clock = CountingClock()
    clock.behind[2] = lambda: catch_up(estate.call, estate.dns2)
    result = estate.run(clock=clock)
    assert not result.failed and len(clock.waits) == 2
    assert estate.dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]


def test_a_secondary_that_lags_too_long_is_named(estate: Estate) -> None:
    estate.dns2.lag = 60
    result = estate.run(verify_timeout=0.3)
    outcome = named(result)["mail.example.com A"]
    assert (result.failed, outcome.status, outcome.reason, outcome.changed) == (True, "unconfirmed", "not_converged", True)
    assert f"dns2 ({example.SECOND} port {estate.dns2.port}) still has 127.1.0.21" in outcome.msg
    assert result.extra["servers"]["dns2"]["names"] == {"wrong": ["mail.example.com A"]}
    again = estate.run(verify_timeout=0.3)
    assert again.failed and named(again)["mail.example.com A"].status == "unconfirmed", "what dns2 lacks is not called already done"
    assert len(estate.updates()) == 1


@pytest.mark.parametrize(
    ("fault", "require", "failed", "status"),
    [
        ("silent", "reachable", False, "unreachable"),
        ("silent", "all", True, "unreachable"),
        ("silent", "primary", False, "unreachable"),
        ("lame", "reachable", False, "not_authoritative"),
        ("refused", "all", True, "not_authoritative"),
    ],
)
def test_what_success_needs(estate: Estate, monkeypatch: pytest.MonkeyPatch, fault: str, require: str, failed: bool, status: str) -> None:
    if fault == "silent":
        not_waited_for(monkeypatch, estate.dns2.address)
    estate.dns2.set_fault(fault)
    result = estate.run(clock=CountingClock(), require=require, verify_timeout=1.0)
    assert result.failed is failed
    if failed:
        assert named(result)["mail.example.com A"].reason == status
    if require != "primary":
        assert result.extra["servers"]["dns2"]["status"] == status
        assert any("name server dns2" in warning for warning in result.warnings)
    assert estate.mail() == ["127.1.0.22"]


@pytest.mark.parametrize("fault", ["unsigned_replies", "echoed_mac", "bad_mac"])
def test_a_success_that_is_not_vouched_for_is_settled_by_reading_back(estate: Estate, fault: str) -> None:
    estate.dns1.set_fault(fault)
    result = estate.run()
    outcome = named(result)["mail.example.com A"]
    assert (outcome.status, result.failed) == ("done", False)
    assert "only reading back tells" in outcome.msg


def test_a_lost_answer_is_settled_by_reading_back(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    not_waited_for(monkeypatch, estate.dns1.address, is_update)
    estate.dns1.set_fault("drop_replies", count=1)
    result = estate.run()
    assert (result.failed, statuses(result)) == (False, {"mail.example.com A": "done"})
    assert len(estate.updates()) == 1


@pytest.mark.parametrize("seed", range(4))
def test_messages_that_get_lost_are_sent_again(estate: Estate, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    real, chance, losses = estate.dns1.receive, random.Random(seed), []
    lost: set[bytes] = set()

    def a_tenth_is_lost(wire: bytes) -> bool:
        gone = chance.random() <= 0.1
        losses.append(gone)
        (lost.add if gone else lost.discard)(wire)  # a query that is sent again has the same bytes
        return gone

    not_waited_for(monkeypatch, estate.dns1.address, a_tenth_is_lost)
    monkeypatch.setattr(estate.dns1, "receive", lambda wire, peer, transport: None if wire in lost else real(wire, peer, transport))
    result = estate.run(**REPOINT)
    assert not result.failed and any(losses), result.msg
    assert estate.mail() == ["127.1.0.22"]


def test_a_server_that_can_t_be_reached_is_passed_over(estate: Estate) -> None:
    servers = [{"address": "127.0.53.9", "port": 9, "name": "gone"}, *estate.params()["servers"]]
    result = estate.run(servers=servers)
    assert not result.failed and estate.mail() == ["127.1.0.22"]
    assert result.extra["servers"]["gone"]["status"] == "unreachable"


def test_a_secondary_listed_first_is_read_and_the_primary_written(estate: Estate) -> None:
    params = estate.params()
    result = estate.run(servers=params["verify_servers"] + params["servers"], verify_servers=[])
    assert not result.failed and estate.mail() == ["127.1.0.22"]
    assert [name for name, facts in result.extra["servers"].items() if facts["written"]] == ["dns1"]


def test_no_server_that_answers_is_an_error(estate: Estate) -> None:
    with pytest.raises(ConnectionRefused, match=r"gone \(127.0.53.9 port 9\) refuses DNS"):
        estate.run(servers=[{"address": "127.0.53.9", "port": 9, "name": "gone"}])


# Others who write


def test_a_source_that_registers_its_name_again_is_overruled_and_told(estate: Estate) -> None:
    left = [2]

    def register(data: dict[str, t.Any]) -> None:
        if data.get("opcode") == "UPDATE" and left[0]:
            left[0] -= 1
            estate.dns1.replace("mail.example.com", "A", ["127.1.0.21"], 1200)

    estate.after = register
    result = estate.run(on_conflict="replace")
    outcome = named(result)["mail.example.com A"]
    assert (outcome.status, result.failed, estate.mail()) == ("done", False, ["127.1.0.22"])
    assert outcome.msg == "written again 2 times, as the name server had another value"
    assert estate.dns2.lookup("mail.example.com", "A") == ["127.1.0.22"]


def test_a_source_that_registers_its_name_every_time_is_named_and_the_task_fails(estate: Estate) -> None:
    def register(data: dict[str, t.Any]) -> None:
        if data.get("opcode") == "UPDATE":
            estate.dns1.replace("mail.example.com", "A", ["127.9.9.9"], 1200)

    estate.after = register
    result = estate.run(on_conflict="replace")
    outcome = named(result)["mail.example.com A"]
    assert result.failed and outcome.status in ("failed", "unconfirmed") and outcome.reason == "changed_by_other"
    assert "127.9.9.9" in outcome.msg and outcome.after == {"values": ["127.9.9.9"], "ttl": 1200}
    assert len(estate.updates()) == 4
    assert result.extra["servers"]["dns1"]["status"] == "wrong"


def test_another_writer_s_value_stays_unless_it_is_to_be_replaced(estate: Estate) -> None:
    theirs = iter(["127.9.9.9", "127.9.9.8"])

    def write(data: dict[str, t.Any]) -> None:
        if data.get("opcode") == "UPDATE":
            estate.dns1.replace("mail.example.com", "A", [next(theirs)], 1200)

    estate.after = write
    failed = estate.run()
    assert (failed.failed, named(failed)["mail.example.com A"].reason, estate.mail()) == (True, "changed_by_other", ["127.9.9.9"])
    assert len(estate.updates()) == 1
    kept = estate.run(on_conflict="keep")
    outcome = named(kept)["mail.example.com A"]
    assert (kept.failed, outcome.status, outcome.after) == (False, "done", {"values": ["127.9.9.8"], "ttl": 1200})
    assert "somebody else set it to 127.9.9.8 since" in outcome.msg


@pytest.mark.parametrize(("on_conflict", "values", "status"), [("keep", ["127.7.7.7"], "skipped"), ("replace", ["127.1.0.22"], "done")])
def test_a_record_that_changed_since_it_was_read_is_kept_or_replaced(estate: Estate, on_conflict: str, values: list[str], status: str) -> None:
    change_after_reading(estate, "mail.example.com", ["127.7.7.7"])
    result = estate.run(on_conflict=on_conflict, require="primary")
    assert (result.failed, estate.mail(), named(result)["mail.example.com A"].status) == (False, values, status)


@pytest.mark.parametrize(("on_conflict", "values", "status"), [("keep", ["127.1.0.21"], "skipped"), ("replace", ["127.1.0.22"], "done")])
def test_an_unexpected_value_is_kept_or_replaced(estate: Estate, on_conflict: str, values: list[str], status: str) -> None:
    two = {"name": "two.example.com", "type": "A", "values": ["127.1.0.22"]}
    result = estate.run(records=[{**MAIL, "expect": ["127.3.3.3"]}, two], on_conflict=on_conflict)
    assert (result.failed, estate.mail(), named(result)["mail.example.com A"].status) == (False, values, status)
    assert estate.dns1.lookup("two.example.com", "A") == ["127.1.0.22"]


def test_a_server_that_ignores_the_change_is_named(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.continuity.identity_failover.tests.lab.dns.server.apply_update", lambda zone, message, right: False)
    outcome = named(estate.run())["mail.example.com A"]
    sentence = "has 127.1.0.21 again or still: it took the update and did not carry it out, or somebody set the old value anew"
    assert outcome.reason == "ignored" and sentence in outcome.msg and outcome.msg.startswith("mail.example.com A: dns1 (")


def change_after_reading(estate: Estate, name: str, values: list[str]) -> None:
    """Somebody changes the record between our look and our message."""
    done: list[int] = []

    def change(data: dict[str, t.Any]) -> None:
        if data.get("question") == name + "." and data.get("type") == "A" and not done:
            done.append(1)
            estate.dns1.replace(name, "A", values, 600)

    estate.after = change


def test_a_record_that_changed_since_it_was_read_is_not_overwritten_and_the_others_are_done(estate: Estate) -> None:
    change_after_reading(estate, "mail.example.com", ["127.7.7.7"])
    records = [MAIL, {"name": "two.example.com", "type": "A", "values": ["127.1.0.22"]}]
    result = estate.run(records=records, require="primary", on_failure="keep")
    outcome = named(result)["mail.example.com A"]
    assert (outcome.status, outcome.reason, result.failed) == ("failed", "changed_by_other", True)
    assert outcome.msg.startswith("mail.example.com A is 127.7.7.7 now and was 127.1.0.21 when the task began")
    assert estate.mail() == ["127.7.7.7"]
    assert statuses(result)["two.example.com A"] == "done" and estate.dns1.lookup("two.example.com", "A") == ["127.1.0.22"]


def test_a_record_that_somebody_else_set_as_wanted_is_done(estate: Estate) -> None:
    change_after_reading(estate, "mail.example.com", ["127.1.0.22"])
    result = estate.run(require="primary")
    assert (result.failed, statuses(result)) == (False, {"mail.example.com A": "done"})


def test_on_item_failure_stop_tells_what_was_not_tried(estate: Estate) -> None:
    records = [{"name": "two.example.com", "type": "A", "values": []}, {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": []}]
    key = {"name": "exch1-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
    result = estate.run(state="absent", records=records, key=key, on_item_failure="stop")
    assert statuses(result) == {"two.example.com A": "failed", "22.0.1.127.in-addr.arpa PTR": "not_tried"}
    assert named(result)["two.example.com A"].reason == "refused" and len(estate.updates()) == 1


@pytest.mark.parametrize(
    ("key", "reason"),
    [({"name": "nobody"}, "bad_key"), ({"secret": "b3RoZXI="}, "bad_signature"), ({"algorithm": "hmac-sha1"}, "bad_key"), ({"name": "exch1-key"}, "refused")],
)
def test_a_key_that_does_not_fit_is_said_with_a_reason(estate: Estate, key: dict[str, str], reason: str) -> None:
    records = [{"name": "two.example.com", "type": "A", "values": ["127.1.0.22"]}]
    result = estate.run(records=records, key={**estate.params()["key"], **key})
    assert (result.failed, result.reason, statuses(result)) == (True, reason, {"two.example.com A": "failed"})
    assert [facts["ok"] for facts in result.extra["servers"].values()] == [0, 0], "what was read before the refusal is not called right"
    assert estate.dns1.lookup("two.example.com", "A") == ["127.1.0.21", "127.1.0.99"]


# Runs


def test_a_run_marks_its_zones_and_each_message_needs_the_marker(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    result = estate.run(**REPOINT, run=run)
    assert not result.failed and result.warnings == []
    marker = f'"run=run1 epoch={run["epoch"]}"'
    for zone in ("example.com", "1.127.in-addr.arpa"):
        assert estate.dns1.lookup(f"_failover-mail.{zone}", "TXT") == [marker]
    first, second, third, fourth = estate.updates()
    assert first["updates"] == [f"_failover-mail.example.com. 60 IN TXT {marker}"]
    assert second["prerequisites"][0] == f"_failover-mail.example.com. 0 IN TXT {marker}"
    assert third["question"] == fourth["question"] == "1.127.in-addr.arpa."
    record = runs.read(tmp_path, CLOCK).runs["run1"]
    assert record.images["dns"]["mail.example.com A"]["before"] == {"values": ["127.1.0.21"], "ttl": 600}


def test_a_later_run_takes_the_marker_over_and_reverts(estate: Estate, tmp_path: pathlib.Path) -> None:
    failover = runs.started(tmp_path, CLOCK)
    estate.run(**REPOINT, run=failover, ttl=60)
    runs.ended(tmp_path, CLOCK, failover)
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    result = estate.run(**{**REPOINT, "state": "reverted"}, run=failback, revert_run="run1")
    assert not result.failed, result.msg
    assert estate.mail() == ["127.1.0.21"] and estate.dns1.ttl("mail.example.com", "A") == 600
    assert estate.dns1.lookup("autodiscover.example.com", "CNAME") == ["exch1.example.com."]
    assert estate.dns1.lookup("21.0.1.127.in-addr.arpa", "PTR") == ["mail.example.com.", "other.example.com."]
    assert estate.dns1.lookup("22.0.1.127.in-addr.arpa", "PTR") == ["exch2.example.com."]
    assert estate.dns1.lookup("_failover-mail.example.com", "TXT") == [f'"run=run2 epoch={failback["epoch"]}"']
    again = estate.run(**{**REPOINT, "state": "reverted"}, run=failback, revert_run="run1")
    assert (again.changed, again.failed) == (False, False)


def test_reverting_does_not_overwrite_what_somebody_changed_since(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    estate.run(run=run)
    estate.call(estate.dns1.replace, "mail.example.com", "A", ["127.5.5.5"], 600)
    result = estate.run(state="reverted", run=run, revert_run="run1")
    outcome = named(result)["mail.example.com A"]
    assert (result.failed, outcome.status, outcome.reason) == (True, "failed", "changed_by_other")
    assert estate.mail() == ["127.5.5.5"]


def test_a_controller_that_lost_its_lease_can_t_write(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    estate.call(estate.dns1.replace, "_failover-mail.example.com", "TXT", [f'"run=other epoch={run["epoch"] + 1}"'], 60)
    with pytest.raises(LeaseLost, match="run other writes zone example.com"):
        estate.run(run=run)
    assert estate.mail() == ["127.1.0.21"]


def taken_by_force(folder: pathlib.Path, epoch: int) -> None:
    known = runs.journal(folder, CLOCK)
    known.read()
    known.claim(LeaseClaim(holder="h-other", epoch=epoch, seconds=60.0, by="other", run="run1", acquire=True, force=True))


@pytest.mark.parametrize("when", ["before its marker", "with its marker under way", "with its marker under way, the answer lost"])
def test_a_holder_that_wakes_up_after_the_marker_is_gone_writes_no_record_and_leaves_no_marker(estate: Estate, tmp_path: pathlib.Path, when: str) -> None:
    """Between two messages of ours another controller takes the lease by force, does its work, and takes its marker out of the zone."""
    run = runs.started(tmp_path, CLOCK)

    looks = []

    def take_over(data: dict[str, t.Any]) -> None:
        written = data.get("opcode") == "UPDATE"
        if not written and str(data.get("question")) == "_failover-mail.example.com.":
            looks.append(data)  # once before the step looks, once before it writes
        if written or (when == "before its marker" and len(looks) == 2):
            estate.after = lambda data: None
            taken_by_force(tmp_path, run["epoch"] + 1)

    if "lost" in when:
        estate.call(lambda: estate.dns1.set_fault("drop_replies", count=1))
    estate.after = take_over
    with pytest.raises(LeaseLost) as caught:  # when it would record its outcome, at the latest
        estate.run(run={**run, "lease_seconds": 3600.0})
    outcome = named(caught.value.result)["mail.example.com A"]
    assert (outcome.status, outcome.reason) == ("failed", "lease_lost"), (outcome, estate.updates())
    assert estate.mail() == ["127.1.0.21"] and estate.dns1.lookup("_failover-mail.example.com", "TXT") == []
    assert not any("mail.example.com. 600" in line for update in estate.updates() for line in update["updates"])


def test_an_earlier_holder_s_marker_is_taken_before_the_look_even_where_nothing_is_to_be_changed(estate: Estate, tmp_path: pathlib.Path) -> None:
    first = runs.started(tmp_path, CLOCK)
    estate.run(run=first)
    runs.ended(tmp_path, CLOCK, first)
    second = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    estate.seen.clear()
    assert not estate.run(run=second, check_mode=True).changed and estate.updates() == []

    def land_late(data: dict[str, t.Any]) -> None:
        """What the first holder had sent takes effect at the last moment at which its marker is there."""
        if str(data.get("question")) == "_failover-mail.example.com.":
            estate.after = lambda data: None
            estate.dns1.replace("mail.example.com", "A", ["127.1.0.21"], 600)

    estate.after = land_late
    result = estate.run(run=second)
    assert not result.failed and estate.mail() == ["127.1.0.22"]
    marker = f'"run=run2 epoch={second["epoch"]}"'
    assert estate.dns1.lookup("_failover-mail.example.com", "TXT") == [marker]
    runs.ended(tmp_path, CLOCK, second)
    third = runs.started(tmp_path, CLOCK, run_id="run3")
    estate.seen.clear()
    assert statuses(estate.run(run=third)) == {"mail.example.com A": "already"}
    (update,) = estate.updates()
    assert update["updates"][-1] == f'_failover-mail.example.com. 60 IN TXT "run=run3 epoch={third["epoch"]}"'


def test_an_earlier_marker_that_cannot_be_taken_is_told(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    estate.call(estate.dns1.replace, "_failover-mail.example.com", "TXT", ['"run=run0 epoch=0"'], 60)
    key = {"name": "failover-key", "secret": "d3Jvbmc=", "algorithm": "hmac-sha256"}
    result = estate.run(run=run, key=key, records=[{**MAIL, "values": ["127.1.0.21"]}])
    assert not result.failed and len(result.warnings) == 1
    assert "the marker of run run0 could not be taken over" in result.warnings[0]


def test_a_marker_that_changes_between_two_messages_stops_the_second(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)

    def take_over(data: dict[str, t.Any]) -> None:
        if data.get("opcode") == "UPDATE":
            estate.dns1.replace("_failover-mail.example.com", "TXT", [f'"run=other epoch={run["epoch"] + 1}"'], 60)

    estate.after = take_over
    outcome = named(estate.run(run=run))["mail.example.com A"]
    assert (outcome.status, outcome.reason) == ("failed", "lease_lost")
    assert estate.mail() == ["127.1.0.21"]


def test_a_key_that_may_not_write_the_marker_is_told_and_goes_on(estate: Estate, tmp_path: pathlib.Path) -> None:
    key = {"name": "exch1-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
    result = estate.run(run=runs.started(tmp_path, CLOCK), key=key)
    assert not result.failed and estate.mail() == ["127.1.0.22"]
    assert len(result.warnings) == 1 and "go out without the run's marker" in result.warnings[0]


def test_a_foreign_text_in_the_marker_s_place_is_left_there(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.call(estate.dns1.replace, "_failover-mail.example.com", "TXT", ['"hello"'], 60)
    result = estate.run(run=runs.started(tmp_path, CLOCK))
    assert not result.failed and "which is not ours" in result.warnings[0]
    assert estate.dns1.lookup("_failover-mail.example.com", "TXT") == ['"hello"']


# Bad input


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"key": None}, InvalidInput, "key is missing: give the TSIG key (or the Kerberos account) that may update these zones, or"),
        ({"unsigned": True}, InvalidInput, "key and unsigned are both given"),
        ({"kerberos": {"principal": "a@R"}}, InvalidInput, "key and kerberos are both given"),
        ({"records": []}, InvalidInput, "records is empty; list at least one record"),
        ({"servers": []}, InvalidInput, "servers is empty"),
        ({"servers": [{"address": "dns1"}]}, InvalidInput, "servers entry 1: 'dns1' is not an IP address"),
        ({"servers": [{"address": "127.0.0.1", "port": 70000}]}, InvalidInput, "servers entry 1: port 70000 is not between 1 and 65535"),
        ({"servers": [{"address": "127.0.0.1"}, {"address": "127.0.0.1"}]}, InvalidInput, "servers entry 2: 127.0.0.1 is listed twice"),
        (
            {"resolvers": [{"address": "::1", "name": "a"}, {"address": "0::1", "port": 53, "name": "b"}]},
            InvalidInput,
            "resolvers entry 2: b is ::1 port 53, which is listed as a before; list each server once",
        ),
        ({"verify_servers": [{"address": "127.0.0.1", "name": "dns1"}]}, InvalidInput, "verify_servers: the name dns1 is that of another server in servers"),
        ({"ttl": 0}, InvalidInput, "ttl: ttl 0 is not between 1 and 2147483647 seconds"),
        ({"verify_timeout": -1.0}, InvalidInput, "verify_timeout: -1.0 is negative"),
        ({"records": [{**MAIL, "values": ["127.1.0"]}]}, InvalidInput, "records entry 1 (mail.example.com A): '127.1.0' is not an IP address"),
        ({"records": [{**MAIL, "name": "mail.example.org"}]}, DnsRefused, "mail.example.org lies in no zone that dns1 "),
        ({"records": [{**MAIL, "name": "a.example.com", "zone": "a.example.com"}]}, DnsRefused, "a.example.com: dns1 "),
        ({"records": [{**MAIL, "expect": ["127.1.0.20"]}]}, WrongState, "mail.example.com A is 127.1.0.21, and the task expects 127.1.0.20"),
        ({"protected_names": ["MAIL.example.com"]}, InvalidInput, "records entry 1 (mail.example.com A): mail.example.com is one of protected_names"),
        (
            {"records": [{"name": "mail.example.com", "type": "CNAME", "values": ["exch2.example.com"]}]},
            InvalidInput,
            "mail.example.com CNAME: mail.example.com has A 127.1.0.21, and a CNAME can't stand beside it; remove it first",
        ),
        (
            {"records": [{"name": "autodiscover.example.com", "type": "A", "values": ["127.1.0.22"]}]},
            InvalidInput,
            "autodiscover.example.com A: autodiscover.example.com is a CNAME to exch1.example.com, and no other data can stand beside it",
        ),
        ({**REPOINT, "repoint": {**REPOINT["repoint"], "names": ["exch2.example.com"]}}, WrongState, "exch2.example.com names neither a source nor a target"),
        (
            {**REPOINT, "repoint": {**REPOINT["repoint"], "from": ["127.0.0.1"], "to": ["127.0.0.2"], "ptr": False}},
            WrongState,
            "mail.example.com names neither",
        ),
        ({"state": "reverted"}, InvalidInput, "state: 'reverted' needs 'run' and 'revert_run'"),
        (
            {"records": [{"name": "a.example.com", "type": "CAA", "values": ["0 issue"]}]},
            InvalidInput,
            "records entry 1 (a.example.com CAA): '0 issue' is no value of type CAA as a zone file has it: ",
        ),
        (
            {"records": [{"name": "a.example.com", "type": "TYPE65280", "values": ["\\# 5 0a000001"]}]},
            InvalidInput,
            "records entry 1 (a.example.com TYPE65280): '\\\\# 5 0a000001' is no value of type TYPE65280 as a zone file has it: ",
        ),
        (
            {"records": [{"name": "example.com", "type": "NS", "values": ["dns3.example.com"]}]},
            InvalidInput,
            "records entry 1 (example.com NS): NS records are not written: name servers answer with a referral below it",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_touches_nothing(estate: Estate, options: Params, error: type[FailoverError], sentence: str) -> None:
    with pytest.raises(error) as caught:
        estate.run(**options)
    assert caught.value.message.startswith(sentence)
    assert not estate.updates()


def test_the_module_itself_runs_and_shows_no_secret(estate: Estate) -> None:
    params = {name: value for name, value in estate.params().items() if value is not None and name not in ("repoint",)}
    answer = run_main(update_dns_module.main, params, diff=True)
    assert answer.result["changed"] is True and answer.result["counts"]["done"] == 1
    wrong = run_main(update_dns_module.main, {**params, "key": {**params["key"], "name": "nobody"}, "ttl": 61})
    assert wrong.result["failed"] is True and wrong.result["reason"] == "bad_key"
    assert example.SECRET not in answer.text + wrong.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "repointed"}, "repoint"),
        ({"state": "reverted"}, "revert_run"),
        ({"records": [{"name": "a.example.com", "type": "NS"}]}, "NS"),
        ({"records": [{**MAIL, "nmae": "a.example.com"}]}, "nmae"),
        ({"key": {"name": "k", "secret": "eA==", "algorithm": "hmac-sha3"}}, "hmac-sha3"),
    ],
)
def test_the_module_s_own_checks_name_the_option(estate: Estate, options: Params, words: str) -> None:
    params = {name: value for name, value in estate.params().items() if value is not None and name not in ("repoint",)}
    result = run_main(update_dns_module.main, {**params, **options}).result
    assert result["failed"] is True and words in result["msg"]
