# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import math

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionLost,
    DeadlineExceeded,
    FailoverError,
    Unreachable,
    WrongMachine,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import repeated
from tests.unit.fakes import FakeClock


class Question:
    """Fails as often as it is told to, each time after ``seconds``; then answers."""

    def __init__(self, clock: FakeClock, failures: list[FailoverError], seconds: float = 0.0) -> None:
        self.clock, self.failures, self.seconds = clock, failures, seconds
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        self.clock.advance(self.seconds)
        if self.failures:
            raise self.failures.pop()
        return "answer"


@pytest.mark.parametrize("error", [ConnectionLost("gone"), DeadlineExceeded("late")])
def test_a_lost_answer_is_asked_for_again(error: FailoverError) -> None:
    clock = FakeClock()
    question = Question(clock, [error, error])
    assert repeated(question, clock) == "answer"
    assert (question.asked, clock.slept) == (3, [0.2, 1.0])


@pytest.mark.parametrize("error", [Unreachable("no power"), WrongMachine("another")])
def test_an_answer_is_an_answer_and_silence_is_silence(error: FailoverError) -> None:
    question = Question(FakeClock(), [error])
    with pytest.raises(type(error)):
        repeated(question, question.clock)
    assert question.asked == 1


@pytest.mark.parametrize(("seconds", "within", "asked"), [(0.0, 20.0, 3), (5.0, 12.0, 3), (5.0, 11.0, 2), (20.0, 20.0, 1), (20.0, math.inf, 3)])
def test_no_try_begins_after_the_time(seconds: float, within: float, asked: int) -> None:
    question = Question(FakeClock(), [DeadlineExceeded("late") for _number in range(10)], seconds)
    with pytest.raises(DeadlineExceeded):
        repeated(question, question.clock, within=within)
    assert question.asked == asked
