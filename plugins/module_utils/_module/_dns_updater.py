# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Who carries out a message to a zone: the seam between what is to be changed and how.

Dynamic updates (RFC 2136) are the one way today. Windows' own DNS classes over WinRM (root/MicrosoftDNS) are a second one that is thought
of: they know no prerequisites, so an updater on them would have to compare itself, and to say that nothing of it is one transaction.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Message
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionRefused, FailoverError, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_surviving import await_arrival, nobody_takes
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import UNDECIDED
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import ELSEWHERE, NameServer, Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_discovery import forwards
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import update_wire
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers


class Updater(t.Protocol):
    """Something that carries a message out: all of it where its prerequisites hold, else nothing."""

    messages: dict[NameServer, int]
    """How many messages each server was sent."""

    stays: bool
    """Whether only the server that was written before may be written; the step sets it where it takes back what it did."""

    def carry_out(self, message: Message) -> str:
        """Returns what is to be said of an answer that nobody vouches for ("" = nothing); only reading back tells then whether it was done.

        Raises Refusal (code ``prerequisite`` where one does not hold) and TransportError: nothing was done, but for ConnectionLost and
        DeadlineExceeded, after which nobody knows.
        """

    def carry_through(self, message: Message, seconds: float) -> str:
        """The same, for what is read at once behind it: returns when the server that was written shows it, or after ``seconds``."""

    def passes_on(self, server: NameServer, zone: str) -> bool:
        """Whether a server that took a change of a zone only handed it on, so that its old value proves nothing."""


class DynamicUpdates:
    """RFC 2136. To the server that holds the zone; to the next of ``servers`` where it can't be reached or takes no updates: nothing was done
    then. ``survey.holders`` follows, unless ``stays``: what is taken back counts only where it was done."""

    stays = False

    def __init__(self, servers: Servers, survey: Survey, auth: Auth, clock: Clock) -> None:
        self.messages: dict[NameServer, int] = {}
        self._passing: dict[tuple[NameServer, str], bool] = {}
        self._servers = servers
        self._survey = survey
        self._auth = auth
        self._clock = clock

    def carry_out(self, message: Message) -> str:
        wire = update_wire(message)
        holder = self._survey.holder(message.zone)
        failures: list[tuple[NameServer, FailoverError]] = []
        for server in [holder, *(server for server in self._servers.updated if server is not holder and not self.stays)]:
            self.messages[server] = self.messages.get(server, 0) + 1
            try:
                accepted = server.update(wire, self._auth, message.seconds())
            except (Unreachable, ConnectionRefused, Refusal) as error:
                if isinstance(error, Refusal) and error.code not in (*ELSEWHERE, *(() if self._auth.final_failure else ("server_failure",))):
                    self._survey.holders[message.zone] = server
                    raise
                failures.append((server, error))
                continue
            except UNDECIDED:
                self._survey.holders[message.zone] = server  # only it can tell whether it was done
                raise
            self._survey.holders[message.zone] = server
            return accepted.msg
        raise nobody_takes(message.zone, failures)

    def carry_through(self, message: Message, seconds: float) -> str:
        """A secondary that passed the message on shows it only after a transfer, which is waited for."""
        said = self.carry_out(message)
        holder = self._survey.holder(message.zone)
        if (message.added or message.deleted) and self.passes_on(holder, message.zone):
            await_arrival(self._servers, holder, message, Deadline(self._clock, seconds))
        return said

    def passes_on(self, server: NameServer, zone: str) -> bool:
        """A secondary of the zone does so. Asked once a zone."""
        if (server, zone) not in self._passing:
            self._passing[server, zone] = forwards(self._servers, server, zone)
        return self._passing[server, zone]
