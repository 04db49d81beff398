# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import hypothesis
import hypothesis.strategies as st
import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.data_choice import DIRECTIONS, ENGINES, KEEPS, amiss, refusal, seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import DATA_STATES, LOSING

EVIDENCE = st.fixed_dictionaries(
    {
        "did": st.sampled_from([None, *DATA_STATES]),
        "engine": st.just("FailedOver"),
        "promoted": st.booleans(),
        "old_direction": st.sampled_from(DIRECTIONS),
        "data_point": st.just("12:00"),
    }
)


def test_every_choice_is_known() -> None:
    assert set(KEEPS) == set(DATA_STATES)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("choice", DATA_STATES)
def test_only_a_hook_drives_an_engine_and_only_an_engine_loses_data(engine: str, choice: str) -> None:
    refused = bool(refusal(engine, choice, hook=False))
    assert refused is (engine in ("double_take", "other") or (engine == "native" and choice in LOSING))
    assert refusal(engine, choice, hook=True) == ""


@hypothesis.given(st.sampled_from(DATA_STATES), EVIDENCE)
def test_evidence_passes_only_where_the_data_may_be_used_and_no_more_was_lost_than_approved(choice: str, evidence: dict[str, t.Any]) -> None:
    reason, why = amiss(choice, evidence)
    good = evidence["promoted"] and evidence["old_direction"] == "stopped" and evidence["did"] in (choice, "apply_queues")
    assert (reason == "") is good and bool(why) is not good
    assert (seen(evidence)["state"] == "promoted") is (evidence["promoted"] and evidence["old_direction"] == "stopped")
