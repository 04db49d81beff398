# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Names of zones that Active Directory keeps: where their entries stand, who may change them, how their records age. On one domain controller."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import dns_node, ldap, security_descriptor
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.dns_node import NodeRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.security_descriptor import Descriptor
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Directory

SID = re.compile(r"S-1-\d+(-\d+){1,15}")


@dataclasses.dataclass(frozen=True)
class DirectoryZone:
    """``updates``: which dynamic updates it takes (MS-DNSP 2.2.6.1.1), -1 where it does not say. ``no_refresh`` and ``refresh`` in hours."""

    name: str
    dn: str
    updates: int = -1
    ageing: bool = False
    no_refresh: int = 0
    refresh: int = 0


@dataclasses.dataclass(frozen=True)
class Node:
    """A name on one domain controller. No ``zone``: none of its zones is kept there; no ``dn``: the zone has no such name; no ``descriptor``: the
    account may not read who may change it."""

    name: str
    zone: DirectoryZone | None = None
    dn: str = ""
    descriptor: Descriptor | None = None
    values: tuple[bytes, ...] = ()
    rights: int = ldap.OWNER | ldap.GROUP | ldap.DACL
    """The parts of the descriptor that the account may write (sDRightsEffective, MS-ADTS 3.1.1.4.5.4); all where the controller does not say."""

    @property
    def records(self) -> list[NodeRecord]:
        """What stands there, without what is left of deleted records. Raises ProtocolError."""
        return [one for one in map(dns_node.record, self.values) if one.type != dns_node.TOMBSTONE]


class Nodes:
    """Reads and guards names on the domain controller that ``directory`` is logged on to."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._zones: dict[str, DirectoryZone | None] = {}
        self._containers: list[str] = []
        self._base = ""

    def sid(self, account: str) -> bytes | None:
        """The SID of an account of the controller's own domain, by its sAMAccountName; None where there is none. A SID is taken as it is."""
        if SID.fullmatch(account):
            return security_descriptor.sid_from_text(account)
        self._learn()
        found = self.directory.find(self._base, ("sAMAccountName", account), ["objectSid"])
        return found[0][1].get("objectsid", [None])[0] if len(found) == 1 else None

    def node(self, name: str) -> Node:
        zone = self._zone_of(name)
        if zone is None:
            return Node(name)
        dn = _entry(name, zone)
        found = self.directory.read(dn, ["dnsRecord", "nTSecurityDescriptor", "sDRightsEffective"], ldap.OWNER | ldap.GROUP | ldap.DACL)
        if found is None:
            return Node(name, zone)
        descriptor = found.get("ntsecuritydescriptor", [])
        said = _text(found, "sdrightseffective")
        return Node(
            name,
            zone,
            dn,
            security_descriptor.parse(descriptor[0]) if descriptor else None,
            tuple(found.get("dnsrecord", [])),
            int(said) if said.isascii() and said.isdigit() else Node.rights,
        )

    def guard(self, node: Node, descriptor: Descriptor) -> None:
        """Writes who may change the name; the owner and all else stay."""
        self.directory.modify(node.dn, [(ldap.REPLACE, "nTSecurityDescriptor", [descriptor.to_bytes()])], ldap.DACL)

    def freeze(self, node: Node, types: t.Container[str]) -> None:
        """Records of ``types`` without a time stamp, if they are still what they were: LdapRefused with NO_SUCH_ATTRIBUTE where not."""
        ageing = [value for value in node.values if dns_node.TYPES.get(dns_node.record(value).type) in types and dns_node.record(value).timestamp]
        static = [dataclasses.replace(dns_node.record(value), timestamp=0).to_bytes() for value in ageing]
        if ageing:
            self.directory.modify(node.dn, [(ldap.DELETE, "dnsRecord", ageing), (ldap.ADD, "dnsRecord", static)])

    def place(self, name: str) -> str:
        """The DN of the name's entry, which need not be there; empty where none of its zones is kept here."""
        zone = self._zone_of(name)
        return _entry(name, zone) if zone is not None else ""

    def service(self) -> str:
        """The DN of what this domain controller is to the others (dsServiceName, MS-ADTS 3.1.1.3.2)."""
        return _text(self.directory.root(), "dsservicename")

    def fetch(self, dn: str, service: str) -> None:
        """Has this domain controller replicate one entry from the one whose ``service`` is given, and returns when it has (replicateSingleObject,
        MS-ADTS 3.1.1.3.3.18). The account needs the right DS-Replication-Synchronize on the naming context."""
        self.directory.modify("", [(ldap.ADD, "replicateSingleObject", [f"{service}:{dn}".encode()])])

    def _learn(self) -> None:
        if self._base:
            return
        root = self.directory.root()
        self._base = _text(root, "defaultnamingcontext")
        forest = _text(root, "rootdomainnamingcontext") or self._base
        # In the order of their kinds (MS-ADTS 6.1.1.5.1): the domain's, the forest's, and where Windows 2000 kept them.
        self._containers = [
            f"CN=MicrosoftDNS,DC=DomainDnsZones,{self._base}",
            f"CN=MicrosoftDNS,DC=ForestDnsZones,{forest}",
            f"CN=MicrosoftDNS,CN=System,{self._base}",
        ]

    def _zone_of(self, name: str) -> DirectoryZone | None:
        """The longest of the name's endings that is a zone there."""
        labels = name.split(".")
        for start in range(len(labels) - 1):
            zone = self._zone(".".join(labels[start:]))
            if zone is not None:
                return zone
        return None

    def _zone(self, name: str) -> DirectoryZone | None:
        self._learn()
        if name not in self._zones:
            self._zones[name] = next(filter(None, (self._zone_in(name, container) for container in self._containers)), None)
        return self._zones[name]

    def _zone_in(self, name: str, container: str) -> DirectoryZone | None:
        dn = f"DC={ldap.escaped(name)},{container}"
        found = self.directory.read(dn, ["dNSProperty"])
        if found is None:
            return None
        said = dns_node.zone_settings(found.get("dnsproperty", []))
        return DirectoryZone(
            name, dn, said.get(dns_node.ALLOW_UPDATE, -1), bool(said.get(dns_node.AGING)), said.get(dns_node.NO_REFRESH, 0), said.get(dns_node.REFRESH, 0)
        )


def _entry(name: str, zone: DirectoryZone) -> str:
    label = name[: -len(zone.name) - 1] if name != zone.name else "@"
    return f"DC={ldap.escaped(label)},{zone.dn}"


def _text(found: ldap.Attributes, attribute: str) -> str:
    return found.get(attribute, [b""])[0].decode("utf-8", "replace")
