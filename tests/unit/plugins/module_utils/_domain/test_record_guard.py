# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a record must be while the target owns the identity, and what another value is called."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import record_guard, threats
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, Repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_wanted import read_records
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.moments import moment
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.record_guard import Guarded
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord

SOURCE, TARGET, THIRD = "10.0.0.21", "10.0.1.21", "10.0.2.21"
MAIL, ALIAS = Item("mail.example.com", "A"), Item("alias.example.com", "CNAME")
REPOINT = Repoint(((SOURCE, TARGET), ("exch1.example.com", "exch2.example.com")), ("mail.example.com", "alias.example.com"))
GUARD = Guarded(MAIL, RecordSet.of([TARGET], 60))


def image(*values: str) -> dict[str, t.Any] | None:
    return {"values": list(values), "ttl": 60} if values else None


def failover(**images: t.Any) -> RunRecord:
    record = RunRecord("run-1", "failover", "execute", "2026-11-26T20:00:00.000Z", "ops", False, 1)
    record.images["dns"] = {str(item): {"before": None, "after": after, "afters": [after]} for item, after in images.get("dns", {}).items()}
    return record


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((TARGET,), "target"),
        ((SOURCE,), "source"),
        ((SOURCE, TARGET), "both"),
        ((THIRD,), "changed"),
        ((TARGET, THIRD), "changed"),
        ((SOURCE, THIRD), "source"),
        ((), "gone"),
    ],
)
def test_every_value_but_the_one_that_was_left_has_a_name(values: tuple[str, ...], says: str) -> None:
    assert record_guard.judged(GUARD, RecordSet.of(values, 1200) if values else None, REPOINT) == says


def test_an_alias_and_a_record_that_must_not_be_there_are_judged_too() -> None:
    alias = Guarded(ALIAS, RecordSet.of(["exch2.example.com"], 60))
    assert record_guard.judged(alias, RecordSet.of(["exch1.example.com"], 60), REPOINT) == "source"
    nothing = Guarded(MAIL, None)
    assert [record_guard.judged(nothing, there, REPOINT) for there in (None, RecordSet.of([THIRD], 60))] == ["target", "changed"]


def test_what_the_run_left_counts_and_the_definition_fills_what_it_found_right_already() -> None:
    entries = [{"name": "Other.example.com.", "type": "A", "values": [TARGET], "ttl": 30}, {"name": "mail.example.com", "type": "A", "values": [THIRD]}]
    found = record_guard.guarded(
        failover(dns={MAIL: image(TARGET, THIRD)}), read_records(entries, "present", ()), REPOINT, {str(ALIAS): image("exch1.example.com")}
    )
    assert {str(one.item): one.wanted.values if one.wanted else None for one in found} == {
        "mail.example.com A": (TARGET, THIRD),
        "other.example.com A": (TARGET,),
    }


def test_without_a_run_the_baseline_is_repointed() -> None:
    baseline = {str(MAIL): image(SOURCE, THIRD), "gone.example.com A": None, "elsewhere.example.com A": image(SOURCE)}
    found = record_guard.guarded(None, [], REPOINT, baseline)
    assert [(str(one.item), one.wanted.values if one.wanted else None) for one in found] == [("mail.example.com A", (TARGET, THIRD))]
    assert record_guard.guarded(None, [], REPOINT, {str(MAIL): image(THIRD)}) == []
    assert record_guard.guarded(None, [], None, baseline) == []


def evidence(values: tuple[str, ...], of: str = "dns1") -> dict[str, t.Any]:
    says = record_guard.judged(GUARD, RecordSet.of(values, 60) if values else None, REPOINT)
    one = {"kind": "dns", "of": of, "name": str(MAIL), "values": list(values), "wanted": [TARGET], "says": says}
    return one if says == record_guard.RIGHT else {**one, "finding": record_guard.FINDING}


@pytest.mark.parametrize("values", [(SOURCE,), (THIRD,), ()])
def test_a_changed_record_is_a_threat_that_names_the_server_and_the_values(values: tuple[str, ...]) -> None:
    (threat,) = threats.threats([evidence(values), evidence((TARGET,), "dns2")])
    assert (threat["finding"], threat["of"], threat["values"], threat["wanted"]) == ("dns_record_changed", "dns1", list(values), [TARGET])
    assert "dns1" in threat["msg"] and threat["remedy"]
    for state in ("failed_over", "threatened"):
        assert next_command(state, "mail", threats=[threat]).startswith("ansible-playbook continuity.identity_failover.repair_dns ")


def test_it_is_written_again_with_what_was_left_once_whatever_the_number_of_servers() -> None:
    seen = [evidence((SOURCE,), "dns1"), evidence((), "dns2"), evidence((TARGET,), "dns3")]
    assert record_guard.repairs([GUARD], seen) == [{"name": "mail.example.com", "type": "A", "values": [TARGET], "ttl": 60}]
    assert record_guard.repairs([GUARD], [evidence((TARGET,))]) == []
    assert record_guard.repairs([dataclasses.replace(GUARD, wanted=RecordSet.of([TARGET], 0))], seen) == [
        {"name": "mail.example.com", "type": "A", "values": [TARGET]}
    ]
    assert record_guard.repairs([Guarded(MAIL, None)], seen) == [{"name": "mail.example.com", "type": "A", "values": []}]


VALUES = st.frozensets(st.sampled_from([SOURCE, TARGET, THIRD, "10.0.3.3"]), max_size=3)


@given(VALUES, VALUES.filter(bool))
def test_right_is_exactly_what_was_left(there: frozenset[str], wanted: frozenset[str]) -> None:
    says = record_guard.judged(Guarded(MAIL, RecordSet.of(wanted, 60)), RecordSet.of(there, 60) if there else None, REPOINT)
    assert (says == "target") == (there == wanted)


def locked(refreshed: str, end: str, **more: t.Any) -> RunRecord:
    record = failover()
    record_facts = {"type": "A", "static": False, "refreshed": refreshed, "scavenged_from": end, **more}
    record.steps["dns_lock"] = {"evidence": {"dc1": {"ageing": {"mail.example.com": [record_facts]}}, "dc2": {"ageing": {}}}}
    return record


@pytest.mark.parametrize(("now", "told"), [("2026-11-12T11:59Z", False), ("2026-11-12T12:00Z", True), ("2026-11-17T00:00Z", True)])
def test_a_record_that_ages_is_told_before_it_vanishes(now: str, told: bool) -> None:
    """In the last quarter of 14 days, and behind them."""
    sentences = record_guard.ageing(locked("2026-11-02T00:00Z", "2026-11-16T00:00Z"), moment(now))
    assert ["mail.example.com ages: scavenging may delete its address from 2026-11-16T00:00Z on" in one for one in sentences] == [True] * told


def test_what_does_not_age_is_not_told() -> None:
    now = moment("2027-01-01T00:00Z")
    assert record_guard.ageing(None, now) == record_guard.ageing(failover(), now) == record_guard.ageing(locked("", ""), now) == []
    assert record_guard.ageing(locked("2026-11-02T00:00Z", "2026-11-16T00:00Z", type="TXT"), now) == []
    static = locked("2026-11-02T00:00Z", "2026-11-16T00:00Z")
    static.images["dns_lock"] = {"mail.example.com": {"after": {"account": "EXCH1$", "locked": True, "static": True}}}
    assert record_guard.ageing(static, now) == []
