# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a domain controller of the lab has, by distinguished name: the root, the accounts, and the zones and names of its own name server.

Nothing is kept here: records are those of the name server's zones, security descriptors those of ``Replicas``, so that what is written over
LDAP holds for dynamic updates, and travels to the other domain controllers like a record.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping

import dns.name

from ansible_collections.continuity.identity_failover.tests.lab.dns.replicas import Ageing, Replicas
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.lab.ldap import records, rights

Attributes = dict[str, list[bytes]]
ADD, DELETE, REPLACE = 0, 1, 2
NO_SUCH_ATTRIBUTE, VALUE_EXISTS, NO_SUCH_OBJECT, ACCESS_DENIED, UNWILLING = 16, 20, 32, 50, 53


class Refused(Exception):
    """``code``: LDAP's (RFC 4511 appendix A)."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclasses.dataclass(frozen=True)
class Principal:
    """An account. ``key``: the name that its dynamic updates are signed with, empty where it makes none."""

    name: str
    dn: str
    sid: bytes
    key: str = ""
    groups: tuple[bytes, ...] = ()

    @property
    def token(self) -> set[bytes]:
        return {self.sid, *self.groups, rights.sid(rights.AUTHENTICATED_USERS), rights.sid(rights.EVERYONE)}


@dataclasses.dataclass(frozen=True)
class Forest:
    """What all domain controllers share. ``owner``: who registered a name, by its SID."""

    domain: str
    administrators: bytes
    principals: Mapping[str, Principal]
    owner: Callable[[str], bytes]

    @property
    def base(self) -> str:
        return ",".join(f"DC={label}" for label in self.domain.split("."))

    @property
    def container(self) -> str:
        return f"CN=MicrosoftDNS,DC=DomainDnsZones,{self.base}"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a distinguished name leads to: a zone, or a name of it."""

    zone: Zone
    name: dns.name.Name | None = None


class Entries:
    """Of one domain controller."""

    def __init__(self, forest: Forest, server: DnsServer, replicas: Replicas) -> None:
        self.forest = forest
        self._server = server
        self._replicas = replicas

    # Reading

    def root(self) -> Attributes:
        """MS-ADTS 3.1.1.3.2."""
        base = self.forest.base
        contexts = [base, f"CN=Configuration,{base}", f"DC=DomainDnsZones,{base}", f"DC=ForestDnsZones,{base}"]
        return {
            "dnsHostName": [f"{self._server.name}.{self.forest.domain}".encode()],
            "defaultNamingContext": [base.encode()],
            "rootDomainNamingContext": [base.encode()],
            "namingContexts": [each.encode() for each in contexts],
            "supportedSASLMechanisms": [b"GSSAPI"],
            "supportedLDAPVersion": [b"3"],
        }

    def read(self, dn: str, who: Principal, parts: int) -> Attributes:
        """``parts``: those of the security descriptor that were asked for, 0 where the client did not say. Raises Refused."""
        account = next((each for each in self.forest.principals.values() if each.dn.lower() == dn.lower()), None)
        if account is not None:
            return _account(account)
        place = self._place(dn)
        if place.name is None:
            ageing = self._replicas.ageing or Ageing(0, 0)
            return {
                "objectClass": [b"top", b"dnsZone"],
                "dNSProperty": records.zone_properties(place.zone.updates, self._replicas.ageing is not None, ageing.no_refresh, ageing.refresh),
            }
        guard = self.guard(place.name)
        found: Attributes = {
            "objectClass": [b"top", b"dnsNode"],
            "dnsRecord": self._records(place.zone, place.name),
            "sDRightsEffective": [str(_writable(guard, who)).encode()],
        }
        # Without the control a client asks for the audit list too, which takes a privilege that nobody here has.
        if parts and not parts & rights.SACL:
            found["nTSecurityDescriptor"] = [guard.to_bytes(parts)]
        return found

    def find(self, base: str, attribute: str, value: str) -> list[tuple[str, Attributes]]:
        """Accounts below ``base``. Raises Refused."""
        if base.lower() != self.forest.base.lower():
            raise Refused(NO_SUCH_OBJECT)
        found = [(each.dn, _account(each)) for each in self.forest.principals.values()]
        wanted = value.encode().lower()
        return [(dn, has) for dn, has in found if wanted in [one.lower() for key, values in has.items() if key.lower() == attribute.lower() for one in values]]

    def descriptors(self, names: Iterable[str]) -> dict[str, str]:
        """In hexadecimal digits, for a test to compare."""
        return {name: self.guard(dns.name.from_text(name)).to_bytes().hex() for name in names}

    def guard(self, name: dns.name.Name) -> rights.Guard:
        """Who may change a name: what was written, else what its registration left."""
        written = self._replicas.descriptor(self._server, name)
        if written:
            return rights.parse(written)
        owner = self.forest.owner(name.to_text(omit_final_dot=True)) or self.forest.administrators
        return rights.node_guard(owner, self.forest.administrators)

    def _records(self, zone: Zone, name: dns.name.Name) -> list[bytes]:
        found: list[bytes] = []
        for rdtype, held in sorted(zone.current.nodes.get(name, {}).items()):
            hours = self._replicas.hours(self._server, str(name), rdtype.name)
            found += records.records(rdtype, held, hours, zone.current.serial)
        return found or [records.record(records.TOMBSTONE, 0, bytes(8), 0, zone.current.serial)]

    def _place(self, dn: str) -> Place:
        """Raises Refused with NO_SUCH_OBJECT."""
        part = r"DC=((?:\\.|[^,\\])+)"
        found = re.fullmatch(rf"(?:{part},)?{part},{re.escape(self.forest.container)}", dn, re.IGNORECASE)
        if found is None:
            raise Refused(NO_SUCH_OBJECT)
        label, origin = (re.sub(r"\\(.)", r"\1", each) if each else "" for each in found.groups())
        zone = self._server.zones.get(dns.name.from_text(origin))
        if zone is None:
            raise Refused(NO_SUCH_OBJECT)
        if not label:
            return Place(zone)
        name = zone.origin if label == "@" else dns.name.from_text(label, zone.origin)
        if name not in zone.current.nodes and not self._replicas.descriptor(self._server, name):
            raise Refused(NO_SUCH_OBJECT)
        return Place(zone, name)

    # Writing

    def modify(self, dn: str, changes: Iterable[tuple[int, str, list[bytes]]], who: Principal, parts: int) -> None:
        """All or none. Raises Refused."""
        place = self._place(dn)
        if place.name is None:
            raise Refused(ACCESS_DENIED, "the lab's zones are not changed over LDAP")
        guard, values = self.guard(place.name), self._records(place.zone, place.name)
        guarded = None
        for operation, attribute, given in changes:
            if attribute.lower() == "ntsecuritydescriptor" and operation == REPLACE and len(given) == 1:
                guarded = self._guarded(guard, given[0], who, parts)
            elif attribute.lower() == "dnsrecord":
                if not guard.grants(who.token, rights.WRITE_PROPERTY):
                    raise Refused(ACCESS_DENIED, "00000005: SecErr: INSUFF_ACCESS_RIGHTS")
                values = _changed(values, operation, given)
            else:
                raise Refused(UNWILLING, f"the lab does not change {attribute} so")
        self._freeze(place, values)
        if guarded is not None:
            names = place.name.to_text(omit_final_dot=True)
            self._replicas.deny(self._server, names, *self._kept_out(guarded), descriptor=guarded.to_bytes())

    def _guarded(self, guard: rights.Guard, given: bytes, who: Principal, parts: int) -> rights.Guard:
        if parts != rights.DACL:
            raise Refused(ACCESS_DENIED, "the lab takes the access control list alone")
        if not guard.grants(who.token, rights.WRITE_DACL):
            raise Refused(ACCESS_DENIED, "00000005: SecErr: INSUFF_ACCESS_RIGHTS")
        try:
            new = rights.parse(given)
        except rights.Malformed as error:
            raise Refused(UNWILLING, str(error)) from None
        return dataclasses.replace(guard, dacl=new.dacl, control=guard.control)

    def _kept_out(self, guard: rights.Guard) -> list[str]:
        """Whose dynamic updates are refused."""
        return [each.key for each in self.forest.principals.values() if each.key and not guard.grants(each.token, rights.WRITE_PROPERTY)]

    def _freeze(self, place: Place, values: list[bytes]) -> None:
        """Records are changed by dynamic update alone; over LDAP only their time stamps go. Raises Refused."""
        assert place.name is not None
        before = self._records(place.zone, place.name)
        if values == before:
            return
        if sorted(map(records.identity, values)) != sorted(map(records.identity, before)) or any(records.stamp(one) for one in set(values) - set(before)):
            raise Refused(UNWILLING, "over LDAP the lab takes nothing from a record but its time stamp")
        for rdtype in place.zone.current.nodes.get(place.name, {}):
            if not any(records.stamp(one) for one in values if records.identity(one)[0] == int(rdtype)):
                self._replicas.static(self._server, str(place.name), rdtype.name)


def _account(found: Principal) -> Attributes:
    return {"sAMAccountName": [found.name.encode()], "objectSid": [found.sid]}


def _writable(guard: rights.Guard, who: Principal) -> int:
    """sDRightsEffective (MS-ADTS 3.1.1.4.5.4)."""
    parts = rights.OWNER | rights.GROUP if guard.grants(who.token, rights.WRITE_OWNER) else 0
    return parts | (rights.DACL if guard.grants(who.token, rights.WRITE_DACL) else 0)


def _changed(values: list[bytes], operation: int, given: list[bytes]) -> list[bytes]:
    if operation == REPLACE:
        return given
    if operation == DELETE:
        if any(one not in values for one in given):
            raise Refused(NO_SUCH_ATTRIBUTE)
        return [one for one in values if one not in given]
    if any(one in values for one in given):
        raise Refused(VALUE_EXISTS)
    return values + given
