# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Security descriptors: our one entry goes in first and out again, and everything else stays as it was, byte for byte."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.security_descriptor import (
    DACL_PRESENT,
    SELF_RELATIVE,
    Acl,
    Descriptor,
    is_locked,
    lock_entry,
    parse,
    sid_text,
    with_lock,
    without_lock,
)

SOURCE = bytes.fromhex("010500000000000515000000 7711c12f ef988bc0 3b21355d 51040000")


def sids() -> st.SearchStrategy[bytes]:
    return st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15).map(
        lambda parts: struct.pack("<BB", 1, len(parts)) + b"\0\0\0\0\0\5" + struct.pack(f"<{len(parts)}I", *parts)
    )


def entries() -> st.SearchStrategy[bytes]:
    made = st.tuples(st.sampled_from([0, 1, 5, 6, 0x11]), st.integers(0, 31), st.integers(0, 2**32 - 1), sids())
    return made.map(lambda one: struct.pack("<BBHI", one[0], one[1], 8 + len(one[3]), one[2]) + one[3])


def descriptors() -> st.SearchStrategy[Descriptor]:
    acls = st.builds(Acl, st.sampled_from([2, 4]), st.lists(entries(), max_size=6).map(tuple), st.sampled_from([b"", b"\0\0\0\0"]))
    control = st.sampled_from([0, 0x0400, 0x1000]).map(lambda more: DACL_PRESENT | SELF_RELATIVE | more)
    return st.builds(Descriptor, control, sids(), sids() | st.just(b""), st.just(b""), acls)


@given(descriptors())
def test_what_is_read_is_what_was_written(descriptor: Descriptor) -> None:
    assert parse(descriptor.to_bytes()) == descriptor


@given(descriptors(), sids())
def test_the_lock_goes_in_first_and_out_again(descriptor: Descriptor, sid: bytes) -> None:
    before = without_lock(descriptor, sid)
    locked = parse(with_lock(descriptor, sid).to_bytes())
    assert before.dacl is not None and locked.dacl is not None
    assert is_locked(locked, sid) and not is_locked(before, sid)
    assert locked.dacl.entries == (lock_entry(sid), *before.dacl.entries)
    assert without_lock(locked, sid).to_bytes() == before.to_bytes()
    assert with_lock(locked, sid) == locked


@given(st.binary(max_size=120))
def test_any_octets_are_a_descriptor_or_a_protocol_error(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        parse(data)


@given(descriptors(), st.data())
def test_a_descriptor_that_was_cut_or_bent_is_one_or_a_protocol_error(descriptor: Descriptor, data: st.DataObject) -> None:
    wire = bytearray(descriptor.to_bytes())
    wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtocolError):
        parse(bytes(wire[: data.draw(st.integers(0, len(wire)))]))


def test_the_entry_is_the_one_that_was_measured() -> None:
    assert lock_entry(SOURCE) == bytes.fromhex("01002400 28000100") + SOURCE
    assert sid_text(SOURCE) == "S-1-5-21-801182071-3230374127-1563763003-1105"


def test_an_entry_behind_one_that_allows_does_not_lock_and_is_put_first() -> None:
    everybody = struct.pack("<BBHI", 0, 0, 20, 0xF01FF) + bytes.fromhex("010100000000000100000000")
    late = Descriptor(DACL_PRESENT | SELF_RELATIVE, dacl=Acl(2, (everybody, lock_entry(SOURCE))))
    assert not is_locked(late, SOURCE)
    early = with_lock(late, SOURCE)
    assert early.dacl is not None and early.dacl.entries == (lock_entry(SOURCE), everybody)


def test_without_a_list_there_is_nothing_to_put_it_into() -> None:
    with pytest.raises(ProtocolError, match="no access control list"):
        with_lock(parse(Descriptor(SELF_RELATIVE).to_bytes()), SOURCE)
