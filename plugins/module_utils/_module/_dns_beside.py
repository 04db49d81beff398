# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.


"""What can't stand beside an alias. Servers ignore such data without a word (BIND, Knot, Samba), so they are refused before they are sent."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading

#: What can stand beside nothing else, and what may be there.
DATA_TYPES = ("A", "AAAA", "MX", "PTR", "SRV", "TXT", "DNAME", "NAPTR", "CAA", "SSHFP", "TLSA", "SVCB", "HTTPS")

#: What the servers that are written have now.
Read = t.Callable[[t.Sequence[Item]], t.Mapping[Item, Reading]]


def data_beside(names: t.Iterable[str], read: Read, but: t.Container[str] = ()) -> tuple[Item, RecordSet] | None:
    """The first set of a name that is to be an alias. ``but``: types that go when the alias comes."""
    found = read([Item(name, rdtype) for name in names for rdtype in DATA_TYPES if rdtype not in but])
    return next(((item, reading.records) for item, reading in found.items() if reading.records is not None), None)


def refuse_beside_alias(readings: t.Mapping[Item, Reading], read: Read) -> None:
    """``readings``: of every set of the task. Raises InvalidInput."""
    for item, reading in readings.items():
        if reading.alias and item.type != "CNAME":
            why = f"{item}: {item.name} is a CNAME to {reading.alias}, and no other data can stand beside it; remove the CNAME first"
            raise InvalidInput(why, items={str(item): why})
    there = data_beside([item.name for item, reading in readings.items() if item.type == "CNAME" and reading.records is None], read)
    if there is not None:
        item, records = there
        why = f"{item.name} CNAME: {item.name} has {item.type} {records}, and a CNAME can't stand beside it; remove it first"
        raise InvalidInput(why, items={f"{item.name} CNAME": why})
