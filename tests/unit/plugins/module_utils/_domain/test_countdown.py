# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time to Fail: which silence counts, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.countdown import Countdown, Observation


def tcp(place: str, ok: bool | None) -> Observation:
    return Observation(place, "tcp", ok)


def after(countdown: Countdown, *rounds: list[Observation]) -> Countdown:
    for observations in rounds:
        countdown = countdown.round(observations)
    return countdown


def test_it_counts_down_and_warns_after_a_quarter() -> None:
    countdown = Countdown(5.0, 5)
    seen = []
    for _round in range(5):
        seen.append((countdown.state(), countdown.time_to_fail()))
        countdown = countdown.round([tcp("controller", False)])
    assert seen == [("healthy", 25.0), ("healthy", 20.0), ("suspect", 15.0), ("suspect", 10.0), ("suspect", 5.0)]
    assert (countdown.state(), countdown.failed(), countdown.time_to_fail()) == ("failed", "host", 0.0)


def test_any_reply_starts_it_again() -> None:
    countdown = after(Countdown(5.0, 3), [tcp("a", False)], [tcp("a", False)], [tcp("a", False), Observation("a", "wsman", True)])
    assert countdown.time_to_fail() == 15.0


def test_with_all_one_place_that_is_answered_keeps_the_source_alive() -> None:
    rounds = [[tcp("a", False), tcp("b", True)]] * 9
    assert after(Countdown(5.0, 3, "all"), *rounds).failed() == ""
    assert after(Countdown(5.0, 3, "one"), *rounds).failed() == "host"


def test_a_place_that_could_not_ask_proves_nothing() -> None:
    assert after(Countdown(5.0, 2), *[[tcp("a", None)]] * 9).state() == "healthy"
    assert after(Countdown(5.0, 2, "all"), *[[tcp("a", None), tcp("b", False)]] * 2).failed() == "host"


def test_a_dead_service_on_a_living_host_is_an_incident_of_its_own_class() -> None:
    rounds = [[tcp("a", True), Observation("a", "service", False)]] * 3
    assert after(Countdown(5.0, 3), *rounds).failed() == "service"
    assert after(Countdown(5.0, 3), *[[tcp("a", False), Observation("a", "service", False)]] * 3).failed() == "host"


@given(st.lists(st.lists(st.sampled_from([True, False, None]), min_size=2, max_size=2), max_size=12), st.integers(1, 4), st.sampled_from(["all", "one"]))
def test_it_fails_exactly_when_enough_rounds_in_a_row_were_silent(rounds: list[list[bool | None]], missed: int, trigger: str) -> None:
    countdown = after(Countdown(1.0, missed, trigger), *[[tcp(str(place), ok) for place, ok in enumerate(oks)] for oks in rounds])
    silent = []
    for place in range(2):
        run, asked = 0, False
        for oks in rounds:
            if oks[place] is not None:
                asked, run = True, 0 if oks[place] else run + 1
        if asked:
            silent.append(run >= missed)
    expected = bool(silent) and (all(silent) if trigger == "all" else any(silent))
    assert (countdown.failed() == "host") == expected


@pytest.mark.parametrize("missed", [1, 2, 7])
def test_time_to_fail_starts_at_interval_times_missed(missed: int) -> None:
    assert Countdown(2.5, missed).time_to_fail() == 2.5 * missed
