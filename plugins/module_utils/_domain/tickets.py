# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What Kerberos tickets on a client prove about a name that moved. Pure.

A ticket that was issued before the name moved is meant for the server that had it: whoever still holds one goes on presenting it until it ends, ten hours
by default (reference: Microsoft, MS-GPSB, Kerberos policy), and the new server refuses it. So such a logon proves nothing, however well the name resolves.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Holder:
    """A logon that holds a ticket for the name. ``age``: seconds since its oldest one was issued, None where that can't be read."""

    logon: str
    account: str
    age: float | None


@dataclasses.dataclass(frozen=True)
class Tickets:
    """What one client holds for one name. ``issued``: the computer account has a ticket, ``age`` seconds old; ``readable``: the logons could be listed."""

    spn: str
    issued: bool
    age: float | None
    holders: tuple[Holder, ...] = ()
    readable: bool = True


def old_holders(tickets: Tickets, since_move: float) -> list[Holder]:
    """Logons whose ticket may be one of the former owner's; one of unknown age is."""
    return [holder for holder in tickets.holders if holder.age is None or holder.age > since_move]


def proven(tickets: Tickets, since_move: float) -> bool:
    """A ticket was issued for the name since it moved, and no logon holds an older one. That the server takes it is not shown by this."""
    fresh = tickets.issued and tickets.age is not None and tickets.age <= since_move
    return fresh and tickets.readable and not old_holders(tickets, since_move)


def why_unproven(tickets: Tickets, since_move: float) -> str:
    """Empty where it is proven."""
    old = old_holders(tickets, since_move)
    if old:
        who = ", ".join(dict.fromkeys(holder.account for holder in old))
        return f"{who} may hold a ticket for {tickets.spn} of the former owner: log off and on, or klist purge in that logon"
    if not tickets.issued:
        return f"no ticket for {tickets.spn} was issued to the computer account: look whether one account holds that name, and only one"
    if not proven(tickets, since_move):
        known = "when it was issued can't be read" if tickets.age is None else "it was issued before the name moved"
        return f"there is a ticket for {tickets.spn}, but {known if tickets.readable else 'the logons of the client could not be listed'}"
    return ""
