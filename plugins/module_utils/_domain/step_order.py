# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The steps of a run in their order: one table for whatever tells of runs, undoes them, or waits for their next step. Pure."""

from __future__ import annotations

import typing as t

#: The steps of a run in their order, by kind and by side ("" = on no host). The roles take the same order; a test compares them.
ORDER: dict[str, tuple[tuple[str, str], ...]] = {
    "failover": (
        ("fence", "source"),
        ("data", "target"),
        ("identity", "target"),
        ("spns", ""),
        ("services", "target"),
        ("databases", "target"),
        ("script", "target"),
        ("dns", ""),
        ("dns_lock", ""),
        ("clients", ""),
        ("verify", ""),
    ),
    "failback": (
        ("databases", "target"),
        ("services", "target"),
        ("identity", "target"),
        ("spns", ""),
        ("fence", "source"),
        ("identity", "source"),
        ("services", "source"),
        ("databases", "source"),
        ("dns", ""),
        ("dns_lock", ""),
        ("clients", ""),
        ("verify", ""),
    ),
}


def key_of(step: str, side: str, definition: t.Mapping[str, t.Any]) -> str:
    """``services@exch2``: the name of a step in the journal."""
    return f"{step}@{definition[side]['host']}" if side else step
