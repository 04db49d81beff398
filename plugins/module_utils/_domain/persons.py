# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Who is who among the people that decide: one person may be written in many ways, and counts once. Pure.

Windows writes an account as ``CORP\\chief``, ``chief@corp.example.com`` (or another UPN suffix) or by its SID; letter case never
tells accounts apart (Microsoft, "User name formats", Win32 documentation). Where in doubt two spellings are one person: a
quorum that is late can be broken, one that was a single person can not be taken back.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
import unicodedata

_SID = re.compile(r"s-1-[0-9]+(-[0-9]+)+")
#: Between domain and user; a slash is what people type for it, and two backslashes what they write where one would do.
_SEPARATOR = re.compile(r"[\\/]+")
#: What may stand around a name.
_AROUND = "\"' "


@dataclasses.dataclass(frozen=True)
class Person:
    """One entry of ``approvals.people``: ``accounts`` are spellings and SIDs, ``keys`` SSH public keys as ``type base64``."""

    name: str
    accounts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class People:
    """Everybody that the definition knows. ``domains``: each one's names, the NetBIOS name first."""

    persons: tuple[Person, ...] = ()
    domains: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, people: t.Iterable[t.Mapping[str, t.Any]], domains: t.Iterable[t.Mapping[str, t.Any]]) -> People:
        """From the lists ``approvals.people`` and ``approvals.domains`` of a definition."""
        return cls(
            tuple(Person(str(one["name"]), tuple(one.get("accounts") or ()), tuple(key_of(key) for key in one.get("keys") or ())) for one in people),
            tuple((str(one["netbios"]), *(one.get("dns") or ())) for one in domains),
        )

    def marks(self, by: str, sid: str = "") -> list[str]:
        """What tells this person from others; two decisions that share any mark are of one person."""
        own = {self.account(spelling) for spelling in (by, sid) if spelling}
        person = next((one for one in self.persons if own & self._spellings(one)), None)
        return sorted(own | ({f"person:{_plain(person.name)}"} if person else set()))

    def with_key(self, key: str) -> Person | None:
        """Whose SSH key this is; None for a key that the definition does not list."""
        return next((one for one in self.persons if key_of(key) in one.keys), None)

    def account(self, spelling: str) -> str:
        """``CORP\\chief``, ``chief@corp.example.com`` and ``CHIEF`` in the one form in which equal ones are equal."""
        plain = _plain(spelling)
        if _SID.fullmatch(plain):
            return f"sid:{plain}"
        domain, separator, user = _SEPARATOR.sub("\\\\", plain).partition("\\")
        if separator:
            user = user.partition("@")[0]  # CORP\chief@corp.example.com says the domain twice
        else:
            user, _at, domain = plain.rpartition("@") if "@" in plain else (plain, "", "")
        return f"account:{user.strip(_AROUND)}@{self._domain(domain.strip(_AROUND))}"

    def _domain(self, name: str) -> str:
        """The domain's first name. A name without a domain belongs to the first; where none is mapped nobody knows which
        of two domains' names are the same, so that the domain tells nobody apart."""
        if not self.domains:
            return ""
        known = {_plain(each).rstrip("."): _plain(names[0]) for names in reversed(self.domains) for each in names}
        name = name.rstrip(".")
        return known.get(name, name) if name else _plain(self.domains[0][0])

    def _spellings(self, person: Person) -> set[str]:
        return {self.account(spelling) for spelling in (person.name, *person.accounts)}


def key_of(line: str) -> str:
    """``type base64`` of a public key's line: its comment tells no keys apart."""
    return " ".join(line.split()[:2])


def _plain(text: str) -> str:
    """Without what tells no names apart: letter case, width, how accents are composed, blanks, quotes around it."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.strip(_AROUND).split())
