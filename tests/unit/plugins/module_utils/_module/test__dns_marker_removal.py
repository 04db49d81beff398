# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that ends takes its marker out of the zones: embedded name servers, and the verbs that end a run."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import LeaseClaim
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DeadlineExceeded, LeaseLost
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _run_ending
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_marker_removal import remove_markers
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import Call, background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, make_estate

CLOCK = SystemClock()
KEY = {"name": "failover-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}
ZONES = ("example.com", "1.127.in-addr.arpa")
FORWARD = "_failover-mail.example.com TXT"


class Zones:
    """dns1 with the marker of a run in both of its zones, and the definition that leads there."""

    def __init__(self) -> None:
        self.dns1 = example.primary()
        self.dns2 = example.secondary(self.dns1)
        self.call: Call = lambda *arguments: None

    def mark(self, epoch: int) -> None:
        for zone in ZONES:
            self.call(self.dns1.replace, f"_failover-mail.{zone}", "TXT", [f'"run=run1 epoch={epoch}"'], 60)

    def marks(self) -> list[str]:
        return [value for zone in ZONES for value in self.dns1.lookup(f"_failover-mail.{zone}", "TXT")]

    def definition(self, *servers: DnsServer, **more: t.Any) -> dict[str, t.Any]:
        asked = [{"address": one.address, "port": one.port, "name": one.name} for one in servers or (self.dns1,)]
        repoint = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com"], "ptr": True}
        return normalise({"source": {"host": "exch1"}, "target": {"host": "exch2"}, "dns": {"servers": asked, "repoint": repoint}, **more})

    def remove(self, *servers: DnsServer, **options: t.Any) -> dict[str, Outcome]:
        params = {"key": options.pop("key", KEY), "kerberos": None}
        found = remove_markers("mail", self.definition(*servers), params, CLOCK, **{"check_mode": False, "epoch": 7, **options})
        return {outcome.name: outcome for outcome in found}


@pytest.fixture
def zones() -> Iterator[Zones]:
    made = Zones()
    with background(made.dns1, made.dns2) as call:
        made.call = call
        yield made


@pytest.mark.parametrize("epoch", [7, 5])
def test_the_run_s_marker_and_an_earlier_one_are_removed_from_every_zone(zones: Zones, epoch: int) -> None:
    zones.mark(epoch)
    assert {name: outcome.status for name, outcome in zones.remove(check_mode=True).items()} == {f"_failover-mail.{zone} TXT": "predicted" for zone in ZONES}
    assert len(zones.marks()) == 2
    assert {name: (outcome.status, outcome.changed) for name, outcome in zones.remove().items()} == {
        f"_failover-mail.{zone} TXT": ("done", True) for zone in ZONES
    }
    assert zones.marks() == [] and zones.remove() == {}


def test_a_later_run_s_marker_stays(zones: Zones) -> None:
    zones.mark(8)
    found = zones.remove()[FORWARD]
    assert (found.status, found.reason) == ("skipped", "lease_lost") and len(zones.marks()) == 2
    assert zones.remove(epoch=None)[FORWARD].status == "done"  # an identity that is disarmed has no run any more


def test_a_marker_that_changes_in_between_stays(zones: Zones, monkeypatch: pytest.MonkeyPatch) -> None:
    zones.mark(7)
    sent = NameServer.update

    def overtaken(self: NameServer, *arguments: t.Any) -> t.Any:
        zones.call(zones.dns1.replace, "_failover-mail.example.com", "TXT", ['"run=run2 epoch=8"'], 60)
        return sent(self, *arguments)

    monkeypatch.setattr(NameServer, "update", overtaken)
    found = zones.remove()[FORWARD]
    assert (found.status, found.reason) == ("failed", "prerequisite") and '"run=run2 epoch=8"' in zones.marks()


def test_a_secondary_that_is_asked_first_is_read_and_the_primary_written(zones: Zones) -> None:
    zones.mark(7)
    assert zones.remove(zones.dns2, zones.dns1)[FORWARD].status == "done"
    assert zones.marks() == []


def test_where_a_secondary_can_t_pass_the_removal_on_another_primary_takes_it(zones: Zones) -> None:
    """It answers SERVFAIL, and its marker would be in the way of every later repair."""
    dns3 = example.primary()
    dns3.address, dns3.name = "127.0.53.3", "dns3"
    zones.mark(7)
    zones.dns2.forwards = True
    for zone in ZONES:
        zones.call(zones.dns2.wait_for, lambda server, zone=zone: server.lookup(f"_failover-mail.{zone}", "TXT"))
        dns3.replace(f"_failover-mail.{zone}", "TXT", ['"run=run1 epoch=7"'], 60)
    with background(dns3):
        zones.call(zones.dns1.stop)
        found = zones.remove(zones.dns2, dns3)
        assert {name: outcome.status for name, outcome in found.items()} == {f"_failover-mail.{zone} TXT": "done" for zone in ZONES}, found
        assert [dns3.lookup(f"_failover-mail.{zone}", "TXT") for zone in ZONES] == [[], []]


def test_a_zone_that_nobody_serves_is_told_and_keeps_no_other_from_being_cleared(zones: Zones) -> None:
    zones.mark(7)
    zones.call(zones.dns1.zones.pop, next(name for name in zones.dns1.zones if "arpa" in str(name)))
    found = zones.remove()
    assert found[FORWARD].status == "done"
    assert {name: outcome.status for name, outcome in found.items() if name != FORWARD} == {
        f"the run's marker beside {pointer}.1.127.in-addr.arpa": "failed" for pointer in ("21.0", "22.0")
    }


def test_an_answer_that_was_lost_is_settled_by_reading_back(zones: Zones) -> None:
    zones.mark(7)
    zones.call(lambda: zones.dns1.set_fault("drop_replies", count=1))
    assert zones.remove()[FORWARD].status == "done" and zones.marks() == []


@pytest.mark.parametrize(("lost", "status"), [(1, "done"), (99, "failed")])
def test_an_update_that_was_lost_is_sent_again(zones: Zones, monkeypatch: pytest.MonkeyPatch, lost: int, status: str) -> None:
    """Nobody comes back to a run that is closed, and what stays keeps every repair out."""
    zones.mark(7)
    sent, messages = NameServer.update, []

    def on_the_way(self: NameServer, *arguments: t.Any) -> t.Any:
        messages.append(arguments)
        if len(messages) <= lost:
            raise DeadlineExceeded("lost on the way")
        return sent(self, *arguments)

    monkeypatch.setattr(NameServer, "update", on_the_way)
    found = zones.remove()[FORWARD]
    assert found.status == status
    assert (found.reason, found.msg) == (("", "") if lost == 1 else ("unconfirmed", "the name server answered none of 2 updates, and still has it"))
    assert len(zones.marks()) == (0 if lost == 1 else 2)


def test_an_update_that_arrives_behind_the_reading_back_is_no_failure(zones: Zones, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is sent again meanwhile, and what the second one expects is not there any more."""
    zones.mark(7)
    sent, messages = NameServer.update, []

    def on_the_way(self: NameServer, *arguments: t.Any) -> t.Any:
        messages.append(arguments)
        if len(messages) == 1:
            raise DeadlineExceeded("it takes its time")
        if len(messages) == 2:
            sent(self, *messages[0])
        return sent(self, *arguments)

    monkeypatch.setattr(NameServer, "update", on_the_way)
    found = zones.remove()
    assert (found[FORWARD].status, found[FORWARD].reason) == ("done", "")


@pytest.mark.parametrize(
    ("key", "reason"),
    [(None, "not_removed"), ({**KEY, "secret": "d3Jvbmc="}, "bad_signature"), ({**KEY, "name": "exch1-key"}, "refused")],
)
def test_what_can_t_be_removed_is_told(zones: Zones, key: dict[str, str] | None, reason: str) -> None:
    zones.mark(7)
    found = zones.remove(key=key)[FORWARD]
    assert (found.status, found.reason) == ("failed", reason) and len(zones.marks()) == 2


# The verbs


class Ending:
    """An open failover over a directory store; its DNS step is done, and its marker is in the zones."""

    def __init__(self, estate: Estate, zones: Zones) -> None:
        self.estate, self.zones = estate, zones
        estate.clock.start = CLOCK.now()  # signatures count by it
        estate.definition = zones.definition(services=[{"name": "IS"}])
        estate.run("armed")
        estate.do(failover_ack)
        self.run = estate.run("opened").extra["run"]
        zones.mark(self.run["epoch"])

    def close(self, **more: t.Any) -> t.Any:
        self.zones.call(self.zones.dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
        return self.estate.run("closed", run=self.run, **{"key": KEY, **more})


@pytest.fixture
def ending(zones: Zones, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Ending:
    return Ending(make_estate(tmp_path, monkeypatch), zones)


def test_a_run_that_is_closed_leaves_no_marker(ending: Ending) -> None:
    assert not any("TXT" in warning for warning in ending.close(check_mode=True).warnings) and len(ending.zones.marks()) == 2
    result = ending.close()
    assert result.extra["state"] == "failed_over" and result.warnings == [] and ending.zones.marks() == []
    assert [outcome.status for outcome in result.outcomes if outcome.name == FORWARD] == ["done"]


def test_a_run_that_is_undone_leaves_no_marker(ending: Ending) -> None:
    ending.estate.run("stopped", run=ending.run)
    ending.run = ending.estate.run("opened", mode="undo").extra["run"]
    result = ending.estate.run("reverted", run=ending.run, reason=None, key=KEY)
    assert result.extra["state"] == "protected" and ending.zones.marks() == []


@pytest.mark.parametrize(
    ("verb", "owner", "state"), [("abandoned", None, "protected"), ("adopted", "source", "protected"), ("adopted", "target", "failed_over")]
)
def test_a_run_that_is_given_up_or_adopted_leaves_no_marker(ending: Ending, verb: str, owner: str | None, state: str) -> None:
    ending.estate.run("stopped", run=ending.run)
    if owner == "target":
        ending.zones.call(ending.zones.dns1.replace, "mail.example.com", "A", ["127.1.0.22"], 60)
    given: dict[str, t.Any] = {"reason": "a new day", "key": KEY, **({"owner": owner} if owner else {})}
    ending.estate.run(verb, check_mode=True, **given)
    assert len(ending.zones.marks()) == 2
    result = ending.estate.run(verb, **given)
    assert (result.extra["state"], ending.zones.marks(), result.warnings) == (state, [], []) and "left behind" not in result.msg


@pytest.mark.parametrize(("verb", "given"), [("abandoned", {}), ("adopted", {"owner": "source"})])
def test_a_marker_that_stays_is_named_as_left_behind(ending: Ending, verb: str, given: dict[str, t.Any]) -> None:
    ending.estate.run("stopped", run=ending.run)
    result = ending.estate.run(verb, reason="a new day", **given)
    assert "left behind: _failover-" in result.msg and "disarm removes" in result.msg and len(ending.zones.marks()) == 2
    assert [outcome.status for outcome in result.outcomes if outcome.name == FORWARD] == ["failed"]


def test_without_a_definition_nobody_knows_which_zones_to_look_into(ending: Ending) -> None:
    ending.estate.run("stopped", run=ending.run)
    assert "no definition was given" in ending.estate.run("abandoned", reason="a new day", definition=None).msg


def test_a_marker_that_stays_is_a_warning_and_the_run_is_closed(ending: Ending) -> None:
    result = ending.close(key=None)
    assert (result.failed, result.extra["state"]) == (False, "failed_over") and len(ending.zones.marks()) == 2
    assert any(f"{FORWARD} was not removed from dns1: neither key nor kerberos was given" in warning for warning in result.warnings)


def test_name_servers_that_are_gone_are_a_warning_and_the_run_is_closed(ending: Ending, monkeypatch: pytest.MonkeyPatch) -> None:
    ending.estate.definition["dns"]["servers"][0]["port"] = 1
    monkeypatch.setattr(_run_ending, "require_owner", lambda *arguments: None)
    result = ending.close()
    assert (result.failed, result.extra["state"]) == (False, "failed_over")
    assert any("the run's marker in DNS was not removed" in warning for warning in result.warnings)


def test_a_holder_that_lost_its_lease_removes_nothing(ending: Ending) -> None:
    journal = open_journal("mail", ending.estate.store, None, ending.estate, ending.estate.clock)
    journal.read()
    journal.claim(LeaseClaim(holder="other", epoch=ending.run["epoch"] + 1, seconds=60.0, by="other", run=ending.run["id"], acquire=True, force=True))
    with pytest.raises(LeaseLost):
        ending.close()
    assert len(ending.zones.marks()) == 2


def test_a_zone_that_the_definition_names_is_where_the_marker_is(zones: Zones) -> None:
    """Asking would find inner.example.com, where the run, which was told example.com, wrote nothing."""
    inner = {"name": "inner.example.com", "servers": example.SERVERS, "records": [{"name": "@", "type": "A", "values": ["127.1.0.21"]}]}
    made = Zone.from_dict(inner)
    zones.call(zones.dns1.zones.__setitem__, made.origin, made)
    for zone in ("inner.example.com", "example.com"):
        zones.call(zones.dns1.replace, f"_failover-mail.{zone}", "TXT", ['"run=run1 epoch=7"'], 60)
    records = [{"name": "inner.example.com", "type": "A", "values": ["127.1.0.22"], "zone": "example.com"}]
    definition = zones.definition(zones.dns1)
    definition["dns"] = {**definition["dns"], "records": records}
    found = remove_markers("mail", definition, {"key": KEY, "kerberos": None}, CLOCK, check_mode=True, epoch=7)
    assert "_failover-mail.inner.example.com TXT" not in {outcome.name for outcome in found}


def test_many_names_are_one_round_of_questions(zones: Zones) -> None:
    asked: list[dict[str, t.Any]] = []
    zones.dns1._trace = lambda kind, server, **data: asked.append(data)
    definition = zones.definition(zones.dns1)
    names = [f"n{number}.example.com" for number in range(300)]
    definition["dns"] = {**definition["dns"], "repoint": {**definition["dns"]["repoint"], "names": names}}
    zones.mark(7)
    outcomes = remove_markers("mail", definition, {"key": KEY, "kerberos": None}, CLOCK, check_mode=False, epoch=7)
    assert [outcome.status for outcome in outcomes] == ["done", "done"] and zones.marks() == []
    # Each name once, and a handful for the servers, the zones and the markers; name by name the first server was looked for anew each time.
    assert len(asked) < 330
