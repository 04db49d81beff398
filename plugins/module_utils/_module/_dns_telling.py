# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Tells a name server that lacks a change to fetch it now: by NOTIFY, or where Kerberos signs, which Active Directory has, by its replication.

Nothing depends on it, so nothing here raises: what was said is a note in the result, and only reading back tells what is there.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import AccessDenied, BadCredentials, FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import GssAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_notify import notify
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller, Directory, LdapRefused
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import KerberosSeal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_nodes import Nodes

#: Seconds for a connection, for each answer, and for the names of a zone together: it is worth less than a look at what is there.
TIMEOUT = 3.0
#: Names a server is told of, in one go; each is a message of its own. Behind these it is as fast to wait.
MOST_NAMES = 250


class Telling:
    """``holder``: the server that was written, of a zone. For one thread. Called with the server to tell, the zone and the names that it lacks;
    returns what it said: ``accepted``, where it is slow for how many of the names, ``refused`` with why, or ``no answer``."""

    def __init__(self, auth: Auth, holder: t.Callable[[str], NameServer], clock: Clock) -> None:
        self._auth = auth
        self._holder = holder
        self._clock = clock
        self._directories: dict[NameServer, Nodes | FailoverError] = {}

    def close(self) -> None:
        for nodes in self._directories.values():
            if isinstance(nodes, Nodes):
                nodes.directory.close()
        self._directories = {}

    def __call__(self, server: NameServer, zone: str, names: t.Sequence[str]) -> str:
        if not isinstance(self._auth, GssAuth):
            return notify(server, zone, self._auth)
        written = self._holder(zone)
        try:
            source, target = self._directory(written, self._auth), self._directory(server, self._auth)
            places = [place for place in map(source.place, list(dict.fromkeys(names))[:MOST_NAMES]) if place]
            if not places:
                return f"refused ({written.endpoint.label} does not keep the names in its directory)"
            service, deadline = source.service(), Deadline(self._clock, TIMEOUT)
            for told, place in enumerate(places):
                if deadline.passed():  # whoever waits for the records waits for this too
                    return f"accepted for {told} of {len(places)} names"
                target.fetch(place, service)
        except (AccessDenied, BadCredentials):
            return "refused (the account may not)"
        except LdapRefused as error:
            return f"refused (LDAP code {error.code})"
        except FailoverError:
            return "no answer"
        return "accepted"

    def _directory(self, server: NameServer, auth: GssAuth) -> Nodes:
        """A name server of Active Directory is a domain controller. One that did not let us in, or fell silent, is not asked again."""
        found = self._directories.get(server)
        if found is None:
            directory = Directory(controller(server), self._clock)
            try:
                directory.logon(KerberosSeal(auth.account, directory.own_name()))
                found = Nodes(directory)
            except FailoverError as error:
                directory.close()
                found = error
            self._directories[server] = found
        if isinstance(found, FailoverError):
            raise found
        return found


def controller(server: NameServer) -> Controller:
    return Controller(server.endpoint.address, name=server.endpoint.name, timeout=TIMEOUT)
