# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of states, against the places that say what may be done in which state."""

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import DECIDABLE
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import BREAK_GLASS
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import STATES, step_state


@pytest.mark.parametrize("state", [*BREAK_GLASS, "unarmed"])
def test_wherever_the_glass_may_be_broken_a_run_opens(state: str) -> None:
    assert step_state(state, "break_glass") == "failing_over"


@pytest.mark.parametrize("state", [state for state in DECIDABLE if state != "approved"])
def test_wherever_people_may_decide_they_can_approve(state: str) -> None:
    assert step_state(state, "quorum") == "approved"


@pytest.mark.parametrize("state", [state.name for state in STATES if state.owner == "source" and state.name not in ("unarmed", "pending")])
def test_wherever_the_source_is_watched_its_failure_is_pending(state: str) -> None:
    assert step_state(state, "incident_opened") == "pending"
