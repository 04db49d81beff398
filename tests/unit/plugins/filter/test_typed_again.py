# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import re
import shlex
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.filter.typed_again import FilterModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.typed_variables import problems

typed_again = FilterModule().filters()["typed_again"]
STEPS = pathlib.Path(__file__).parents[4] / "roles" / "steps"
ASKED = ("failover_decision", "failover_reason")


def variables(command: str) -> dict[str, t.Any]:
    """What a shell and Ansible make of the command."""
    words = shlex.split(command)
    assert words[:2] == ["ansible-playbook", "continuity.identity_failover.ack"] and set(words[2::2]) == {"-e"}
    said = [json.loads(word) if word.startswith("{") else dict([word.split("=", 1)]) for word in words[3::2]]
    return {name: value for one in said for name, value in one.items()}


RIGHT = {
    "failover_decision": "decline",
    "failover_reason": 'the queue\'s "rest" is $HOME',
    "failover_by": "EXAMPLE\\carol",
    "failover_how": "windows_logon",
    "failover_logon": "chief",
    "failover_data_state": "discard_queues",
    "failover_data_at_risk": "mail since noon",
    "failover_statement": "/a b/mail.statement",
}
WRONG = {"failover_decision": "yes", "failover_reason": 1, "failover_by": ["bob"], "failover_how": "ssh", "failover_logon": "zz", "failover_data_state": "x"}


@given(st.sets(st.sampled_from(sorted(RIGHT))), st.sets(st.sampled_from(sorted(WRONG))))
def test_what_was_right_is_kept_and_what_was_wrong_is_refused_again_where_it_is_not_mended(given_names: set[str], wrong: set[str]) -> None:
    typed = {**{name: RIGHT[name] for name in given_names}, **{name: WRONG[name] for name in wrong}, "failover_signature": ""}
    again = variables(typed_again(typed, "ack", "mail", asked=ASKED, logons=["chief"]))
    kept = {name: RIGHT[name] for name in given_names - wrong}
    missing = {name: value for name, value in {"failover_decision": "proceed", "failover_reason": "..."}.items() if name not in given_names | wrong}
    expected = {"failover_identity": "mail", **kept, **dict.fromkeys(wrong, "..."), **missing}
    if (expected["failover_decision"], expected.get("failover_data_state")) == ("proceed", "discard_queues"):
        expected.setdefault("failover_data_at_risk", "...")  # as whoever types it would be asked for that next
    assert again == expected
    assert {re.split(r"[ :]", sentence)[0] for sentence in problems(again, logons=["chief"])} >= {"by" if name == "failover_by" else name for name in wrong}


def test_a_blank_name_does_not_become_that_of_whoever_runs_ansible() -> None:
    assert variables(typed_again({"failover_by": " "}, "ack", "mail"))["failover_by"] == "..."


def test_the_playbook_prints_all_that_its_task_takes() -> None:
    taken = set(re.findall(r"failover_\w+", (STEPS / "tasks" / "ack.yml").read_text(encoding="utf-8"))) - {
        "failover_identity",
        "failover_credentials",
        "failover_ack",
    }
    assert sorted(yaml.safe_load((STEPS / "vars" / "main.yml").read_text(encoding="utf-8"))["steps_words_of_decision"]) == sorted(taken)


def test_what_is_not_for_it_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="needs a dictionary"):
        typed_again("failover_by", "ack", "mail")
    with pytest.raises(AnsibleFilterError, match="cannot ask for failover_plan"):
        typed_again({}, "ack", "mail", asked=["failover_plan"])
