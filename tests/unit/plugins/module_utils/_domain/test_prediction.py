# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a later step of a plan finds after the earlier ones, and how sure that is."""

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.prediction import carried, grade
from ansible_collections.continuity.identity_failover.tests.unit.plans import RUNNING, STOPPED, change, said

START = said("services@exch2", change("MSExchangeIS", STOPPED, RUNNING))


def test_the_same_step_later_finds_what_it_was_predicted_to_leave() -> None:
    images, moved = carried("services@exch2", {"msexchangeis": STOPPED, "Other": STOPPED}, [START])
    assert images == {"msexchangeis": RUNNING, "Other": STOPPED}
    assert moved == {"msexchangeis"}


def test_the_same_step_on_another_host_does_not() -> None:
    assert carried("services@exch1", {"MSExchangeIS": STOPPED}, [START]) == ({"MSExchangeIS": STOPPED}, set())


def test_a_service_whose_fence_is_released_is_found_as_the_fence_leaves_it() -> None:
    released = said(
        "fence@exch1", change("service MSExchangeIS", {"state": "Stopped", "start_mode": "disabled"}, STOPPED), change("registration Ethernet", 0, 1)
    )
    images, moved = carried("services@exch1", {"MSExchangeIS": {"state": "Stopped", "start_mode": "disabled"}}, [released])
    assert images == {"MSExchangeIS": STOPPED}
    assert moved == {"MSExchangeIS"}


def test_a_predicted_image_that_says_less_keeps_the_rest() -> None:
    mount = said("databases@exch2", change("DB", {"mounted": False, "guid": "g"}, {"mounted": True}))
    assert carried("databases@exch2", {"DB": {"mounted": False, "guid": "g"}}, [mount])[0] == {"DB": {"mounted": True, "guid": "g"}}


def test_the_last_prediction_counts() -> None:
    back = said("services@exch2", change("MSExchangeIS", RUNNING, STOPPED), back=True)
    assert carried("services@exch2", {"MSExchangeIS": RUNNING}, [START, back])[0] == {"MSExchangeIS": STOPPED}


MOVE = said("identity@exch2", change("address 10.0.0.21", None, {}))


@pytest.mark.parametrize(
    ("step", "stated", "moved", "looked", "earlier", "expected"),
    [
        ("services@exch2", "predicted", False, True, [], "probed"),
        ("services@exch2", "predicted", False, True, [MOVE], "predicted"),
        ("services@exch1", "predicted", False, True, [MOVE], "probed"),
        ("services@exch2", "predicted", False, True, [said("identity@exch2")], "probed"),
        ("services@exch2", "predicted", True, True, [], "predicted"),
        ("databases@exch2", "predicted", False, True, [START], "predicted"),
        ("databases@exch2", "unknown", False, True, [START], "unknown"),
        ("clients", "predicted", False, False, [], "predicted"),
        ("dns", "predicted", False, True, [START, MOVE], "probed"),
        ("verify", "probed", False, True, [said("dns", change("m A", 1, 2))], "predicted"),
    ],
)
def test_a_prediction_is_never_surer_than_what_it_rests_on(step, stated, moved, looked, earlier, expected) -> None:  # type: ignore[no-untyped-def]
    assert grade(step, stated, moved=moved, looked=looked, earlier=earlier) == expected
