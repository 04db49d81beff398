# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TTLs ahead of a planned move: lowered, kept low through a failover and its failback, and restored as they were."""

from __future__ import annotations

import datetime
import pathlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import MAIL, entry, task

CLOCK = SystemClock()
REPOINT = {
    "from": ["127.1.0.21", "exch1.example.com"],
    "to": ["127.1.0.22", "exch2.example.com"],
    "names": ["mail.example.com", "autodiscover.example.com"],
    "ptr": False,
}
NOTES = ("_failover-ttl.mail.example.com", "_failover-ttl.autodiscover.example.com")


class Estate(t.NamedTuple):
    dns1: DnsServer
    seen: list[dict[str, t.Any]]

    def run(self, state: str, **options: t.Any) -> Result:
        return task([entry(self.dns1)], state=state, **{"records": None, "repoint": REPOINT, **options})

    def ttls(self) -> list[int | None]:
        return [self.dns1.ttl("mail.example.com", "A"), self.dns1.ttl("autodiscover.example.com", "CNAME")]

    def notes(self) -> list[list[str]]:
        return [self.dns1.lookup(name, "TXT") for name in NOTES]

    def updates(self) -> list[dict[str, t.Any]]:
        return [data for data in self.seen if data.get("opcode") == "UPDATE"]


@pytest.fixture
def estate() -> Iterator[Estate]:
    seen: list[dict[str, t.Any]] = []
    dns1 = example.primary(trace=lambda kind, server, **data: seen.append(data))
    with background(dns1):
        yield Estate(dns1, seen)


def test_ttls_are_lowered_in_one_message_with_what_they_were_and_restored(estate: Estate) -> None:
    before = datetime.datetime.now(datetime.timezone.utc)
    lowered = estate.run("ttl_lowered", ttl=60, verify_timeout=10.0)
    assert (lowered.failed, lowered.changed) == (False, True), lowered.msg
    assert estate.ttls() == [60, 60] and len(estate.updates()) == 1
    facts = lowered.extra["ttl"]
    assert {name: (one["was"], one["to"]) for name, one in facts["records"].items()} == {
        "mail.example.com A": (600, 60),
        "autodiscover.example.com CNAME": (300, 60),
    }
    until = datetime.datetime.fromisoformat(facts["until"].replace("Z", "+00:00"))
    assert 24.99 < (until - before).total_seconds() - 600 < 45, "the old TTL of 600 s, a message, its reading back, and what other name servers have"
    again = estate.run("ttl_lowered", ttl=60)
    assert (again.changed, again.failed) == (False, False) and again.extra["ttl"] == facts
    restored = estate.run("ttl_restored")
    assert (restored.failed, restored.changed) == (False, True), restored.msg
    assert estate.ttls() == [600, 300] and estate.notes() == [[], []]
    assert restored.extra["ttl"] == {"records": {}, "until": ""}
    assert estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]
    assert not estate.run("ttl_restored").changed


def test_a_server_that_nobody_could_read_may_give_out_the_old_ttl_and_is_named(estate: Estate) -> None:
    silent = {"address": "127.0.53.9", "port": 9, "name": "gone"}
    result = estate.run("ttl_lowered", ttl=60, verify_servers=[silent], verify_timeout=1.0)
    assert not result.failed and [debt["server"] for debt in result.extra["debts"]] == ["gone"], result.msg
    until = result.extra["ttl"]["until"]
    assert f"gone may go on giving clients the old TTLs, so {until} holds only for those that ask others; look again with the same task before you move" in (
        result.warnings
    )


def test_where_the_primary_is_enough_others_that_give_out_the_old_ttl_are_named_too(estate: Estate) -> None:
    dns2 = example.secondary(estate.dns1, lag=60)
    with background(dns2):
        result = estate.run("ttl_lowered", ttl=60, verify_servers=[entry(dns2)], require="primary")
        assert not result.failed and [(debt["server"], debt["status"]) for debt in result.extra["debts"]] == [("dns2", "wrong")], result.msg
        assert any(warning.startswith("dns2 may go on giving clients the old TTLs") for warning in result.warnings)
        assert estate.run("present", records=[MAIL], repoint=None, require="primary").extra["debts"] == [], "nobody else is asked without need"


class LateClock(SystemClock):
    """It goes on by two minutes with the first question that a name server gets: so long did finding the servers take."""

    late = datetime.timedelta()

    def now(self) -> datetime.datetime:
        return super().now() + self.late


@pytest.mark.parametrize("require", ["reachable", "primary"])
def test_the_old_ttls_run_out_from_when_they_were_read(estate: Estate, require: str) -> None:
    clock = LateClock()
    begun = clock.now()

    def asked(kind: str, server: str, **data: t.Any) -> None:
        clock.late = datetime.timedelta(seconds=120)

    estate.dns1._trace = asked
    lowered = task([entry(estate.dns1)], clock, state="ttl_lowered", records=None, repoint=REPOINT, ttl=60, require=require)
    until = datetime.datetime.fromisoformat(lowered.extra["ttl"]["until"].replace("Z", "+00:00"))
    assert not lowered.failed and (until - begun).total_seconds() >= 600 + 120


def test_check_mode_tells_from_when_on_the_move_is_quick_and_writes_nothing(estate: Estate) -> None:
    predicted = estate.run("ttl_lowered", ttl=60, check_mode=True)
    assert predicted.changed and predicted.extra["ttl"]["records"]["mail.example.com A"]["was"] == 600
    assert estate.updates() == []


def test_a_failover_and_a_failback_in_between_end_with_the_ttl_of_before(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.run("ttl_lowered", ttl=60)
    failover = runs.started(tmp_path, CLOCK)
    assert not estate.run("repointed", ttl=30, run=failover).failed
    assert estate.ttls() == [30, 30]
    runs.ended(tmp_path, CLOCK, failover)
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    assert not estate.run("reverted", run=failback, revert_run="run1").failed
    assert estate.ttls() == [60, 60]
    end = estate.run("ttl_restored", run=failback)
    assert not end.failed, end.msg
    assert estate.ttls() == [600, 300] and estate.notes() == [[], []] and estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]
    # Undoing the failback makes the move of before quick again, and keeps what the TTLs were.
    undone = estate.run("reverted", run=failback, revert_run="run2")
    assert not undone.failed, undone.msg
    assert estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.22"] and estate.ttls() == [30, 30]
    assert [len(note) for note in estate.notes()] == [1, 1]
    assert not estate.run("ttl_restored", ttl=30).failed and estate.ttls() == [600, 300]


def test_ttls_that_are_restored_while_failed_over_stay_so_in_the_failback(estate: Estate, tmp_path: pathlib.Path) -> None:
    """The failover found them lowered, and so they stand in its journal."""
    estate.run("ttl_lowered", ttl=60)
    failover = runs.started(tmp_path, CLOCK)
    assert not estate.run("repointed", ttl=30, run=failover).failed
    runs.ended(tmp_path, CLOCK, failover)
    assert not estate.run("ttl_restored", ttl=30).failed and estate.ttls() == [600, 300]
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    for _again in range(2):
        back = estate.run("reverted", run=failback, revert_run="run1")
        assert not back.failed, back.msg
        assert estate.ttls() == [600, 300] and estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]


def test_ttls_that_are_restored_before_an_undo_stay_so_however_often_it_is_tried(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.run("ttl_lowered", ttl=60)
    failover = runs.started(tmp_path, CLOCK)
    assert not estate.run("repointed", ttl=30, run=failover).failed
    assert not estate.run("ttl_restored", ttl=30).failed and estate.ttls() == [600, 300]
    for _again in range(2):
        back = estate.run("reverted", run=failover, revert_run="run1")
        assert not back.failed, back.msg
        assert estate.ttls() == [600, 300] and estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]


def test_a_source_that_registered_itself_gets_the_ttls_of_before(estate: Estate, tmp_path: pathlib.Path) -> None:
    """Windows registers with 1,200 s, and nobody has chosen that TTL."""
    failover = runs.started(tmp_path, CLOCK)
    assert not estate.run("repointed", ttl=30, run=failover).failed
    runs.ended(tmp_path, CLOCK, failover)
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    estate.dns1.replace("mail.example.com", "A", ["127.1.0.21"], ttl=1200)
    for _again in range(2):
        back = estate.run("reverted", run=failback, revert_run="run1")
        assert not back.failed, back.msg
        assert estate.ttls() == [600, 300] and estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.21"]


def test_a_stand_in_that_stays_gets_the_ttl_too(estate: Estate) -> None:
    estate.run("ttl_lowered", ttl=60)
    assert not estate.run("repointed", ttl=120).failed and estate.ttls() == [120, 120]
    assert not estate.run("ttl_restored", ttl=120).failed
    assert estate.ttls() == [600, 300] and estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]


def test_records_have_ttls_of_their_own_and_what_is_not_there_is_passed_over(estate: Estate) -> None:
    records = [
        {"name": "mail.example.com", "type": "A", "ttl": 30, "values": ["127.9.9.9"]},
        {"name": "two.example.com", "type": "A"},
        {"name": "not.example.com", "type": "A"},
    ]
    result = estate.run("ttl_lowered", records=records, repoint=None)
    assert not result.failed, result.msg
    assert (estate.dns1.ttl("mail.example.com", "A"), estate.dns1.ttl("two.example.com", "A")) == (30, 60)
    assert estate.dns1.lookup("mail.example.com", "A") == ["127.1.0.21"], "values play no part"
    assert {outcome.name: outcome.status for outcome in result.outcomes}["not.example.com A"] == "already"


def test_a_record_s_own_ttl_is_lowered_ahead_and_is_what_a_failover_may_have_left(estate: Estate) -> None:
    records = [{"name": "mail.example.com", "type": "A", "ttl": 400, "values": []}]
    assert not estate.run("ttl_lowered", records=records, repoint=None, ttl=60).failed
    assert estate.dns1.ttl("mail.example.com", "A") == 60
    estate.dns1.replace("mail.example.com", "A", ["127.1.0.22"], 400)
    restored = estate.run("ttl_restored", records=records, repoint=None, ttl=60)
    assert not restored.failed and estate.dns1.ttl("mail.example.com", "A") == 600, restored.msg


def test_a_key_that_may_not_write_the_note_lowers_nothing(estate: Estate) -> None:
    key = {"name": "exch1-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
    result = estate.run("ttl_lowered", records=[{"name": "mail.example.com", "type": "A"}], repoint=None, key=key)
    assert (result.failed, result.reason) == (True, "refused") and estate.dns1.ttl("mail.example.com", "A") == 600


LONG = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 41, "example.com"])


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"name": LONG, "type": "A"}, f"_failover-ttl.{LONG} would be longer than the 253 characters of a name"),
        ({"name": "old.example.com", "type": "DNAME"}, "_failover-ttl.old.example.com would be answered from elsewhere"),
    ],
)
@pytest.mark.parametrize("state", ["ttl_lowered", "ttl_restored"])
def test_a_set_without_a_place_for_its_note_is_refused(estate: Estate, state: str, record: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        estate.run(state, records=[record], repoint=None)
    assert caught.value.message == (
        f"{record['name']} {record['type']}: its TTL can't be lowered or restored, as there is no place beside it to note what it was: {why}"
    )
    assert estate.seen == []


def test_what_has_no_note_is_put_back_as_ever(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    records = [{"name": LONG, "type": "A", "values": ["127.1.0.22"], "ttl": 60}]
    assert not estate.run("present", records=records, repoint=None, run=run).failed
    back = estate.run("reverted", records=records, repoint=None, run=run, revert_run="run1")
    assert not back.failed and estate.dns1.lookup(LONG, "A") == [], back.msg


def test_a_note_with_numbers_that_no_ttl_can_be_is_a_foreign_text(estate: Estate) -> None:
    estate.dns1.replace(NOTES[0], "TXT", ['"A was=9999999999 to=600 until=2026-11-26T21:00:00.000Z"'], 60)
    result = estate.run("ttl_restored")
    assert (result.failed, result.changed, estate.ttls()) == (False, False, [600, 300]), result.msg
