# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a baseline may be taken, and when it may end; and that the reason why not is true."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.peace_time import require_armable, require_disarmable
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

NOW = datetime.datetime(2026, 11, 22, 20, 0, tzinfo=datetime.timezone.utc)
INCIDENT = {"id": "3", "opened_at": "2026-11-22T19:00:00.000Z"}
OPEN = RunRecord(id="r1", kind="drill", mode="execute", opened_at="", by="ops", planned=True, epoch=1)


def said(by: str, decision: str) -> dict[str, t.Any]:
    return {"by": by, "decision": decision, "how": "signature", "expires_at": "2026-11-22T21:00:00.000Z", "intent": {}}


@pytest.mark.parametrize("state", ["unarmed", "protected"])
def test_both_are_done_in_peace_time(state: str) -> None:
    require_armable(Fold(state=state), "mail")
    require_disarmable(Fold(state=state), "mail", NOW)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (Fold(state="protected", runs={"r1": OPEN}, active_run="r1"), "mail is protected, and the drill run r1 is open: "),
        (Fold(state="failed_over"), "mail is failed_over, where the source does not own it: "),
        (Fold(state="pending", incident=INCIDENT), "mail is pending since the source failed at 2026-11-22T19:00:00.000Z: "),
        (Fold(state="approved", incident=INCIDENT), "mail is approved since the source failed at 2026-11-22T19:00:00.000Z: "),
        (Fold(state="recovered"), "mail is recovered, and nobody has looked at the source yet: "),
    ],
)
def test_why_neither_is_done_is_said(found: Fold, says: str) -> None:
    with pytest.raises(WrongState, match=f"{says}a baseline can only be taken while "):
        require_armable(found, "mail")
    with pytest.raises(WrongState, match=f"{says}it can only be disarmed while "):
        require_disarmable(found, "mail", NOW)


@pytest.mark.parametrize(("state", "decision"), [("approved", "proceed"), ("declined", "decline")])
def test_what_people_say_about_a_planned_move_is_taken_back_first(state: str, decision: str) -> None:
    others = "decline" if decision == "proceed" else "proceed"
    found = Fold(state=state, votes=[said("carol", others), said("alice", decision), said("bob", decision)])
    require_armable(found, "mail")
    with pytest.raises(WrongState, match=f"mail is {state} by what alice, bob said about a planned move: ") as caught:
        require_disarmable(found, "mail", NOW)
    after = caught.value.details["next"]
    assert after in caught.value.message and all(word in after for word in ("failover_decision=withdraw", '"alice"', "failover_how=signature"))
    with pytest.raises(WrongState, match="bob said about a planned move"):
        require_disarmable(found, "mail", NOW + datetime.timedelta(hours=2))
