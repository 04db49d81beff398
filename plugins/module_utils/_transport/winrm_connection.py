# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One authenticated connection to a host's WS-Management service, over pywinrm's Transport.

It knows HTTP, authentication and when a message may be sent again; what the messages say is not its business.
"""

from __future__ import annotations

import functools
import threading
import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils import _settings
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    BadCredentials,
    ConnectionLost,
    FailoverError,
    InvalidInput,
    MissingLibrary,
    ProtocolError,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import direct_http, kerberos, timed_http, winrm_causes, winrm_logon

#: HTTP.sys closes a connection after 120 idle seconds, and the sealed message for it would be lost.
IDLE_LIMIT = 60.0
#: The service takes 500 KiB by default; sealing and base64 need room.
REQUEST_LIMIT = 400 * 1024

_importing = threading.Lock()


class HttpFailure(Exception):
    """An HTTP status above 399 with its body, which may be a SOAP fault. Never leaves the transport."""

    def __init__(self, status: int, body: bytes, sealed: bool) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        self.sealed = sealed


def _winrm() -> t.Any:
    """pywinrm with our Transport in it; one class for all threads, imported when first needed."""
    with _importing:
        return _import_winrm()


@functools.lru_cache(maxsize=1)
def _import_winrm() -> t.Any:
    try:
        import winrm.exceptions
        import winrm.transport
    except ImportError as error:
        raise MissingLibrary(f"the Python package pywinrm is missing ({error}); {winrm_logon.INSTALL} pywinrm") from error

    class BoundTransport(winrm.transport.Transport):
        """Takes nothing from the environment, follows no redirect, and has our deadline."""

        def setup_encryption(self, session: t.Any) -> None:
            _prepare(session)
            super().setup_encryption(session)

        def build_session(self) -> t.Any:
            session = super().build_session()
            _prepare(session)
            return session

        def _get_message_response_text(self, response: t.Any) -> bytes:
            content: bytes = response.content
            announced = response.headers.get("Content-Length", "")
            if announced.isdigit() and len(content) < int(announced):  # urllib3 before 2 does not mind
                raise ConnectionResetError("the answer is shorter than announced")
            if self.encryption is None or not content:
                return content
            if "encrypted" not in response.headers.get("Content-Type", ""):
                raise ProtocolError("the host answered a sealed message in the clear")
            opened: bytes = super()._get_message_response_text(response)
            return opened

    winrm.transport.BoundTransport = BoundTransport  # type: ignore[attr-defined]
    return winrm


def _prepare(session: t.Any) -> None:
    adapter = timed_http.adapter_class()
    if not isinstance(session.get_adapter("https://"), adapter):
        session.trust_env = False
        session.max_redirects = 0
        session.mount("http://", adapter(pool_connections=1, pool_maxsize=1))
        session.mount("https://", adapter(pool_connections=1, pool_maxsize=1))


@dataclasses.dataclass
class _Crowd:
    """What this process has seen of asking without pywinrm: that it worked, or that pywinrm got through where it did not."""

    proven: bool = False
    distrusted: bool = False


#: Sealed messages and TLS are two forms: that one is understood says nothing of the other.
_crowds = {"http": _Crowd(), "https": _Crowd()}


class Connection:
    """``post`` takes one message and gives one answer. Not for several threads."""

    def __init__(self, settings: _settings.ConnectionSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.where = f"{settings.name} ({settings.endpoint.split('/')[2]})"
        self.requests = 0
        self._methods = winrm_logon.methods(settings)
        self._settled = False
        self._crowd = _crowds[settings.endpoint.partition(":")[0]]
        self._direct = settings.bulk and not self._crowd.distrusted
        self._transport: t.Any = None
        self._last_use = clock.monotonic()

    def post(self, message: bytes, deadline: Deadline, what: str, *, repeatable: bool) -> bytes:
        """The answer's bytes. Sends a second time only when the connection was lost, and ``repeatable`` or nothing had been sent.

        Raises HttpFailure for an HTTP error, any TransportError, MissingLibrary, InvalidInput.
        """
        if len(message) > REQUEST_LIMIT:
            raise InvalidInput(f"the request to {what} on {self.where} has {len(message)} bytes; a host takes {REQUEST_LIMIT}", host=self.settings.name)
        if self._transport is not None and self.clock.monotonic() - self._last_use > IDLE_LIMIT:
            self.drop()
        limits = timed_http.Limits(deadline, self.settings.connect_timeout, what, self.where, self.settings.name)
        with timed_http.bound(limits):
            try:
                return self._exchange(message, limits, repeatable)
            except timed_http.Stale:
                self.drop()
            except ConnectionLost:
                if not repeatable:
                    raise
            except HttpFailure as failure:
                if not (failure.status == 400 and failure.sealed and not failure.body and repeatable):
                    raise
                self.drop()
            limits.may_connect = True
            try:
                return self._exchange(message, limits, repeatable)
            except timed_http.Stale as stale:
                raise ConnectionLost(f"{self.where} ended the connection twice; look at its WinRM service", host=self.settings.name) from stale

    def drop(self) -> None:
        """Forgets the connection; the next message makes a new one."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close_session()

    def _exchange(self, message: bytes, limits: timed_http.Limits, repeatable: bool) -> bytes:
        """By the method that worked before; the first time by each in turn until the host accepts one."""
        refused: list[FailoverError] = []
        for method in list(self._methods):
            try:
                answer = self._send_either_way(method, message, limits, repeatable)
            except (BadCredentials, MissingLibrary) as error:
                refused.append(error)
                continue
            finally:
                self._last_use = self.clock.monotonic()
            self._settle(method)
            return answer
        missing = [error for error in refused if isinstance(error, MissingLibrary)]
        if len(missing) == len(refused):
            raise missing[0]
        tried = [error for error in refused if isinstance(error, BadCredentials)]
        tried[0].logons = sum(error.logons for error in tried)
        raise tried[0]

    def _settle(self, method: str) -> None:
        if not self._settled:
            self._methods = (method,)
            self._settled = True

    def _send_either_way(self, method: str, message: bytes, limits: timed_http.Limits, repeatable: bool) -> bytes:
        """One of many clients without pywinrm. Where that never worked in this process and fails now, pywinrm has the last word: if it gets
        through, all others go its way. A password that was refused is not tried again: that would lock the account twice as fast. Nor is
        a message sent again that must not be, because an answer that is not understood may be one to work that was done."""
        try:
            answer = self._send(method, message, limits)
        except (BadCredentials, ProtocolError) as error:
            final = error.logons > 0 if isinstance(error, BadCredentials) else not repeatable
            if not self._direct or self._crowd.proven or method != "ntlm" or final:
                raise
            self._direct = False
            try:
                answer = self._send(method, message, limits)
            except MissingLibrary:
                self._direct = True
                raise error from None
            self._crowd.distrusted = True
        else:
            self._crowd.proven = self._crowd.proven or isinstance(self._transport, direct_http.DirectTransport)
        return answer

    def _send(self, method: str, message: bytes, limits: timed_http.Limits) -> bytes:
        ready = self._transport is not None
        try:
            if not ready:
                self._transport = self._build(method, limits)
                self._transport.build_session()
                ready = True
            sealed = self._transport.encryption is not None
            if not sealed and self.settings.endpoint.startswith("http:"):
                raise InvalidInput(f"messages to {self.where} would not be encrypted; use https", host=self.settings.name)
            limits.may_connect = not sealed
            self.requests += 1
            answer: bytes = self._transport.send_message(message)
            return answer
        except Exception as error:
            sealed = self._transport is not None and self._transport.encryption is not None
            translated = self._translate(error, method, limits, sealed)
            if isinstance(translated, HttpFailure):
                if translated.status == 500:
                    self._settle(method)
            if not (ready and isinstance(translated, HttpFailure)):
                self.drop()  # a logon that was cut short leaves half a connection
            if translated is error:
                raise
            raise translated from error

    def _translate(self, error: Exception, method: str, limits: timed_http.Limits, sealed: bool) -> Exception:
        """Errors of pywinrm, requests and the libraries below as ours. Errors of ours pass, with the host's name."""
        if isinstance(error, direct_http.Refused):
            return HttpFailure(error.status, error.body, sealed)
        name = self.settings.name
        if isinstance(error, (FailoverError, timed_http.Stale)):
            if isinstance(error, FailoverError) and error.host is None:
                return type(error)(f"could not {limits.what} on {self.where}: {error.message}", host=name, **error.details)
            return error
        direct = self._transport if isinstance(self._transport, direct_http.DirectTransport) else None
        kinds = winrm_causes.of_pywinrm(_winrm()) if direct is None else winrm_causes.DIRECT
        if isinstance(error, kinds.status):
            status = t.cast("t.Any", error)
            return HttpFailure(status.code, status.response_text.encode("utf-8"), sealed)
        if isinstance(error, kinds.refused) or (not self._settled and winrm_causes.of_a_logon(error)):
            refusal = BadCredentials(
                f"{self.where} does not accept the logon of {self.settings.user or 'the certificate'} by {method}; check account, password and the service's "
                "authentication settings (winrm get winrm/config/service/auth)",
                host=name,
                transport=method,
                cause=winrm_causes.innermost(error),
            )
            refusal.logons = 1 if direct is None else int(direct.password_tried)
            return refusal
        if isinstance(error, kinds.silent) or isinstance(winrm_causes.root(error), TimeoutError):
            return limits.exceeded()
        if isinstance(error, kinds.tls):
            return ProtocolError(f"TLS with {self.where} failed ({winrm_causes.innermost(error)})", host=name)
        if isinstance(error, kinds.lost):
            return ConnectionLost(
                f"{self.where} ended the connection before it had answered to '{limits.what}'; whether it was done is not known, look before trying again",
                host=name,
            )
        return ProtocolError(f"could not {limits.what} on {self.where}: {winrm_causes.innermost(error)}", host=name, transport=method)

    def _build(self, method: str, limits: timed_http.Limits) -> t.Any:
        settings = self.settings
        if self._direct and direct_http.usable(settings, method):
            return direct_http.DirectTransport(settings, winrm_logon.without_lm_hash(settings.password))
        module = _winrm().transport
        winrm_logon.require(method, module)
        user: str | bytes = settings.user
        password: str | bytes = settings.password
        if method == "basic":
            user, password = winrm_logon.latin(settings.user), winrm_logon.latin(settings.password)
        if method == "kerberos" and password:
            kerberos.get_ticket(settings.user, settings.password, limits.remaining(), settings.name)
        if method == "ntlm":
            password = winrm_logon.without_lm_hash(settings.password)
        return module.BoundTransport(
            endpoint=settings.endpoint,
            username=user,
            password=password,
            service="WSMAN" if method == "kerberos" else None,
            ca_trust_path=settings.ca_file,
            cert_pem=settings.certificate_pem,
            cert_key_pem=settings.certificate_key_pem,
            read_timeout_sec=1,  # the adapter puts what is left of the deadline
            server_cert_validation="validate" if settings.validate_certs else "ignore",
            auth_method=method,
            message_encryption=settings.message_encryption if method != "certificate" else "never",
            send_cbt=True,
            proxy=None,
        )
