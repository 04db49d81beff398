# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LDAP messages, held against octets that were taken from RFC 4511's grammar by hand, and against any octets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ber, ldap


def test_a_bind_carries_mechanism_and_token() -> None:
    assert ldap.sasl_bind(1, "GSSAPI", b"tok") == bytes.fromhex("3019 020101 6014 020103 0400 a30d 0406 475353415049 0403 746f6b")


def test_a_search_asks_for_one_entry() -> None:
    wire = ldap.search(2, "DC=a", ldap.BASE, ["x"])
    assert wire == bytes.fromhex("302c 020102 6327 0404 44433d61 0a0100 0a0100 020100 020100 010100 870b 6f626a656374436c617373 3003 040178")


def test_a_search_asks_for_a_value_and_for_parts_of_a_descriptor() -> None:
    outer = ber.elements(ldap.search(3, "", ldap.SUBTREE, ["objectSid"], ("sAMAccountName", "A$"), [ldap.sd_flags(7)]))[0]
    _number, operation, controls = outer.children()
    assert [one.content for one in operation.children()[6].children()] == [b"sAMAccountName", b"A$"]
    (control,) = controls.children()
    assert [one.content for one in control.children()] == [b"1.2.840.113556.1.4.801", b"\xff", bytes.fromhex("3003020107")]


def test_a_change_names_what_goes_and_what_comes() -> None:
    operation = ber.elements(ldap.modify(4, "DC=a", [(ldap.DELETE, "d", [b"1"]), (ldap.ADD, "d", [b"2", b"3"])]))[0].children()[1]
    changes = [change.children() for change in operation.children()[1].children()]
    assert [kind.number() for kind, _part in changes] == [ldap.DELETE, ldap.ADD]
    assert [[value.content for value in part.children()[1].children()] for _kind, part in changes] == [[b"1"], [b"2", b"3"]]


def test_answers_are_read() -> None:
    entry = bytes.fromhex("3017 020102 6412 0404 44433d61 300a 3008 0401 58 3103 0401 79")
    assert ldap.read(entry) == ldap.Answer(2, ldap.ENTRY, dn="DC=a", attributes={"x": [b"y"]})
    bind = bytes.fromhex("3010 020101 610b 0a010e 0400 0400 8702 6869")
    assert ldap.read(bind) == ldap.Answer(1, ldap.BIND_RESPONSE, 14, token=b"hi")


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda body: ber.element(ber.SEQUENCE, ber.integer(1), ber.element(0x64, body))))
def test_any_octets_are_an_answer_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        ldap.read(data)


@pytest.mark.parametrize(("plain", "written"), [("mail", "mail"), ("a,b", "a\\,b"), ("#1", "\\#1"), (" a ", "\\ a\\ "), ('q"=\\', 'q\\"\\=\\\\'), ("*", "*")])
def test_values_of_names_are_escaped(plain: str, written: str) -> None:
    assert ldap.escaped(plain) == written
