# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A day after a failover ends with the right record everywhere or an alarm: told as stories, and explored by seeds."""

from __future__ import annotations

import contextlib
import ipaddress
import random
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.tests.lab.dns.replicas import Ageing
from ansible_collections.continuity.identity_failover.tests.timeline.day import HOUR, LOOK, MAIL, THIRD, Conditions, Day, day
from ansible_collections.continuity.identity_failover.tests.timeline.explorer import WITHOUT, explore
from ansible_collections.continuity.identity_failover.tests.timeline.servers import HOST_KEY, SITES, SOURCE, TARGET, Settings

SECURE, OPEN = Settings(), Settings(updates="any")
REPAIR = "ansible-playbook continuity.identity_failover.repair_dns -e failover_identity=mail"


@contextlib.contextmanager
def failed_over(settings: Settings = SECURE, **more: t.Any) -> Iterator[Day]:
    with day(Conditions(settings, **more), random.Random(0)) as made:
        assert not made.fail_over().failed
        yield made


def lived(one: Day) -> tuple[list[str], set[tuple[str, ...]]]:
    """The states that the looks of a whole day showed, each once, and what the servers give for the name at its end."""
    silent = one.live()
    assert silent is None, "\n".join([silent.what, *silent.happened])
    return list(dict.fromkeys(look.state for look in one.looks)), one.lab.everywhere(MAIL, "A")


def registered(one: Day) -> list[str]:
    return [line.split("registers ")[1] for line in one.happened if "registers" in line]


def test_a_locked_record_of_a_secure_zone_stays_whatever_the_source_does() -> None:
    with failed_over(lock=True, dhcp=True) as one:
        for hour in (5, 9, 13, 17):
            one.at(hour * HOUR, one.returns if hour == 5 else one.registers)
        assert lived(one) == (["failed_over"], {(TARGET,)})
        assert registered(one) == ["at dns-b1: REFUSED"] * 4


def test_without_a_lock_the_source_takes_its_name_back_and_the_alarm_rings_until_it_is_repaired() -> None:
    with failed_over() as one:
        one.at(5 * HOUR, one.returns)
        states, there = lived(one)
        assert registered(one) == ["at dns-b1: NOERROR"]
        assert (states, there, one.looks[-1].state) == (["failed_over", "threatened"], {(TARGET,)}, "failed_over")
        assert (one.looks[2].state, one.looks[2].next) == ("threatened", REPAIR)
        assert f"dns-b1 leads {MAIL} A to the source ({SOURCE})" in one.looks[2].pulling


def test_nobody_who_repairs_leaves_the_alarm_ringing() -> None:
    with failed_over(obeys=False) as one:
        one.at(5 * HOUR, one.returns)
        states, there = lived(one)
        assert (states, there) == (["failed_over", "threatened"], {(SOURCE,)})
        assert (one.looks[-1].state, one.looks[-1].next) == ("threatened", REPAIR)


def test_a_lock_that_has_not_arrived_at_the_sources_own_server_stops_nothing_and_the_alarm_rings() -> None:
    """A lock counts for the servers on which it was read."""
    with failed_over(Settings(between=6 * HOUR), obeys=False) as one:
        assert one.lab.replicas is not None
        one.lab.clock.sleep(7 * HOUR)  # the failover's record is everywhere
        one.lab.do(one.lab.replicas.deny, one.lab.servers["dns-h1"], MAIL, HOST_KEY)
        one.at(8 * HOUR, one.returns)
        states, there = lived(one)
        assert registered(one) == ["at dns-b1: NOERROR"]
        assert "threatened" in states and there == {(SOURCE,)}


def test_a_zone_that_takes_unsigned_updates_has_no_lock_and_the_alarm_rings() -> None:
    with failed_over(OPEN, lock=True, obeys=False) as one:
        one.at(5 * HOUR, one.returns)
        states, there = lived(one)
        assert (registered(one), states[-1], there) == (["at dns-b1: NOERROR"], "threatened", {(SOURCE,)})


@pytest.mark.parametrize("obeys", [True, False])
def test_a_record_that_nobody_refreshes_is_scavenged_and_the_next_look_says_so(obeys: bool) -> None:
    with failed_over(Settings(ageing=Ageing(3, 3)), obeys=obeys) as one:
        one.at(9 * HOUR - 1, one.scavenges, "dns-m1")
        states, there = lived(one)
        assert states == ["failed_over", "threatened"]
        told = next(look.pulling for look in one.looks if look.pulling)
        assert f"dns-m1 has no {MAIL} A any more, which the failover set to {TARGET}" in told
        assert (there, one.looks[-1].state) == (({(TARGET,)}, "failed_over") if obeys else ({()}, "threatened"))


def test_a_static_record_is_not_scavenged() -> None:
    with failed_over(Settings(ageing=Ageing(3, 3)), static=True) as one:
        for hour in range(1, 24):
            one.at(hour * HOUR, one.scavenges, "dns-m1")
        assert lived(one) == (["failed_over"], {(TARGET,)})


def test_a_value_that_somebody_sets_is_an_alarm_too() -> None:
    with failed_over(obeys=False) as one:
        one.at(3 * HOUR, one.somebody_sets, "dns-h2", (TARGET, THIRD))
        states, _there = lived(one)
        assert states[-1] == "threatened"
        assert f"dns-h2 gives {TARGET}, {THIRD} for {MAIL} A, which the failover left as {TARGET}" in one.looks[1].pulling


def test_a_repair_passes_over_servers_that_disagree() -> None:
    """As the playbook repair_dns: two servers give something else each, which is what it repairs."""
    with failed_over(Settings(between=HOUR)) as one:
        one.lab.clock.sleep(2 * HOUR)
        one.lab.do(one.somebody_sets, "dns-b1", (THIRD,))
        one.lab.do(one.somebody_sets, "dns-h1", (SOURCE,))
        repair = {"state": "present", "records": [{"name": MAIL, "type": "A", "values": [TARGET]}], "on_conflict": "replace", "require": "reachable"}
        with pytest.raises(FailoverError) as refused:
            one.write(**repair)
        assert refused.value.reason == "servers_disagree"
        one.write(**repair, accept_disagreement="what is repaired")
        one.lab.clock.sleep(2 * HOUR)
        assert one.lab.everywhere(MAIL, "A") == {(TARGET,)}


def test_servers_that_lag_are_alarms_until_they_have_it() -> None:
    with failed_over(Settings(between=3 * HOUR)) as one:
        states, there = lived(one)
        assert (states, there, one.looks[-1].state) == (["threatened", "failed_over"], {(TARGET,)}, "failed_over")
        assert {line.split()[0] for line in one.looks[0].pulling} == {"dns-h1", "dns-h2", "dns-m1", "dns-m2"}


def test_a_server_that_only_the_zone_names_is_looked_at_too() -> None:
    with failed_over(discover=True, obeys=False) as one:
        one.lab.cuts |= {frozenset(("dns-m2", other)) for other in SITES if other != "dns-m2"}
        one.at(1.5 * HOUR, one.somebody_sets, "dns-m2", (SOURCE,))
        lived(one)
        assert f"dns-m2.example.com leads {MAIL} A to the source ({SOURCE})" in one.looks[0].pulling


@pytest.mark.parametrize("model", ["directory", "secondaries"])
def test_a_server_without_power_is_named_and_what_it_says_afterwards_counts(model: str) -> None:
    with failed_over(Settings(model=model, retry=3 * HOUR)) as one:
        one.lab.clock.sleep(2 * HOUR)
        one.at(3 * HOUR, one.power, "dns-m1", False)
        one.at(3.1 * HOUR, one.somebody_sets, "dns-b1", (THIRD,))
        one.at(5 * HOUR, one.power, "dns-m1", True)
        _states, there = lived(one)
        assert [look.mute for look in one.looks[:2]] == [["dns-m1"], []]
        assert (one.looks[0].state, there, one.looks[-1].state) == ("threatened", {(TARGET,)}, "failed_over")


def test_a_late_message_of_the_run_is_refused_because_its_marker_is_gone() -> None:
    """As from a controller that was frozen: the very messages that wrote the records, once more, within the 300 s of their signatures."""
    with failed_over() as one:
        assert one.lab.everywhere("_failover-mail.example.com", "TXT") == {()}
        one.lab.clock.sleep(200.0)
        records = [(server, wire) for server, wire in one.lab.sent if b"epoch=" in wire and ipaddress.ip_address(TARGET).packed in wire]
        one.lab.do(one.somebody_sets, "dns-b1", (SOURCE,))  # the value that the message found
        assert {one.lab.do(one.lab.said, "controller", server, wire) for server, wire in records} == {"NXRRSET"}
        assert one.lab.servers["dns-b1"].lookup(MAIL, "A") == [SOURCE]
        one.lab.do(one.lab.servers["dns-b1"].replace, "_failover-mail.example.com", "TXT", ['"run=run1 epoch=1"'])  # nothing else stood in its way
        assert {one.lab.do(one.lab.said, "controller", server, wire) for server, wire in records} == {"NOERROR"}


@pytest.mark.parametrize("first", [1, 31, 61, 91])
def test_no_day_ends_silently_wrong(first: int) -> None:
    happened, found = explore(first, 30)
    assert found is None, "\n".join([f"seed {found[0]}: {found[1].what}", *found[1].happened])
    assert {"failed", "returns:", "registers", "scavenges", "sets", "power", "way", "alarm:", "repairs:"} <= set(happened)


@pytest.mark.parametrize("without", sorted(WITHOUT))
def test_without_a_protection_a_day_ends_silently_wrong(without: str) -> None:
    _happened, found = explore(1, 30, without)
    assert found is not None
    assert any(server in found[1].what for server in SITES) and found[1].at % LOOK < HOUR
