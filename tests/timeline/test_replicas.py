# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's name servers that keep their zones in a directory: who has what when, who wins, what ages, whom the lock stops."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.dns.replicas import Ageing
from ansible_collections.continuity.identity_failover.tests.timeline.servers import SOURCE, TARGET, Settings, VirtualServers

MAIL = "mail.example.com"
HOUR = 3600.0
THIRD = "127.1.0.99"


@pytest.fixture
def lab() -> Iterator[VirtualServers]:
    with VirtualServers(Settings(slow=60.0, ageing=Ageing(2, 4))) as made:
        yield made


def give(lab: VirtualServers, server: str, *values: str) -> None:
    """An administrator sets a record at one server."""
    lab.do(lab.servers[server].replace, MAIL, "A", values)


def having(lab: VirtualServers, value: str) -> set[str]:
    return {server for server, values in lab.values(MAIL, "A").items() if values == (value,)}


def test_a_change_is_near_at_once_far_later_and_last_at_the_slow_one(lab: VirtualServers) -> None:
    give(lab, "dns-h1", TARGET)
    assert having(lab, TARGET) == {"dns-h1"}
    lab.clock.sleep(16)
    assert having(lab, TARGET) == {"dns-h1", "dns-h2"}
    lab.clock.sleep(885)
    assert having(lab, TARGET) == {"dns-h1", "dns-h2", "dns-b1", "dns-b2", "dns-m1"}
    lab.clock.sleep(61)
    assert len(having(lab, TARGET)) == 6


def test_of_two_writers_the_later_one_wins_everywhere(lab: VirtualServers) -> None:
    give(lab, "dns-h1", TARGET)
    lab.clock.sleep(10)
    give(lab, "dns-b1", THIRD)
    lab.clock.sleep(HOUR)
    assert len(having(lab, THIRD)) == 6


def test_who_wrote_more_often_wins_over_who_wrote_later(lab: VirtualServers) -> None:
    for value in (THIRD, TARGET):
        give(lab, "dns-h1", value)
    lab.clock.sleep(10)
    give(lab, "dns-b1", THIRD)
    lab.clock.sleep(HOUR)
    assert len(having(lab, TARGET)) == 6


def test_the_same_records_have_other_serials_at_other_servers(lab: VirtualServers) -> None:
    lab.cuts |= {frozenset(("dns-h1", other)) for other in lab.servers if other != "dns-h1"}
    for value in (THIRD, TARGET, THIRD, TARGET):
        give(lab, "dns-h1", value)
        lab.clock.sleep(10)
    lab.cuts.clear()
    lab.clock.sleep(2 * HOUR)
    assert len(having(lab, TARGET)) == 6
    assert len({server.serial("example.com.") for server in lab.servers.values()}) > 1


def test_what_could_not_travel_does_so_once_the_way_is_open(lab: VirtualServers) -> None:
    lab.cuts |= {frozenset(("dns-h1", other)) for other in lab.servers if other != "dns-h1"}
    give(lab, "dns-h1", TARGET)
    lab.clock.sleep(5 * HOUR)
    assert having(lab, TARGET) == {"dns-h1"}
    lab.cuts.clear()
    lab.clock.sleep(HOUR)
    assert len(having(lab, TARGET)) == 6


def test_a_host_registers_at_any_server_and_the_lock_stops_it_where_it_has_arrived(lab: VirtualServers) -> None:
    give(lab, "dns-h1", TARGET)
    lab.clock.sleep(HOUR)
    assert lab.replicas is not None
    lab.do(lab.replicas.deny, lab.servers["dns-h1"], MAIL, "host-exch1")
    assert lab.do(lab.register, "exch1", "dns-h1", [MAIL], SOURCE) == "REFUSED"
    assert lab.do(lab.register, "exch1", "dns-b1", [MAIL], SOURCE) == "NOERROR"
    lab.clock.sleep(HOUR)
    assert len(having(lab, SOURCE)) == 6
    assert lab.do(lab.register, "exch1", "dns-b1", [MAIL], SOURCE) == "REFUSED"
    lab.do(lab.replicas.deny, lab.servers["dns-h1"], MAIL)
    assert lab.do(lab.register, "exch1", "dns-h1", [MAIL], SOURCE) == "NOERROR"


def test_a_zone_that_anybody_may_write_knows_no_lock() -> None:
    with VirtualServers(Settings(updates="any")) as lab:
        assert lab.replicas is not None
        lab.do(lab.replicas.deny, lab.servers["dns-b1"], MAIL, "host-exch1")
        assert lab.do(lab.register, "exch1", "dns-b1", [MAIL], SOURCE) == "NOERROR"


def test_a_registered_record_vanishes_unless_it_is_refreshed_or_static(lab: VirtualServers) -> None:
    assert lab.replicas is not None
    first = lab.servers["dns-b1"]
    lab.do(lab.register, "exch1", "dns-b1", [MAIL], SOURCE)
    written = lab.replicas.hours(first, MAIL, "A")
    lab.clock.sleep(HOUR)
    lab.do(lab.register, "exch1", "dns-b1", [MAIL], SOURCE)
    assert lab.replicas.hours(first, MAIL, "A") == written  # within the no-refresh interval
    lab.clock.sleep(4 * HOUR)
    lab.do(lab.register, "exch1", "dns-b1", [MAIL], SOURCE)
    assert lab.replicas.hours(first, MAIL, "A") == written + 5
    lab.clock.sleep(6 * HOUR)
    assert lab.do(lab.replicas.scavenge, first) == []
    lab.clock.sleep(HOUR)
    assert "mail.example.com. A" in lab.do(lab.replicas.scavenge, first)
    lab.clock.sleep(HOUR)
    assert lab.everywhere(MAIL, "A") == {()}


def test_a_static_record_stays_and_ages_again_once_it_is_written_by_an_update(lab: VirtualServers) -> None:
    assert lab.replicas is not None
    first = lab.servers["dns-b1"]
    assert lab.replicas.hours(first, MAIL, "A") == 0
    lab.do(lab.register, "exch1", "dns-b1", [MAIL], TARGET)
    lab.do(lab.replicas.static, first, MAIL, "A")
    lab.clock.sleep(24 * HOUR)
    assert "mail.example.com. A" not in lab.do(lab.replicas.scavenge, first)
    lab.do(lab.register, "exch1", "dns-b1", [MAIL], SOURCE)
    assert lab.replicas.hours(first, MAIL, "A") > 0


def test_secondaries_follow_the_primarys_serial() -> None:
    with VirtualServers(Settings(model="secondaries")) as lab:
        assert lab.do(lab.register, "exch1", "dns-h1", [MAIL], TARGET) == "REFUSED"  # a secondary takes no updates
        assert lab.do(lab.register, "exch1", "dns-b1", [MAIL], TARGET) == "NOERROR"
        lab.clock.sleep(16)
        assert having(lab, TARGET) == {"dns-b1", "dns-b2"}
        lab.clock.sleep(HOUR)
        assert {server.serial("example.com.") for server in lab.servers.values()} == {2} and len(having(lab, TARGET)) == 6
