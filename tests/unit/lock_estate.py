# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two domain controllers in memory, with two names of one zone, and the tasks that lock them."""

from __future__ import annotations

import contextlib
import struct
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _dns_lock_sites
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.security_descriptor import (
    DACL_PRESENT,
    SELF_RELATIVE,
    Acl,
    Descriptor,
    parse,
    sid_from_text,
)
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.ldap_peer import FakeSeal, Peer

CLOCK = SystemClock()
SOURCE = sid_from_text("S-1-5-21-1-2-3-1105")
EVERYBODY = struct.pack("<BBHI", 0, 0, 20, 0xF01FF) + sid_from_text("S-1-1-0")
OPEN = Descriptor(DACL_PRESENT | SELF_RELATIVE, sid_from_text("S-1-5-18"), dacl=Acl(4, (EVERYBODY,)))
MAIL, WWW = "mail.example.com", "www.example.com"
CONTAINER = "cn=microsoftdns,dc=domaindnszones,dc=example,dc=com"


def setting(identifier: int, value: int) -> bytes:
    return struct.pack("<IIIII", 1, 0, 0, 1, identifier) + bytes((value, 0))


def node(name: str, container: str = CONTAINER) -> str:
    return f"dc={name.partition('.')[0]},dc=example.com,{container}"


class Estate:
    def __init__(self, peers: dict[str, Peer]) -> None:
        self.peers = peers

    def fill(self, *, container: str = CONTAINER, updates: int = 2) -> None:
        for peer in self.peers.values():
            peer.entries[f"dc=example.com,{container}"] = {"dnsproperty": [setting(2, updates)]}
            for name in (MAIL, WWW):
                peer.entries[node(name, container)] = {"ntsecuritydescriptor": [OPEN.to_bytes()], "dnsrecord": []}
            peer.entries["cn=exch1,cn=computers,dc=example,dc=com"] = {"samaccountname": [b"EXCH1$"], "objectsid": [SOURCE]}

    def descriptor(self, dc: str, name: str = MAIL) -> Descriptor:
        return parse(self.peers[dc].entries[node(name)]["ntsecuritydescriptor"][0])

    def params(self, state: str, **options: t.Any) -> dict[str, t.Any]:
        lock = {
            "account": options.pop("account", "EXCH1$"),
            "names": options.pop("names", [MAIL]),
            "domain_controllers": [{"address": "127.0.0.1", "port": peer.port, "name": name} for name, peer in self.peers.items()],
        }
        return {
            **runs.ALONE,
            "state": state,
            "lock": lock,
            "kerberos": {"principal": "failover@EXAMPLE.COM", "password": "of-the-account"},
            "require": "reachable",
            "verify_timeout": 0.2,
            **options,
        }

    def run(self, state: str = "locked", *, check_mode: bool = False, clock: Clock = CLOCK, **options: t.Any) -> Result:
        return update_dns(self.params(state, **options), FakeHosts(), clock, check_mode=check_mode)


@contextlib.contextmanager
def two_controllers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    monkeypatch.setattr(_dns_lock_sites, "KerberosSeal", FakeSeal)
    with Peer().serving() as one, Peer().serving() as two:
        made = Estate({"dc1": one, "dc2": two})
        made.fill()
        yield made


ACCOUNT = {"principal": "failover@EXAMPLE.COM", "password": "of-the-account"}


def defined(estate: Estate, names: t.Sequence[str] = (MAIL,)) -> dict[str, t.Any]:
    controllers = [{"address": "127.0.0.1", "port": peer.port, "name": name} for name, peer in estate.peers.items()]
    return normalise(
        {
            "source": {"host": "exch1"},
            "target": {"host": "exch2"},
            "dns": {
                "servers": [{"address": "127.0.0.1"}],
                "repoint": {"from": ["10.0.0.21"], "to": ["10.0.1.21"], "names": list(names)},
                "records": [{"name": "new.example.com", "type": "A", "values": ["10.0.1.21"]}],
                "lock": {"account": "EXCH1$", "domain_controllers": controllers},
            },
        }
    )
