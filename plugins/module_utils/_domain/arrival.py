# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""When did clients arrive? Stages and curves, from what each client met. Pure."""

from __future__ import annotations

import dataclasses
import math
import re
import typing as t

#: What a client passes through, in this order. A client is there when it has passed all that its task can prove.
STAGES = ("resolve", "tcp", "identity")
#: Proven for itself, beside the stages: a client whose user holds an old ticket has arrived by all that can be seen of it.
KERBEROS = "kerberos"
PROTOCOLS = ("banner", "http", "https")
SHARES = (50, 95, 100)


class Met(t.Protocol):
    """What one client met under one name."""

    @property
    def name(self) -> str:
        pass

    @property
    def addresses(self) -> tuple[str, ...]:
        pass

    @property
    def resolve_error(self) -> int:
        pass

    @property
    def address(self) -> str:
        pass

    @property
    def connected(self) -> bool:
        pass

    @property
    def connect_error(self) -> int:
        pass

    @property
    def banner(self) -> str:
        pass

    @property
    def tls_failed(self) -> bool:
        pass

    @property
    def http_status(self) -> int:
        pass

    @property
    def named(self) -> bool:
        pass


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One expectation: ``addresses`` empty = any, ``port`` 0 = do not connect, ``identity`` empty = any server will do.

    ``protocol``: the identity stands in the ``banner``, or in the answer to ``http`` or ``https`` at ``path``. ``spn`` empty = no Kerberos.
    ``old_addresses``: where the name led before.
    """

    name: str
    addresses: frozenset[str] = frozenset()
    port: int = 0
    identity: str = ""
    protocol: str = "banner"
    path: str = "/"
    spn: str = ""
    old_addresses: frozenset[str] = frozenset()

    def stages(self) -> tuple[str, ...]:
        """What this expectation can prove."""
        return STAGES[: 1 + bool(self.port) + bool(self.port and self.identity)]


def passed(wanted: Wanted, met: Met) -> tuple[str, ...]:
    """The stages that the client passed, without gaps."""
    done = []
    if met.addresses and (not wanted.addresses or set(met.addresses) <= wanted.addresses):
        done.append("resolve")
        if wanted.port and met.connected:
            done.append("tcp")
            if wanted.identity and identified(wanted, met):
                done.append("identity")
    return tuple(done)


def identified(wanted: Wanted, met: Met) -> bool:
    """Did the right server answer? A page of a server's error (5xx) may come from whatever stands before it, and shows nothing."""
    if wanted.protocol == "banner":
        return names_server(met.banner, wanted.identity)
    return met.named and 0 < met.http_status < 500


def names_server(banner: str, identity: str) -> bool:
    """Does the line hold the word? ``exch2`` is neither in ``exch21`` nor in ``my-exch2``, but in ``exch2.example.com``."""
    return re.search(rf"(?<![\w-]){re.escape(identity)}(?![\w-])", banner, re.IGNORECASE) is not None


def advice(wanted: Wanted, met: Met, words: t.Callable[[Met], str]) -> str:
    """Why the client is not there, and what would help. ``words`` puts its error codes into words."""
    done = passed(wanted, met)
    if "resolve" not in done:
        if not met.addresses:
            return f"{wanted.name} did not resolve ({words(met)}): look at the client's DNS server and its copy of the zone"
        got, want = ", ".join(met.addresses), ", ".join(sorted(wanted.addresses))
        return f"{wanted.name} is {got}, not {want}"
    if "tcp" not in done:
        return f"{met.address} port {wanted.port} was not reached ({words(met)}): look at the service on the server and the firewalls between"
    where = f"{met.address} port {wanted.port}"
    if met.tls_failed:
        return f"{where} has a certificate that the client does not take for {wanted.name}: look at its names, its end and its authority"
    if wanted.protocol != "banner" and met.banner:
        if not met.http_status:
            return f"{where} answered {met.banner!r} to a request for {wanted.path}, which is no HTTP: look at port and protocol"
        if met.http_status >= 500:
            return f"{where} answered {met.http_status} for {wanted.path}: look at the service on the server"
        return f"{where} answered {met.http_status} for {wanted.path}, and nothing in it names {wanted.identity}: another server holds the address"
    if not met.banner:
        return f"{where} took the connection and said nothing: look whether the service is up"
    return f"{where} answered {met.banner!r}, which does not name {wanted.identity}: another server holds the address"


def curve(times: t.Mapping[str, float], of: int) -> dict[str, t.Any]:
    """How many of ``of`` clients reached a stage, and after how many seconds each share of all clients had; None = never."""
    ordered = sorted(times.values())
    shares = {f"p{share}": _after(ordered, math.ceil(of * share / 100)) for share in SHARES}
    return {"reached": len(ordered), "of": of, **shares}


def _after(ordered: t.Sequence[float], count: int) -> float | None:
    return round(ordered[count - 1], 3) if 0 < count <= len(ordered) else None
