# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On which hosts, and in which of their folders, disarming looks. What it removes there is tested on the lab."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _run_disarming
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import failover_monitor
from ansible_collections.continuity.identity_failover.plugins.module_utils._store import opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.target import DEFAULT_PATH
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.leftovers import Leftovers
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, machine, make_estate

OWN = r"D:\journal"


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        (None, None, {("exch2", DEFAULT_PATH): True, ("exch1", DEFAULT_PATH): False}),
        ("exch2", OWN, {("exch2", OWN): True, ("exch2", DEFAULT_PATH): True, ("exch1", OWN): False, ("exch1", DEFAULT_PATH): False}),
        ("files1", None, {("files1", DEFAULT_PATH): True, ("exch2", DEFAULT_PATH): False, ("exch1", DEFAULT_PATH): False}),
    ],
)
def test_every_host_is_looked_at_and_the_journal_s_host_knows_its_last_line(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, host: str | None, path: str | None, expected: t.Any
) -> None:
    estate: Estate = make_estate(tmp_path, monkeypatch)
    estate.sessions["files1"] = machine("files1", "3" * 8 + "-0000-0000-0000-000000000000", "Running")
    kept = DirectoryStore(str(tmp_path / "there"), estate.clock.monotonic, lambda: "boot")
    monkeypatch.setattr(opening, "LazyTargetStore", lambda *arguments: kept)
    estate.store = {"kind": "target", "host": host, "path": path}
    estate.run("armed")
    asked: dict[tuple[str, str], str] = {}

    def remove(session: t.Any, folder: str, identity: str, last: str, timeout: float) -> Leftovers:
        asked[session.name, folder] = last
        return Leftovers([], [], [], others=True, folder="kept", refused="")

    monkeypatch.setattr(_run_disarming.leftovers, "remove", remove)
    result = estate.run("disarmed", export=None, key=None, kerberos=None)
    assert not result.failed and {where: bool(last) for where, last in asked.items()} == expected
    assert len(set(asked.values()) - {""}) == 1


def test_nothing_of_a_controller_s_folder_is_looked_for_on_a_host(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    estate, asked = make_estate(tmp_path, monkeypatch), []
    estate.run("armed")

    def remove(session: t.Any, folder: str, identity: str, last: str, timeout: float) -> Leftovers:
        asked.append((session.name, folder, last))
        return Leftovers([], [], [], others=True, folder="kept", refused="")

    monkeypatch.setattr(_run_disarming.leftovers, "remove", remove)
    estate.run("disarmed", export=None, key=None, kerberos=None)
    assert asked == [("exch2", DEFAULT_PATH, ""), ("exch1", DEFAULT_PATH, "")]


@pytest.mark.parametrize("mirrored", [True, False])
def test_the_file_that_a_person_names_is_written_beside_what_keeps_the_journal_anyway(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, mirrored: bool
) -> None:
    estate = make_estate(tmp_path, monkeypatch)
    if mirrored:
        kept = DirectoryStore(str(tmp_path / "there"), estate.clock.monotonic, lambda: "boot")
        monkeypatch.setattr(opening, "LazyTargetStore", lambda *arguments: kept)
        estate.store = {"kind": "target", "host": None, "path": None}
    nothing = Leftovers([], [], [], others=True, folder="kept", refused="")
    monkeypatch.setattr(_run_disarming.leftovers, "remove", lambda *arguments: nothing)
    estate.run("armed")
    file = tmp_path / "journal.jsonl"
    result = estate.run("disarmed", export=str(file), key=None, kerberos=None)
    assert [json.loads(line)["kind"] for line in file.read_text(encoding="utf-8").splitlines()] == ["armed", "disarmed"]
    assert result.extra["journal_kept"] not in ("", str(file)) and result.msg.endswith(f"and exported to {file}")


@pytest.mark.parametrize(("incident", "others", "source", "told"), [(True, True, False, True), (False, True, False, False), (False, False, True, True)])
def test_entries_of_the_event_log_are_said_to_stay(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, incident: bool, others: bool, source: bool, told: bool
) -> None:
    """Where another identity keeps the source there, the journal knows whether this one has entries."""
    estate = make_estate(tmp_path, monkeypatch)
    estate.run("armed")
    if incident:
        estate.fail()
        estate.dead.clear()
        estate.do(failover_monitor)
        estate.do(failover_ack, decision="acknowledge")
    there = {"exch2"} if source else set()
    monkeypatch.setattr(_run_disarming.leftovers, "remove", lambda *arguments: Leftovers([], [], [], others=others, folder="kept", refused=""))
    monkeypatch.setattr(_run_disarming.leftovers, "event_source", lambda session, timeout: session.name in there)
    monkeypatch.setattr(_run_disarming.leftovers, "remove_event_source", lambda session, timeout: there.discard(session.name))
    result = estate.run("disarmed", export=None, key=None, kerberos=None)
    assert [one.host for one in result.outcomes if one.name == _run_disarming.LOGGED] == (["exch2"] if told else [])
    assert ("in the Application event log of exch2" in result.msg) is told and not there and not result.failed


@pytest.mark.parametrize("decision", ["proceed", "decline"])
def test_a_decision_on_a_planned_move_is_withdrawn_before_the_identity_is_disarmed(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, decision: str
) -> None:
    estate, nothing = make_estate(tmp_path, monkeypatch), Leftovers([], [], [], others=True, folder="kept", refused="")
    monkeypatch.setattr(_run_disarming.leftovers, "remove", lambda *arguments: nothing)
    estate.run("armed")
    estate.do(failover_ack, by="alice")
    state = estate.do(failover_ack, by="alice", decision=decision).extra["state"]
    with pytest.raises(WrongState, match=f"mail is {state} by what alice said about a planned move: .* withdrawn, or has expired: .*withdraw") as caught:
        estate.run("disarmed", export=None, key=None, kerberos=None)
    assert "failover_decision=withdraw" in caught.value.details["next"] and '"alice"' in caught.value.details["next"]
    estate.do(failover_ack, by="alice", decision="withdraw")
    assert estate.run("disarmed", export=None, key=None, kerberos=None).extra["state"] == "unarmed"
