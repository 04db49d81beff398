# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import gc
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import MASK, Secrets
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import kerberos
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._in_process import Asked, Work, plain, run_here

NAME = "continuity.identity_failover.some_module"
SPEC = ArgumentSpec(
    argument_spec={
        "count": {"type": "int", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "key": {"type": "dict", "options": {"secret": {"type": "str", "no_log": True}}},
    },
    required_if=[("state", "absent", ["key"])],
)


def asked(folder: pathlib.Path, *, diff: bool = False, **environment: str) -> Asked:
    return Asked(check_mode=False, diff=diff, folder=str(folder), environment=environment)


def run(function: t.Callable[..., Result], args: t.Mapping[str, t.Any], folder: pathlib.Path, **environment: str) -> dict[str, t.Any]:
    return run_here(NAME, Work(lambda: SPEC, function), args, asked(folder, **environment))


def nothing(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
    return Result(msg="done")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "missing required arguments: count"),
        ({"count": "many"}, "argument 'count' is of type"),
        ({"count": 1, "state": "gone"}, "value of state must be one of: present, absent, got: gone"),
        ({"count": 1, "colour": "red"}, f"Unsupported parameters for ({NAME}) module: colour"),
        ({"count": 1, "state": "absent"}, "state is absent but all of the following are missing: key"),
    ],
)
def test_wrong_arguments_are_refused_in_the_words_of_ansible(args: dict[str, t.Any], words: str, tmp_path: pathlib.Path) -> None:
    result = run(nothing, args, tmp_path)
    assert result["failed"] and words in result["msg"]


@pytest.mark.parametrize("count", [1, 2, 37])
@pytest.mark.parametrize(
    ("wrong", "words", "which"),
    [
        ({"name": "bad", "ttl": "soon"}, "argument 'ttl' is of type", ": bad"),
        ({"ttl": 1}, "missing required arguments: name found in entries", ""),
        ({"name": "bad", "tttl": 1}, "entries.tttl. Supported parameters include", ": bad"),
    ],
)
def test_a_sentence_about_one_of_many_entries_says_which(wrong: dict[str, t.Any], words: str, which: str, count: int, tmp_path: pathlib.Path) -> None:
    entry = {"type": "list", "elements": "dict", "options": {"name": {"type": "str", "required": True}, "ttl": {"type": "int"}}}
    work = Work(lambda: ArgumentSpec({"others": entry, "entries": entry}), nothing)
    for at in sorted({0, count // 2, count - 1}):
        entries = [{"name": f"n{number}", "ttl": 60} for number in range(count)]
        entries[at] = wrong
        entries += [wrong] if at == count // 2 else []  # of two the first
        result = run_here(NAME, work, {"others": [{"name": "x"}], "entries": entries}, asked(tmp_path))
        assert words in result["msg"] and result["msg"].endswith(f" (entries entry {at + 1}{which})"), result["msg"]
    alone = run_here(NAME, work, {"others": [wrong], "entries": None}, asked(tmp_path))["msg"]
    assert alone.endswith(f" (others entry 1{which})"), alone


def test_arguments_arrive_as_their_types_and_defaults_say(tmp_path: pathlib.Path) -> None:
    seen: dict[str, t.Any] = {}

    def work(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        seen.update(params)
        return Result()

    run(work, {"count": "5"}, tmp_path)
    assert seen == {"count": 5, "state": "present", "key": None}


def test_a_result_is_what_json_makes_of_it_and_has_its_warnings(tmp_path: pathlib.Path) -> None:
    def work(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        return Result(outcomes=[Outcome("a", "done", after={"pair": (1, 2)})], warnings=["Tsig-Canary is old"])

    result = run(work, {"count": 1, "key": {"secret": "Tsig-Canary"}}, tmp_path)
    assert result["outcomes"][0]["after"] == {"pair": [1, 2]} and result["warnings"] == [f"{MASK} is old"]
    assert json.loads(json.dumps(result)) == result


def test_an_error_is_a_failure_and_a_bug_too_and_neither_has_a_secret(tmp_path: pathlib.Path) -> None:
    def lost(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        raise Unreachable("no answer to Tsig-Canary", host="exch2")

    def broken(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        raise KeyError("Tsig-Canary")

    args = {"count": 1, "key": {"secret": "Tsig-Canary"}}
    for function, reason in ((lost, "unreachable"), (broken, "bug")):
        result = run(function, args, tmp_path)
        assert result["failed"] and result["reason"] == reason and "Tsig-Canary" not in json.dumps(result)


def test_a_bug_around_the_work_does_not_get_out(tmp_path: pathlib.Path) -> None:
    def arguments() -> ArgumentSpec:
        raise ValueError("clash")

    result = run_here(NAME, Work(arguments, nothing), {}, asked(tmp_path))
    assert result["failed"] and result["reason"] == "bug" and "clash" in result["msg"] and "Traceback" in result["exception"]


def test_folder_environment_and_tickets_are_the_tasks_only(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    tickets = tmp_path / "tickets"
    seen: list[t.Any] = []

    def work(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        seen.append((os.getcwd(), os.environ["FAILOVER_WORD"]))
        tickets.mkdir()
        monkeypatch.setattr(kerberos, "_folder", str(tickets))
        os.environ["KRB5CCNAME"] = f"DIR:{tickets}"
        print("Tsig-Canary")
        print("Tsig-Canary", file=sys.stderr)
        raise KeyboardInterrupt

    monkeypatch.delenv("KRB5CCNAME", raising=False)
    here = os.getcwd()
    with pytest.raises(KeyboardInterrupt):
        run(work, {"count": 1}, tmp_path, FAILOVER_WORD="x")
    assert seen == [(str(tmp_path), "x")] and os.getcwd() == here
    assert "FAILOVER_WORD" not in os.environ and "KRB5CCNAME" not in os.environ and not tickets.exists()
    assert "Canary" not in "".join(capfd.readouterr())


class Text(str):
    """As Ansible marks what it must not take for a template."""

    __slots__ = ()

    def __str__(self) -> str:
        return "marked"


class Vaulted:
    def __str__(self) -> str:
        return "decrypted"


def test_marked_values_become_plain() -> None:
    value = {Text("a"): [Text("b"), (1, True, None)], "c": Vaulted(), "d": datetime.date(2026, 2, 1), "e": {1.5}}
    found = plain(value)
    assert found == {"a": ["b", [1, True, None]], "c": "decrypted", "d": "2026-02-01", "e": [1.5]}
    assert not any(isinstance(text, Text) for text in (*found, found["a"][0]))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_json_can_say_stays_as_it_is(value: t.Any) -> None:
    assert plain(value) == value == json.loads(json.dumps(plain(value)))


def test_the_caller_learns_the_secrets_of_the_arguments(tmp_path: pathlib.Path) -> None:
    """By the spec, which knows more than the names that actions look for."""
    secrets = Secrets()
    args = {"count": 1, "key": {"secret": "Secret-1"}}
    run_here(NAME, Work(lambda: SPEC, nothing), args, asked(tmp_path), secrets)
    assert secrets.redact_text("it is Secret-1") == f"it is {MASK}"


@pytest.mark.parametrize(("action", "loaded"), [("update_dns", False), ("flush_dns_clients", True)])
def test_the_libraries_for_windows_are_loaded_before_ansible_forks_where_a_module_needs_them(action: str, loaded: bool) -> None:
    name = f"ansible_collections.continuity.identity_failover.plugins.action.{action}"
    script = f"import importlib, sys; importlib.import_module({name!r}); print('winrm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip() == str(loaded)


def test_what_was_loaded_before_is_not_searched_for_garbage(tmp_path: pathlib.Path) -> None:
    """A worker of Ansible's has a hundred thousand objects that stay, and shares their pages with the process that forked it."""
    seen: list[int] = []

    def work(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        seen.append(gc.get_freeze_count())
        return Result()

    gc.unfreeze()
    try:
        run(work, {"count": 1}, tmp_path)
    finally:
        gc.unfreeze()
    assert seen[0] > 10_000


def test_a_diff_is_handed_over_as_it_is_asked_for(tmp_path: pathlib.Path) -> None:
    """With a list of what was changed beside it, or, where only counts are wanted, where the task is asked for it."""
    spec = ArgumentSpec(argument_spec={"details": {"type": "str", "choices": ["all", "counts"], "default": "all"}})
    changed = {"before": {"a": 1}, "after": {"a": 2}}

    def shown(details: str, diff: bool) -> t.Any:
        work = Work(lambda: spec, lambda params, hosts, clock, *, check_mode: Result(diff=changed))
        return run_here(NAME, work, {"details": details}, asked(tmp_path, diff=diff))["diff"]

    assert shown("all", False) == shown("all", True) == shown("counts", True) == changed
    assert shown("counts", False) == {"before": {}, "after": {}}
