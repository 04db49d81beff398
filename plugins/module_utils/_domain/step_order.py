# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The steps of a run in their order: one table for whatever tells of runs, undoes them, or waits for their next step. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_shape import suggestion
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains, refusal

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

#: The name of every step that there is, whatever the kind of the run.
STEPS = tuple(dict.fromkeys(step for order in ORDER.values() for step, _side in order))


def accepted_wrongly(option: str, given: t.Mapping[str, t.Any]) -> list[str]:
    """``given``: step -> why its failure is accepted. One sentence for each that is no step, which nothing would ever look up, or whose reason is none."""
    found = []
    for step, reason in given.items():
        if step not in STEPS:
            close = suggestion(step, STEPS).partition("; there ")[0].rstrip("?")
            found.append(f"{option}.{step} is no step{close}. The steps are {', '.join(STEPS)}")
        elif not explains(reason):
            found.append(refusal(f"{option}.{step}", reason) or f"{option}.{step} has no reason: say in words why its failure is accepted")
    return found


def key_of(step: str, side: str, definition: t.Mapping[str, t.Any]) -> str:
    """``services@exch2``: the name of a step in the journal."""
    return f"{step}@{definition[side]['host']}" if side else step
