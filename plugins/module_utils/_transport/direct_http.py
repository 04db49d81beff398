# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One authenticated connection with NTLM, without pywinrm, requests and urllib3: thousands of clients are asked two questions each.

It stands where pywinrm's Transport stands, and keeps what that keeps. By https the certificate is checked against the same authorities and the host's
name, the logon is bound to the certificate (RFC 5929, tls-server-end-point), and TLS 1.2 is the oldest. By http every message is sealed and signed with
the logon's keys. NTLM is offered at once, where requests-ntlm first asks without it. No real Windows has answered it, so only a task's many clients
are asked this way, with pywinrm behind it; servers whose identity moves, and every other method, stay with pywinrm.

Measured on clients that are cleared and read back by https: 3.5 ms of CPU each instead of 7.6, of which TLS takes 1.2 and NTLM 1.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.util
import os
import select
import socket
import ssl
import threading
import typing as t
import urllib.parse

from ansible_collections.continuity.identity_failover.plugins.module_utils import _settings
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import timed_http
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import http_answer, sealed

#: They come with pywinrm; what is imported where it is used.
LIBRARIES = ("certifi", "cryptography", "spnego")
SOAP = "application/soap+xml;charset=UTF-8"
_contexts = threading.Lock()


class Refused(Exception):
    """An HTTP status above 399 with its body. Never leaves the transport."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


def usable(settings: _settings.ConnectionSettings, method: str) -> bool:
    """Whether this host is reached this way: by NTLM, sealed or in TLS and not both, and with the libraries for it at hand."""
    if method != "ntlm" or settings.message_encryption == ("always" if settings.endpoint.startswith("https:") else "never"):
        return False
    return all(importlib.util.find_spec(library) for library in LIBRARIES)


class DirectTransport:
    """The part of pywinrm's Transport that Connection uses. Not for several threads."""

    def __init__(self, settings: _settings.ConnectionSettings, password: str) -> None:
        self._settings = settings
        self._password = password
        parts = urllib.parse.urlsplit(settings.endpoint)
        self._host, self._port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        #: Whether messages are sealed; None where TLS carries them.
        self.encryption = None if parts.scheme == "https" else True
        self._fixed = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {_ascii(parts.netloc)}\r\nAccept-Encoding: identity\r\nConnection: Keep-Alive\r\n"
            "User-Agent: continuity.identity_failover\r\n"
        )
        self._sock: t.Any = None
        self._reader: t.Any = None
        self._logged_on = False
        self._context: t.Any = None
        #: Whether a proof of the password was sent, which counts towards a lockout where it is refused.
        self.password_tried = False

    def build_session(self) -> None:
        """Sealing needs the logon's keys, so it comes first; in TLS the first message goes with it."""
        if self.encryption:
            self._connect()
            self._require(self._log_on(b""))

    def close_session(self) -> None:
        reader, sock = self._reader, self._sock
        self._reader = self._sock = None
        self._logged_on, self._context = False, None
        for each in (reader, sock):
            if each is not None:
                try:
                    each.close()
                except OSError:
                    pass

    def send_message(self, message: bytes) -> bytes:
        """The answer's body. Raises Refused for an HTTP error, PermissionError for a refused logon, Stale where a connection whose keys seal the
        message has ended, OSError for the connection."""
        if self._sock is not None and _ended(self._sock):
            self.close_session()
        if self.encryption:
            return self._sealed(message)
        if self._sock is None:
            self._connect()
        was_logged_on = self._logged_on
        answer = self._exchange(message) if was_logged_on else self._log_on(message)
        if answer.status == 401 and was_logged_on:
            if self._sock is None:  # it came with Connection: close
                self._connect()
            answer = self._log_on(message)
        self._require(answer)
        return answer.body

    def _require(self, answer: http_answer.Answer) -> None:
        if answer.status == 401:
            raise PermissionError("the logon was refused")
        if answer.status >= 300:
            raise Refused(answer.status, answer.body)
        self._logged_on = self._sock is not None

    def _sealed(self, message: bytes) -> bytes:
        if self._sock is None:
            raise timed_http.Stale
        context = self._context
        wrapped = context.wrap_winrm(message)
        body = sealed.enclosed(sealed.Sealed(len(message) + wrapped.padding_length, wrapped.header, wrapped.data))
        answer = self._exchange(body, content_type=sealed.CONTENT_TYPE)
        if answer.body and answer.status != 401:
            if "encrypted" not in ",".join(answer.headers.get("content-type", ())):
                raise ProtocolError("the host answered a sealed message in the clear")
            answer = answer._replace(body=_opened(context, answer.body))
        self._require(answer)
        return answer.body

    def _connect(self) -> None:
        limits = timed_http.current()
        raw = timed_http.dial(self._host, self._port, [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)])
        try:
            self._sock = timed_http.TimedSocket(raw if self.encryption else self._secured(raw, limits))
        except BaseException:
            raw.close()
            raise
        self._reader = self._sock.makefile("rb")

    def _secured(self, raw: socket.socket, limits: timed_http.Limits) -> ssl.SSLSocket:
        done: list[ssl.SSLSocket] = []

        def handshake() -> None:
            with _contexts:
                context = _trust(self._settings.validate_certs, self._settings.ca_file)
            done.append(context.wrap_socket(raw, server_hostname=self._host))

        timed_http.secure(handshake, limits)
        return done[0]

    def _log_on(self, message: bytes) -> http_answer.Answer:
        """The three steps of NTLM; the message goes with the last. Any other answer than a challenge is the answer."""
        import spnego

        bindings = None
        if not self.encryption:
            certificate = b"tls-server-end-point:" + _fingerprint(self._sock.getpeercert(True))
            bindings = spnego.channel_bindings.GssChannelBindings(application_data=certificate)
        context = self._context = spnego.client(
            self._settings.user,
            self._password,
            protocol="ntlm",
            channel_bindings=bindings,
            hostname=self._host,
            service="http",
            options=spnego.NegotiateOptions.use_ntlm,
        )
        self._logged_on = False
        answer = self._exchange(b"", f"Authorization: Negotiate {base64.b64encode(context.step() or b'').decode()}\r\n")
        if answer.status != 401:
            return answer if answer.status >= 300 or not message else self._exchange(message)
        challenge = next((value[10:].strip() for value in answer.headers.get("www-authenticate", ()) if value[:10].lower() == "negotiate "), "")
        if not challenge:
            raise PermissionError("the service offers no NTLM")
        token = base64.b64encode(context.step(base64.b64decode(challenge)) or b"").decode()
        self.password_tried = True
        return self._exchange(message, f"Authorization: Negotiate {token}\r\n")

    def _exchange(self, message: bytes, authorization: str = "", content_type: str = SOAP) -> http_answer.Answer:
        if self._sock is None:
            raise ConnectionResetError("the service ended the connection in the middle of the logon")
        head = f"{self._fixed}{authorization}Content-Type: {content_type}\r\nContent-Length: {len(message)}\r\n\r\n"
        self._sock.sendall(head.encode("latin-1") + message)
        answer = http_answer.read(self._reader)
        if "close" in ",".join(answer.headers.get("connection", ())).lower():
            self.close_session()
        return answer


def _ascii(netloc: str) -> str:
    """An international name as it goes over the wire (IDNA)."""
    return netloc if netloc.isascii() else netloc.encode("idna").decode("ascii")


def _opened(context: t.Any, body: bytes) -> bytes:
    """The plain text of a sealed answer, whose signature was verified."""
    import spnego.exceptions

    message = sealed.taken_out(body)
    try:
        plain: bytes = context.unwrap_winrm(message.signature, message.data)
    except (spnego.exceptions.SpnegoError, ValueError) as error:
        raise ProtocolError("the sealed answer does not verify; it was changed on the way, or the host lost the logon") from error
    if len(plain) != message.length:
        raise ProtocolError("the sealed answer has not the length that it announces")
    return plain


def _ended(sock: t.Any) -> bool:
    """Whether the other side has closed a connection that nothing was asked on: then there is something to read, its end."""
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


@functools.lru_cache(maxsize=8)
def _trust(validate: bool, ca_file: str | None) -> ssl.SSLContext:
    """One context for all hosts that are trusted by the same authorities; without any named, those that requests trusts."""
    import certifi

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    if not validate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    path = ca_file or certifi.where()
    try:
        context.load_verify_locations(capath=path) if os.path.isdir(path) else context.load_verify_locations(cafile=path)
    except OSError as error:
        raise ProtocolError(f"the file {path} holds no certificates that can be read ({error.strerror or error})") from error
    return context


def _fingerprint(certificate: bytes) -> bytes:
    """RFC 5929, section 4.1: the hash of the certificate's own signature, SHA-256 in place of MD5 and SHA-1, and where it names none."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        algorithm = None
    name = algorithm.name if algorithm is not None and algorithm.name not in ("md5", "sha1") else "sha256"
    return hashlib.new(name.replace("sha3-", "sha3_"), certificate).digest()
