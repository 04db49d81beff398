# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Asks domain controllers what they deny of the names that runs locked, and holds it against the journal. Read only."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_lock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock import DnsLockStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_options import build_lock_step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_sites import Site
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_telling import doubts


class Lost(t.NamedTuple):
    """A name that a run locked, and a domain controller that does not deny it any more."""

    name: str
    on: str
    msg: str


@dataclasses.dataclass
class Locks:
    """``sites``: domain controller -> what it denies, as update_dns reports it; ``doubts``: sentences on what is not known; ``silent``: domain
    controller -> why it could not be read; ``gone``: names that none of those that were read denies, where all were."""

    sites: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    lost: list[Lost] = dataclasses.field(default_factory=list)
    doubts: list[str] = dataclasses.field(default_factory=list)
    silent: dict[str, FailoverError] = dataclasses.field(default_factory=dict)
    gone: set[str] = dataclasses.field(default_factory=set)


def look_at_locks(definition: t.Mapping[str, t.Any], kerberos: t.Mapping[str, t.Any] | None, fold: Fold, clock: Clock) -> Locks:
    """Nobody is asked where no run left a lock, or there is no account to ask with. Raises nothing of a domain controller's."""
    found, option = Locks(), (definition.get("dns") or {}).get("lock")
    left = dns_lock.left_locked(fold.runs.values())
    if not option or not kerberos:
        return found
    # The newest first: an account of the same name may have been another one before.
    images = [image for run in reversed(fold.runs.values()) for image in (run.images.get("dns_lock") or {}).values()]
    for account in sorted(set(left.values())):
        names = sorted(name for name, denied in left.items() if denied == account)
        lock = {"account": account, "names": names, "domain_controllers": option["domain_controllers"]}
        task = {"state": "locked", "lock": lock, "kerberos": kerberos, "require": "reachable", "verify_timeout": 0.0, "allow_wildcards": True}
        told = len(found.doubts)
        try:
            step = build_lock_step(task, clock)
            step.spared = found.silent  # a time-out for each account would be waited for, and a logon that is refused would count again
            step.recall_images({str(place): image for place, image in enumerate(images) if _is_of(image, account)})
            try:
                step.observe()
            finally:
                step.close()
                _add(found, step)
        except FailoverError as error:
            if len(found.doubts) == told:  # else each domain controller has been told of
                found.doubts.append(f"it is not known whether {', '.join(names)} is locked: {error.message}")
    return found


def _is_of(image: t.Mapping[str, t.Any], account: str) -> bool:
    return any(isinstance(end, dict) and end.get("account") == account for end in (image["before"], image["after"]))


def _add(found: Locks, step: DnsLockStep) -> None:
    found.doubts += [sentence for sentence in doubts(step.sites, step.account) if sentence not in found.doubts]
    read = [site for site in step.sites if site.failure is None and site.seen]
    for site in step.sites:
        if site.failure is not None:
            found.silent[site.label] = site.failure
        if site.failure is not None or site.seen:
            found.sites[site.label] = _together(found.sites.get(site.label), site)
    for name in step.names:
        lost = [(site, dns_lock.lost(name, site.seen[name], site.label, step.account)) for site in read]
        found.lost += [Lost(name, site.label, msg) for site, msg in lost if msg]
        if len(read) == len(step.sites) and not any(site.seen[name].there or site.seen[name].unknown() for site in read):
            found.gone.add(name)


def _together(known: dict[str, t.Any] | None, site: Site) -> dict[str, t.Any]:
    """What a domain controller denies of several accounts."""
    report = site.report()
    if known is None:
        return report
    lists = {word: [*known[word], *report[word]] for word in ("locked", "unlocked", "absent", "unknown")}
    status = report["status"] if known["status"] == report["status"] else "partly"
    return {**report, **lists, "ageing": {**known["ageing"], **report["ageing"]}, "status": status, "msg": known["msg"] or report["msg"]}
