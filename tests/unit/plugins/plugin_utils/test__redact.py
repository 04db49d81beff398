# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import MASK, Secrets
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._redact import redact, secrets_of

SECRETS = Secrets([("Secret-1", "")])


@dataclasses.dataclass(frozen=True)
class Event:
    msg: str
    chain: Event | None = None
    derived: str = dataclasses.field(default="Secret-1", init=False)


@dataclasses.dataclass(frozen=True)
class Summary:
    events: tuple[Event, ...]
    number: int = 1


def test_dataclasses_of_core_are_masked_at_any_depth() -> None:
    masked = redact({"exception": Summary((Event("a Secret-1", Event("b Secret-1")), Event("c")))}, SECRETS)
    assert masked == {"exception": Summary((Event(f"a {MASK}", Event(f"b {MASK}")), Event("c")))}


def test_what_holds_no_secret_stays_the_same_object() -> None:
    event, text = Event("clean"), "clean"
    assert redact(event, SECRETS) is event and redact(text, SECRETS) is text
    marker = object()
    assert redact(marker, SECRETS) is marker


def test_keys_are_masked_but_the_common_ones_stay() -> None:
    assert redact({"Secret-1": "Secret-1", "changed": 1, 5: ["Secret-1", ("Secret-1",)]}, SECRETS) == {MASK: MASK, "changed": 1, 5: [MASK, (MASK,)]}
    assert redact({"changed": "changed"}, Secrets([("changed", "")])) == {"changed": MASK}


def test_secrets_are_found_by_their_names_with_the_user_beside() -> None:
    args = {
        "password": "one",
        "user": "bob",
        "key": {"name": "k", "secret": "two"},
        "databases": [{"password": 12345678, "user": None}, {"password": ""}, {"password": None}],
        "other": "three",
        "secret": {"password": "four"},
    }
    assert list(secrets_of(args)) == [("one", "bob"), ("two", ""), ("12345678", ""), ("four", "")]
