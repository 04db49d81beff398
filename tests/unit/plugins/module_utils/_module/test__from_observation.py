# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal is lost: its state is still told, and a new one begins with what is known. The mirror is lost: the run goes on without it."""

from __future__ import annotations

import json
import pathlib
import shutil
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.restart import GAP
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    InvalidInput,
    JournalBroken,
    JournalRewound,
    LeaseHeld,
    MirrorUnwritable,
    StoreError,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _from_observation
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_status as status_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_journal import failover_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module.test_failover_run import Estate, estate, opened

__all__ = ["estate"]

REASON = "a snapshot was restored"


def store(estate: Estate) -> pathlib.Path:
    return pathlib.Path(estate.store["path"]) / "mail.journal"


def mirror(estate: Estate) -> pathlib.Path:
    return pathlib.Path(estate.mirror) / "mail.mirror"


def gone(estate: Estate) -> None:
    store(estate).unlink()


def edited(estate: Estate) -> None:
    text = store(estate).read_text(encoding="utf-8")
    head, _found, tail = text.rpartition('"by":"ops"')
    store(estate).write_text(f'{head}"by":"oops"{tail}', encoding="utf-8")


def set_back(estate: Estate) -> None:
    lines = store(estate).read_text(encoding="utf-8").splitlines(keepends=True)
    store(estate).write_text("".join(lines[:-1]), encoding="utf-8")
    store(estate).with_suffix(".head").unlink(missing_ok=True)


def no_mirror(estate: Estate) -> None:
    shutil.rmtree(estate.mirror)


def observed(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    for module in (_from_observation, status_module):
        monkeypatch.setattr(module, "observe_owner", lambda definition, hosts, clock: (word, []))


LOSSES = [(gone, "empty"), (edited, "rewound"), (set_back, "rewound")]


@pytest.mark.parametrize(("lose", "condition"), LOSSES)
def test_status_tells_the_state_from_the_mirror_and_what_is_certain(estate: Estate, lose: t.Any, condition: str) -> None:
    run = opened(estate).extra["run"]
    lose(estate)
    status = estate.do(failover_status)
    assert (status.extra["state"], status.extra["read_from"], status.extra["journal"]["condition"]) == ("failing_over", "mirror", condition)
    assert status.extra["active_run"]["id"] == run["id"]
    assert any("mirror verifies up to event 4" in one for one in status.extra["certain"])
    assert any(run["id"] in one for one in status.extra["uncertain"])
    assert "failover_from_observation" in status.extra["next"] and ".failover " in status.extra["next"]


def changed_in_the_middle(estate: Estate) -> None:
    lines = store(estate).read_text(encoding="utf-8").splitlines(keepends=True)
    store(estate).write_text("".join([lines[0], lines[1].replace('"host":"exch1"', '"host":"exch9"'), *lines[2:]]), encoding="utf-8")


def in_another_order(estate: Estate) -> None:
    lines = store(estate).read_text(encoding="utf-8").splitlines(keepends=True)
    store(estate).write_text("".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8")


@pytest.mark.parametrize("damage", [changed_in_the_middle, in_another_order])
def test_status_does_not_say_that_a_copy_verifies_which_it_has_not_read(estate: Estate, damage: t.Any) -> None:
    opened(estate)
    damage(estate)
    status = estate.do(failover_status)
    assert (status.extra["state"], status.extra["journal"]["condition"]) == ("failing_over", "ok")
    assert status.extra["certain"] == ["the mirror verifies up to event 4; the journal playbook reads the store's copy of those too"]
    with pytest.raises(JournalBroken, match=f"event {3 if damage is changed_in_the_middle else 2} "):
        estate.do(failover_journal, state="verified", of_run="", last=0)


def test_without_a_mirror_status_tells_what_of_the_store_verifies(estate: Estate) -> None:
    opened(estate)
    no_mirror(estate)
    lines = store(estate).read_text(encoding="utf-8").splitlines(keepends=True)
    store(estate).write_text("".join(lines[:2] + ["{}\n", *lines[3:]]), encoding="utf-8")
    status = estate.do(failover_status)
    assert (status.extra["read_from"], status.extra["state"], status.extra["head"]["seq"]) == ("store", "pending", 2)


@pytest.mark.parametrize(("word", "state"), [("target", "failed_over"), ("source", "protected"), ("unknown", "protected")])
def test_where_nothing_is_known_status_tells_what_is_observed(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str, state: str) -> None:
    estate.run("armed")
    no_mirror(estate)
    store(estate).write_text("nothing\n", encoding="utf-8")
    observed(monkeypatch, word)
    status = estate.do(failover_status)
    assert (status.extra["read_from"], status.extra["state"]) == ("observation", state)
    assert status.extra["journal"]["condition"] != "ok"
    assert "nothing that was recorded is known" in status.extra["uncertain"][0]


@pytest.mark.parametrize(("lose", "condition"), LOSSES)
def test_an_interrupted_run_goes_on_in_a_new_journal_with_its_before_images(estate: Estate, lose: t.Any, condition: str) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    lose(estate)
    with pytest.raises((JournalRewound, JournalBroken)) as refused:
        estate.run("opened")
    assert "failover_from_observation" in refused.value.details["next"]
    result = estate.run("opened", from_observation=REASON)
    assert (result.extra["resumed"], result.extra["run"]["id"], result.extra["state"]) == (True, run["id"], "failing_over")
    assert result.extra["run"]["epoch"] > run["epoch"] + GAP
    first = json.loads(store(estate).read_text(encoding="utf-8").splitlines()[0])
    assert (first["kind"], first["seq"], first["by"]) == ("journal_restarted", GAP + 1, "ops")


def test_the_new_journal_cites_the_old_one_which_is_set_aside_and_never_deleted(estate: Estate) -> None:
    estate.run("stopped", run=opened(estate).extra["run"])
    edited(estate)
    broken, mirrored = store(estate).read_bytes(), mirror(estate).read_bytes()
    result = estate.run("opened", from_observation=REASON)
    event = next(entry for entry in estate.do(failover_status).extra["timeline"] if entry["kind"] == "journal_restarted")
    assert REASON in event["text"] and "mirror up to event 4" in event["text"]
    kept = [path for path in store(estate).parent.iterdir() if ".aside-" in path.name]
    assert [path.read_bytes() for path in kept] == [broken]
    assert [path.read_bytes() for path in mirror(estate).parent.iterdir() if ".aside-" in path.name] == [mirrored]
    assert mirror(estate).read_bytes() == store(estate).read_bytes()
    assert any(kept[0].name in warning for warning in result.warnings)
    cites = event_data(estate)["cites"]
    assert (cites["condition"], cites["seq"], cites["kept_as"]) == ("rewound", 4, kept[0].name)


def test_of_a_journal_that_is_gone_nothing_is_said_to_be_kept_and_the_next_task_of_the_playbook_says_nothing_of_it(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    gone(estate)
    begun = estate.run("opened", from_observation=REASON)
    (told,) = [one for one in begun.warnings if "A new one was begun" in one]
    assert "is gone, although it had been written; nothing is left of it to be kept. A new one" in told
    assert event_data(estate)["cites"]["kept_as"] == ""
    estate.run("closed", run=begun.extra["run"])
    for reason, said in ((f" {REASON} ", False), ("another reason", True)):
        armed = estate.run("opened", kind="failback", from_observation=reason)
        assert any("not needed" in one for one in armed.warnings) is said
        estate.run("stopped", run=armed.extra["run"])


def event_data(estate: Estate) -> dict[str, t.Any]:
    from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import parse

    return t.cast("dict[str, t.Any]", parse(store(estate).read_text(encoding="utf-8").splitlines()[0]).data)


def test_votes_that_the_mirror_knows_still_count(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    gone(estate)
    assert estate.run("opened", from_observation=REASON).extra["state"] == "failing_over"


def test_another_controllers_older_mirror_learns_of_the_new_journal(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.run("stopped", run=opened(estate).extra["run"])
    shutil.copytree(estate.mirror, tmp_path / "other")
    gone(estate)
    estate.run("stopped", run=estate.run("opened", from_observation=REASON).extra["run"])
    status = estate.do(failover_status, mirror=str(tmp_path / "other"))
    assert (status.extra["state"], status.extra["journal"]["condition"]) == ("failing_over", "ok")


def test_without_mirror_the_target_is_read_live_and_people_decide_again(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run("armed")
    estate.fail()
    no_mirror(estate)
    store(estate).write_text("nothing\n", encoding="utf-8")
    observed(monkeypatch, "unknown")
    with pytest.raises(WrongState):
        estate.run("opened", from_observation=REASON)
    status = estate.do(failover_status).extra
    assert (status["state"], list(status["baseline"]["machines"])) == ("protected", ["exch2"])


@pytest.mark.parametrize(("word", "state"), [("target", "failed_over"), ("source", "failing_over"), ("unknown", "failing_over")])
def test_what_is_observed_beyond_what_is_known_is_adopted(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str, state: str) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    gone(estate)
    observed(monkeypatch, word)
    assert estate.run("opened", from_observation=REASON).extra["state"] == state


def test_no_journal_is_begun_on_two_owners(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run("armed")
    gone(estate)
    observed(monkeypatch, "both")
    with pytest.raises(WrongState, match="both servers"):
        estate.run("opened", from_observation=REASON)
    assert not store(estate).exists()


def test_a_controller_that_holds_the_lease_is_waited_for(estate: Estate) -> None:
    opened(estate)
    gone(estate)
    with pytest.raises(LeaseHeld):
        estate.run("opened", by="another", from_observation=REASON)


def test_a_journal_that_verifies_is_not_begun_anew(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    result = estate.run("opened", from_observation=REASON)
    assert any("not needed" in warning for warning in result.warnings)
    assert result.extra["timeline"][0]["kind"] == "armed"


def test_check_mode_sets_nothing_aside(estate: Estate) -> None:
    estate.run("stopped", run=opened(estate).extra["run"])
    edited(estate)
    before = sorted((path.name, path.read_bytes()) for path in store(estate).parent.iterdir() if path.suffix != ".lock")
    assert estate.run("opened", from_observation=REASON, check_mode=True).changed
    assert sorted((path.name, path.read_bytes()) for path in store(estate).parent.iterdir() if path.suffix != ".lock") == before


def test_a_folder_that_cannot_be_used_is_named_with_the_way_out(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.run("stopped", run=opened(estate).extra["run"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    blocked = {**estate.store, "path": str(tmp_path / "file")}
    with pytest.raises(StoreError, match=r"store\.path"):
        estate.run("opened", from_observation=REASON, store=blocked)
    assert estate.do(failover_status, store=blocked).extra["journal"]["condition"] == "unreadable"
    elsewhere = {**estate.store, "path": str(tmp_path / "elsewhere")}
    assert estate.run("opened", from_observation=REASON, store=elsewhere).extra["resumed"]


def test_a_store_that_cannot_be_read_calls_for_the_same_again_and_for_no_new_journal(estate: Estate, tmp_path: pathlib.Path) -> None:
    estate.run("stopped", run=opened(estate).extra["run"])
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError) as refused:
        estate.run("opened", store={**estate.store, "path": str(tmp_path / "file")})
    assert refused.value.details["next"] == "ansible-playbook continuity.identity_failover.failover -e failover_identity=mail"


@pytest.mark.parametrize(("state", "mode", "playbook"), [("opened", "undo", "undo"), ("taken_over", "undo", "undo"), ("taken_over", "execute", "failover")])
def test_a_lost_journal_is_begun_anew_by_the_playbook_that_met_it(estate: Estate, state: str, mode: str, playbook: str) -> None:
    estate.run("stopped", run=opened(estate).extra["run"])
    gone(estate)
    with pytest.raises(JournalRewound) as lost:
        estate.run(state, mode=mode)
    assert f"continuity.identity_failover.{playbook} " in lost.value.details["next"] and "failover_from_observation" in lost.value.details["next"]


def test_an_empty_reason_begins_nothing(estate: Estate) -> None:
    with pytest.raises(InvalidInput, match="from_observation"):
        estate.run("opened", from_observation=" ")


def full(estate: Estate) -> None:
    """The mirror's folder is a file: nothing can be read or written there, whoever runs this."""
    folder = pathlib.Path(estate.mirror)
    folder.rename(folder.with_name("kept"))
    folder.write_text("", encoding="utf-8")


def back(estate: Estate) -> None:
    folder = pathlib.Path(estate.mirror)
    folder.unlink()
    folder.with_name("kept").rename(folder)


def test_a_lost_mirror_keeps_nobody_from_looking_and_deciding(estate: Estate) -> None:
    estate.run("armed")
    full(estate)
    assert estate.fail().extra["state"] == "pending"
    result = estate.do(failover_ack)
    assert result.extra["state"] == "approved" and "could not use the mirror" in result.warnings[0]
    assert estate.do(failover_status).extra["state"] == "approved"


def test_an_undo_without_a_mirror_is_told_how_the_undo_goes_on(estate: Estate) -> None:
    estate.run("stopped", run=opened(estate).extra["run"])
    full(estate)
    with pytest.raises(MirrorUnwritable) as refused:
        estate.run("opened", mode="undo")
    assert "continuity.identity_failover.undo " in refused.value.details["next"]


def test_a_run_is_opened_without_a_mirror_only_with_a_reason_and_the_mirror_catches_up(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    full(estate)
    with pytest.raises(MirrorUnwritable) as refused:
        estate.run("opened")
    assert "mirror_unwritable" in refused.value.details["next"]
    assert estate.do(failover_status).extra["state"] == "approved"
    result = estate.run("opened", accept={"mirror_unwritable": "the controller's disk is full"})
    assert (result.extra["state"], result.extra["run"]["without_mirror"]) == ("failing_over", "the controller's disk is full")
    assert estate.do(failover_status).extra["accepted"][0]["reason"] == "the controller's disk is full"
    back(estate)
    estate.run("stopped", run=result.extra["run"])
    assert mirror(estate).read_bytes() == store(estate).read_bytes()


def test_a_run_stops_and_says_how_far_it_came_although_the_mirror_is_lost(estate: Estate) -> None:
    run = opened(estate).extra["run"]
    full(estate)
    assert estate.run("stopped", run=run).extra["not_done"]
