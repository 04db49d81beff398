# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One host's WS-Management endpoint: HTTP connections, logon, message encryption, and the dispatch of SOAP requests to its services."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible_collections.continuity.identity_failover.tests.lab.certificates import ServerCertificates
from ansible_collections.continuity.identity_failover.tests.lab.faults import Faults
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON, CimFault, CimValue, HostModel, Trace, access_denied, class_not_found
from ansible_collections.continuity.identity_failover.tests.lab.wsman import faults as soap_faults
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names, soap
from ansible_collections.continuity.identity_failover.tests.lab.wsman.authentication import OFFER, Accounts, Authenticator
from ansible_collections.continuity.identity_failover.tests.lab.wsman.cim_service import CimService, Target, target_of
from ansible_collections.continuity.identity_failover.tests.lab.wsman.encryption import NotDecryptable, protocol_of, seal, unseal
from ansible_collections.continuity.identity_failover.tests.lab.wsman.http import HttpError, HttpRequest, read_request, response
from ansible_collections.continuity.identity_failover.tests.lab.wsman.shell_service import MAX_SHELLS_PER_USER, ShellService

if TYPE_CHECKING:
    from ansible_collections.continuity.identity_failover.tests.lab.network import LabNetwork

HTTPS_PORT = 5986
HTTP_PORT = 5985
MAX_ENVELOPE = 500 * 1024
"""MaxEnvelopeSizekb: the largest request."""
MAX_OPERATIONS_PER_USER = 1500
IDLE_CLOSE = 120.0
SOAP_TYPE = "application/soap+xml;charset=UTF-8"
# The read buffer that asyncio gives every TLS connection (256 KiB); with it a thousand clients would need 300 MB.
TLS_BUFFER = 32 * 1024


def shrink_tls_buffers() -> None:
    """Call once before serving TLS; the attribute is asyncio's own and has no public name."""
    from asyncio import sslproto

    protocol: Any = sslproto.SSLProtocol
    protocol.max_size = TLS_BUFFER


@dataclass
class Answer:
    """What one request gets. body None: close the connection without a word."""

    status: int
    body: bytes | None = b""
    headers: tuple[tuple[str, str], ...] = ()
    sealed_with: str = ""


@dataclass
class Connection:
    """One TCP connection."""

    sock: socket.socket
    peer: str
    tls: bool
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    login: Authenticator
    pending: list[asyncio.Task[None]] = field(default_factory=list)


class Endpoint:
    """Serves one host. activity() is called for every request."""

    def __init__(
        self,
        host: HostModel,
        network: LabNetwork,
        certificates: ServerCertificates,
        accounts: Accounts,
        faults: Faults,
        trace: Trace,
        activity: Callable[[], None] = lambda: None,
    ) -> None:
        self.host = host
        self.faults = faults
        self._network = network
        self._certificates = certificates
        self._accounts = accounts
        self._trace = trace
        self._activity = activity
        address = f"http://{host.management_address}:{HTTP_PORT}/wsman"
        self.shells = ShellService(host, address, shell_limit=self._shell_limit, split_output=self._split_output)
        self.cim = CimService(host.cim, address, self._intercept, self._empty_output)
        self._operations: dict[str, int] = {}

    def open(self) -> None:
        """Start to listen on both ports of the management address."""
        self._network.serve_management(self.host.name, self.host.management_address, HTTPS_PORT, self._serve_tls)
        self._network.serve_management(self.host.name, self.host.management_address, HTTP_PORT, self._serve_plain)

    def power_lost(self) -> None:
        """Forget shells, enumerations and operations."""
        self.shells.reset()
        self.cim.reset()
        self._operations.clear()

    # -- faults of the services -----------------------------------------------------------------------------------------------------------------------

    def _shell_limit(self) -> int:
        quota = self.faults.active.get("quota")
        return int(quota["shells"]) if quota is not None else MAX_SHELLS_PER_USER

    def _split_output(self) -> int:
        split = self.faults.active.get("split_output")
        return max(1, int(split["bytes"])) if split is not None else 0

    def _intercept(self, class_name: str, method: str) -> dict[str, CimValue] | None:
        found = self.faults.matches("return_value", class_name, method)
        return {"ReturnValue": CimValue("uint32", int(found["value"]))} if found is not None else None

    def _empty_output(self, class_name: str, method: str) -> bool:
        return self.faults.matches("empty_output", class_name, method) is not None

    # -- connections ----------------------------------------------------------------------------------------------------------------------------------

    async def _serve_plain(self, sock: socket.socket) -> None:
        await self._serve(sock, tls=False)

    async def _serve_tls(self, sock: socket.socket) -> None:
        await self._serve(sock, tls=True)

    async def _serve(self, sock: socket.socket, *, tls: bool) -> None:
        writer: asyncio.StreamWriter | None = None
        try:
            peer = sock.getpeername()[0]
            connection = await self._connect(sock, peer, tls=tls)
            writer = connection.writer
            while await self._exchange(connection):
                pass
        except asyncio.CancelledError:
            if not self._network.powered(self.host.name):
                # A machine without power says nothing, not even that the connection ended.
                self._network.hold(self.host.name, sock)
                if writer is not None:
                    writer.transport.abort()
                    writer = None
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError, asyncio.LimitOverrunError):
            pass
        finally:
            if writer is not None:
                writer.close()
            else:
                sock.close()

    async def _connect(self, sock: socket.socket, peer: str, *, tls: bool) -> Connection:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        certificate = None
        context = None
        if tls:
            bad = self.faults.active.get("bad_certificate")
            context = self._certificates.context(self.host.name, self.host.management_address, str(bad["problem"]) if bad is not None else "")
        transport, _protocol = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=context, ssl_handshake_timeout=15.0 if tls else None)
        if tls:
            certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        return Connection(sock, peer, tls, reader, writer, Authenticator(self._accounts, tls=tls, peer_certificate=certificate))

    def _idle_close(self) -> float:
        idle = self.faults.active.get("idle_close")
        return float(idle["seconds"]) if idle is not None else IDLE_CLOSE

    async def _exchange(self, connection: Connection) -> bool:
        """One request and its answer; False ends the connection."""
        writer = connection.writer
        try:
            request = await asyncio.wait_for(read_request(connection.reader, writer, MAX_ENVELOPE), self._idle_close())
        except HttpError as error:
            self._note_http(connection, error.status)
            writer.write(response(error.status, close=True))
            await writer.drain()
            return False
        if request is None:
            return False
        self._activity()
        if self.faults.active or not self._network.hears(self.host.name):
            if not await self._delay(connection):
                return False
        dropped = self.faults.dropped()
        if dropped.before:
            self._note_http(connection, 0)
            return self._reset(connection)
        answer = await self._answer(connection, request)
        if dropped.after:
            self._note_http(connection, 0)
            return self._reset(connection)
        if not self._network.heard(self.host.name):
            await self._wait(self._network.heard)
        content_type, body = SOAP_TYPE if answer.body else "", answer.body or b""
        if answer.sealed_with and connection.login.context is not None and body:
            content_type, body = seal(connection.login.context, answer.sealed_with, body)
        writer.write(response(answer.status, body, content_type, answer.headers, close=not request.keep_alive))
        await writer.drain()
        return request.keep_alive

    def _reset(self, connection: Connection) -> bool:
        connection.writer.transport.abort()
        return False

    async def _delay(self, connection: Connection) -> bool:
        """Wait as the faults ask; False when the connection must end."""
        if "refuse" in self.faults.active:
            return self._reset(connection)
        await self._wait(self._network.hears)
        slow = self.faults.active.get("slow")
        if slow is not None:
            await asyncio.sleep(float(slow["ms"]) / 1000)
        return True

    async def _wait(self, passable: Callable[[str], bool]) -> None:
        """What the network holds back arrives when it is mended, if the client still waits."""
        while not passable(self.host.name):
            await self._network.changed.wait()

    # -- one request ----------------------------------------------------------------------------------------------------------------------------------

    def _note_http(self, connection: Connection, status: int) -> None:
        """Trace what never became a SOAP exchange; status 0 = the connection was dropped."""
        self._trace.add("http", self.host.name, status=status, peer=connection.peer, tls=connection.tls)

    def _refused(self, connection: Connection, status: int, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        self._note_http(connection, status)
        return Answer(status, headers=headers)

    async def _answer(self, connection: Connection, request: HttpRequest) -> Answer:
        active = self.faults.active
        if active:
            for status in ("503", "413"):
                if status in active:
                    return self._refused(connection, int(status))
        if request.method != "POST":
            return self._refused(connection, 405)
        if not request.path.lower().startswith("/wsman"):
            return self._refused(connection, 404)
        if request.headers.get("wsmanidentify", "").lower() == "unauthenticated" and b"Identify" in request.body:
            return Answer(200, soap.identify_response())
        if "401" in active:
            return self._refused(connection, 401, OFFER)
        authorization = request.headers.get("authorization")
        verdict = connection.login.check(authorization)
        if verdict.plain:
            return self._refused(connection, 500)
        if verdict.user is None:
            if verdict.headers is OFFER and authorization is not None:
                self._note_http(connection, 401)
            return Answer(401, headers=verdict.headers)
        if not request.body:
            return Answer(200, headers=verdict.headers)
        return await self._authenticated(connection, request, verdict.user, verdict.headers)

    async def _authenticated(self, connection: Connection, request: HttpRequest, user: str, headers: tuple[tuple[str, str], ...]) -> Answer:
        protocol = protocol_of(request.headers.get("content-type", ""))
        body = request.body
        if protocol is not None:
            try:
                body = unseal(connection.login.context, body)
            except NotDecryptable:
                return self._refused(connection, 400)
        elif not connection.tls:
            # AllowUnencrypted=false
            return self._refused(connection, 500)
        status, answer = await self._soap(body, user, connection.peer)
        return Answer(status, answer, headers, protocol or "")

    async def _soap(self, data: bytes, user: str, peer: str) -> tuple[int, bytes]:
        request = soap.Request("")
        note: dict[str, JSON] = {"user": user}
        try:
            request = soap.parse(data)
            status, answer = 200, await self._dispatch(request, user, peer, note)
        except CimFault as fault:
            status, answer = 500, self._fault_answer(fault, request)
            note["fault"] = fault.code or fault.error_code
            note["subcode"] = fault.subcode
        except Exception as error:  # a defect of the model must reach the client as a fault and the lab's log as itself
            traceback.print_exc()
            status, answer = 500, self._fault_answer(CimFault(2150858755, "w:InternalError", "The provider failed."), request)
            note["defect"] = f"{type(error).__name__}: {error}"
        self._trace.add("wsman", self.host.name, status=status, **note)
        return status, answer

    def _fault_answer(self, fault: CimFault, request: soap.Request) -> bytes:
        return soap_faults.fault_envelope(fault, request.message_id, self.host.management_address, request.resource)

    async def _dispatch(self, request: soap.Request, user: str, peer: str, note: dict[str, JSON]) -> bytes:
        operation = request.action.rpartition("/")[2]
        note["action"] = operation
        if not request.action and request.body is not None and request.body.tag == f"{{{names.IDENTITY}}}Identify":
            note["action"] = "Identify"
            return soap.identify_response()
        if not request.action or not request.resource:
            raise CimFault(2150858769, "a:MessageInformationHeaderRequired", "The request lacks a required header.", detail="Action")
        self._check_operations(user)
        self._operations[user] = self._operations.get(user, 0) + 1
        try:
            if request.resource.lower().startswith(names.SHELL):
                note["resource"] = "shell"
                if self.faults.matches("access_denied", "shell") is not None:
                    raise access_denied("the remote shell")
                return await self.shells.handle(request, user, peer)
            target = target_of(request)
            if target is None:
                raise soap_faults.unknown_resource(request.resource)
            self._note_target(note, request, target)
            if self.faults.matches("access_denied", target.class_name) is not None:
                raise access_denied(target.class_name)
            if target.class_name != "*" and self.faults.matches("class_missing", target.class_name) is not None:
                raise class_not_found(target.class_name)
            return await self.cim.handle(request, target)
        finally:
            self._operations[user] = max(0, self._operations.get(user, 0) - 1)

    def _check_operations(self, user: str) -> None:
        quota = self.faults.active.get("quota")
        limit = int(quota["operations"]) if quota is not None and quota["operations"] else MAX_OPERATIONS_PER_USER
        if self._operations.get(user, 0) >= limit:
            raise soap_faults.too_many_operations(limit)

    @staticmethod
    def _note_target(note: dict[str, JSON], request: soap.Request, target: Target) -> None:
        """Names only: values of arguments may be secrets."""
        note["namespace"] = target.namespace
        note["class"] = target.class_name
        if target.keys:
            note["keys"] = target.keys
        if request.action.startswith((names.WMI_PREFIX, names.CIM_PREFIX)):
            note["method"] = note["action"]
            note["action"] = "Invoke"
        elif request.action == names.ENUMERATE and request.body is not None:
            query = request.body.findtext(f"{{{names.WSMAN}}}Filter")
            if query:
                note["query"] = query.strip()
