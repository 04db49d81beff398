# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""HTTP for pywinrm under one deadline: every connect, handshake step, send and read ends with it.

``requests`` has one time for connecting, per address, and one per read of a socket: neither bounds a call. Here each of them gets what is left of
the call's deadline. What goes wrong below HTTP is raised as an error of this collection at the place where it is known; those are no OSErrors, so
urllib3 and requests let them pass.
"""

from __future__ import annotations

import dataclasses
import errno
import functools
import io
import socket
import ssl
import threading
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    BadCertificate,
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    ProtocolError,
    Unreachable,
)


#: A host that loses its power while a request waits says nothing more. Where the kernel can, it gives up when what was sent is not acknowledged
#: for this long, instead of at the call's deadline.
DEAD_AFTER = 10.0
_DETECT_DEATH = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
_DETECT_DEATH += [(socket.IPPROTO_TCP, getattr(socket, name), 5) for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL") if hasattr(socket, name)]
_DETECT_DEATH += [(socket.IPPROTO_TCP, getattr(socket, name), int(DEAD_AFTER * 1000)) for name in ("TCP_USER_TIMEOUT",) if hasattr(socket, name)]


class Stale(Exception):
    """The connection that the security context belongs to has ended; nothing was sent. Never leaves the transport."""


@dataclasses.dataclass
class Limits:
    """What the requests of one call are bound by. ``where`` is the host for messages, ``what`` the deed."""

    deadline: Deadline
    connect_timeout: float
    what: str
    where: str
    host: str
    may_connect: bool = True
    """False once a security context depends on the connection that is open."""

    def remaining(self) -> float:
        """Seconds for the next wait, never 0 (which would mean: do not wait at all). Raises DeadlineExceeded."""
        left = self.deadline.remaining()
        if left <= 0:
            raise self.exceeded()
        return left

    def exceeded(self) -> DeadlineExceeded:
        return DeadlineExceeded(f"could not {self.what} on {self.where} within {self.deadline.seconds:g} s; give it more time, or look there", host=self.host)


_current = threading.local()
_building = threading.Lock()


class bound:
    """``with bound(limits):`` holds for every connection that this thread uses meanwhile."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._before: Limits | None = None

    def __enter__(self) -> Limits:
        self._before = getattr(_current, "limits", None)
        _current.limits = self._limits
        return self._limits

    def __exit__(self, *_exc: object) -> None:
        _current.limits = self._before


def current() -> Limits:
    """Those of the call that this thread is in."""
    limits: Limits | None = getattr(_current, "limits", None)
    if limits is None:
        raise RuntimeError("a request outside of a call's deadline")
    return limits


class _Reader(io.RawIOBase):
    """The socket's bytes; ``_sock`` is where requests-ntlm looks for the certificate."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        limits = current()
        self._sock.settimeout(limits.remaining())
        try:
            return self._raw.readinto(buffer)
        except TimeoutError as error:
            if error.errno == errno.ETIMEDOUT:  # the kernel's word: what we sent was never acknowledged
                raise ConnectionLost(f"{limits.where} has stopped answering in the middle of '{limits.what}'; check that it runs", host=limits.host) from error
            limits.remaining()  # raises, unless the clock and the socket differ by a moment
            raise

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class TimedSocket:
    """A connected socket whose reads and writes get what is left of the deadline. Anything else is the socket's own."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, *_args: t.Any, **_kwargs: t.Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock), 65536)

    def sendall(self, data: t.Any, *flags: int) -> None:
        self._sock.settimeout(current().remaining())
        self._sock.sendall(data, *flags)

    def fileno(self) -> int:
        return self._sock.fileno()

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._sock, name)


def dial(host: str, port: int, options: t.Any = None) -> socket.socket:
    """A TCP connection to the first address that takes it, within connect_timeout for each and the deadline for all."""
    limits = current()
    if not limits.may_connect:
        raise Stale
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(f"the name {host} of {limits.where} does not resolve here; mend DNS, or give an address as 'host'", host=limits.host) from error
    last: OSError | None = None
    for family, kind, protocol, _name, address in addresses:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(min(limits.connect_timeout, limits.remaining()))
            for option in (*(options or ()), *_DETECT_DEATH):
                sock.setsockopt(*option)
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise _unconnected(last, limits)


def _unconnected(error: OSError | None, limits: Limits) -> ConnectionRefused | Unreachable:
    if error is not None and error.errno == errno.ECONNREFUSED:
        return ConnectionRefused(f"{limits.where} refuses connections; start the WinRM service there, or correct the port", host=limits.host)
    if error is None or isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return Unreachable(
            f"{limits.where} does not answer within {limits.connect_timeout:g} s; check that it runs, and that a firewall lets this port through",
            host=limits.host,
        )
    return Unreachable(f"{limits.where} cannot be reached ({error.strerror or error}); check the network and the address", host=limits.host)


def secure(connect: t.Callable[[], None], limits: Limits) -> None:
    """Runs a TLS connect and names what failed: the certificate, the protocol, or the host's silence."""
    try:
        connect()
    except ssl.SSLCertVerificationError as error:
        raise BadCertificate(
            f"the certificate of {limits.where} cannot be trusted ({error.verify_message or error}); give its authority as 'ca_file', or correct the name",
            host=limits.host,
        ) from error
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError) as error:
        raise ConnectionLost(f"{limits.where} ended the connection while TLS was set up; check that this port speaks https", host=limits.host) from error
    except TimeoutError as error:
        raise Unreachable(f"{limits.where} accepts connections but does not answer TLS within {limits.connect_timeout:g} s", host=limits.host) from error
    except ssl.SSLError as error:
        raise ProtocolError(f"TLS with {limits.where} failed ({error.reason or error}); check that this port speaks https", host=limits.host) from error


def adapter_class() -> t.Any:
    """The requests adapter; one class for all threads, built when first needed: requests and urllib3 take a third of a second to import."""
    with _building:
        return _adapter_class()


@functools.lru_cache(maxsize=1)
def _adapter_class() -> t.Any:
    import requests.adapters
    import urllib3.connection
    import urllib3.connectionpool
    import urllib3.util.ssl_

    @functools.lru_cache(maxsize=8)
    def trust(cert_reqs: t.Any, ca_certs: str | None, ca_cert_dir: str | None) -> ssl.SSLContext:
        """One TLS context for all hosts that are trusted by the same authorities: reading those takes up to 20 ms for each connection."""
        context = urllib3.util.ssl_.create_urllib3_context(cert_reqs=urllib3.util.ssl_.resolve_cert_reqs(cert_reqs))
        if ca_certs or ca_cert_dir:
            try:
                context.load_verify_locations(ca_certs, ca_cert_dir)
            except OSError as error:
                raise urllib3.exceptions.SSLError(error) from error
        else:
            context.load_default_certs()
        return context

    class Plain(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self.host, self.port or 5985, self.socket_options)

        def connect(self) -> None:
            super().connect()
            self.sock = t.cast("socket.socket", TimedSocket(t.cast("socket.socket", self.sock)))

    class Secure(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return dial(self.host, self.port or 5986, self.socket_options)

        def connect(self) -> None:
            if self.ssl_context is None and not self.cert_file:
                self.ssl_context = trust(self.cert_reqs, self.ca_certs, self.ca_cert_dir)
                self.ca_certs = self.ca_cert_dir = None  # they are in the context; loading them again costs as much as the handshake
            secure(super().connect, current())
            self.sock = t.cast("socket.socket", TimedSocket(t.cast("socket.socket", self.sock)))

    class PlainPool(urllib3.connectionpool.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
        ConnectionCls = Secure

    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

        def send(self, request: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
            limits = current()
            left = limits.remaining()
            kwargs["timeout"] = (min(limits.connect_timeout, left), left)
            return super().send(request, *args, **kwargs)

    return Adapter
