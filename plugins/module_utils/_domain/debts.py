# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Debts: name servers and resolvers that a run went on without, because they could not be read or still lagged, and what each of
them owes. A debt is settled when it was read as right, and void when another value is wanted of it; it never ends unread. Pure.

A debt is ``{kind, server, address, port, status, why, records, run, since}``: ``kind`` is name_server or resolver, ``records`` record
-> the image that it must have (``{values, ttl}``, None for no such set), ``status`` what it was when the run went on (unreachable or
wrong). ``run`` and ``since`` come from the event that tells of it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event

Debt = dict[str, t.Any]
Debts = t.Sequence[t.Mapping[str, t.Any]]
_NOTHING = object()
WORDS = {"name_server": "name server", "resolver": "clients' resolver"}


def debtor(debt: t.Mapping[str, t.Any]) -> tuple[str, str, int]:
    """Who owes: a server is known by where it listens, one without an address by its name."""
    return str(debt["kind"]), str(debt["address"] or debt["server"]), int(debt["port"])


def accounted(there: Debts, owed: Debts, right: Debts, wanted: t.Mapping[str, t.Any]) -> dict[str, list[Debt]]:
    """What a DNS step has to tell the journal, empty for nothing. ``there``: the open debts, ``owed``: the step's new ones, ``right``: where
    it read a set as wanted (as debts), ``wanted``: record -> image of all that it wrote or found."""
    new = {(debtor(debt), record) for debt in owed for record in debt["records"]}
    read = {(debtor(debt), record) for debt in right for record in debt["records"]}
    settled, void = [], []
    for debt in there:
        other = {record: image for record, image in debt["records"].items() if record in wanted and _values(wanted[record]) != _values(image)}
        now = {record: image for record, image in debt["records"].items() if record not in other and (debtor(debt), record) in read - new}
        settled += [_part(debt, now)] if now else []
        void += [_part(debt, other)] if other else []
    # What is owed already keeps the run and the moment since when it is.
    known = {(debtor(debt), record): image for debt in there for record, image in debt["records"].items()}
    fresh = [_part(debt, {r: image for r, image in debt["records"].items() if known.get((debtor(debt), r), _NOTHING) != image}) for debt in owed]
    told = {"owed": [debt for debt in fresh if debt["records"]], "settled": settled, "void": void}
    return told if any(told.values()) else {}


def after(there: Debts, event: Event) -> list[Debt]:
    """The open debts after an event whose ``debts`` are what ``accounted`` said."""
    told = event.data["debts"]
    left = without(paid(there, [*told["settled"], *told["void"]]), told["owed"])
    return left + [{**debt, "run": event.run, "since": event.at} for debt in told["owed"]]


def paid(there: Debts, settled: Debts) -> list[Debt]:
    """Debts without those that are settled or void; what another value has taken the place of meanwhile stays owed."""
    images = {(debtor(debt), record): image for debt in settled for record, image in debt["records"].items()}
    return _left(there, lambda debt, record, image: images.get((debtor(debt), record), _NOTHING) != image)


def without(there: Debts, others: Debts) -> list[Debt]:
    """Debts without the records that are named in ``others``, whatever their image."""
    taken = {(debtor(debt), record) for debt in others for record in debt["records"]}
    return _left(there, lambda debt, record, image: (debtor(debt), record) not in taken)


def _left(there: Debts, stays: t.Callable[[t.Mapping[str, t.Any], str, t.Any], bool]) -> list[Debt]:
    left = [_part(debt, {record: image for record, image in debt["records"].items() if stays(debt, record, image)}) for debt in there]
    return [debt for debt in left if debt["records"]]


def sentence(debt: t.Mapping[str, t.Any]) -> str:
    """Who owes what, and since when, for people."""
    records = list(debt["records"])
    shown = ", ".join(f"{record} {_shown(debt['records'][record])}" for record in records[:3]) + (f" and {len(records) - 3} more" if len(records) > 3 else "")
    place = f" ({debt['address']} port {debt['port']})" if debt["address"] else ""
    return f"{WORDS[debt['kind']]} {debt['server']}{place} owes {shown} since {debt['since']}, as {debt['why']}"


def _part(debt: t.Mapping[str, t.Any], records: t.Mapping[str, t.Any]) -> Debt:
    return {**debt, "records": dict(records)}


def _values(image: t.Any) -> tuple[str, ...]:
    return tuple(image["values"]) if image else ()


def same(image: t.Any, found: t.Any) -> bool:
    """Whether a server gives what it owes. By value: a cache counts the TTL down, and people may change it."""
    return _values(image) == _values(found)


def _shown(image: t.Any) -> str:
    return ", ".join(image["values"]) if image else "absent"
