# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""server_identity: the addresses, alternate names and shares that make a server answer for another one."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Fence, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import HostStep, refuse_all, refused
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._identity_parts import STRICT, AddressPart, NamePart, Part, SharePart
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._step import drive
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts, Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import addresses as addressing


#: What an address's image holds.
ADDRESS_IMAGE = ("interface", "prefix_length", "skip_as_source")


def server_identity_spec() -> ArgumentSpec:
    return ArgumentSpec(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent", "reverted"], "default": "present"},
            "addresses": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "address": {"type": "str", "required": True},
                    "prefix_length": {"type": "int"},
                    "interface": {"type": "str"},
                    "skip_as_source": {"type": "bool", "default": True},
                    "policy_store": {"type": "str", "choices": ["active", "persistent"], "default": "persistent"},
                },
            },
            "names": {"type": "list", "elements": "str", "default": []},
            "shares": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "path": {"type": "str"},
                    "description": {"type": "str"},
                    "security_descriptor": {"type": "str"},
                },
            },
        },
        required_one_of=[("addresses", "names", "shares")],
    )


def server_identity(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Adds or removes the listed parts of an identity; see the module's documentation."""
    step = IdentityStep(params, hosts.target(), clock)
    return drive(step, params, hosts, clock, check_mode=check_mode)


class IdentityStep(HostStep):
    """Items are ``address 10.0.0.21``, ``name files``, ``strict name checking`` and ``share data``; None = not there."""

    def __init__(self, params: t.Mapping[str, t.Any], session: Session, clock: Clock) -> None:
        super().__init__("identity", session, clock)
        self.state = params["state"]
        _check(params)
        self.parts: list[Part] = [
            AddressPart(session, clock, params["addresses"], str(params.get("host") or "")),
            NamePart(session, params["names"], self.state),
            SharePart(session, params["shares"]),
        ]
        self.owner: dict[str, Part] = {}

    def observe(self) -> dict[str, JSON]:
        images: dict[str, JSON] = {}
        for part in self.parts:
            found = part.observe()
            images.update(found)
            self.owner.update(dict.fromkeys(found, part))
        return images

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        present = self.state == "present"
        changes: list[Change] = []
        bad: dict[str, tuple[str, str]] = {}
        for name, image in before.items():
            part = self.owner[name]
            why = part.refusal(name, image, present)
            if why:
                bad[name] = why
            else:
                change = part.change(name, image, present)
                changes.extend([change] if change else [])
        if bad:
            sentences = {name: why for name, (_reason, why) in bad.items()}
            raise refuse_all("nothing was touched: " + "; ".join(sentences.values()), next(iter(bad.values()))[0], sentences, before, self.host)
        return changes if present else list(reversed(changes))

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        return {change.name: self._apply(change) for change in group}

    def _apply(self, change: Change) -> Applied:
        try:
            return self.owner[change.name].apply(change)
        except FailoverError as error:
            return refused(error)

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        return {change.name: self.owner[change.name].verify(change) for change in group}

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        """Addresses and shares as the baseline saw them on this host; of names and strict checking it knows nothing."""
        kind, _blank, which = name.partition(" ")
        seen = (baseline.get({"address": "addresses", "share": "shares"}.get(kind, "")) or {}).get(self.host)
        if seen is None or name == STRICT:
            return name == STRICT, now
        if kind == "share":
            return True, {**seen[which], "special": False} if seen.get(which) else None
        known = {addressing.normal(one["address"]): {key: one[key] for key in ADDRESS_IMAGE} for one in seen}
        return True, known.get(which)

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        return self.owner[name].inverse(name, before, after, now)


def _check(params: t.Mapping[str, t.Any]) -> None:
    """Bad input in one sentence, before anything is asked of the host."""
    if not (params["addresses"] or params["names"] or params["shares"]):
        raise InvalidInput("addresses, names and shares are all empty: say what belongs to the identity")
    present = params["state"] == "present"
    for entry in params["addresses"]:
        _check_address(entry, present, str(params.get("host") or ""))
    for name in params["names"]:
        if not name.strip() or any(character in name for character in ' \\/:*?"<>|') or len(name) > 255:
            raise InvalidInput(f"names: {name!r} cannot be a server's name")
    for entry in params["shares"]:
        if not entry["name"].strip() or len(entry["name"]) > 80 or any(character in entry["name"] for character in '\\/:*?"<>|'):
            raise InvalidInput(f"shares: {entry['name']!r} cannot be a share's name")
        if present and not (entry["path"] or "").strip():
            raise InvalidInput(f"shares: {entry['name']} has no path: give the folder that it shares")
    _refuse_twice("addresses", [addressing.normal(entry["address"]) for entry in params["addresses"]])
    _refuse_twice("names", params["names"])
    _refuse_twice("shares", [entry["name"] for entry in params["shares"]])


def _check_address(entry: t.Mapping[str, t.Any], present: bool, host: str) -> None:
    address = addressing.normal(entry["address"])
    longest = 32 if "." in address else 128
    if present and entry["prefix_length"] is None:
        raise InvalidInput(f"addresses: {address} has no prefix_length")
    if entry["prefix_length"] is not None and not 0 < entry["prefix_length"] <= longest:
        raise InvalidInput(f"addresses: prefix_length {entry['prefix_length']} of {address} is not between 1 and {longest}")
    if host and address == host:
        raise InvalidInput(f"addresses: {address} is how this task reaches the host; a management address must not belong to the identity")


def _refuse_twice(option: str, names: t.Sequence[str]) -> None:
    lowered = [name.lower() for name in names]
    for name in names:
        if lowered.count(name.lower()) > 1:
            raise InvalidInput(f"{option}: {name} is listed twice")
