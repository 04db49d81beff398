# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One update to a real server, and its answer as a word: what the table of tests/real_servers/test_matrix.py is made of."""

from __future__ import annotations

import datetime
import itertools
import typing as t
from collections.abc import Callable

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.update

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, DeadlineExceeded
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import NameServer, new_id
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import Tsig, TsigKey, split_tsig
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import ZONE, RealServer, key

Update = dns.update.UpdateMessage
TSIG_WORDS = {16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 22: "BADTRUNC"}
#: The key that the rows use unless they say otherwise.
KEY = key()
_names = itertools.count(1)


class ShiftedClock(SystemClock):
    """Off by ``shift`` seconds while it is set."""

    shift = 0

    def now(self) -> datetime.datetime:
        return super().now() + datetime.timedelta(seconds=self.shift)


class Probe:
    """Talks to one server. Each probe has names of its own, so that rows do not disturb each other."""

    def __init__(self, server: RealServer) -> None:
        self.server = server
        self.kind = server.kind
        self._number = next(_names)

    def name(self, what: str = "host") -> str:
        return f"{what}{self._number}"

    def send(
        self, change: Callable[[Update], t.Any], *, by: TsigKey | None = KEY, zone: str = ZONE, shift: int = 0, udp: bool = False, timeout: float = 60.0
    ) -> str:
        """The answer as a word: the rcode, what its TSIG record says, whether it is signed as it must be."""
        update = Update(zone)
        change(update)
        return self.exchange(update.to_wire(), by=by, shift=shift, udp=udp, timeout=timeout)

    def exchange(self, wire: bytes, *, by: TsigKey | None, shift: int = 0, udp: bool = False, timeout: float = 60.0, times: int = 1) -> str:
        """The answer as a word, or with ``times`` the answers to the same signed bytes on one connection."""
        clock = ShiftedClock()
        auth = self.server.auth(by, clock)
        label = self.server.endpoint.label
        connection = NameServer(self.server.endpoint, SystemClock())
        try:
            auth.prepare(label, lambda query: connection.exchange(new_id() + query[2:], timeout))
            clock.shift = shift
            signed, mac = auth.sign(label, new_id() + wire[2:])
            clock.shift = 0
            send = connection.exchange_udp if udp else connection.exchange
            return ", ".join(_word(send(signed, timeout), lambda bare, tsig: by is not None and auth.accepts(label, bare, tsig, mac)) for _time in range(times))
        except ConnectionLost:
            return "closed"
        except DeadlineExceeded:
            return "no answer"
        finally:
            connection.close()

    def values(self, name: str, rdtype: str) -> list[str]:
        """What the server answers, sorted; empty where the set does not exist."""
        answer = dns.query.tcp(
            dns.message.make_query(dns.name.from_text(name, dns.name.from_text(ZONE)), rdtype), self.server.endpoint.address, 10, self.server.endpoint.port
        )
        return sorted(str(rdata) for rrset in answer.answer for rdata in rrset if rrset.rdtype == dns.rdatatype.from_text(rdtype))

    def ttl(self, name: str, rdtype: str) -> int:
        answer = dns.query.tcp(
            dns.message.make_query(dns.name.from_text(name, dns.name.from_text(ZONE)), rdtype), self.server.endpoint.address, 10, self.server.endpoint.port
        )
        return answer.answer[0].ttl

    def serial(self) -> int:
        answer = dns.query.tcp(dns.message.make_query(ZONE, "SOA"), self.server.endpoint.address, 10, self.server.endpoint.port)
        return int(t.cast(t.Any, answer.answer[0][0]).serial)

    def given(self, *records: tuple[str, str, str]) -> None:
        """Makes records that a row begins with; they must be there afterwards."""

        def add(update: Update) -> None:
            for name, rdtype, value in records:
                update.add(name, 300, rdtype, value)

        said = self.send(add)
        assert said == "NOERROR", said


def _word(reply: bytes, vouched: Callable[[bytes, Tsig], bool]) -> str:
    bare, tsig = split_tsig(reply)
    word = dns.rcode.to_text(dns.rcode.Rcode(bare[3] & 15))
    if tsig is None:
        return f"{word} unsigned"
    if tsig.error:
        return f"{word} {TSIG_WORDS[tsig.error]}"
    return word if vouched(bare, tsig) else f"{word} unverified"
