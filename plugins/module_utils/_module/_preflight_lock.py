# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the preflight asks of the domain controllers about the lock of the names: could the source be denied to write them? Nothing is changed."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import Finding
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock import DnsLockStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_options import build_lock_step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._lock_guard import look_at_locks
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_hosts import Case


def lock(case: Case, params: t.Mapping[str, t.Any]) -> list[Finding]:
    """Of a failover whose definition asks for it. ``params``: the account that sets it."""
    dns = case.definition["dns"]
    if not dns or not dns["lock"] or case.kind != "failover":
        return []
    asked = ("lock", "repoint", "records", "require", "verify_timeout", "protected_names", "allow_wildcards", "static")
    try:
        step = build_lock_step({"state": "locked", "kerberos": params.get("kerberos"), **{name: dns[name] for name in asked}}, case.clock)
        try:
            step.observe()
        finally:
            step.close()
    except FailoverError as error:
        return [Finding("dns_lock_impossible", error.host or "", {"reason": error.reason}, f"names can not be locked: {error.message}")]
    return _obstacles(step, new={str(record["name"]).rstrip(".").lower() for record in dns["records"]}) + _silent(step)


def lost(case: Case, params: t.Mapping[str, t.Any], fold: Fold) -> list[Finding]:
    """Of a failback: what runs locked and the directory does not deny any more, and where the failback could not take the lock away."""
    if case.kind != "failback":
        return []
    locks = look_at_locks(case.definition, params.get("kerberos"), fold, case.clock)
    found = [Finding("dns_lock_lost", one.on, {"name": one.name}, one.msg) for one in locks.lost]
    unread = [Finding("dns_lock_unknown", on, {"reason": why.reason}, _unread(on, why)) for on, why in locks.silent.items()]
    return found + (unread or [Finding("dns_lock_unknown", msg=doubt) for doubt in locks.doubts])


def _unread(label: str, why: FailoverError) -> str:
    return f"the domain controller {label} can not be read: {why.message}"


def _obstacles(step: DnsLockStep, new: t.Collection[str]) -> list[Finding]:
    """``new``: names whose records the failover may make itself, before it locks them."""
    found = []
    for name in step.names:
        reason, msg = step.obstacle(name)
        if reason and not (reason == "no_node" and name in new):
            found.append(Finding("dns_lock_impossible", evidence={"name": name, "reason": reason}, msg=msg))
    return found


def _silent(step: DnsLockStep) -> list[Finding]:
    return [
        Finding("dns_lock_unknown", site.label, {"reason": site.failure.reason}, _unread(site.label, site.failure))
        for site in step.sites
        if site.failure is not None
    ]
