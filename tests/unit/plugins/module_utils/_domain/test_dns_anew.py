# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_changes
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_anew import made_anew, merged, put_back
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, Repoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

MAIL, ALIAS, POINTER = Item("mail.example.com", "A"), Item("mail.example.com", "CNAME"), Item("22.0.0.10.in-addr.arpa", "PTR")
REPOINT = Repoint((("10.0.0.21", "10.0.0.22"), ("10.0.0.31", "10.0.0.32"), ("a.example.com", "b.example.com")), ("mail.example.com",), ptr=True)
VALUES = st.sets(st.sampled_from(["10.0.0.21", "10.0.0.22", "10.0.0.31", "10.0.0.32", "10.9.9.9", "10.9.9.8"]), max_size=4)
SETS = VALUES.map(lambda values: RecordSet.of(values, 60) if values else None)


def values(records: RecordSet | None) -> set[str]:
    return set(records.values) if records else set()


@given(SETS, SETS, SETS)
def test_a_merge_takes_out_and_brings_in_what_is_ours_and_nothing_else(before: RecordSet | None, after: RecordSet | None, now: RecordSet | None) -> None:
    out, into = values(before) - values(after), values(after) - values(before)
    found = values(merged(MAIL, before, after, now))
    assert found - into == values(now) - out - into and into <= found
    assert values(merged(MAIL, before, after, before)) == values(after)


@given(SETS, SETS)
def test_a_move_made_anew_loses_nobody_else_s_value_and_arrives(before: RecordSet | None, now: RecordSet | None) -> None:
    sources, targets = {"10.0.0.21", "10.0.0.31"}, {"10.0.0.22", "10.0.0.32"}
    if not values(before) & (sources | targets):
        return
    after = dns_changes.repointed(REPOINT, {MAIL: before}, None, ())[MAIL]
    found = values(made_anew(REPOINT, MAIL, before, after, now))
    assert values(now) - sources <= found and not found & sources and values(after) & targets <= found
    assert values(made_anew(REPOINT, MAIL, before, after, before)) == values(after)
    left = RecordSet.of(found, 60) if found else None
    kept = values(now) - sources - targets
    assert values(put_back(REPOINT, MAIL, before, left, left)) == values(before) | kept, "what others brought stays when it is put back"


def test_a_pointer_of_somebody_else_stays_too() -> None:
    mine, theirs = RecordSet.of(["mail.example.com"], 60), RecordSet.of(["new.example.com"], 60)
    assert values(made_anew(REPOINT, POINTER, None, mine, theirs)) == {"mail.example.com", "new.example.com"}
    both = RecordSet.of(["mail.example.com", "new.example.com"], 60)
    assert put_back(REPOINT, POINTER, None, both, both) == theirs


def test_an_alias_has_one_value_and_somebody_else_s_stays() -> None:
    before, after = RecordSet.of(["a.example.com"], 60), RecordSet.of(["b.example.com"], 60)
    assert made_anew(REPOINT, ALIAS, before, after, before) == after
    with pytest.raises(WrongState, match=r"mail.example.com CNAME would lead to b.example.com and c.example.com: somebody else set it"):
        made_anew(REPOINT, ALIAS, before, after, RecordSet.of(["c.example.com"], 60))


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 5000))
def test_a_ttl_that_was_raised_since_stays_and_any_other_is_put_back(before: int, after: int, now: int) -> None:
    found = put_back(None, MAIL, RecordSet(("10.0.0.21",), before), RecordSet(("10.0.0.22",), after), RecordSet(("10.0.0.22",), now))
    assert found == RecordSet(("10.0.0.21",), now if now > before and now != after else before)
    registered = put_back(None, MAIL, RecordSet(("10.0.0.21",), before), RecordSet(("10.0.0.22",), after), RecordSet(("10.0.0.21",), now))
    assert registered == RecordSet(("10.0.0.21",), before), "the source that registered itself brought its own TTL"
    earlier = put_back(None, MAIL, RecordSet(("10.0.0.21",), before), RecordSet(("10.0.0.22",), after), RecordSet(("10.0.0.21",), now), ours=True)
    assert earlier == found, "what an earlier try has put back is no registration"
    noted = put_back(None, MAIL, RecordSet(("10.0.0.21",), before), RecordSet(("10.0.0.22",), after), RecordSet(("10.0.0.21",), now), noted=True)
    assert noted == RecordSet(("10.0.0.21",), before), "a source that registers itself does not outdo the note"
