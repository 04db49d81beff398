# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pulls an identity back, and when it is known to be gone."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import threats


def evidence(kind: str = "dns", of: str = "dns1", name: str = "mail A", says: str = "source", **more: t.Any) -> dict[str, t.Any]:
    return {"kind": kind, "of": of, "name": name, "values": ["10.0.0.21"], "says": says, **more}


DNS = evidence()
KNOWN = threats.threats([DNS])


@pytest.mark.parametrize("kind", ["dns", "address", "spn", "workload", "presence"])
def test_each_kind_is_a_threat_with_a_sentence_and_a_remedy(kind: str) -> None:
    (found,) = threats.threats([evidence(kind), evidence(kind, says="target"), evidence(kind, says="none"), evidence(kind, says="unreachable")])
    assert "dns1" in found["msg"] and found["remedy"]


@pytest.mark.parametrize(
    ("state", "known", "seen", "expected"),
    [
        ("failed_over", [], [evidence(says="target")], None),
        ("failed_over", [], [DNS], "threat"),
        ("failed_over", [], [evidence(says="both")], "threat"),
        ("failed_over", [], [evidence(says="unreachable")], None),
        ("threatened", KNOWN, [DNS], None),
        ("threatened", KNOWN, [DNS, evidence("address", "exch1")], "threat"),
        ("threatened", KNOWN, [evidence("address", "exch1")], "threat"),
        ("threatened", KNOWN, [evidence(says="unreachable"), evidence("address", "exch1")], "threat"),
        ("threatened", KNOWN, [evidence(says="target")], "repaired"),
        # What could not be asked, or was not asked at all, proves nothing.
        ("threatened", KNOWN, [evidence(says="unreachable")], None),
        ("threatened", KNOWN, [evidence("address", "exch1", says="none")], None),
        ("threatened", KNOWN, [], None),
        # A server that is no authority for this one record says nothing of it, whatever it says of others.
        ("threatened", KNOWN, [evidence(says="unreachable"), evidence(name="alias A", says="target")], None),
        ("protected", [], [DNS], None),
        ("failing_back", [], [DNS], None),
    ],
)
def test_what_evidence_makes_of_a_guarded_identity(state: str, known: t.Any, seen: t.Any, expected: str | None) -> None:
    found = threats.judged(state, known, seen)
    assert (found[0] if found else None) == expected


@pytest.mark.parametrize("dns", [[], [evidence(says="unreachable")]])
def test_a_threat_that_nobody_could_look_at_stays_known_beside_a_new_one(dns: list[dict[str, t.Any]]) -> None:
    both = threats.judged("threatened", KNOWN, [*dns, evidence("address", "exch1")])
    assert both is not None
    assert [(one["kind"], one["of"]) for one in both[1]] == [("address", "exch1"), ("dns", "dns1")]
    gone = threats.judged("threatened", both[1], [evidence(says="target"), evidence("address", "exch1")])
    assert gone is not None
    assert [(one["kind"], one["of"]) for one in gone[1]] == [("address", "exch1")]


KINDS, PLACES, SAID = (st.sampled_from(values) for values in (["dns", "address"], ["a", "b"], ["source", "target", "none", "unreachable"]))


@given(st.lists(st.builds(evidence, KINDS, PLACES, says=SAID)))
def test_the_same_look_twice_changes_nothing_the_second_time(seen: list[dict[str, t.Any]]) -> None:
    first = threats.judged("failed_over", [], seen)
    if first is not None:
        assert threats.judged("threatened", first[1], seen) is None


def test_what_was_known_and_could_not_be_looked_at_again_is_still_told() -> None:
    assert threats.pulling(KNOWN, [evidence(says="unreachable")]) == KNOWN
    assert threats.pulling(KNOWN, [evidence(says="target")]) == []
    silent = {"kind": "dns", "of": "dns1", "says": "unreachable", "msg": "no answer"}
    assert threats.pulling(KNOWN, [silent, evidence(of="dns2")]) == [*threats.threats([evidence(of="dns2")]), *KNOWN]


def test_servers_that_could_not_be_asked_are_named_once() -> None:
    silent = {"kind": "dns", "of": "dns1", "says": "unreachable", "msg": "no answer"}
    others = {**silent, "of": threats.ZONES_OWN, "msg": "they could not be found"}
    assert threats.unproven([silent, {**silent, "msg": "again"}, others, evidence(says="target"), evidence("address", says="unreachable")]) == [
        "nobody knows what the name server dns1 tells clients: no answer",
        "nobody knows what the zones' own name servers tell clients: they could not be found",
    ]
