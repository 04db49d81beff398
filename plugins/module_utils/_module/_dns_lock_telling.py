# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the step that locks names says of the whole: what is not known, what the source was faster at, what could not be locked."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_lock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ageing import is_stale
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_sites import Site
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result


def doubts(sites: t.Iterable[Site], account: str) -> list[str]:
    """A warning for each domain controller, or name of one, of which it is not known whether it denies ``account`` anything."""
    told = []
    for site in sites:
        if site.failure is not None:
            told.append(f"domain controller {site.label} could not be read, so it is not known what it denies: {site.failure.message}")
        else:
            told += filter(None, [dns_lock.doubt(name, one, site.label, account) for name, one in site.seen.items()])
    return told


def late(name: str, sites: t.Iterable[Site], old: t.Collection[bytes]) -> str:
    """A warning where the source took the name before it was locked; empty where it did not. ``old``: its addresses."""
    labels = [site.label for site in sites if site.failure is None and site.seen[name].locks() and is_stale(site.aged[name][0], old)]
    if not labels:
        return ""
    return (
        f"{name} is locked and has the source's address yet on {', '.join(labels)}: where replication does not bring the new one, "
        "the source was faster; run the playbook again, which can still write it"
    )


def refuse(result: Result, obstacle: t.Callable[[str], tuple[str, str]]) -> None:
    """Fails the result for names that could not be locked. ``obstacle``: name -> why, as a machine-readable word and a sentence."""
    refused = []
    for outcome in result.outcomes:
        reason, msg = obstacle(outcome.name) if outcome.status == "already" and not outcome.before["locked"] else ("", "")
        if reason:
            outcome.status, outcome.reason, outcome.msg, outcome.after = "failed", reason, msg, None
            refused.append(outcome)
    if not refused:
        return
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    result.failed, result.reason = True, result.reason or refused[0].reason
    result.msg = "; ".join(part for part in (result.msg, f"dns_lock: {refused[0].name}{more} is not locked: {refused[0].msg}") if part)
