# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever one thing is done to a store's or a mirror's file: it is noticed, or the journal still says the same."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, Head, chain, parse
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalBroken, JournalRewound
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.mirror import Mirror
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock

Mutation = t.Callable[[bytes], bytes]


def opened(folder: pathlib.Path, *, mirrored: bool) -> Journal:
    return Journal("mail", DirectoryStore(str(folder / "store")), Mirror(str(folder / "mirror"), "mail") if mirrored else None, FakeClock(), whole=True)


def written(folder: pathlib.Path, count: int, *, mirrored: bool, pruned: bool = False) -> list[Event]:
    journal = opened(folder, mirrored=mirrored)
    if pruned:
        journal.append([journal.draft("armed", by="ops", data={"machines": {}})])
        journal.prune("ops", {})
    for number in range(count):
        journal.append([journal.draft("accepted", by="ops", data={"n": number, "much": "x" * (3000 if number % 3 == 1 else 0)})])
    return journal.events


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, Mutation]:
    """A name, and what is done to the bytes of a file of lines."""
    one, other = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))

    def lines(change: t.Callable[[list[bytes], int, int], t.Any]) -> Mutation:
        def mutate(content: bytes) -> bytes:
            found = content.split(b"\n")[:-1]
            change(found, one % len(found), other % len(found))
            return b"".join(line + b"\n" for line in found)

        return mutate

    def edited(found: list[bytes], index: int, _other: int) -> None:
        found[index] = dataclasses.replace(parse(found[index].decode()), by="somebody else").line().encode()

    def swapped(found: list[bytes], index: int, with_: int) -> None:
        found[index], found[with_] = found[with_], found[index]

    def flipped(content: bytes) -> bytes:
        where = one % len(content)
        return content[:where] + bytes([content[where] ^ (1 + other % 255)]) + content[where + 1 :]

    def cut(found: list[bytes], index: int, _other: int) -> None:
        del found[index:]

    def forged(found: list[bytes], index: int, _other: int) -> None:
        """The chain from here on made anew, as somebody would who knows the format."""
        last = parse(found[index - 1].decode()) if index else None
        head = Head() if last is None else Head(last.seq, chain([last], Head(last.seq - 1, last.prev))[2].hash)
        found[index:] = [line.encode() for line in chain([dataclasses.replace(parse(each.decode()), by="forger") for each in found[index:]], head)[1]]

    kinds: dict[str, Mutation] = {
        "edited": lines(edited),
        "dropped": lines(lambda found, index, _other: found.pop(index)),
        "duplicated": lines(lambda found, index, to: found.insert(to, found[index])),
        "reordered": lines(swapped),
        "truncated": lines(cut),
        "torn": lambda content: content[: one % len(content)],
        "flipped": flipped,
        "forged": lines(forged),
        "emptied": lambda _content: b"",
    }
    name = draw(st.sampled_from(sorted(kinds)))
    return name, kinds[name]


def read_back(folder: pathlib.Path, *, mirrored: bool) -> tuple[list[Event], Head] | None:
    """None: it was noticed, and said where and what is safe."""
    try:
        journal = opened(folder, mirrored=mirrored)
        journal.read()
        return journal.events, journal.head
    except (JournalBroken, JournalRewound) as error:
        assert error.details["seq"] > error.details["trusted"] >= 0
        assert error.details["what"] and error.details["safe"]
        return None


@settings(deadline=None, max_examples=100)
@given(mutations(), st.integers(1, 6), st.booleans(), st.booleans())
def test_a_store_that_was_mutated_is_noticed_or_says_the_same(mutation: tuple[str, Mutation], count: int, mirrored: bool, pruned: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        written(folder, count, mirrored=mirrored, pruned=pruned)
        unharmed = read_back(folder, mirrored=mirrored)
        assert unharmed is not None
        before = unharmed[0]
        path = folder / "store" / "mail.journal"
        path.write_bytes(mutation[1](path.read_bytes()))
        after = read_back(folder, mirrored=mirrored)
        assert after is None or after[0] == before


@settings(deadline=None, max_examples=100)
@given(mutations(), st.integers(1, 6))
def test_a_mirror_that_was_mutated_is_noticed_or_written_again(mutation: tuple[str, Mutation], count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        before = written(folder, count, mirrored=True)
        path = folder / "mirror" / "mail.mirror"
        whole = path.read_bytes()
        path.write_bytes(mutation[1](whole))
        after = read_back(folder, mirrored=True)
        assert after is None or (after[0] == before and path.read_bytes() == whole)


@settings(deadline=None, max_examples=40)
@given(mutations(), st.integers(2, 6))
def test_nothing_is_appended_to_a_store_that_was_shortened_or_exchanged(mutation: tuple[str, Mutation], count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        written(folder, count, mirrored=False)
        path = folder / "store" / "mail.journal"
        mutated = mutation[1](path.read_bytes())
        path.write_bytes(mutated)
        try:
            journal = opened(folder, mirrored=False)
            journal.read()
            journal.append([journal.draft("accepted", data={})])
        except (JournalBroken, JournalRewound):
            whole = mutated[: mutated.rfind(b"\n") + 1]
            assert path.read_bytes() == whole


def test_a_store_that_was_set_back_with_everything_beside_it_is_noticed_by_its_mirror_only(tmp_path: pathlib.Path) -> None:
    written(tmp_path, 2, mirrored=True)
    snapshot = {path: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    written(tmp_path, 1, mirrored=True)
    for path, content in snapshot.items():
        path.write_bytes(content)
    assert read_back(tmp_path, mirrored=False) is not None
    with pytest.raises(JournalRewound) as raised:
        opened(tmp_path, mirrored=True).read()
    assert {"what": "rewound", "seq": 3, "trusted": 2, "store": 2, "mirror": 3}.items() <= raised.value.details.items()


def test_a_mark_that_is_lost_or_behind_says_nothing(tmp_path: pathlib.Path) -> None:
    before = written(tmp_path, 3, mirrored=False)
    mark = tmp_path / "store" / "mail.head"
    for text in ("", "{", "[]", '{"seq":1,"hash":"x"}'):
        mark.write_text(text, encoding="ascii")
        assert read_back(tmp_path, mirrored=False) is not None
    mark.unlink()
    after = read_back(tmp_path, mirrored=False)
    assert after is not None and after[0] == before
