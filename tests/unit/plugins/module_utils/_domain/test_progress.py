# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a run came, from its journal; and the commands that are named."""

from __future__ import annotations

import datetime
import json
import shlex
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import accepting, command, next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import expected, failed_steps, in_words, progress
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import STATES

DEFINITION = {"source": {"host": "exch1"}, "target": {"host": "exch2"}, "services": [{"name": "IS"}], "spns": [{}], "dns": {"servers": []}}


def at(second: int) -> str:
    return f"2026-11-22T20:00:{second:02}.000Z"


def event(second: int, of_kind: str, step: str = "", **data: t.Any) -> Event:
    return Event(seq=second, at=at(second), kind=of_kind, run="r1", step=step, data=data)


def outcome(second: int, step: str, failed: bool = False, bad: tuple[str, ...] = (), **after: t.Any) -> Event:
    listed = [{"name": name, "status": "failed", "reason": "r", "msg": "m"} for name in bad]
    changed = [{"name": name, "after": image} for name, image in after.items()]
    return event(second, "step_outcome", step, failed=failed, counts={}, changed=changed, bad=listed, msg="why" if failed else "")


def record(*events: Event) -> RunRecord:
    opened = event(1, "run_opened", kind="failover", mode="execute", planned=False, epoch=1)
    made = fold([Event(seq=0, at=at(0), kind="armed", data={}), opened, *events], datetime.datetime(2026, 11, 22, 21, tzinfo=datetime.timezone.utc))
    return made.runs["r1"]


def intent(second: int, step: str, *names: str) -> Event:
    return event(second, "step_intent", step, changes=[{"name": name, "before": None, "after": 1, "do": "it"} for name in names])


def test_done_failed_unfinished_and_not_begun_are_told_apart_with_their_hosts_and_items() -> None:
    made = record(
        outcome(2, "fence@exch1"),
        outcome(3, "spns", failed=True, bad=("http/mail",)),
        intent(4, "services@exch2", "IS"),
        intent(5, "verify"),
        outcome(6, "verify"),
    )
    done, not_done = progress(made, DEFINITION)
    assert [(e["step"], e["host"], e["status"]) for e in done] == [("fence", "exch1", "done"), ("verify", "", "done")]
    assert [(e["step"], e["host"], e["status"], [i["name"] for i in e["names"]]) for e in not_done] == [
        ("spns", "", "failed", ["http/mail"]),
        ("services", "exch2", "unfinished", ["IS"]),
        ("dns", "", "not_begun", []),
    ]
    assert failed_steps(not_done) == ["spns"]
    assert in_words(done, not_done) == ("done: fence on exch1, verify; not done: spns (failed: http/mail), services on exch2 (unfinished: IS), dns (not begun)")


def test_what_an_undo_that_was_given_up_has_put_back_is_not_done_until_the_run_comes_to_it_again() -> None:
    forward = [intent(2, "spns", "http/mail"), outcome(3, "spns", **{"http/mail": 1}), intent(4, "dns", "mail A"), outcome(5, "dns", **{"mail A": 1})]
    undo = event(7, "step_outcome", "dns", reverts="r1", failed=False, counts={}, changed=[{"name": "mail A", "after": None}], bad=[])
    again = event(8, "run_resumed", epoch=3, mode="execute")
    given_up = [*forward, event(6, "run_resumed", epoch=2, mode="undo"), undo, again]
    done, not_done = progress(record(*given_up), {})
    assert [(e["step"], e["status"]) for e in done] == [("spns", "done")]
    assert [(e["step"], e["status"], e["changed"]) for e in not_done] == [("dns", "put_back", [])]
    assert in_words(done, not_done) == "done: spns; not done: dns (put back)"
    for anew in ([intent(9, "dns", "mail A"), outcome(10, "dns", **{"mail A": 1})], [outcome(10, "dns")]):  # the second: somebody else had set it meanwhile
        done, not_done = progress(record(*given_up, *anew), {})
        assert ([e["step"] for e in done], not_done) == (["spns", "dns"], [])


def test_a_step_that_was_tried_again_and_broke_off_is_unfinished() -> None:
    made = record(intent(2, "dns", "mail A"), outcome(3, "dns"), intent(4, "dns", "mail A"))
    assert [entry["status"] for entry in progress(made, {})[1]] == ["unfinished"]


def test_a_second_task_of_a_step_does_not_hide_what_went_wrong_in_the_first() -> None:
    first = outcome(2, "dns", bad=("mail A", "web A"))
    other = event(3, "step_outcome", "dns", failed=False, counts={}, changed=[{"name": "srv A", "after": 1}], bad=[], msg="")
    mended = event(4, "step_outcome", "dns", failed=False, counts={}, changed=[{"name": "mail A", "after": 1}], bad=[], msg="")
    (entry,) = progress(record(first, other), {})[0]
    assert [item["name"] for item in entry["names"]] == ["mail A", "web A"]
    (entry,) = progress(record(first, other, mended), {})[0]
    assert [item["name"] for item in entry["names"]] == ["web A"]


@pytest.mark.parametrize("tried_again", [[], [event(3, "run_resumed", epoch=2)]])
def test_a_step_that_is_tried_again_is_judged_anew(tried_again: list[Event]) -> None:
    first = outcome(2, "dns", failed=not tried_again, bad=("mail A",))
    (entry,) = progress(record(first, *tried_again, outcome(4, "dns")), {})[0]
    assert (entry["status"], entry["names"], entry["msg"]) == ("done", [], "")


def test_an_accepted_failure_is_told_with_what_is_not_as_it_should_be() -> None:
    made = record(event(2, "accepted", "spns", what="x", reason="y"), outcome(3, "spns", bad=("http/mail",)))
    done, not_done = progress(made, {})
    assert [entry["status"] for entry in done] == ["accepted"]
    assert in_words(done, not_done) == "done: no step as a whole; accepted as it is: spns (http/mail)"
    assert in_words(*progress(record(outcome(2, "fence@exch1"), outcome(3, "spns")), {})) == "done: fence on exch1, spns"


def test_a_fence_that_was_accepted_unproven_is_not_told_as_done() -> None:
    unproven = event(3, "step_outcome", "fence@exch1", failed=False, counts={}, changed=[], bad=[], msg="grade 3 is needed, 2 reached")
    made = record(event(2, "accepted", "fence@exch1", what="x", reason="y"), unproven)
    assert in_words(*progress(made, {})) == "done: no step as a whole; accepted as it is: fence on exch1"


def fenced(*names: str, failed: bool = True) -> RunRecord:
    """A source that answers: its services run, and the fence stopped those of ``names``."""
    off, services = {"state": "Stopped", "start_mode": "disabled"}, ("service IS", "service Transport")
    changes = [{"name": name, "before": {"state": "Running", "start_mode": "auto"}, "after": off, "do": "it"} for name in services]
    wrong = tuple(name for name in services if name not in names)
    begun = event(2, "step_intent", "fence@exch1", changes=[*changes, {"name": "registration Ethernet", "before": 1, "after": 0, "do": "it"}])
    return record(begun, outcome(3, "fence@exch1", failed, wrong, **dict.fromkeys(names, off), **{"registration Ethernet": 0}))


def test_a_fence_that_failed_on_a_source_that_answers_says_that_users_are_cut_off() -> None:
    done, not_done = progress(fenced("service IS", "service Transport"), {})
    (entry,) = not_done
    assert (entry["changed"], entry["cut_off"]) == (["service IS", "service Transport", "registration Ethernet"], ["IS", "Transport"])
    assert in_words(done, not_done) == (
        "done: no step as a whole; not done: fence on exch1 (failed; changed: 3 of 3, service IS, service Transport, registration Ethernet); "
        "users are cut off from exch1: IS, Transport were stopped and disabled there"
    )


def test_a_step_that_failed_in_part_says_which_items_are_changed() -> None:
    assert in_words(*progress(fenced("service IS"), {})) == (
        "done: no step as a whole; not done: fence on exch1 (failed: service Transport; changed: 2 of 3, service IS, registration Ethernet); "
        "users are cut off from exch1: IS was stopped and disabled there"
    )


def test_what_was_recorded_before_a_step_broke_off_counts_as_changed_and_the_rest_as_unknown() -> None:
    made = record(intent(2, "dns", "mail A", "web A"), outcome(3, "dns", True, ("web A",), **{"mail A": 1}), intent(4, "dns", "web A"))
    ((entry,),) = progress(made, {})[1:]
    assert (entry["status"], entry["changed"], entry["names"]) == ("unfinished", ["mail A"], [{"name": "web A"}])
    assert in_words([], [entry]) == "done: no step as a whole; not done: dns (unfinished: web A; changed: 1 of 2, mail A)"


def test_what_was_taken_back_at_once_is_not_changed() -> None:
    made = record(intent(2, "dns", "mail A", "web A"), outcome(3, "dns", True, ("web A",), **{"mail A": None}))
    made.images["dns"]["mail A"].update(after=None, recorded=True)
    assert in_words(*progress(made, {})) == "done: nothing yet; not done: dns (failed: web A)"


def test_a_failback_gives_the_source_its_addresses_back() -> None:
    moved = {"source": {"host": "exch1"}, "target": {"host": "exch2"}, "addresses": [{"address": "10.0.0.21"}]}
    assert expected("failback", moved) == ["identity@exch2", "fence@exch1", "identity@exch1"]
    assert expected("failback", {**moved, "addresses": [], "names": ["files"]}) == ["identity@exch2", "fence@exch1"]


def test_a_failback_does_one_kind_of_step_on_both_servers() -> None:
    assert expected("failback", DEFINITION) == ["services@exch2", "spns", "fence@exch1", "services@exch1", "dns"]


@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_every_state_but_peace_has_a_next_command_that_a_shell_splits_into_what_was_meant(state: str) -> None:
    words = shlex.split(next_command(state, "mail"))
    if state in ("protected", "suspect"):
        assert words == []
    else:
        assert words[0] == "ansible-playbook" and words[2:4] == ["-e", "failover_identity=mail"]


def test_values_with_blanks_and_quotes_reach_ansible_whole() -> None:
    words = shlex.split(command("adopt", "mail", failover_reason='it\'s the "other" one', failover_owner="target"))
    assert json.loads(words[5]) == {"failover_reason": 'it\'s the "other" one'}
    assert words[7] == "failover_owner=target"
    assert json.loads(shlex.split(accepting("failover", "mail", ["spns"]))[5]) == {"failover_accept_failure": {"spns": "say why"}}
    assert accepting("failover", "mail", []) == ""
