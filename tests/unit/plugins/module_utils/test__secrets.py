# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import collections
import json
import typing as t
import urllib.parse

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils import _secrets
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import MASK, Secrets, collect_secrets, derived_forms

OPTIONS = {
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "holder": {"type": "str", "no_log": False},
    "pins": {"type": "list", "no_log": True},
    "hosts": {"type": "list", "elements": "dict", "options": {"user": {}, "password": {"no_log": True}, "name": {}}},
    "key": {"type": "dict", "options": {"name": {}, "secret": {"no_log": True}}},
}

passwords = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8, max_size=40)


def test_every_marked_leaf_is_found_at_any_depth_with_the_user_beside_it() -> None:
    params = {
        "user": "admin",
        "password": "one",
        "holder": "not",
        "pins": [1234, {"deep": "two"}, True, None],
        "hosts": [{"user": "bob", "password": "three", "name": "not"}, {"user": None, "password": None}],
        "key": {"name": "not", "secret": "four"},
    }
    assert set(collect_secrets(OPTIONS, params)) == {("one", "admin"), ("1234", "admin"), ("two", "admin"), ("three", "bob"), ("four", "")}


@pytest.mark.parametrize("params", [None, "text", {}, {"hosts": "text"}, {"key": None}, {"password": ""}])
def test_odd_parameters_hold_no_secrets(params: object) -> None:
    assert list(collect_secrets(OPTIONS, params)) == []


@given(passwords, st.text(max_size=10), st.text(max_size=10))
def test_no_form_of_a_password_is_left_in_a_text(password: str, before: str, after: str) -> None:
    secrets = Secrets([(password, "EXAMPLE\\admin")])
    assume(password not in MASK)
    encoded = {
        password,
        urllib.parse.quote(password, safe=""),
        urllib.parse.quote_plus(password),
        json.dumps(password)[1:-1],
        repr(password)[1:-1],
        base64.b64encode(password.encode()).decode(),
        base64.b64encode(password.encode("utf-16-le")).decode(),
        base64.b64encode(b"EXAMPLE\\admin:" + password.encode()).decode(),
    }
    for form in encoded:
        assert form not in secrets.redact_text(f"{before} {form} {after}")


@given(st.binary(max_size=30), passwords, st.binary(max_size=30), st.sampled_from(["utf-8", "utf-16-le"]))
def test_a_password_inside_a_longer_base64_is_masked(before: bytes, password: str, after: bytes, encoding: str) -> None:
    text = base64.b64encode(before + password.encode(encoding) + after).decode()
    masked = Secrets([(password, "")]).redact_text(text)
    assert MASK in masked
    # What is left decodes to less than the password: two of its bytes at each end at most.
    assert len(masked.replace(MASK, "")) * 3 / 4 <= len(before) + len(after) + 2 + 4


def test_the_basic_header_of_the_user_is_masked_as_a_whole() -> None:
    header = base64.b64encode(b"bob:short1").decode()
    assert Secrets([("short1", "bob")]).redact_text(f"Authorization: Basic {header}") == f"Authorization: Basic {MASK}"


@given(passwords)
def test_structures_are_masked_in_values_and_keys_and_keep_their_shape(password: str) -> None:
    assume(password not in MASK and MASK not in password)
    value = {"msg": f"a {password}", f"key {password}": [1, None, True, 2.5, (password,), {"deep": password.encode()}], "other": {password}}
    masked = Secrets([(password, "")]).redact(value)
    assert masked == {"msg": f"a {MASK}", f"key {MASK}": [1, None, True, 2.5, [MASK], {"deep": MASK}], "other": [MASK]}


def test_what_json_lacks_becomes_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd Secret-1"

    assert Secrets([("Secret-1", "")]).redact({"details": Odd()}) == {"details": f"odd {MASK}"}


def test_a_password_that_is_a_key_of_every_result_does_not_rename_it() -> None:
    assert Secrets([("changed", ""), ("failed", "")]).redact({"changed": True, "failed": "changed"}) == {"changed": True, "failed": MASK}


def test_a_very_short_password_is_masked_in_values_and_leaves_keys_alone() -> None:
    assert Secrets([("a", "")]).redact({"state": "a"}) == {"state": MASK}


def test_no_secret_masks_nothing() -> None:
    value = {"a": ["text", 1]}
    assert Secrets().redact(value) == value
    assert Secrets([("", "user")]).redact_text("user: ") == "user: "


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.booleans() | st.text(), max_size=5), st.sampled_from(["true", "null", "123456", "failed", "e", "{"])
)
def test_masking_raw_json_never_breaks_it(value: dict[str, object], password: str) -> None:
    text = json.dumps({"failed": False, **value})
    assert json.loads(Secrets([(password, "")]).redact_json(text)).keys() == {"failed", *value}


def test_a_number_that_looks_like_the_password_stays_a_number() -> None:
    assert json.loads(Secrets([("123456", "")]).redact_json('{"pid": 1234567}')) == {"pid": 1234567}


def test_raw_json_is_masked_where_the_password_is_escaped() -> None:
    password = 'Se"cret\\1é'
    masked = Secrets([(password, "")]).redact_json(json.dumps({"msg": password}))
    assert json.loads(masked) == {"msg": MASK}


def test_the_longest_form_goes_first_so_that_no_half_stays() -> None:
    assert Secrets([("secret", ""), ("secret-long", "")]).redact_text("secret-long secret") == f"{MASK} {MASK}"


class Weighed(str):
    """A text that counts what looking at it costs: one for each place that is looked at, its length for each search of all of it."""

    def __new__(cls, text: str, costs: collections.Counter[str] | None = None) -> Weighed:
        made = super().__new__(cls, text)
        made.costs = collections.Counter() if costs is None else costs
        return made

    costs: collections.Counter[str]

    def __getitem__(self, place: t.Any) -> str:
        self.costs["places"] += 1
        return super().__getitem__(place)

    def startswith(self, *arguments: t.Any) -> bool:
        self.costs["places"] += 1
        return super().startswith(*arguments)

    def __contains__(self, text: object) -> bool:
        self.costs["searches"] += len(self)
        return super().__contains__(t.cast("str", text))

    def replace(self, *arguments: t.Any) -> Weighed:
        self.costs["searches"] += len(self)
        return Weighed(super().replace(*arguments), self.costs)  # what is done to the copy costs as much


def test_a_thousand_passwords_cost_a_large_result_no_more_than_one_does() -> None:
    secrets = Secrets((f"Password-{number:06}-x", f"user{number}") for number in range(1000))
    text = Weighed("outcome of ws001: flushed 12 entries, " * 6000 + "Password-000999-x")
    assert secrets.redact_text(text).endswith(MASK)
    assert len(text) <= text.costs.total() < 3 * len(text)


def test_a_text_that_was_clean_is_looked_at_anew_once_there_is_another_secret() -> None:
    secrets = Secrets([("Secret-1", "")])
    assert secrets.redact_text("mail Secret-2") == "mail Secret-2"
    secrets.add("Secret-2")
    assert secrets.redact_text("mail Secret-2") == f"mail {MASK}"


def test_secrets_are_told_to_ansible_where_it_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(_secrets, "_register_secret", told.append)
    Secrets([("Secret-1", ""), ("", "")])
    assert told == ["Secret-1"]


def test_derived_forms_never_hold_chance_fragments() -> None:
    assert all(len(form) >= 3 for form in derived_forms("abc"))
