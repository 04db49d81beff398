# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small HTTP server on 127.0.0.1 whose every byte a test decides, for what goes wrong on the way to a host.

    with LocalServer(lambda request: Reply(200, b"...")) as server:
        server.port, server.requests

A handler returns a Reply, or one of SILENT (no answer until the end of the test), CLOSE (ends the connection without an answer), HALF (ends it in the
middle of the answer). Threads and sockets end with the ``with``.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime
import errno
import ipaddress
import os
import pathlib
import socket
import ssl
import threading
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SILENT = "silent"
CLOSE = "close"
HALF = "half"


@dataclasses.dataclass
class Request:
    headers: dict[str, str]
    body: bytes
    connection: int
    """Counts from 1."""


@dataclasses.dataclass
class Reply:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    drip: float = 0.0
    """Bytes one by one, with this many seconds between them."""


Handler = t.Callable[[Request], Reply | str]


@contextlib.contextmanager
def closed_port(address: str = "127.0.0.1") -> t.Iterator[int]:
    """A port that refuses connections, and that nobody else is given meanwhile: it is bound and does not listen."""
    with socket.socket() as held:
        held.bind((address, 0))
        yield int(held.getsockname()[1])


class LocalServer:
    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self.connections = 0
        self.over = threading.Event()
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open: list[socket.socket] = []

    def __enter__(self) -> LocalServer:
        self._threads[0].start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_all()
        for thread in self._threads:
            thread.join(5)

    def drop_all(self) -> None:
        """Ends every connection, as a host does with idle ones."""
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        self._open = []

    def _accept(self) -> None:
        while not self.over.is_set():
            try:
                sock, _peer = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        self._open.append(sock)
        with contextlib.suppress(OSError, ValueError, EOFError):
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            stream = sock.makefile("rb")
            while self._one(sock, stream, number):
                pass
        with contextlib.suppress(OSError):
            sock.close()

    def _one(self, sock: socket.socket, stream: t.IO[bytes], number: int) -> bool:
        if not stream.readline():
            return False
        headers: dict[str, str] = {}
        for line in iter(stream.readline, b"\r\n"):
            if not line:
                return False
            name, _colon, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        request = Request(headers, stream.read(int(headers.get("content-length", "0"))), number)
        self.requests.append(request)
        reply = self.handler(request)
        if reply == SILENT:
            self.over.wait(30)
            return False
        if reply == CLOSE:
            return False
        if isinstance(reply, str):
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\nContent-Length: 5000\r\n\r\n<s:Enve")
            return False
        self._send(sock, reply)
        return True

    def _send(self, sock: socket.socket, reply: Reply) -> None:
        headers = dict(reply.headers)
        lines = [f"HTTP/1.1 {reply.status} Status", f"Content-Length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if "Content-Type" not in headers and reply.body:
            lines.append("Content-Type: application/soap+xml;charset=UTF-8")
        sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if not reply.drip:
            sock.sendall(reply.body)
            return
        for byte in reply.body:
            sock.sendall(bytes([byte]))
            if self.over.wait(reply.drip):
                return


def udp_and_tcp(address: str = "127.0.0.1") -> tuple[socket.socket, socket.socket]:
    """A UDP and a listening TCP socket on one port. The kernel chooses a port that is free for the one, which somebody may hold for the other."""
    taken: list[socket.socket] = []
    try:
        while True:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind((address, 0))
            try:
                return udp, socket.create_server(udp.getsockname())
            except OSError as error:
                # Kept until there is a pair, so that the kernel does not offer it again.
                taken.append(udp)
                if error.errno != errno.EADDRINUSE or len(taken) == 100:
                    raise
    finally:
        for one in taken:
            one.close()


@dataclasses.dataclass
class Certificates:
    """``ca`` signed ``server`` for 127.0.0.1 and localhost; ``stranger`` is signed by itself; ``client`` by ``ca``."""

    ca: str
    server: ssl.SSLContext
    mutual: ssl.SSLContext
    stranger: ssl.SSLContext
    client_pem: str
    client_key: str


def make_certificates(folder: pathlib.Path) -> Certificates:
    ca_key, ca = _certificate("Test CA", None, None, authority=True)
    server_key, server = _certificate("localhost", ca_key, ca)
    own_key, own = _certificate("localhost", None, None)
    client_key, client = _certificate("operator", ca_key, ca)
    ca_path = _write(folder / "ca.pem", ca)
    client_pem = _write(folder / "client.pem", client)
    key_path = _write_key(folder / "client.key", client_key)
    mutual = _context(folder, "mutual", server_key, server)
    mutual.verify_mode = ssl.CERT_REQUIRED
    mutual.load_verify_locations(ca_path)
    return Certificates(ca_path, _context(folder, "server", server_key, server), mutual, _context(folder, "own", own_key, own), client_pem, key_path)


def _certificate(name: str, issuer_key: t.Any, issuer: t.Any, authority: bool = False) -> tuple[t.Any, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signer = issuer_key or key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer is not None else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if authority:
        usage = dict.fromkeys(
            ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"], False
        )
        builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
    return key, builder.sign(signer, hashes.SHA256())


def _write(path: pathlib.Path, certificate: x509.Certificate) -> str:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return str(path)


def _write_key(path: pathlib.Path, key: t.Any) -> str:
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(path)


def _context(folder: pathlib.Path, name: str, key: t.Any, certificate: x509.Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_write(folder / f"{name}.pem", certificate), _write_key(folder / f"{name}.key", key))
    return context


class NtlmGate:
    """Logs a connection on by NTLM and opens and seals its messages, before ``inner`` sees them; as Windows does over http."""

    BOUNDARY = b"--Encrypted Boundary"

    def __init__(self, inner: t.Callable[[Request], Reply | str], folder: pathlib.Path, user: str, password: str) -> None:
        self._inner = inner
        self._users = folder / "ntlm-users"
        self._users.write_text(f":{user}:{password}\n")
        self._contexts: dict[int, t.Any] = {}
        self.bad_seals = 0

    def __call__(self, request: Request) -> Reply | str:
        import spnego

        token = request.headers.get("authorization", "").removeprefix("Negotiate ").strip()
        context = self._contexts.get(request.connection)
        if token:
            if context is None or context.complete:
                os.environ["NTLM_USER_FILE"] = str(self._users)
                context = self._contexts[request.connection] = spnego.server(protocol="ntlm")
            try:
                answer = context.step(base64.b64decode(token))
            except spnego.exceptions.SpnegoError:
                self._contexts.pop(request.connection)
                return self._challenge()
            if answer:
                return Reply(401, headers=(("WWW-Authenticate", "Negotiate " + base64.b64encode(answer).decode()),))
        elif context is None or not context.complete:
            return Reply(400) if b"Encrypted Boundary" in request.body else self._challenge()
        if not request.body:
            return Reply(200)
        return self._sealed(request, context)

    def _challenge(self) -> Reply:
        return Reply(401, headers=(("WWW-Authenticate", "Negotiate"),))

    def _sealed(self, request: Request, context: t.Any) -> Reply | str:
        if b"Encrypted Boundary" not in request.body:
            return Reply(500)
        payload = request.body.split(b"Content-Type: application/octet-stream\r\n", 1)[1].removesuffix(self.BOUNDARY + b"--\r\n")
        length = int.from_bytes(payload[:4], "little")
        plain = context.unwrap_winrm(payload[4 : 4 + length], payload[4 + length :])
        reply = self._inner(dataclasses.replace(request, body=plain))
        if isinstance(reply, str) or not reply.body:
            return reply
        wrapped = context.wrap_winrm(reply.body)
        protocol = b"application/HTTP-SPNEGO-session-encrypted"
        body = (
            self.BOUNDARY
            + b"\r\n\tContent-Type: "
            + protocol
            + b"\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length="
            + str(len(reply.body)).encode()
            + b"\r\n"
            + self.BOUNDARY
            + b"\r\n\tContent-Type: application/octet-stream\r\n"
            + len(wrapped.header).to_bytes(4, "little")
            + wrapped.header
            + wrapped.data
            + self.BOUNDARY
            + b"--\r\n"
        )
        kind = 'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";boundary="Encrypted Boundary"'
        return Reply(reply.status, body, (("Content-Type", kind),))
