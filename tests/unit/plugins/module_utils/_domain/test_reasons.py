# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no reason: blanks, and what the printed commands contain instead of one."""

from __future__ import annotations

import json
import shlex
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import reasons
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.lease_rules import way_out
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import BY_STATE, accepting, next_command
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains, placeholder, refuse_placeholders
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState


@pytest.mark.parametrize("text", [None, "", "  ", "...", " ... ", "say why", "why", "REASON", "reason", "data restored: ...", "data discarded: why"])
def test_what_explains_nothing(text: str | None) -> None:
    assert not explains(text)


@pytest.mark.parametrize("text", ["why not", "the reason is ticket 4711", "no power ...", "Say why?", "because", "data restored: from the backup"])
def test_what_a_person_wrote_is_a_reason_whatever_it_says(text: str) -> None:
    assert explains(text)
    refuse_placeholders({"reason": text, "accept": {"baseline_missing": text}, "from_observation": None, "break_glass": " "})


def test_the_option_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"accept.baseline_missing: 'say why' only stands for a reason"):
        refuse_placeholders({"reason": "because", "accept": {"baseline_missing": "say why"}})
    with pytest.raises(InvalidInput, match="accept.baseline_missing has no reason"):
        reasons({"baseline_missing": "..."})


def unapproved(state: str) -> str:
    with pytest.raises(WrongState) as caught:
        opening(Fold(state=state), "mail", "failover")
    return str(caught.value.message).rpartition("first: ")[2]


def reasons_in(command: str) -> list[t.Any]:
    """The values of the variables that a person writes a reason into."""
    said = [json.loads(word) if word.startswith("{") else dict([word.split("=", 1)]) for word in shlex.split(command) if word.startswith("{") or "=" in word]
    values = [value for one in said for key, value in one.items() if key not in ("failover_identity", "failover_decision")]
    return [text for value in values for text in (value.values() if isinstance(value, dict) else [value])]


def test_what_printed_commands_contain_is_on_the_list() -> None:
    commands = [next_command(state, "mail") for state in BY_STATE] + [accepting("failover", "mail", ["spns"]), unapproved("unarmed"), unapproved("pending")]
    commands.append("ansible-playbook " + way_out("mail", "failover").rpartition("ansible-playbook ")[2].rstrip("."))
    found = [text for command in commands for text in reasons_in(command)]
    assert len(found) >= 8 and all(placeholder(text) for text in found), found
