# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The parts of an identity, one class a kind: how each is read, added, removed, read back and reverted."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Applied, Change, Seen
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._host_step import REQUEST, ours_to_revert
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import addresses as addressing
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import registry
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import shares as sharing

Entries = t.Sequence[t.Mapping[str, t.Any]]

#: Seconds that duplicate address detection may take; three probes a second apart are Windows' default.
DETECTION = 15.0

SERVER_KEY = r"SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters"
STRICT = "strict name checking"
NEEDS_RESTART = "takes effect when the Server service (LanmanServer) starts the next time; this task does not restart it"


class Part(t.Protocol):
    """One kind of thing. ``refusal`` gives a reason and a sentence where this item must stop the whole task."""

    def observe(self) -> dict[str, JSON]:
        pass

    def refusal(self, name: str, image: JSON, present: bool) -> tuple[str, str] | None:
        pass

    def change(self, name: str, image: JSON, present: bool) -> Change | None:
        pass

    def apply(self, change: Change) -> Applied:
        pass

    def verify(self, change: Change) -> Seen:
        pass

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        pass


class AddressPart:
    """IP addresses. Image: interface, prefix_length, skip_as_source, policy_store (as far as it is known)."""

    def __init__(self, session: Session, clock: Clock, entries: Entries, management: str) -> None:
        self.session = session
        self.clock = clock
        self.management = management
        self.entries = {f"address {addressing.normal(entry['address'])}": entry for entry in entries}
        self.known: list[addressing.Address] = []
        self.interfaces: dict[int, list[addressing.Interface]] = {}

    def observe(self) -> dict[str, JSON]:
        if not self.entries:
            return {}
        self.known = addressing.read_addresses(self.session, REQUEST)
        for address_family in {addressing.family(_of(name)) for name in self.entries}:
            self.interfaces[address_family] = addressing.read_interfaces(self.session, address_family, REQUEST)
        return {name: self._image(self.known, name) for name in self.entries}

    def _image(self, known: t.Sequence[addressing.Address], name: str) -> JSON:
        entry = addressing.found(known, _of(name))
        if entry is None:
            return None
        return {"interface": entry.interface, "prefix_length": entry.prefix_length, "skip_as_source": entry.skip_as_source}

    def refusal(self, name: str, image: JSON, present: bool) -> tuple[str, str] | None:
        if not present:
            return None
        entry, address, host = self.entries[name], _of(name), self.session.name
        existing = addressing.found(self.known, address)
        if existing is not None and existing.state == "Duplicate":
            return "duplicate_address", f"{address} is a duplicate on {host}: another machine answers for it; find it and fence it"
        try:
            interface = self._interface(name, entry["interface"] or (image or {}).get("interface"), entry["prefix_length"])
        except InvalidInput as error:
            return "invalid_input", f"{host}: {error.message}"
        if image is None:
            if interface.dhcp:
                return "dhcp_enabled", f"{interface.alias} on {host} uses DHCP, which adding {address} would switch off: use an adapter with static addresses"
            return None
        if image["interface"] != interface.alias or image["prefix_length"] != entry["prefix_length"]:
            there = f"{address}/{image['prefix_length']} on {image['interface']}"
            return "address_differs", f"{host} has {there} already, not as listed: remove it or list it as it is"
        return None

    def _interface(self, name: str, wanted: str | None, prefix_length: int) -> addressing.Interface:
        address = _of(name)
        return addressing.choose_interface(wanted, address, prefix_length, self.interfaces[addressing.family(address)], self.known)

    def change(self, name: str, image: JSON, present: bool) -> Change | None:
        entry = self.entries[name]
        if not present:
            return Change(name, "remove it", image, None, deadline=DETECTION + REQUEST) if image else None
        wanted = {
            "interface": image["interface"] if image else self._interface(name, entry["interface"], entry["prefix_length"]).alias,
            "prefix_length": entry["prefix_length"],
            "skip_as_source": entry["skip_as_source"],
        }
        if image == wanted:
            return None
        do = "add it" if image is None else f"set skip_as_source to {str(entry['skip_as_source']).lower()}"
        return Change(name, do, image, wanted, deadline=DETECTION + 2 * REQUEST)

    def apply(self, change: Change) -> Applied:
        address = _of(change.name)
        if change.after is None:
            if address == self.management:
                raise InvalidInput(f"{address} is how this task reaches the host, so it is not removed")
            addressing.remove_address(self.session, address, REQUEST)
            return Applied(ok=True)
        # Read again: after a crash between adding and recording it is there already.
        known = addressing.found(addressing.read_addresses(self.session, REQUEST), address)
        if known is None:
            self._add(change)
        elif known.skip_as_source != change.after["skip_as_source"]:
            addressing.set_skip_as_source(self.session, address, change.after["skip_as_source"], REQUEST)
        return self._detected(address)

    def _add(self, change: Change) -> None:
        address, after = _of(change.name), change.after
        interface = self._interface(change.name, after["interface"], after["prefix_length"])
        active_only = self.entries[change.name]["policy_store"] == "active"
        addressing.add_address(
            self.session, interface, address, after["prefix_length"], skip_as_source=after["skip_as_source"], active_only=active_only, timeout=REQUEST
        )

    def _detected(self, address: str) -> Applied:
        """Duplicate: somebody answers for the address, so the source is alive on this segment. Ours goes away again."""
        state = addressing.await_usable(self.session, address, Deadline(self.clock, DETECTION), self.clock)
        if state in ("Duplicate", "Invalid"):
            addressing.remove_address(self.session, address, REQUEST)
            why = (
                f"{address} is in use: another machine answered for it on the network, so it was removed from {self.session.name} again. "
                "The source is alive; fence it first"
            )
            return Applied(ok=False, msg=why, reason="duplicate_address", evidence={"address": address, "state": state})
        return Applied(ok=True)

    def verify(self, change: Change) -> Seen:
        address = _of(change.name)
        deadline = Deadline(self.clock, DETECTION)
        if change.after is not None:
            addressing.await_usable(self.session, address, deadline, self.clock)
        known = addressing.read_addresses(self.session, REQUEST)
        image = self._image(known, change.name)
        entry = addressing.found(known, address)
        if change.after is None:
            return Seen(confirmed=image is None, image=image, msg="" if image is None else f"{address} is still there")
        if entry is None or entry.state not in ("Preferred", "Deprecated"):
            state = entry.state.lower() if entry else "gone"
            return Seen(confirmed=False, image=image, msg=f"{address} is {state} on {self.session.name} after {DETECTION:g} s")
        return Seen(confirmed=image == change.after, image=image, msg="" if image == change.after else f"{address} is there, but not as wanted")

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        existing = addressing.found(self.known, _of(name))
        if before is not None and existing is not None and existing.state == "Duplicate":
            now = None  # left by a controller that died over adding it: nobody reaches it, so it is not back
        if not ours_to_revert(name, "what is there", before, after, now, self.session.name):
            return None
        return Change(name, "add it" if now is None else "remove it" if before is None else "set it back", now, before, deadline=DETECTION + 2 * REQUEST)


class NamePart:
    """Further names that the Server service answers to (LanmanServer's OptionalNames), and strict name checking."""

    def __init__(self, session: Session, names: t.Sequence[str], state: str) -> None:
        self.session = session
        self.names = {f"name {name}": name for name in names}
        self.state = state

    def observe(self) -> dict[str, JSON]:
        if not self.names:
            return {}
        images: dict[str, JSON] = {item: self._image(item) for item in self.names}
        if self.state != "absent":
            # Only a revert knows what it was; removing a name alone must not make the server stricter for others.
            images[STRICT] = self._image(STRICT)
        return images

    def _image(self, item: str) -> JSON:
        if item == STRICT:
            value = registry.read_dword(self.session, SERVER_KEY, "DisableStrictNameChecking", REQUEST)
            return None if value is None else {"DisableStrictNameChecking": value}
        listed = registry.read_strings(self.session, SERVER_KEY, "OptionalNames", REQUEST) or []
        return {"OptionalNames": "listed"} if self.names[item].lower() in [name.lower() for name in listed] else None

    def refusal(self, name: str, image: JSON, present: bool) -> tuple[str, str] | None:
        return None

    def change(self, name: str, image: JSON, present: bool) -> Change | None:
        wanted: JSON = {"DisableStrictNameChecking": 1} if name == STRICT else {"OptionalNames": "listed"} if present else None
        if image == wanted:
            return None
        do = "switch it off" if name == STRICT else "add it" if present else "remove it"
        return Change(name, do, image, wanted, deadline=4 * REQUEST)

    def apply(self, change: Change) -> Applied:
        if change.name == STRICT:
            if change.after is None:
                registry.remove_value(self.session, SERVER_KEY, "DisableStrictNameChecking", REQUEST)
            else:
                registry.write_dword(self.session, SERVER_KEY, "DisableStrictNameChecking", change.after["DisableStrictNameChecking"], REQUEST)
            return Applied(ok=True, msg=NEEDS_RESTART)
        name = self.names[change.name]
        listed = registry.read_strings(self.session, SERVER_KEY, "OptionalNames", REQUEST) or []
        others = [other for other in listed if other.lower() != name.lower()]
        registry.write_strings(self.session, SERVER_KEY, "OptionalNames", [*others, name] if change.after else others, REQUEST)
        return Applied(ok=True, msg=NEEDS_RESTART)

    def verify(self, change: Change) -> Seen:
        image = self._image(change.name)
        good = image == change.after
        return Seen(confirmed=good, image=image, msg=NEEDS_RESTART if good else "the registry does not show it")

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        if not ours_to_revert(name, "the registry value", before, after, now, self.session.name):
            return None
        return Change(name, "put the registry value back", now, before, deadline=4 * REQUEST)


class SharePart:
    """SMB shares. Image: path, description, security_descriptor."""

    def __init__(self, session: Session, entries: Entries) -> None:
        self.session = session
        self.entries = {f"share {entry['name']}": entry for entry in entries}

    def observe(self) -> dict[str, JSON]:
        found = sharing.read_shares(self.session, [entry["name"] for entry in self.entries.values()], REQUEST)
        return {item: _share_image(found[entry["name"]]) for item, entry in self.entries.items()}

    def refusal(self, name: str, image: JSON, present: bool) -> tuple[str, str] | None:
        entry, host = self.entries[name], self.session.name
        if image is None:
            return None
        if image["special"]:
            return "share_special", f"{entry['name']} is an administrative share of {host}: leave it out"
        if entry["path"] and not sharing.same_path(image["path"], entry["path"]):
            there = f"{host} shares {image['path']} as {entry['name']}, not {entry['path']}"
            return "share_differs", f"{there}: this is not the identity's share, so it is left alone"
        if present and entry["security_descriptor"] and not sharing.same_access(image["security_descriptor"], entry["security_descriptor"]):
            there = f"the share {entry['name']} of {host} has other rights ({image['security_descriptor']})"
            return "share_differs", f"{there}: compare them and set them by hand, or list these"
        return None

    def change(self, name: str, image: JSON, present: bool) -> Change | None:
        entry = self.entries[name]
        if present == (image is not None):
            return None
        if not present:
            return Change(name, "remove it", image, None, deadline=3 * REQUEST)
        wanted = {"path": entry["path"], "description": entry["description"] or "", "security_descriptor": entry["security_descriptor"] or "", "special": False}
        return Change(name, f"share {entry['path']}", None, wanted, deadline=3 * REQUEST)

    def apply(self, change: Change) -> Applied:
        name, after = self.entries[change.name]["name"], change.after
        existing = sharing.read_shares(self.session, [name], REQUEST)[name]
        if after is None:
            if existing is not None:
                sharing.remove_share(self.session, name, REQUEST)
        elif existing is None:
            sharing.create_share(self.session, name, after["path"], after["description"], after["security_descriptor"], REQUEST)
        return Applied(ok=True)

    def verify(self, change: Change) -> Seen:
        name, after = self.entries[change.name]["name"], change.after
        image = _share_image(sharing.read_shares(self.session, [name], REQUEST)[name])
        if after is None or image is None:
            good = after is None and image is None
            return Seen(confirmed=good, image=image, msg="" if good else "the share is still there" if image else "the share is not there")
        good = sharing.same_path(image["path"], after["path"])
        why = "" if good else f"the share leads to {image['path']}"
        if good and after["security_descriptor"] and not sharing.same_access(image["security_descriptor"], after["security_descriptor"]):
            good, why = False, f"the share's rights are {image['security_descriptor']}"
        return Seen(confirmed=good, image=image, msg=why)

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        if _same_share(now, before):
            return None
        if now is not None and (after is None or not sharing.same_path(now["path"], after["path"])):
            there = f"the share {self.entries[name]['name']} on {self.session.name} leads to {now['path']} now"
            raise WrongState(f"{there}: somebody else changed it since, so it is left alone")
        return Change(name, "remove it" if before is None else f"share {before['path']} again", now, before, deadline=3 * REQUEST)


def _of(item: str) -> str:
    """The address in an item's name."""
    return item.partition(" ")[2]


def _same_share(one: JSON, other: JSON) -> bool:
    if one is None or other is None:
        return one is other
    same_access = sharing.same_access(one["security_descriptor"], other["security_descriptor"])
    return sharing.same_path(one["path"], other["path"]) and same_access


def _share_image(share: sharing.Share | None) -> JSON:
    return None if share is None else {**share.image(), "special": share.special}
