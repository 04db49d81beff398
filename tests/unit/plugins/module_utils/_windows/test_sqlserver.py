# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.sqlserver import Action, SqlDatabase, action_for

STATES = ("ONLINE", "RESTORING", "RECOVERING", "RECOVERY_PENDING", "SUSPECT", "EMERGENCY", "OFFLINE")


@pytest.mark.parametrize(
    ("database", "do"),
    [
        (SqlDatabase("ERP", "ONLINE", ready=True), ""),
        (SqlDatabase("ERP", "ONLINE"), "wait"),
        (SqlDatabase("ERP", "RECOVERING"), "wait"),
        (SqlDatabase("ERP", "OFFLINE"), "online"),
        (SqlDatabase("ERP", "RESTORING"), "recover"),
        (SqlDatabase("ERP", "ONLINE", standby=True, ready=True), "recover"),
    ],
)
def test_what_brings_a_database_online(database: SqlDatabase, do: str) -> None:
    assert action_for(database, True) == Action(do)


@given(st.sampled_from(STATES), st.booleans(), st.booleans(), st.sampled_from(["", "availability_group", "mirroring", "log_shipping"]))
def test_damage_and_memberships_are_left_to_a_person(state: str, standby: bool, ready: bool, member: str) -> None:
    action = action_for(SqlDatabase("ERP", state, standby, ready, member=member), True)
    if state in ("SUSPECT", "EMERGENCY", "RECOVERY_PENDING"):
        assert action.why and not action.do
    if action.do == "recover":
        assert not member and (state == "RESTORING" or standby)
    assert bool(action.why) + bool(action.do) <= 1


@given(st.sampled_from(STATES))
def test_taking_down_touches_only_what_serves_or_may_soon(state: str) -> None:
    assert action_for(SqlDatabase("ERP", state), False).do == ("offline" if state in ("ONLINE", "RECOVERY_PENDING", "RECOVERING") else "")
