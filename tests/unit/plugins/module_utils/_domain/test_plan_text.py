# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan in a terminal."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan_text import difference, table
from ansible_collections.continuity.identity_failover.tests.unit.plans import NEW, OLD, change, plan, said, usual

FINDING = {"id": "disk_space", "severity": "warning", "host": "exch2", "msg": "a disk of the target is nearly full " * 4, "accepted": "it is known"}


def test_everything_that_a_person_decides_on_is_shown_within_the_width() -> None:
    made = plan(findings=[FINDING], durations={"dns": {"seconds": 4.2, "runs": 3}}, hooks=["before_dns"])
    text = table(made)
    assert max(map(len, text.splitlines())) <= 100
    for part in (made["hash"], "the target owns", "accepted: it is known", "MSExchangeIS", "Stopped", "4.2 s (median of 3)", "no earlier run", "before_dns"):
        assert part in text
    assert "7 (2 probed, 3 predicted, 2 unknown)" in text
    assert "not observed: fence@exch1" in text
    rows = {line[:12].strip(): line[12:].strip() for line in text.splitlines()}
    assert rows["Hosts"] == ", ".join(made["hosts"]) and len(made["hosts"]) > 1
    assert rows["Plan"] == "failover of mail, made 2026-03-01T12:00:00.000Z by ops" and rows["Now"] == "approved; baseline: 2 h old"
    assert "; as wanted already: 1; not observed" in text
    assert "STEPS THAT COULD NOT BE LOOKED AT, OR WOULD STOP\n  fence@exch1            unreachable    exch1 does not answer\n" in text
    point = made["point_of_no_return"]
    assert rows["No way back"].startswith(f"change {point['number']}, {point['item']}: ")


def test_a_narrow_terminal_gets_narrow_lines() -> None:
    assert max(map(len, table(plan(), width=90).splitlines())) <= 90


def test_of_a_thousand_clients_some_are_listed_and_all_are_counted() -> None:
    many = said("clients", *(change(f"ws{number}", None, {}, grade="predicted") for number in range(1000)))
    text = table(plan([many]))
    assert "... and 980 more of clients" in text
    assert len(text.splitlines()) < 60


def test_servers_are_all_named_beside_a_thousand_clients_and_every_step_says_where() -> None:
    many = said("clients", *(change(f"a{number:04}", None, {}, grade="predicted") for number in range(1000)))
    text = table(plan([said("spns", change("http/m", 1, 2), touches=["dc3"]), said("dns", change("m A", OLD, NEW), touches=["dns1"]), many]))
    flat = " ".join(text.split())
    assert "Hosts dc3, dns1, exch2, a0000, a0001" in flat and "and 980 more" in flat
    assert "spns 1 to do dc3 no earlier run" in flat and "dns 1 to do dns1 no earlier run" in flat


def test_the_difference_of_two_plans_says_where_a_step_would_be_done_now() -> None:
    text = difference(plan([said("spns", change("http/m", 1, 2), touches=["dc3"])]), plan([said("spns", change("http/m", 1, 2), touches=["dc4"])]))
    assert "irrelevant  spns" in text and "spns would be done on dc4; the plan says dc3" in " ".join(text.split())


def test_two_plans_side_by_side() -> None:
    other = usual()
    other[5] = said("dns", change("mail.example.com A", {"values": ["10.0.9.9"], "ttl": 60}, NEW))
    text = difference(plan(), plan(other))
    assert "1 differences" in text
    assert "conflict" in text
    assert "10.0.9.9" in text
    assert difference(plan(), plan(made_at="2026-04-01T00:00:00.000Z")).startswith("The two plans are the same")


def test_a_plan_that_no_run_would_follow_now_says_so_below_its_state() -> None:
    shown = table({**plan(), "state": "threatened"}).splitlines()
    (now,) = [number for number, line in enumerate(shown) if line.startswith("Now")]
    assert " ".join(" ".join(shown[now + 1 : now + 3]).split()).startswith(
        "Not now no failover begins while the identity is threatened; what moves it on from there is a failback"
    )
    assert "Not now" not in table(plan())
