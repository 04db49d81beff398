# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    AccessDenied,
    BadCredentials,
    FailoverError,
    InvalidInput,
    MissingLibrary,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._fan_out import (
    REFUSED_LOGONS,
    SILENT_HOSTS,
    STILL_SILENT,
    FanOut,
    allowed_failures,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from tests.unit.fakes import FakeClock, FakeHosts, FakeSession


def hosts_named(names: t.Iterable[str]) -> FakeHosts:
    return FakeHosts(named=[FakeSession(name) for name in names])


def names_of(count: int) -> list[str]:
    return [f"ws{number:03}" for number in range(count)]


class Calls:
    """A call that fails as told, and remembers who was called."""

    def __init__(self, failures: t.Mapping[str, FailoverError] | None = None, times: int = 99) -> None:
        self.failures = dict(failures or {})
        self.times = times
        self.made: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, session: Session, deadline: Deadline) -> str:
        with self.lock:
            self.made.append(session.name)
            tries = self.made.count(session.name)
        if session.name in self.failures and tries <= self.times:
            raise self.failures[session.name]
        return session.name.upper()


def test_answers_come_in_the_order_asked_and_sessions_are_closed() -> None:
    names = names_of(120)
    hosts = hosts_named(names)
    answers = FanOut(hosts, FakeClock(), workers=7).run(list(reversed(names)), Calls())
    assert list(answers) == list(reversed(names))
    assert all(answers[name].value == name.upper() and answers[name].ok for name in names)
    assert all(hosts.named(name).closed for name in names)


def test_never_more_than_the_workers_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    full = threading.Barrier(4)

    def call(session: Session, deadline: Deadline) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        # The first call lets the gate open; afterwards four must meet here, or the barrier breaks.
        if session.name != "ws000":
            full.wait(60)
        with lock:
            running -= 1

    names = names_of(13)
    fan_out = FanOut(hosts_named(names), FakeClock(), workers=4)
    fan_out.run(names[:1], call)
    fan_out.run(names[1:], call)
    assert most == 4


def test_a_silent_host_is_tried_once_more_after_all_others() -> None:
    names = names_of(20)
    calls = Calls({"ws000": Unreachable("no answer")}, times=1)
    answers = FanOut(hosts_named(names), FakeClock()).run(names, calls)
    assert calls.made[-1] == "ws000" and calls.made.count("ws000") == 2
    assert answers["ws000"].ok and answers["ws000"].tries == 2


def test_a_refusal_of_the_host_is_not_repeated() -> None:
    names = names_of(3)
    calls = Calls({"ws001": AccessDenied("not allowed")})
    answers = FanOut(hosts_named(names), FakeClock()).run(names, calls)
    assert calls.made.count("ws001") == 1
    assert (answers["ws001"].reason, answers["ws001"].msg) == ("access_denied", "not allowed")


def test_a_wrong_password_does_not_lock_the_account() -> None:
    names = names_of(200)
    calls = Calls({name: BadCredentials("refused") for name in names})
    answers = FanOut(hosts_named(names), FakeClock(), workers=50).run(names, calls)
    assert len(calls.made) == REFUSED_LOGONS
    reasons = [answer.reason for answer in answers.values()]
    assert reasons.count("bad_credentials") == REFUSED_LOGONS
    assert reasons.count("circuit_open") == len(names) - REFUSED_LOGONS


@pytest.mark.parametrize("here", [InvalidInput("the ca_file does not exist"), MissingLibrary("a package is missing")])
def test_what_fails_before_a_host_is_asked_does_not_say_that_the_password_is_right(here: FailoverError) -> None:
    names = names_of(100)
    calls = Calls({names[0]: here, **{name: BadCredentials("refused") for name in names[1:]}})
    FanOut(hosts_named(names), FakeClock(), workers=50).run(names, calls)
    assert len([name for name in calls.made if name != names[0]]) == REFUSED_LOGONS


def test_a_host_that_is_not_among_those_of_the_task_does_not_either() -> None:
    names = names_of(100)
    calls = Calls({name: BadCredentials("refused") for name in names})
    FanOut(hosts_named(names), FakeClock(), workers=50).run(["stranger", *names], calls)
    assert len(calls.made) == REFUSED_LOGONS


class LateRefusals(Calls):
    """Hosts that are silent the first time; the second time all under way meet before they refuse."""

    def __init__(self, refusing: t.Collection[str], silent: t.Collection[str]) -> None:
        super().__init__({name: BadCredentials("refused") for name in refusing})
        self.silent = set(silent)
        self.meeting = threading.Barrier(REFUSED_LOGONS + 1)
        self.refused = 0

    def __call__(self, session: Session, deadline: Deadline) -> str:
        with self.lock:
            if session.name in self.silent:
                self.silent.remove(session.name)
                raise Unreachable("no answer")
            self.refused += 1
        try:
            self.meeting.wait(0.2)
        except threading.BrokenBarrierError:
            pass
        return super().__call__(session, deadline)


def test_hosts_that_come_up_with_another_password_do_not_lock_the_account_either() -> None:
    names = names_of(100)
    calls = LateRefusals(names, names)
    answers = FanOut(hosts_named(names), FakeClock(), workers=50).run(names, calls)
    assert calls.refused == REFUSED_LOGONS
    assert [answer.reason for answer in answers.values()].count("bad_credentials") == REFUSED_LOGONS


def test_refusals_of_the_first_round_count_in_the_second() -> None:
    names = names_of(60)
    calls = LateRefusals(names, names[1:])
    FanOut(hosts_named(names), FakeClock(), workers=50).run(names, calls)
    assert calls.refused == REFUSED_LOGONS


def test_a_host_that_tries_the_password_several_times_counts_as_several() -> None:
    twice = BadCredentials("refused")
    twice.logons = 2
    names = names_of(20)
    calls = Calls(dict.fromkeys(names, twice))
    FanOut(hosts_named(names), FakeClock(), workers=1).run(names, calls)
    assert len(calls.made) == 2, "after four logons nobody tries a fifth"


def test_one_success_says_that_the_password_is_right() -> None:
    names = names_of(30)
    calls = Calls({name: BadCredentials("refused") for name in names[1:]})
    fan_out = FanOut(hosts_named(names), FakeClock(), workers=5)
    fan_out.run(names[:1], calls)
    answers = fan_out.run(names[1:], calls)
    assert {answer.reason for answer in answers.values()} == {"bad_credentials"}


def test_a_cut_network_is_not_asked_to_the_end() -> None:
    names = names_of(SILENT_HOSTS + 300)
    calls = Calls({name: Unreachable("no answer") for name in names})
    answers = FanOut(hosts_named(names), FakeClock(), workers=20).run(names, calls)
    assert SILENT_HOSTS <= len(calls.made) < SILENT_HOSTS + 20
    assert answers[names[-1]].reason == "circuit_open"


def test_a_dark_site_is_not_tried_twice_to_the_end() -> None:
    names = names_of(1000)
    dark = names[1:]
    calls = Calls({name: Unreachable("no answer") for name in dark})
    answers = FanOut(hosts_named(names), FakeClock(), workers=20).run(names, calls)
    twice = [name for name in dark if calls.made.count(name) == 2]
    assert all(name in calls.made for name in dark), "whether each of them is dead is asked once"
    assert STILL_SILENT <= len(twice) < STILL_SILENT + 20
    assert {answers[name].reason for name in dark} == {"unreachable"}, "also of those that were not tried again"


def test_silence_counts_for_one_round_however_often_the_hosts_are_asked() -> None:
    names, rounds = names_of(10), SILENT_HOSTS // 10 + 5
    fan_out = FanOut(hosts_named(names), FakeClock())
    calls = Calls({name: Unreachable("no answer") for name in names}, times=2 * rounds)
    for _round in range(rounds):
        assert {answer.reason for answer in fan_out.run(names, calls).values()} == {"unreachable"}
    assert all(answer.ok for answer in fan_out.run(names, calls).values())


def test_once_and_again_are_one_round() -> None:
    names = names_of(2 * SILENT_HOSTS)
    fan_out = FanOut(hosts_named(names), FakeClock(), workers=1)
    calls = Calls({name: Unreachable("no answer") for name in names})
    found = fan_out.once(names[:SILENT_HOSTS], calls)
    assert {answer.reason for answer in fan_out.once(names[SILENT_HOSTS:], calls).values()} == {"circuit_open"}
    assert fan_out.again(list(found), calls) == {} and len(calls.made) == SILENT_HOSTS


def test_refused_logons_count_for_all_rounds() -> None:
    names = names_of(20)
    fan_out = FanOut(hosts_named(names), FakeClock(), workers=5)
    calls = Calls({name: BadCredentials("refused") for name in names})
    assert not fan_out.locked_out()
    fan_out.run(names[:10], calls)
    assert fan_out.locked_out()
    fan_out.run(names[10:], calls)
    assert len(calls.made) == REFUSED_LOGONS


def test_a_host_is_called_as_soon_as_it_is_known() -> None:
    names, called = names_of(2), threading.Event()

    def call(session: Session, deadline: Deadline) -> None:
        called.set()

    def slowly() -> t.Iterator[str]:
        yield names[0]
        assert called.wait(60), "the second name comes only once the first host was called"
        yield names[1]

    assert list(FanOut(hosts_named(names), FakeClock()).run(slowly(), call)) == names


def test_each_host_has_a_deadline_of_its_own() -> None:
    clock = FakeClock()

    def call(session: Session, deadline: Deadline) -> float:
        left = deadline.remaining()
        clock.advance(4)
        return left

    names = names_of(3)
    answers = FanOut(hosts_named(names), clock, workers=1, host_timeout=10).run(names, call)
    assert [answer.value for answer in answers.values()] == [10, 10, 10]
    assert [answer.seconds for answer in answers.values()] == [4, 8, 12]


def test_a_bug_is_not_swallowed() -> None:
    def call(session: Session, deadline: Deadline) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        FanOut(hosts_named(["ws001"]), FakeClock()).run(["ws001"], call)


def test_nobody_to_call() -> None:
    assert FanOut(hosts_named([]), FakeClock()).run([], Calls()) == {}


@given(st.lists(st.sampled_from(["ok", "silent", "denied"]), max_size=40), st.integers(1, 60))
def test_every_host_has_exactly_one_answer(fates: list[str], workers: int) -> None:
    names = names_of(len(fates))
    errors: dict[str, FailoverError] = {"silent": Unreachable("silent"), "denied": AccessDenied("denied")}
    calls = Calls({name: errors[fate] for name, fate in zip(names, fates, strict=True) if fate != "ok"})
    answers = FanOut(hosts_named(names), FakeClock(), workers=workers).run(names, calls)
    assert list(answers) == names
    for name, fate in zip(names, fates, strict=True):
        assert answers[name].reason == {"ok": "", "silent": "unreachable", "denied": "access_denied"}[fate]
        assert calls.made.count(name) == (2 if fate == "silent" else 1)


@pytest.mark.parametrize(("limit", "of", "hosts"), [(0, 1000, 0), (0.05, 1000, 50), (0.05, 10, 0), (0.999, 10, 9), (1, 1000, 1), (25, 10, 25)])
def test_a_limit_below_one_is_a_share(limit: float, of: int, hosts: int) -> None:
    assert allowed_failures(limit, of) == hosts
