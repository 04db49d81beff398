# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, InvalidInput, NotFound, StepFailed, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.run_post_script import run_post_script, run_post_script_spec
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts, FakeSession, KeptLease

PATH = r"D:\dr\post_failover.ps1"
#: A person has to decide, so neither word passes as it is printed.
GO_ON = (
    "ansible-playbook continuity.identity_failover.failover -e failover_identity=mail -e failover_script_unknown=skip-or-rerun "
    """-e '{"failover_script_reason": "..."}'"""
)


class Host:
    """A script and its markers, as the script on the host answers."""

    def __init__(self, exit_code: int | None = 0) -> None:
        self.exit_code = exit_code
        self.timed_out = False
        self.said = "said secret-free"
        self.files = {PATH.lower()}
        self.started: set[str] = set()
        self.done: dict[str, t.Any] = {}
        self.ran: list[dict[str, t.Any]] = []
        self.asked: list[str] = []
        self.dies = False
        self.session = FakeSession("exch2", scripts=self.answer)

    def answer(self, script: str, data: t.Any) -> t.Any:
        mark = data["mark"]
        self.asked.append(data["action"])
        answer = {
            "exists": data["path"].lower() in self.files,
            "sha256": "ab" * 32,
            "started": bool(mark) and mark in self.started,
            "ran": False,
            "refused": "",
            "record": None,
        }
        if data["action"] == "run" and mark and mark in self.started and not data["again"]:
            return {**answer, "done": self.done.get(mark), "refused": "started"}
        if data["action"] == "run":
            self.started.add(mark)
            if self.dies:
                raise ConnectionLost("the connection ended")
            self.ran.append(data)
            said = self.said[-data["cap"] :] if data["cap"] else ""
            record = {"exit_code": self.exit_code, "started": "s", "ended": "e", "sha256": "ab" * 32, "account": "a", "pid": 7, "timed_out": self.timed_out}
            answer.update(ran=True, started=True, record={**record, "stdout_tail": said, "stderr_tail": ""})
            if mark:
                self.done[mark] = answer["record"]
        return {**answer, "done": self.done.get(mark)}


def params(**more: t.Any) -> dict[str, t.Any]:
    given = {"path": PATH, "arguments": ["-Role", "Primary"], "working_directory": None, "run_timeout": 60.0, "repeatable": False}
    return {**runs.ALONE, **given, "unknown": "stop", "reason_for_unknown": None, "keep_output": False, **more}


def run(host: Host, given: dict[str, t.Any], clock: FakeClock | None = None, check_mode: bool = False) -> Result:
    return run_post_script(given, FakeHosts(host.session), clock or FakeClock(), check_mode=check_mode)


def status(result: Result) -> str:
    (outcome,) = result.outcomes
    return outcome.status


def test_alone_it_runs_each_time_and_leaves_no_marker():
    host = Host()
    for _time in range(2):
        result = run(host, params())
        assert status(result) == "done" and result.changed and result.extra["script"]["exit_code"] == 0
    assert [data["mark"] for data in host.ran] == ["", ""] and host.ran[0]["program"] == "powershell.exe"


def test_in_a_run_it_runs_once(tmp_path: pathlib.Path):
    host, clock = Host(), FakeClock()
    opened = runs.started(tmp_path, clock)
    assert status(run(host, params(run=opened), clock)) == "done"
    again = run(host, params(run=opened), clock)
    assert status(again) == "already" and not again.changed and again.extra["script"]["exit_code"] == 0 and len(host.ran) == 1
    run(host, params(run=runs.started(tmp_path, clock, run_id="run2") if runs.ended(tmp_path, clock, opened) is None else None), clock)
    assert len(host.ran) == 2
    record = runs.read(tmp_path, clock).runs["run1"].steps["script@exch2"]
    assert record["evidence"]["exit_code"] == 0 and "Primary" not in "".join(path.read_text() for path in tmp_path.iterdir() if path.is_file())


def test_a_script_that_fails_fails_and_fails_again_without_running(tmp_path: pathlib.Path):
    host, clock = Host(exit_code=3), FakeClock()
    opened = runs.started(tmp_path, clock)
    first = run(host, params(run=opened), clock)
    assert first.failed and first.reason == "script_failed" and first.changed and "exit code 3" in first.msg
    second = run(host, params(run=opened), clock)
    assert second.failed and second.reason == "script_failed" and not second.changed and len(host.ran) == 1
    host.exit_code = 0
    third = run(host, params(run=opened, repeatable=True), clock)
    assert status(third) == "done" and host.ran[1]["again"] is True


def test_a_script_that_takes_too_long_is_told():
    host = Host(exit_code=None)
    host.timed_out = True
    result = run(host, params())
    assert result.failed and result.reason == "script_timed_out" and "60 s" in result.msg


def test_a_lost_connection_leaves_an_unknown_outcome_that_a_person_decides(tmp_path: pathlib.Path):
    host, clock = Host(), FakeClock()
    host.dies = True
    opened = runs.started(tmp_path, clock)
    first = run(host, params(run=opened), clock)
    assert status(first) == "unconfirmed" and first.reason == "unknown_outcome" and first.changed
    host.dies = False
    with pytest.raises(StepFailed, match="nobody knows how it ended") as caught:
        run(host, params(run=opened), clock)
    assert caught.value.reason == "unknown_outcome" and not host.ran
    assert caught.value.details["next"] == GO_ON and "failover_script_unknown=skip" in caught.value.message
    assert "failover_script_reason" in caught.value.message and "(in a task: unknown and reason_for_unknown)" in caught.value.message
    assert host.asked.count("run") == 1
    skipped = run(host, params(run=opened, unknown="skip", reason_for_unknown="its log says done"), clock)
    assert status(skipped) == "skipped" and not skipped.failed and not host.ran and "its log says done" in skipped.outcomes[0].msg
    rerun = run(host, params(run=opened, unknown="rerun", reason_for_unknown="it did nothing"), clock)
    assert status(rerun) == "done" and len(host.ran) == 1
    entries = runs.read(tmp_path, clock).runs["run1"].accepted
    assert [(entry["step"], entry["decision"], entry["reason"]) for entry in entries] == [
        ("script@exch2", "skip", "its log says done"),
        ("script@exch2", "rerun", "it did nothing"),
    ]


def test_a_script_that_was_taken_as_done_is_not_asked_about_again_in_its_run(tmp_path: pathlib.Path):
    host, clock = Host(), FakeClock()
    host.dies = True
    opened = runs.started(tmp_path, clock)
    run(host, params(run=opened), clock)
    host.dies = False
    for more in ({"unknown": "skip", "reason_for_unknown": "its log says done"}, {}, {"unknown": "skip", "reason_for_unknown": "its log says done"}):
        again = run(host, params(run=opened, **more), clock)
        assert status(again) == "skipped" and "its log says done" in again.outcomes[0].msg and not host.ran
    assert len(runs.read(tmp_path, clock).runs["run1"].accepted) == 1


def test_a_word_about_an_unknown_outcome_is_no_decision_where_the_script_never_ran(tmp_path: pathlib.Path):
    host, clock = Host(), FakeClock()
    opened = runs.started(tmp_path, clock)
    assert status(run(host, params(run=opened, unknown="skip", reason_for_unknown="left over in the command"), clock)) == "done"
    assert runs.read(tmp_path, clock).runs["run1"].accepted == []


def test_a_repeatable_script_runs_again_after_a_lost_connection(tmp_path: pathlib.Path):
    host, clock = Host(), FakeClock()
    host.dies = True
    opened = runs.started(tmp_path, clock)
    run(host, params(run=opened, repeatable=True), clock)
    host.dies = False
    assert status(run(host, params(run=opened, repeatable=True), clock)) == "done"


def test_an_answer_that_was_lost_after_the_end_is_read_from_the_marker(tmp_path: pathlib.Path):
    host, clock = Host(), FakeClock()
    opened = runs.started(tmp_path, clock)
    ask = host.answer

    def answer(script: str, data: t.Any) -> t.Any:
        found = ask(script, data)
        if data["action"] == "run":
            raise ConnectionLost("the connection ended")
        return found

    host.session.scripts = answer
    result = run(host, params(run=opened), clock)
    assert status(result) == "done" and result.extra["script"]["exit_code"] == 0


def test_alone_a_lost_answer_stays_unknown():
    host = Host()
    host.dies = True
    result = run(host, params())
    assert status(result) == "unconfirmed" and result.failed and result.reason == "unknown_outcome"
    assert host.asked.count("run") == 1  # nothing would keep a repeat from doing its work twice


def test_output_is_kept_only_where_asked():
    host = Host()
    assert run(host, params()).extra["script"]["stdout_tail"] == "" and host.ran[0]["cap"] == 0
    assert run(host, params(keep_output=True)).extra["script"]["stdout_tail"] == "said secret-free"


def test_of_a_long_output_the_last_4000_characters_are_kept():
    host = Host()
    host.said = "x" * 6000 + "y" * 4000
    assert run(host, params(keep_output=True)).extra["script"]["stdout_tail"] == "y" * 4000


def test_the_lease_travels_where_the_journal_is_on_the_same_host(tmp_path: pathlib.Path):
    from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Fence
    from ansible_collections.continuity.identity_failover.plugins.module_utils._module.run_post_script import ScriptStep

    host = Host()
    opened = {"id": "run1", "identity": "mail", "store": {"kind": "target", "host": "exch2", "path": r"E:\journal"}}
    step = ScriptStep(params(run=opened), host.session, FakeClock())
    before = step.observe()
    step.apply(step.changes(before), Fence("mail", "run1", 7, KeptLease()))
    assert host.ran[0]["lease"] == {"file": r"E:\journal\mail.lease", "epoch": 7} and host.ran[0]["folder"] == r"E:\journal"


def test_check_mode_only_looks():
    host = Host()
    result = run(host, params(), check_mode=True)
    assert status(result) == "predicted" and result.outcomes[0].grade == "unknown" and not host.ran and result.extra["script"]["sha256"] == "ab" * 32


def test_a_file_that_is_not_there_is_told():
    host = Host()
    host.files.clear()
    with pytest.raises(NotFound, match="has no file"):
        run(host, params())


def test_it_cannot_be_reverted(tmp_path: pathlib.Path):
    from ansible_collections.continuity.identity_failover.plugins.module_utils._module.run_post_script import ScriptStep

    with pytest.raises(WrongState, match="a script of its own"):
        ScriptStep(params(), Host().session, FakeClock()).inverse(PATH, None, None, None)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (params(path="post.ps1"), "not a whole Windows path"),
        (params(path=r"D:\dr\post.sh"), "is none of"),
        (params(path=r"D:\dr\post.cmd", arguments=["a&b"]), "cmd.exe cannot be given"),
        (params(working_directory="dr"), "working_directory"),
        (params(run_timeout=0.0), "more than 0 seconds"),
        (params(unknown="rerun"), "failover_script_reason .*reason_for_unknown"),
        (params(unknown="skip", reason_for_unknown=" "), "failover_script_reason .*reason_for_unknown"),
        (params(unknown="skip", reason_for_unknown="..."), "failover_script_reason .*reason_for_unknown"),
    ],
)
def test_bad_input_asks_nothing_of_the_host(given: dict[str, t.Any], word: str):
    host = Host()
    with pytest.raises(InvalidInput, match=word):
        run(host, given)
    assert not host.session.calls


def test_a_missing_reason_is_told_by_the_module_not_by_the_argument_spec():
    assert not run_post_script_spec().required_if


def test_a_script_that_failed_goes_on_with_the_word_that_starts_it_again(tmp_path: pathlib.Path):
    host, clock = Host(exit_code=3), FakeClock()
    opened = runs.started(tmp_path, clock)
    again = GO_ON.replace("skip-or-rerun", "rerun")
    for _first_and_next_time in range(2):
        result = run(host, params(run=opened), clock)
        assert result.failed and result.reason == "script_failed" and result.extra["details"] == {"next": again}
    host.exit_code = 0
    result = run(host, params(run=opened, unknown="rerun", reason_for_unknown="the path in it is mended"), clock)
    assert not result.failed and "details" not in result.extra
    assert "details" not in run(Host(exit_code=3), params()).extra
