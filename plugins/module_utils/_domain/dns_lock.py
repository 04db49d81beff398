# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Whether a name is locked on a domain controller, what stands in the way, and what several of them amount to. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

JSON = t.Any

LOCKED, UNLOCKED = "locked", "unlocked"
#: What a zone's setting for dynamic updates means (MS-DNSP 2.2.6.1.1).
TAKES = {0: "takes no dynamic updates", 1: "takes updates that nobody signs"}
SECURE = 2


@dataclasses.dataclass(frozen=True)
class Guarded:
    """One name as one domain controller has it. ``there``: our entry stands in its list; ``first``: and nothing that allows before it.

    ``updates``: the zone's setting, -1 where it does not say; ``zone`` and ``dn`` are empty where there is none. ``readable``: whether the list could
    be read; ``identified``: whether the account's SID is known, without which no entry can be told to be its; ``listed``: whether there is a list.
    """

    zone: str = ""
    dn: str = ""
    updates: int = -1
    readable: bool = True
    identified: bool = True
    listed: bool = True
    writable: bool = True
    there: bool = False
    first: bool = False

    def locks(self) -> bool:
        """An entry keeps nobody out of a zone that does not look at it."""
        return self.first and self.updates == SECURE

    def unknown(self) -> bool:
        """Whether our entry may stand there unseen."""
        return bool(self.dn) and not (self.readable and self.identified)


def unseen(name: str, one: Guarded, on: str, account: str) -> tuple[str, str]:
    """Why it is not known whether ``account`` is denied the name there: a machine-readable word and a sentence; empty where it is."""
    if one.dn and not one.readable:
        return "access_denied", f"{on} does not tell the account who may change {name}; give it the rights of DnsAdmins"
    if one.dn and not one.identified:
        return "not_found", f"{on} knows no account {account}, so its entry for {name} can't be told from others; give its SID"
    return "", ""


def doubt(name: str, one: Guarded, on: str, account: str) -> str:
    """A warning of what is not known; empty where it is."""
    if not one.unknown():
        return ""
    why = f"it knows no account {account}; give its SID" if one.readable else "it does not tell the account; give it the rights of DnsAdmins"
    return f"it is not known whether {on} denies {name}: {why}"


def obstacle(name: str, one: Guarded, on: str, account: str) -> tuple[str, str]:
    """Why it can't be locked there: a machine-readable word and a sentence; empty where it can."""
    if not one.zone:
        return (
            "not_in_directory",
            f"{on} keeps no zone of {name} in the directory, so there is nothing to deny there; the lock 'alias' or the zone's own rules may do",
        )
    if one.updates != SECURE:
        takes = TAKES.get(one.updates, "does not say which updates it takes")
        return "zone_not_secure", f"zone {one.zone} {takes}, so on {on} an entry for {name} would stop nobody; set the zone to secure updates only"
    if not one.dn:
        return "no_node", f"{on} has no entry for {name} in zone {one.zone}; write its record first"
    if one.unknown():
        return unseen(name, one, on, account)
    if not one.listed:
        # A list with our entry alone would deny everybody everything (MS-DTYP 2.5.3.2).
        return "no_access_list", f"{on} has no list of who may change {name}, so everybody may; give it one, as new names of its zone have"
    if not one.writable:
        return "access_denied", f"the account may not set on {on} who may change {name}; give it the rights of DnsAdmins"
    return "", ""


def lost(name: str, one: Guarded, on: str, account: str) -> str:
    """A sentence where a name that was locked is not any more; empty where it is, and where nobody knows."""
    if one.locks() or one.unknown():
        return ""
    if not one.dn:
        why = "it has no entry for it"
    elif one.updates != SECURE:
        why = f"zone {one.zone} {TAKES.get(one.updates, 'does not say which updates it takes')}"
    else:
        why = "an entry that allows stands before the one that denies" if one.there else "the entry that denies it is not there"
    return f"{name} is locked by the journal, and {on} lets {account} change it: {why}"


def image(account: str, locked: bool | None, static: bool | None = None) -> JSON:
    """``locked``: None where nobody knows; ``static``: None where nobody asked for it."""
    return {"account": account, "locked": locked, **({"static": static} if static is not None else {})}


def is_locked(seen: t.Iterable[Guarded]) -> bool:
    """On every domain controller that was read and has the name."""
    having = [one for one in seen if one.dn]
    return bool(having) and all(one.locks() for one in having)


def is_there(seen: t.Collection[Guarded]) -> bool | None:
    """Our entry stands somewhere: what unlocking takes away. None where it was not seen and may be there all the same."""
    if any(one.there for one in seen):
        return True
    return None if any(one.unknown() for one in seen) else False


def verdict(one: Guarded | None, wanted: bool) -> str:
    """As ``Require.enough`` takes it. None: the domain controller could not be read."""
    if one is None or one.unknown():
        return "unreachable"
    if not wanted:
        return "wrong" if one.there else "ok"  # where there is no such name, nobody is denied it
    if not one.zone:
        return "not_authoritative"
    return "ok" if one.locks() else "wrong"


def status(names: t.Mapping[str, Guarded]) -> str:
    """A domain controller in one word: ``locked`` and ``unlocked`` are claimed for every name or not at all."""
    if names and all(one.locks() for one in names.values()):
        return LOCKED
    there = is_there(names.values())
    return "partly" if there else "unknown" if there is None else UNLOCKED


class Ran(t.Protocol):
    """Of a run's record, what this needs."""

    images: dict[str, dict[str, dict[str, JSON]]]

    def put_back(self, step: str) -> bool:
        """Whether the step was undone."""


def left_locked(runs: t.Iterable[Ran]) -> dict[str, str]:
    """Name -> the account that may not change it, as ``runs`` in their order left it. A lock whose outcome nobody recorded counts as there."""
    found: dict[str, str] = {}
    for run in runs:
        for name, image in (run.images.get("dns_lock") or {}).items():
            ends = [image["before"]] if run.put_back("dns_lock") else [image["after"], *(image.get("afters") or ())]
            ends = [end for end in ends if isinstance(end, dict) and "locked" in end]
            if any(end["locked"] is not False for end in ends):
                found[name] = str(ends[0]["account"])
            elif ends:
                found.pop(name, None)
    return found


def forgotten(identity: str, locked: t.Mapping[str, str]) -> str:
    """For an identity whose source owns it; empty where nothing is locked."""
    if not locked:
        return ""
    names, accounts = ", ".join(sorted(locked)), ", ".join(sorted(set(locked.values())))
    return f"{identity}: {names} is locked against {accounts} still, by the journal, so it can't register it: unlock it with update_dns, state unlocked"
