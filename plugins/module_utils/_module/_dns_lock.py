# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The step that locks names in Active Directory: one entry in the access control list of each, which denies the source's account to change it.

The entry is the state: nothing else is kept, so that it can be read at any time, and locking twice is locking once. It is written on each domain
controller, because a source registers with the one that is next to it; what was not read on one is not claimed there.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_lock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ageing import is_stale, is_static, warning
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_lock import Guarded
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_require import Require
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    BadCredentials,
    ConnectionRefused,
    DeadlineExceeded,
    FailoverError,
    NotFound,
    RemoteError,
    StoreError,
    TransportError,
    Unreachable,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_sites import Site, look_at_all
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_lock_telling import doubts, late, refuse
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import UNDECIDED
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.security_descriptor import sid_from_text, sid_text

#: Seconds between two looks at domain controllers that do not have the name yet.
BREATH = 1.0
#: Of the time for one answer, what a name is given where there are many.
PART = 0.1
#: A domain controller that failed so is not asked about the next name: it would take as long to fail again.
GONE: tuple[type[FailoverError], ...] = (Unreachable, ConnectionRefused, BadCredentials)
#: What one domain controller, or one name, fails with; what an answer that was lost has done, reading back says.
GIVEN_UP = (TransportError, RemoteError, StoreError)


class DnsLockStep:
    """One name is one item; its image is ``{"account": …, "locked": bool}``, with None where it is not known."""

    key = "dns_lock"
    host = ""
    peace_prevails = True
    """A lock that was set ahead of the failover would keep a source out that serves again."""

    def __init__(
        self,
        state: str,
        names: t.Sequence[str],
        account: str,
        sites: t.Sequence[Site],
        require: Require,
        verify_timeout: float,
        clock: Clock,
        *,
        static: bool = False,
        old: t.Collection[bytes] = (),
    ) -> None:
        """``sites``: none where there is no account to log on with. ``static``: the addresses stop ageing too. ``old``: addresses of the source,
        which a domain controller has until it learns of the move."""
        self.state = state
        self.names = list(names)
        self.account = account
        self.sites = list(sites)
        self.require = require
        self.verify_timeout = verify_timeout
        self.clock = clock
        self.static = static
        self.old = old
        self.warnings: list[str] = []
        self.spared: t.Mapping[str, FailoverError] = {}
        """Domain controllers that could not be read a moment ago, and why; they are not asked."""
        self._asked: list[Site] = []
        self._former: tuple[bytes, ...] = ()

    def close(self) -> None:
        for site in self.sites:
            site.close()

    def check_machine(self, expected: Machine | None) -> None:
        """There is no host: domain controllers prove themselves by Kerberos."""

    def recall_images(self, images: t.Mapping[str, t.Mapping[str, JSON]]) -> None:
        """SIDs that names were locked against: the account may be gone by now, or be another of that name."""
        noted = [str((image.get("detail") or {}).get("sid") or "") for image in images.values()]
        self._former = tuple(sid_from_text(text) for text in dict.fromkeys(noted) if text)

    # Looking

    def _look(self, sites: t.Sequence[Site], names: t.Sequence[str], limit: Deadline | None = None) -> list[Site]:
        """Those that could be read. What one knows of the account counts for all."""
        read = look_at_all(sites, names, self.account, limit)
        sid = self._sid()
        for site in read:
            site.judge(sid, self._former)
        return read

    def _sid(self) -> bytes | None:
        return next((site.sid for site in self.sites if site.sid is not None), None)

    def observe(self) -> dict[str, JSON]:
        if not self.sites:
            more = f" and {len(self.names) - 1} more" if len(self.names) > 1 else ""
            missing = "kerberos is missing: a lock in the directory is set by an account of the domain, a TSIG key can't do it"
            raise BadCredentials(f"{missing}; nothing was touched of {self.names[0]}{more}")
        for site in self.sites:
            site.failure = self.spared.get(site.label)
        self._asked = known = self._look([site for site in self.sites if site.failure is None], self.names)
        if not known:
            causes = [site.failure for site in self.sites if site.failure is not None]
            told = "; ".join(dict.fromkeys(cause.message for cause in causes))
            if all(isinstance(cause, BadCredentials) for cause in causes):
                raise BadCredentials(f"no domain controller takes the logon, so nothing was touched ({told})", host=self.sites[0].label)
            if all(isinstance(cause, RemoteError) for cause in causes):
                raise causes[0]
            raise Unreachable(f"no domain controller could be read, so nothing was touched ({told})", host=self.sites[0].label)
        if self.state != "reverted" and not self._former and all(site.sid is None for site in known):
            hint = "" if self.account.endswith("$") else f"; a computer's is {self.account}$"
            raise NotFound(f"{known[0].label} knows no account {self.account}: give its sAMAccountName, or its SID where it is of another domain{hint}")
        return {name: self._image(name) for name in self.names}

    def _seen(self, name: str) -> list[Guarded]:
        return [site.seen[name] for site in self.sites if site.failure is None]

    def _image(self, name: str) -> JSON:
        seen = self._seen(name)
        locked = dns_lock.is_locked(seen) if self.state == "locked" else dns_lock.is_there(seen)
        return dns_lock.image(self.account, locked, self._is_static(name) if self.static else None)

    def _fresh(self, name: str) -> list[Site]:
        """Domain controllers that have the name and know of the move."""
        return [site for site in self.sites if site.failure is None and site.seen[name].dn and not is_stale(site.aged[name][0], self.old)]

    def _is_known(self, name: str) -> bool:
        return not any(one.unknown() for one in self._seen(name))

    def _is_static(self, name: str) -> bool:
        """One is enough: a record replicates as a whole."""
        return any(is_static(site.aged[name][0]) for site in self._fresh(name))

    def obstacle(self, name: str) -> tuple[str, str]:
        """Of the domain controllers that have the name; where none has it, why not."""
        told = [dns_lock.obstacle(name, site.seen[name], site.label, self.account) for site in self.sites if site.failure is None]
        having = [one for one, site in zip(told, [site for site in self.sites if site.failure is None], strict=True) if site.seen[name].dn]
        return next((one for one in having or told if one[0]), ("", ""))

    # Deciding

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        """A name that can't be locked is no change: ``conclude`` says so. One that has no record yet may have it by then."""
        wanted, changes = self.state == "locked", []
        for name, image in before.items():
            reason = self.obstacle(name)[0] if wanted else ""
            done = image["locked"] == wanted and image.get("static") in (None, True)
            if not done and reason in ("", "no_node"):
                changes.append(self._change(name, image, wanted))
            elif done and not self._settled(name, wanted):
                do = f"wait until {name} is {'locked' if wanted else 'not locked'} on {self._needed()}"
                changes.append(Change(name, do, image, image, deadline=self._longest(), detail=self._detail(name), waits=True))
        return changes

    def _needed(self) -> str:
        return self.require.words.replace("name server", "domain controller")

    def _verdicts(self, name: str, wanted: bool) -> dict[str, str]:
        return {site.label: dns_lock.verdict(site.seen[name] if site.failure is None else None, wanted) for site in self.sites}

    def _settled(self, name: str, wanted: bool) -> bool:
        verdicts = self._verdicts(name, wanted)
        silent = {site.label for site in self.sites if site.failure is not None}
        return self.require.enough(verdicts, verdicts[self.sites[0].label], silent.__contains__)

    def _change(self, name: str, before: JSON, wanted: bool) -> Change:
        places = [site.label for site in self.sites if site.failure is None and site.seen[name].dn]
        where = f"on {', '.join(places)}" if places else "as soon as its record is there"
        do = f"{'deny' if wanted else 'allow'} {self.account} to change {name} {'' if wanted else 'again '}{where}"
        if self.static:
            do += ", and take its addresses out of ageing"
        grade = "predicted" if places and before["locked"] is not None else "unknown"
        after = dns_lock.image(self.account, wanted, self.static or None)
        return Change(name, do, before, after, grade, self._longest(), self._detail(name))

    def _detail(self, name: str) -> JSON:
        """Where the entry stands, and against whom: people and later runs need both, when the account may be gone."""
        dn = next((site.seen[name].dn for site in self.sites if site.failure is None and site.seen[name].dn), "")
        sid = next(filter(None, [self._sid(), *self._former]), b"")
        return {"dn": dn, "sid": sid_text(sid) if sid else ""}

    def _longest(self) -> float:
        """Replication is waited for; then names are written, and read, until their time is over, and what was begun by then ends."""
        return (2 if self.static else 1) * self.verify_timeout + 2 * self._patience(len(self.names))

    def _patience(self, count: int) -> float:
        """Seconds for so many names: three whole answers of each domain controller, and a part of one for each name, which take milliseconds."""
        return sum((3 + PART * count) * site.timeout for site in self.sites)

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        """In peace time the source registers its own names."""
        return True, dns_lock.image(self.account, False)

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        """Somebody who took the lock away has done what is wanted here; nobody else's entry is like ours."""
        wanted = bool(before and before["locked"])
        if now["locked"] == wanted:
            return None
        return self._change(name, now, wanted)

    def touches(self, change: Change) -> list[str]:
        """Each by itself; one that is silent as yet, too."""
        return [site.label for site in self.sites]

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        return [changes] if changes else []

    # Doing

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        limit = Deadline(self.clock, self._patience(len(group)))
        applied: dict[str, Applied] = {}
        undecided: dict[Site, FailoverError] = {}
        for change in group:
            if applied and limit.passed():
                msg = f"not tried: the domain controllers took more than {limit.seconds:.0f} s for the names before it"
                applied[change.name] = Applied(False, msg, DeadlineExceeded.reason)
            else:
                applied[change.name] = self._guard(change.name, bool(change.after["locked"]), fence, undecided)
        if undecided:  # behind what the others were sent: one that hangs keeps no name open on those that answer
            raise next(iter(undecided.values()))
        if not self.static:
            return applied
        deadline = Deadline(self.clock, self.verify_timeout)  # one for all: they wait for the same replication
        for change in group:
            if applied[change.name].ok:
                failed = self._freeze(change.name, fence, deadline)
                applied[change.name] = Applied(True, "; ".join(filter(None, (applied[change.name].msg, failed))))
        return applied

    def _guard(self, name: str, wanted: bool, fence: Fence | None, undecided: dict[Site, FailoverError]) -> Applied:
        """``undecided``: domain controllers of which nobody knows what they did with a change; they get no more of them in this round."""
        done, failures = [], []
        for site in self.sites:
            if site.failure is not None or site in undecided or not site.seen[name].dn:
                continue
            reason, msg = dns_lock.unseen(name, site.seen[name], site.label, self.account)
            try:
                if not reason:
                    if fence is not None:
                        fence.lease.still_ours()
                    site.guard(name, wanted)
                    done.append(site.label)
            except UNDECIDED as error:
                undecided[site] = error
            except GIVEN_UP as error:
                reason, msg = error.reason, error.message
                if isinstance(error, GONE):
                    site.failure = error
            if reason:
                failures.append((reason, msg))
        if done:
            return Applied(True, "; ".join(msg for _reason, msg in failures))
        if wanted and not failures:
            failures = [one for one in [self.obstacle(name)] if one[0]]
        failures += [(site.failure.reason, site.failure.message) for site in self._asked if site.failure is not None]
        return Applied(False, failures[0][1], failures[0][0]) if failures else Applied(True)

    def _freeze(self, name: str, fence: Fence | None, deadline: Deadline) -> str:
        """On one domain controller that knows of the move; written on one that does not, the source's address would come back to all. What it
        failed with, where it was refused."""
        while True:
            try:
                for site in self._fresh(name)[:1]:
                    if fence is not None:
                        fence.lease.still_ours()
                    if is_static(site.aged[name][0]) or site.freeze(name):
                        return ""
            except UNDECIDED:
                raise
            except GIVEN_UP as error:
                return error.message
            if deadline.passed():
                return ""
            self.clock.sleep(min(BREATH, deadline.remaining()))
            self._look(self._asked, [name], Deadline(self.clock, self._patience(1)))

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        deadline = Deadline(self.clock, self.verify_timeout)
        limit = Deadline(self.clock, self.verify_timeout + self._patience(len(group)))
        seen: dict[str, Seen] = {}
        left = list(group)
        while True:
            self._look(self._asked, [change.name for change in left], limit)  # whoever was silent at the first look is not waited for again
            seen.update({change.name: self._read_back(change) for change in left})
            left = [change for change in left if not seen[change.name].confirmed]
            if not left or deadline.passed():
                return seen
            self.clock.sleep(min(BREATH, deadline.remaining()))

    def _read_back(self, change: Change) -> Seen:
        wanted = bool(change.after["locked"])
        verdicts = self._verdicts(change.name, wanted)
        word = "locked" if wanted else "not locked"
        good = [label for label, said in verdicts.items() if said == "ok"]
        if self._settled(change.name, wanted):
            if not self.static or self._is_static(change.name):
                return Seen(True, change.after if wanted or self._is_known(change.name) else self._image(change.name), f"{word} on {', '.join(good)}")
            msg = f"{change.name} is {word} on {', '.join(good)}, and its addresses age still: no domain controller took them out of it"
            return Seen(False, self._image(change.name), msg, "not_converged")
        bad = [label for label, said in verdicts.items() if said != "ok"]
        return Seen(
            False,
            self._image(change.name),
            f"{change.name} is {word} on {', '.join(good) or 'no domain controller'}, not read so on {', '.join(bad)}",
            "not_converged",
        )

    def conclude(self, result: Result) -> None:
        """What could not be locked, and what each domain controller has."""
        result.extra["locks"] = {site.label: site.report() for site in self.sites}
        self.warnings += doubts(self.sites, self.account)
        if self.state != "locked":
            return
        for name in self.names:
            fresh = [] if self._is_static(name) else self._fresh(name)[:1]
            self.warnings += filter(None, [*(warning(name, *site.aged[name]) for site in fresh), late(name, self.sites, self.old)])
        refuse(result, self.obstacle)
