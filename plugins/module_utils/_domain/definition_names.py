# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the strings of a definition stand for: hosts, groups of clients, credentials, addresses, DNS names, keys, reasons."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_option import Option, walk
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_shape import suggestion
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import canonical_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_types import canonical_type
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

CONTROLLER = "controller"
# Letters, digits, hyphens; underscores too, as Windows and service records use them (RFC 2181, section 11).
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
# Options before the type, as in authorized_keys, do not belong here. Types: RFC 4253, section 6.6; OpenSSH's PROTOCOL.
_KEY_TYPE = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


@dataclasses.dataclass(frozen=True)
class Inventory:
    """What is known around a definition. ``credentials`` None means that nobody knows."""

    hosts: frozenset[str]
    groups: t.Mapping[str, t.Sequence[str]]
    credentials: frozenset[str] | None
    addresses: t.Mapping[str, str]

    def clients(self, names: t.Iterable[str]) -> set[str]:
        return {host for name in names for host in self.groups.get(name, [name])}

    def address(self, host: str) -> str:
        return str(self.addresses.get(host) or host)


def name_problems(options: t.Mapping[str, Option], value: t.Any, path: str, inventory: Inventory) -> list[str]:
    """One sentence for each string that stands for something that is not there, or is not what it should be."""
    found = []
    for place in walk(options, value, path):
        check = _CHECKS.get(place.option.names)
        if check is not None and place.option.type == "str" and isinstance(place.value, str) and place.value.strip():
            found += [f"{place.path} {problem}" for problem in check(place.value, inventory)]
    return found


def _host(value: str, inventory: Inventory) -> list[str]:
    return [] if value in inventory.hosts else [f"names the host '{value}', which is not in the inventory{suggestion(value, inventory.hosts)}"]


def _place(value: str, inventory: Inventory) -> list[str]:
    return [] if value == CONTROLLER else _host(value, inventory)


def _clients(value: str, inventory: Inventory) -> list[str]:
    if value in inventory.groups:
        return [] if inventory.groups[value] else [f"names the group '{value}', which has no hosts"]
    if value in inventory.hosts:
        return []
    return [f"names '{value}', which is no host and no group of the inventory{suggestion(value, {*inventory.hosts, *inventory.groups})}"]


def _credential(value: str, inventory: Inventory) -> list[str]:
    if inventory.credentials is None or value in inventory.credentials:
        return []
    return [f"names the credential '{value}', which is not in failover_credentials{suggestion(value, inventory.credentials)}"]


def _address(value: str, inventory: Inventory) -> list[str]:
    return [] if as_address(value) is not None else [f"is '{value}', which is no IP address"]


def _dns_name(value: str, inventory: Inventory) -> list[str]:
    return [] if is_dns_name(value) else [f"is '{value}', which is no DNS name"]


def _record_name(value: str, inventory: Inventory) -> list[str]:
    """A wildcard too: whether one is allowed is another option's word."""
    try:
        canonical_name(value, "", wildcards=True)
    except InvalidInput:
        return [f"is '{value}', which is no DNS name"]
    return []


def _record_type(value: str, inventory: Inventory) -> list[str]:
    try:
        canonical_type(value, "")
    except InvalidInput as error:
        return [f"is '{value}', which can't be written: {error.message.removeprefix(': ')}"]
    return []


def _ssh_key(value: str, inventory: Inventory) -> list[str]:
    kind, _blank, rest = value.strip().partition(" ")
    word = rest.split(" ")[0]
    if _KEY_TYPE.fullmatch(kind) and _BASE64.fullmatch(word):
        return []
    return ["is no line of an SSH public key, which is a type such as ssh-ed25519, a blank, and the key in base64"]


def as_address(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


def normal(value: str) -> str:
    """An address or a name in the one form in which equal ones are equal."""
    address = as_address(value)
    if address is not None:
        return str(address)
    try:
        return canonical_name(value, "", wildcards=True)
    except InvalidInput:
        return value.rstrip(".").lower()


def doubles(members: t.Sequence[t.Any], path: str, named_by: t.Callable[[t.Any], t.Hashable]) -> t.Iterator[str]:
    """A sentence for each element that an earlier one of the list is already; ``named_by`` says what makes two the same."""
    first: dict[t.Hashable, int] = {}
    for number, member in enumerate(members):
        earlier = first.setdefault(named_by(member), number)
        if earlier != number:
            yield f"{path}[{number}] is the same as {path}[{earlier}]"


def is_dns_name(value: str) -> bool:
    """Syntax only; the final dot is allowed. Lengths: RFC 1035, section 2.3.4."""
    labels = value.rstrip(".").split(".") if not value.endswith("..") else [""]
    return len(value) <= 254 and all(_LABEL.fullmatch(label) for label in labels)


_CHECKS: dict[str, t.Callable[[str, Inventory], list[str]]] = {
    "host": _host,
    "place": _place,
    "clients": _clients,
    "credential": _credential,
    "address": _address,
    "dns_name": _dns_name,
    "record_name": _record_name,
    "record_type": _record_type,
    "ssh_key": _ssh_key,
}
