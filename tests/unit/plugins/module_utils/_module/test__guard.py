# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, StepFailed, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _guard
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import MASK
from ansible_collections.continuity.identity_failover.tests.unit.module_arguments import Answer, run_main

COMMON = {"changed", "failed", "msg", "reason", "outcomes", "counts", "diff", "timing"}
CANARY = "C4nary-Pa$$word'\"\\&é"
ARGS = {"host": "192.0.2.5", "user": "bob", "password": CANARY, "hosts": [{"name": "ws001", "host": "192.0.2.21", "password": "Other-Canary"}]}


class FakeHosts:
    made: t.ClassVar[list[FakeHosts]] = []

    def __init__(self, target: t.Any, named: t.Any, clock: t.Any) -> None:
        self.given = (target, named, clock)
        self.closed = 0
        FakeHosts.made.append(self)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def fake_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeHosts.made = []
    monkeypatch.setattr(_guard, "WinrmHosts", FakeHosts)


def call(
    function: t.Callable[..., Result], args: t.Mapping[str, t.Any] | None = None, *, check_mode: bool = False, diff: bool = False, connection: bool = True
) -> Answer:
    def main() -> None:
        spec = hosts_spec().merge(run_spec())
        spec = spec.merge(connection_spec()) if connection else spec.merge(ArgumentSpec())
        _guard.run_module(AnsibleModule(supports_check_mode=True, **spec.to_kwargs()), function)

    return run_main(main, ARGS if args is None else args, check_mode=check_mode, diff=diff)


def no_secret_in(answer: Answer) -> bool:
    forms = [CANARY, "Other-Canary", "C4nary", base64.b64encode(CANARY.encode()).decode(), base64.b64encode(f"bob:{CANARY}".encode()).decode()]
    return not any(form in answer.text for form in forms)


def test_a_result_is_returned_with_all_its_keys() -> None:
    def function(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        assert check_mode and isinstance(clock, SystemClock)
        return Result(changed=True, msg="done", outcomes=[Outcome("a", "predicted")], extra={"state": "armed"})

    result = call(function, check_mode=True).result
    assert COMMON <= result.keys() and result["changed"] and not result["failed"]
    assert result["state"] == "armed" and result["counts"]["predicted"] == 1 and "exception" not in result


def test_the_hosts_are_built_from_the_parameters_and_closed() -> None:
    call(lambda params, hosts, clock, check_mode: Result())
    target, named, _clock = FakeHosts.made[0].given
    assert (target.host, target.password, target.user) == ("192.0.2.5", CANARY, "bob")
    assert [(entry.name, entry.password) for entry in named] == [("ws001", "Other-Canary")]
    assert FakeHosts.made[0].closed == 1


def test_only_the_clients_of_a_task_are_asked_as_a_crowd() -> None:
    entries = [{"name": name, "host": "192.0.2.21"} for name in ("exch2", "ws001")]
    hosts: t.Any = _guard.build_hosts({"host": "192.0.2.5", "hosts": entries, "clients": ["ws001"]}, SystemClock())
    target, named, _clock = hosts.given
    assert not target.bulk and {settings.name: settings.bulk for settings in named} == {"exch2": False, "ws001": True}


@pytest.mark.parametrize("connection", [True, False])
def test_a_module_without_an_address_has_no_target(connection: bool) -> None:
    call(lambda params, hosts, clock, check_mode: Result(), {}, connection=connection)
    assert FakeHosts.made[0].given[:2] == (None, [])


def test_an_error_of_ours_is_a_failure_with_its_reason_and_details() -> None:
    def function(*_args: t.Any, **_kwargs: t.Any) -> Result:
        raise Unreachable("could not reach exch1", host="exch1", status=503)

    result = call(function).result
    assert COMMON <= result.keys() and result["failed"] and not result["changed"]
    assert (result["msg"], result["reason"], result["details"]) == ("could not reach exch1", "unreachable", {"host": "exch1", "status": 503})
    assert "unreachable" not in result and "exception" not in result
    assert FakeHosts.made[0].closed == 1


def test_an_error_keeps_what_was_done_before_it() -> None:
    def function(*_args: t.Any, **_kwargs: t.Any) -> Result:
        error = StepFailed("one of two failed")
        outcomes = [Outcome("a", "done", changed=True), Outcome("b", "failed")]
        error.result = Result(changed=True, outcomes=outcomes, extra={"servers": 2})
        raise error

    result = call(function, {**ARGS, "details": "counts"}).result
    assert result["changed"] and result["failed"] and result["servers"] == 2
    assert [outcome["name"] for outcome in result["outcomes"]] == ["b"]
    assert result["counts"]["done"] == 1


def test_a_result_of_counts_has_a_diff_only_where_the_task_is_asked_for_it() -> None:
    changed = {"before": {"a": "off"}, "after": {"a": "on"}}

    def function(*_args: t.Any, **_kwargs: t.Any) -> Result:
        return Result(changed=True, diff=changed)

    counts = {**ARGS, "details": "counts"}
    assert call(function).result["diff"] == call(function, counts, diff=True).result["diff"] == changed
    assert call(function, counts).result["diff"] == {"before": {}, "after": {}}


def test_a_result_that_says_failed_fails() -> None:
    result = call(lambda params, hosts, clock, check_mode: Result(failed=True, changed=True, msg="no", reason="step_failed")).result
    assert result["failed"] and result["changed"] and result["reason"] == "step_failed" and "exception" not in result


def test_wrong_settings_of_a_host_are_a_failure_too() -> None:
    result = call(lambda params, hosts, clock, check_mode: Result(), {"hosts": [{"name": "a", "host": ""}]}).result
    assert result["failed"] and result["reason"] == InvalidInput.reason and COMMON <= result.keys()


def leak_in_exception(*_args: t.Any, **_kwargs: t.Any) -> Result:
    try:
        raise KeyError(f"cause {CANARY}")
    except KeyError as cause:
        raise RuntimeError(f"Basic {base64.b64encode(f'bob:{CANARY}'.encode()).decode()} {CANARY!r}") from cause


def leak_in_error(*_args: t.Any, **_kwargs: t.Any) -> Result:
    raise Unreachable(f"no {CANARY}", **{CANARY: [base64.b64encode(CANARY.encode())], "objects": {CANARY, "Other-Canary"}})


def leak_in_result(*_args: t.Any, **_kwargs: t.Any) -> Result:
    return Result(
        msg=CANARY,
        outcomes=[Outcome(CANARY, "failed", before={CANARY: "Other-Canary"}, after=CANARY.encode())],
        diff={"before": CANARY, "after": repr(CANARY)},
        warnings=[f"careful: {CANARY}", "Other-Canary"],
        extra={CANARY: [CANARY]},
    )


def leak_in_bad_result(*_args: t.Any, **_kwargs: t.Any) -> Result:
    return Result(outcomes=[Outcome("a", CANARY)])


@pytest.mark.parametrize("function", [leak_in_exception, leak_in_error, leak_in_result, leak_in_bad_result])
def test_no_secret_gets_out(function: t.Callable[..., Result]) -> None:
    answer = call(function)
    assert "REDACTED" in answer.text
    assert no_secret_in(answer)
    assert COMMON <= answer.result.keys()


def test_an_unknown_exception_is_a_bug_in_one_sentence() -> None:
    result = call(leak_in_exception).result
    assert result["failed"] and result["reason"] == "bug" and result["msg"].startswith("ansible") is False
    assert "RuntimeError" in result["msg"] and "report" in result["msg"]


def test_the_traceback_is_handed_over_as_a_redacted_text(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[dict[str, t.Any]] = []

    def fail_json(self: AnsibleModule, **kwargs: t.Any) -> t.NoReturn:
        handed.append(kwargs)
        print("{}")
        raise SystemExit(1)

    monkeypatch.setattr(AnsibleModule, "fail_json", fail_json)
    call(leak_in_exception)
    trace = handed[0]["exception"]
    assert isinstance(trace, str) and "Traceback" in trace and "KeyError" in trace and "C4nary" not in trace


def test_warnings_reach_ansible_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []  # where core sends them depends on what else this process has loaded
    monkeypatch.setattr(AnsibleModule, "warn", lambda self, warning: warned.append(warning))
    call(lambda params, hosts, clock, check_mode: Result(warnings=["mind the gap", f"and {CANARY}"]))
    assert warned == ["mind the gap", f"and {MASK}"]
