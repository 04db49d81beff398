# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Who is who among the people that decide: one person may be written in many ways, and counts once. Pure.

Windows writes an account as ``CORP\\chief``, ``chief@corp.example.com`` (or another UPN suffix) or by its SID; letter case never
tells accounts apart (Microsoft, "User name formats", Win32 documentation). Where in doubt two spellings are one person: a
quorum that is late can be broken, one that was a single person can not be taken back. So only domains that the definition
lists tell one user name from the same elsewhere: an unlisted one may be a further name of any of them, and a name without
a domain may be anybody's of that name.
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
#: How people who are two in truth come to count as two.
TWO_PEOPLE = "where these are two people, list the domain of each in approvals.domains, withdraw, and let each decide anew as DOMAIN\\user"


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
        own = {mark for spelling in (by, sid) if spelling for mark in self.accounts(spelling, listed=self._lists(spelling))}
        persons = [one for one in self.persons if any(own & marks for _spelling, marks in self.spellings(one))]
        return sorted(own | {f"person:{_plain(person.name)}" for person in persons})

    def with_key(self, key: str) -> Person | None:
        """Whose SSH key this is; None for a key that the definition does not list."""
        return next((one for one in self.persons if key_of(key) in one.keys), None)

    def accounts(self, spelling: str, *, listed: bool = False) -> frozenset[str]:
        """The accounts that ``spelling`` may mean, each in one form; spellings that share any may be one person's.

        ``listed``: it stands in ``approvals.people``, where a name without a domain belongs to the first domain.
        """
        user, domain = _parts(spelling)
        if not user:
            return frozenset([domain])
        names = self._names(domain or (_plain(self.domains[0][0]) if listed and self.domains else ""))
        return frozenset(f"account:{user}@{name}" for name in names)

    def spellings(self, person: Person) -> list[tuple[str, frozenset[str]]]:
        """Each name under which the definition lists this person, and the accounts that it may mean."""
        return [(spelling, self.accounts(spelling, listed=True)) for spelling in (person.name, *person.accounts)]

    def doubt(self, one: str, other: str) -> str:
        """``TWO_PEOPLE`` where nothing that the definition lists says whether two names of one user are one person; else empty."""
        (user, domain), (second, elsewhere) = parts = self._meant(one), self._meant(other)
        if not user or user != second or domain == elsewhere or (self._listed(domain) and self._listed(domain) == self._listed(elsewhere)):
            return ""
        listed = [{self._meant(each) for each in (person.name, *person.accounts)} for person in self.persons]
        return "" if any(held.issuperset(parts) for held in listed) else TWO_PEOPLE

    def _meant(self, spelling: str) -> tuple[str, str]:
        """User and domain; of a name without a domain that ``approvals.people`` lists, the first domain."""
        user, domain = _parts(spelling)
        return user, domain or (_domain(self.domains[0][0]) if self.domains and self._lists(spelling) else "")

    def _listed(self, domain: str) -> tuple[str, ...]:
        """All names of a domain that the definition lists; empty for any other."""
        return next((names for names in (tuple(_domain(each) for each in names) for names in self.domains) if domain in names), ())

    def _names(self, domain: str) -> set[str]:
        """The names of the domains that ``domain`` may be. Where none is listed nothing tells domains apart."""
        if not self.domains:
            return {""}
        # A listed one under each of its names, and an unlisted one under its own: the mark holds when the list grows.
        return set(self._listed(domain)) or {"", domain, *(_domain(each) for names in self.domains for each in names)}

    def _lists(self, spelling: str) -> bool:
        return _plain(spelling) in {_plain(each) for one in self.persons for each in (one.name, *one.accounts)}


def _parts(spelling: str) -> tuple[str, str]:
    """User and domain of ``CORP\\chief``, ``chief@corp.example.com`` or ``CHIEF``; of a SID no user, and its mark."""
    plain = _plain(spelling)
    if _SID.fullmatch(plain):
        return "", f"sid:{plain}"
    domain, separator, user = _SEPARATOR.sub("\\\\", plain).partition("\\")
    if separator:
        user = user.partition("@")[0]  # CORP\chief@corp.example.com says the domain twice
    else:
        user, _at, domain = plain.rpartition("@") if "@" in plain else (plain, "", "")
    return user.strip(_AROUND), _domain(domain)


def _domain(name: str) -> str:
    return _plain(name).strip(_AROUND).rstrip(".")


def key_of(line: str) -> str:
    """``type base64`` of a public key's line: its comment tells no keys apart."""
    return " ".join(line.split()[:2])


def _plain(text: str) -> str:
    """Without what tells no names apart: letter case, width, how accents are composed, blanks, quotes around it."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.strip(_AROUND).split())
