# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinrmSession against a server on the loopback interface: answers, faults, and everything that goes wrong on the way."""

from __future__ import annotations

import base64
import dataclasses
import errno
import pathlib
import shutil
import socket
import ssl
import sys
import threading
import time
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils import _errors
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Deadline
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import direct_http, timed_http, winrm_connection, winrm_logon
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.winrm import WinrmSession
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import envelopes, markup
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock
from ansible_collections.continuity.identity_failover.tests.unit.local_server import (
    CLOSE,
    HALF,
    SILENT,
    Certificates,
    Handler,
    LocalServer,
    NtlmGate,
    Reply,
    Request,
    closed_port,
    make_certificates,
)
from ansible_collections.continuity.identity_failover.tests.unit.wsman_meaning import meaning

USER, PASSWORD = "operator", "corréct horse"
SERVICE = (
    "<p:Win32_Service xmlns:p='http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_Service'>"
    "<p:Name>Spooler</p:Name><p:Started>true</p:Started></p:Win32_Service>"
)


def soap(body: str) -> bytes:
    return f"<s:Envelope xmlns:s='{markup.SOAP}'><s:Header/><s:Body>{body}</s:Body></s:Envelope>".encode()


def fault(code: int, subcode: str, text: str = "no") -> Reply:
    detail = f"<f:WSManFault xmlns:f='http://schemas.microsoft.com/wbem/wsman/1/wsmanfault' Code='{code}'><f:Message>{text}</f:Message></f:WSManFault>"
    reason = f"<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>{text}</s:Text></s:Reason>"
    return Reply(500, soap(f"<s:Fault>{reason}<s:Detail>{detail}</s:Detail></s:Fault>"))


NO_SUCH_RESOURCE = fault(2150858752, "a:DestinationUnreachable")
ANSWER = Reply(200, soap(SERVICE))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=[False, True], ids=["by pywinrm", "one of a crowd"])
def bulk(request: pytest.FixtureRequest) -> bool:
    """Both ways to a host by NTLM: nothing that a caller sees may differ."""
    return bool(request.param)


@pytest.fixture(autouse=True)
def crowd(monkeypatch: pytest.MonkeyPatch) -> winrm_connection._Crowd:
    """As after a first success by both forms (that of http is given), so that pywinrm is not tried behind it."""
    crowd = winrm_connection._Crowd(proven=True)
    monkeypatch.setattr(winrm_connection, "_crowds", {"http": crowd, "https": winrm_connection._Crowd(proven=True)})
    return crowd


def settings_for(server: LocalServer, certificates: Certificates, **changes: t.Any) -> ConnectionSettings:
    base = ConnectionSettings("exch1", "127.0.0.1", server.port, "https", USER, PASSWORD, ("basic",), ca_file=certificates.ca, connect_timeout=10.0)
    return dataclasses.replace(base, **changes)


class Basic:
    """Answers 401 without the right Basic header."""

    def __init__(self, *replies: Reply | str) -> None:
        self.replies = list(replies)

    def __call__(self, request: Request) -> Reply | str:
        if request.headers.get("authorization") != "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode("latin-1")).decode():
            return Reply(401, headers=(("WWW-Authenticate", 'Basic realm="WSMAN"'),))
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def read(session: WinrmSession, timeout: float = 60.0) -> dict[str, t.Any]:
    return session.get("root/cimv2", "Win32_Service", {"Name": "Spooler"}, timeout)


def serve(handler: Handler, tls: ssl.SSLContext | None) -> LocalServer:
    return LocalServer(handler, tls)


def test_one_request_over_https_with_basic(certificates: Certificates) -> None:
    with serve(Basic(ANSWER), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        assert read(session) == {"Name": "Spooler", "Started": True}
        assert read(session)["Name"] == "Spooler"
        session.close()
        assert (len(server.requests), server.connections, session.requests) == (2, 1, 2)


def test_ntlm_over_https_and_over_sealed_http(certificates: Certificates, tmp_path: pathlib.Path, bulk: bool) -> None:
    with serve(NtlmGate(lambda request: ANSWER, tmp_path, USER, PASSWORD), None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=bulk))
        assert read(session)["Name"] == "Spooler"
        assert read(session)["Name"] == "Spooler"
        session.close()
        assert all(SERVICE.encode() not in request.body and b"Win32_Service" not in request.body for request in server.requests)
        # Two for the logon, none of them with a message, then one for each call; pywinrm asks once more without any logon.
        assert len(server.requests) == (4 if bulk else 5)
        assert server.connections == 1


def test_a_sealed_session_logs_on_again_when_the_host_has_closed_the_connection(certificates: Certificates, tmp_path: pathlib.Path, bulk: bool) -> None:
    """Before anything is sent, so it holds for calls that must not be repeated too."""
    with serve(NtlmGate(lambda request: Reply(200, soap("")), tmp_path, USER, PASSWORD), None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=bulk))
        assert session.invoke("root/cimv2", "Win32_Service", "StartService", {}, 5, keys={"Name": "x"}) == {"ReturnValue": 0}
        server.drop_all()
        assert session.invoke("root/cimv2", "Win32_Service", "StartService", {}, 5, keys={"Name": "x"}) == {"ReturnValue": 0}
        session.close()
        assert server.connections == 2


def start(session: WinrmSession, *, idempotent: bool = False, timeout: float = 60.0) -> dict[str, t.Any]:
    return session.invoke("root/cimv2", "Win32_Service", "StartService", {}, timeout, keys={"Name": "Spooler"}, idempotent=idempotent)


OUTPUT = Reply(200, soap("<StartService_OUTPUT><ReturnValue>10</ReturnValue></StartService_OUTPUT>"))


def test_the_first_sealed_message_on_a_closed_connection_is_sent_again(certificates: Certificates, tmp_path: pathlib.Path, bulk: bool) -> None:
    """The host forgets the logon but keeps the connection: HTTP 400. Only a call that may be repeated is."""

    class Forgetful(NtlmGate):
        forget = False

        def __call__(self, request: Request) -> Reply | str:
            if self.forget and b"Encrypted Boundary" in request.body:
                self.forget = False
                return Reply(400)
            return super().__call__(request)

    gate = Forgetful(lambda request: OUTPUT, tmp_path, USER, PASSWORD)
    with serve(gate, None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=bulk))
        start(session)
        gate.forget = True
        assert start(session, idempotent=True)["ReturnValue"] == 10
        gate.forget = True
        with pytest.raises(_errors.ConnectionLost, match="HTTP 400"):
            start(session)
        session.close()


@pytest.mark.parametrize("end", [CLOSE, HALF])
def test_a_lost_answer_is_asked_for_again_only_where_that_does_no_harm(end: str, certificates: Certificates) -> None:
    with serve(Basic(OUTPUT, end, OUTPUT), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        assert start(session, idempotent=True)["ReturnValue"] == 10
        assert start(session, idempotent=True)["ReturnValue"] == 10
        assert len(server.requests) == 3
        session.close()
    with serve(Basic(end, OUTPUT), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        with pytest.raises(_errors.ConnectionLost, match="look before trying again") as caught:
            start(session)
        assert (len(server.requests), caught.value.host) == (1, "exch1")
        assert start(session)["ReturnValue"] == 10
        session.close()
    with serve(Basic(end), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        with pytest.raises(_errors.ConnectionLost):
            read(session)
        assert len(server.requests) == 2
        session.close()


def test_an_idle_connection_is_not_trusted(certificates: Certificates) -> None:
    clock = FakeClock()
    with serve(Basic(ANSWER), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates), clock)
        read(session)
        clock.advance(59)
        read(session)
        assert server.connections == 1
        clock.advance(61)
        read(session)
        assert server.connections == 2
        session.close()


def fails(call: t.Callable[[], t.Any], kind: type[_errors.FailoverError], words: str) -> _errors.FailoverError:
    with pytest.raises(kind, match=words) as caught:
        call()
    assert caught.value.host == "exch1"
    assert PASSWORD not in caught.value.message + repr(caught.value.details)
    return caught.value


def test_a_silent_host_ends_with_the_deadline(certificates: Certificates) -> None:
    with serve(Basic(ANSWER, SILENT), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        read(session)
        fails(lambda: read(session, 2), _errors.DeadlineExceeded, r"could not read Win32_Service \(Name=Spooler\) on exch1 .*within 2 s")
        assert len(server.requests) == 2
        session.close()


def test_a_slow_host_ends_with_the_deadline(certificates: Certificates) -> None:
    """Each byte comes in time; all of them together do not."""
    with serve(Basic(ANSWER, dataclasses.replace(ANSWER, drip=0.02)), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        read(session)
        fails(lambda: read(session, 1.0), _errors.DeadlineExceeded, "within 1 s")
        session.close()


def test_pages_count_against_one_deadline(certificates: Certificates) -> None:
    clock = FakeClock()
    context = "<n:EnumerationContext>c</n:EnumerationContext>"
    first = Reply(200, soap(f"<n:EnumerateResponse xmlns:n='{markup.ENUMERATION}'>{context}</n:EnumerateResponse>"))
    more = Reply(200, soap(f"<n:PullResponse xmlns:n='{markup.ENUMERATION}'>{context}<n:Items>{SERVICE}</n:Items></n:PullResponse>"))
    replies = Basic(first, more)

    def answer(request: Request) -> Reply | str:
        clock.advance(3)
        return replies(request)

    with serve(answer, certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates), clock)
        with pytest.raises(_errors.DeadlineExceeded, match="list Win32_Service"):
            session.enumerate("root/cimv2", "Win32_Service", 10)
        assert len(server.requests) == 4
        asked = [markup.text(markup.find(markup.parse(request.body), "Header", "OperationTimeout")) for request in server.requests]
        assert asked == ["PT10.000S", "PT7.000S", "PT4.000S", "PT1.000S"]
        session.close()


def test_pages_are_put_together_and_start_anew_after_a_loss(certificates: Certificates) -> None:
    other = SERVICE.replace("Spooler", "W32Time")
    first = Reply(200, soap("<EnumerateResponse><EnumerationContext>c1</EnumerationContext><Items>" + SERVICE + "</Items></EnumerateResponse>"))
    last = Reply(200, soap("<PullResponse><Items>" + other + "</Items><EndOfSequence/></PullResponse>"))
    with serve(Basic(first, CLOSE, first, last), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        assert [item["Name"] for item in session.query("root/cimv2", "SELECT * FROM Win32_Service", 60)] == ["Spooler", "W32Time"]
        actions = [meaning(request.body)["action"].rpartition("/")[2] for request in server.requests]
        assert actions == ["Enumerate", "Pull", "Enumerate", "Pull"]
        session.close()


def test_the_dmtf_form_is_tried_for_reads_and_remembered(certificates: Certificates) -> None:
    with serve(Basic(NO_SUCH_RESOURCE, ANSWER, ANSWER, NO_SUCH_RESOURCE), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        read(session)
        read(session)
        with pytest.raises(_errors.NotFound):
            read(session)
        said = [meaning(request.body) for request in server.requests]
        assert [item["uri"].startswith("http://schemas.dmtf.org/") for item in said] == [False, True, True, True]
        assert said[1]["selectors"] == {"__cimnamespace": "root/cimv2", "Name": "Spooler"}
        session.close()


@pytest.mark.parametrize(
    ("reply", "idempotent", "requests"),
    [(NO_SUCH_RESOURCE, False, 1), (NO_SUCH_RESOURCE, True, 2), (fault(2150858753, "a:ActionNotSupported"), True, 1), (fault(5, "w:AccessDenied"), True, 1)],
)
def test_other_refusals_are_final(reply: Reply, idempotent: bool, requests: int, certificates: Certificates) -> None:
    with serve(Basic(reply), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        with pytest.raises(_errors.RemoteError, match=r"could not call Win32_Service.StartService on exch1 \(127.0.0.1:\d+\): no; code"):
            start(session, idempotent=idempotent)
        assert len(server.requests) == requests
        session.close()


def test_a_call_that_changes_something_asks_first_and_a_read_does_not(certificates: Certificates) -> None:
    def refuse() -> None:
        raise _errors.LeaseLost("another controller has it")

    with serve(Basic(ANSWER), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        session.before_change = refuse
        for change in (
            lambda: start(session, idempotent=False),
            lambda: session.put("root/cimv2", "Win32_Service", {"Name": "Spooler"}, {"StartMode": "Auto"}, 5.0),
            lambda: session.create("root/cimv2", "Win32_Share", {"Name": "data"}, 5.0),
            lambda: session.delete("root/cimv2", "Win32_Share", {"Name": "data"}, 5.0),
        ):
            with pytest.raises(_errors.LeaseLost):
                change()
        assert not server.requests
        assert read(session)["Name"] == "Spooler"
        session.close()


def test_a_closed_port(certificates: Certificates) -> None:
    with closed_port() as port:
        session = WinrmSession(ConnectionSettings("exch1", "127.0.0.1", port, user=USER, password=PASSWORD, ca_file=certificates.ca))
        fails(lambda: read(session), _errors.ConnectionRefused, r"exch1 \(127.0.0.1:\d+\) refuses connections; start the WinRM service")


def test_a_host_that_takes_no_connection(certificates: Certificates) -> None:
    """A full backlog: the kernel drops the handshake, as a dead host does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _number in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        settings = ConnectionSettings("exch1", "127.0.0.1", port, user=USER, password=PASSWORD, ca_file=certificates.ca, connect_timeout=0.3)
        began = time.monotonic()
        fails(lambda: read(WinrmSession(settings), 100), _errors.Unreachable, "does not answer within 0.3 s")
        fails(lambda: read(WinrmSession(dataclasses.replace(settings, connect_timeout=100)), 2), _errors.Unreachable, "does not answer within")
        assert time.monotonic() - began < 60, "the shorter of the two decides"
        for filler in fillers:
            filler.close()


def test_a_host_that_does_not_speak_tls(certificates: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        settings = ConnectionSettings("exch1", "127.0.0.1", port, user=USER, password=PASSWORD, ca_file=certificates.ca, connect_timeout=0.3)
        began = time.monotonic()
        fails(lambda: read(WinrmSession(settings), 100), _errors.Unreachable, "does not answer TLS within 0.3 s")
        assert time.monotonic() - began < 60, "not the time of the whole call"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        thread = threading.Thread(target=lambda: listener.accept()[0].sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        thread.start()
        other = dataclasses.replace(settings, port=listener.getsockname()[1], connect_timeout=10)
        fails(lambda: read(WinrmSession(other)), _errors.TransportError, "check that this port speaks https")
        thread.join()


def test_a_name_that_does_not_resolve() -> None:
    settings = ConnectionSettings("exch1", "no-such-host.invalid", user=USER, password=PASSWORD)
    fails(lambda: read(WinrmSession(settings)), _errors.Unreachable, "no-such-host.invalid of exch1 .* does not resolve")


def test_authorities_are_read_once_for_all_hosts(certificates: Certificates, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authorities = str(shutil.copy(certificates.ca, tmp_path / "authorities.pem"))
    read_from: list[str] = []
    load = ssl.SSLContext.load_verify_locations

    def counted(context: ssl.SSLContext, cafile: str | None = None, *more: t.Any, **options: t.Any) -> None:
        read_from.append(str(cafile))
        load(context, cafile, *more, **options)

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", counted)
    with serve(Basic(ANSWER), certificates.server) as one, serve(Basic(ANSWER), certificates.server) as other:
        for server in (one, other, one):
            assert read(WinrmSession(settings_for(server, certificates, ca_file=authorities)))["Name"] == "Spooler"
        assert (one.connections, other.connections) == (2, 1)
    assert read_from.count(authorities) == 1


def test_every_host_is_trusted_by_its_own_authorities_only(certificates: Certificates) -> None:
    """Also after it was reached by others, and without any check."""
    with serve(Basic(ANSWER), certificates.server) as server:
        for trusted in ({}, {"validate_certs": False}):
            assert read(WinrmSession(settings_for(server, certificates, **trusted)))["Name"] == "Spooler"
            others = settings_for(server, certificates, ca_file=certificates.client_pem)
            fails(lambda settings=others: read(WinrmSession(settings)), _errors.BadCertificate, "cannot be trusted")


def test_a_file_of_authorities_that_holds_none(certificates: Certificates, tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate", encoding="ascii")
    with serve(Basic(ANSWER), certificates.server) as server:
        settings = settings_for(server, certificates, ca_file=str(tmp_path / "empty.pem"))
        fails(lambda: read(WinrmSession(settings)), _errors.ProtocolError, "TLS with exch1 .* failed")


def test_a_certificate_of_a_stranger(certificates: Certificates) -> None:
    with serve(Basic(ANSWER), certificates.stranger) as server:
        fails(lambda: read(WinrmSession(settings_for(server, certificates))), _errors.BadCertificate, "certificate of exch1 .* cannot be trusted .*ca_file")
        assert server.requests == []
        session = WinrmSession(settings_for(server, certificates, validate_certs=False))
        assert read(session)["Name"] == "Spooler"
        session.close()


def test_the_environment_is_not_asked(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificates.ca)
    with serve(Basic(ANSWER), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        assert read(session)["Name"] == "Spooler"
        session.close()
        fails(lambda: read(WinrmSession(settings_for(server, certificates, ca_file=None))), _errors.BadCertificate, "cannot be trusted")


def test_a_client_certificate(certificates: Certificates) -> None:
    with serve(lambda request: ANSWER, certificates.mutual) as server:
        files = {"certificate_pem": certificates.client_pem, "certificate_key_pem": certificates.client_key}
        session = WinrmSession(settings_for(server, certificates, transport=("certificate",), **files))
        assert read(session)["Name"] == "Spooler"
        session.close()
        assert server.requests[0].headers["authorization"].endswith("/secprofile/https/mutual")
        session = WinrmSession(settings_for(server, certificates))
        with pytest.raises(_errors.TransportError):
            read(session)


def test_a_netrc_file_does_not_take_the_place_of_a_certificate(certificates: Certificates, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serve(lambda request: ANSWER, certificates.mutual) as server:
        files = {"certificate_pem": certificates.client_pem, "certificate_key_pem": certificates.client_key}
        session = WinrmSession(settings_for(server, certificates, transport=("certificate",), **files))
        read(session)
        session.close()
        assert "Basic" not in server.requests[0].headers["authorization"]


def test_bad_credentials(certificates: Certificates, tmp_path: pathlib.Path, bulk: bool) -> None:
    with serve(Basic(ANSWER), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates, password="wrong"))
        fails(lambda: read(session), _errors.BadCredentials, "does not accept the logon of operator by basic")
        assert len(server.requests) == 1
    with serve(NtlmGate(lambda request: ANSWER, tmp_path, USER, PASSWORD), None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=bulk, password="wrong"))
        fails(lambda: read(session), _errors.BadCredentials, "by ntlm")


def test_where_a_crowd_is_not_understood_pywinrm_has_the_last_word(
    certificates: Certificates, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, crowd: winrm_connection._Crowd
) -> None:
    def garbled(*_args: object) -> t.NoReturn:
        raise _errors.ProtocolError("no HTTP")

    monkeypatch.setattr(direct_http.DirectTransport, "build_session", garbled)
    with serve(NtlmGate(lambda request: ANSWER, tmp_path, USER, PASSWORD), None) as server:
        settings = settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=True)
        fails(lambda: read(WinrmSession(settings)), _errors.ProtocolError, "no HTTP")  # it worked before, so this host is to blame
        crowd.proven = False
        session = WinrmSession(settings)
        assert read(session)["Name"] == "Spooler" and read(session)["Name"] == "Spooler" and crowd.distrusted
        session.close()
        monkeypatch.setattr(direct_http.DirectTransport, "__init__", garbled)
        session = WinrmSession(settings)
        assert read(session)["Name"] == "Spooler", "all others go by pywinrm at once"
        session.close()


@pytest.mark.parametrize(("repeatable", "times"), [(False, 1), (True, 2)])
def test_a_message_goes_by_pywinrm_too_only_where_it_may_be_repeated(
    repeatable: bool, times: int, certificates: Certificates, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, crowd: winrm_connection._Crowd
) -> None:
    """The host does the work, and its answer is not understood."""

    def garbled(*_args: object) -> t.NoReturn:
        raise _errors.ProtocolError("the sealed answer does not verify")

    done: list[bytes] = []

    def work(request: Request) -> Reply | str:
        done.append(request.body)
        return OUTPUT

    crowd.proven = False
    monkeypatch.setattr(direct_http, "_opened", garbled)
    with serve(NtlmGate(work, tmp_path, USER, PASSWORD), None) as server:
        connection = winrm_connection.Connection(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=True), FakeClock())
        try:
            connection.post(b"<start/>", Deadline(FakeClock(), 5), "start it", repeatable=repeatable)
        except _errors.ProtocolError:
            assert not repeatable
        assert done == [b"<start/>"] * times
        connection.drop()


def test_what_works_sealed_says_nothing_of_tls(certificates: Certificates, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crowds = {"http": winrm_connection._Crowd(), "https": winrm_connection._Crowd()}
    monkeypatch.setattr(winrm_connection, "_crowds", crowds)
    with serve(NtlmGate(lambda request: ANSWER, tmp_path, USER, PASSWORD), None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=True))
        read(session)
        session.close()
    assert (crowds["http"].proven, crowds["https"].proven) == (True, False)


class InTls(NtlmGate):
    """Messages as they are, within TLS. ``forget``: ends the logon and the connection at the next message, as a service that restarts its pool."""

    forget = False

    def __call__(self, request: Request) -> Reply | str:
        if self.forget:
            self.forget = False
            return Reply(401, headers=(("WWW-Authenticate", "Negotiate"), ("Connection", "close")))
        return super().__call__(request)

    def _sealed(self, request: Request, context: t.Any) -> Reply | str:
        return self._inner(request)


def test_a_session_in_tls_logs_on_again_where_its_host_has_ended_logon_and_connection(certificates: Certificates, tmp_path: pathlib.Path) -> None:
    gate = InTls(lambda request: OUTPUT, tmp_path, USER, PASSWORD)
    with serve(gate, certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates, transport=("ntlm",), bulk=True))
        assert start(session)["ReturnValue"] == 10
        gate.forget = True
        assert start(session)["ReturnValue"] == 10, "the message was refused before it did anything, so it may be sent again"
        session.close()
        assert (proofs(server), server.connections) == (2, 2)


def test_a_sealed_logon_that_a_busy_host_cuts_short_is_done_anew_by_the_next_call(certificates: Certificates, tmp_path: pathlib.Path) -> None:
    gate = NtlmGate(lambda request: ANSWER, tmp_path, USER, PASSWORD)
    busy = [Reply(503)]

    def answer(request: Request) -> Reply | str:
        if proofs(server) == 1:  # the logon that was cut short; without one a message is refused
            return busy.pop() if busy else Reply(401, headers=(("WWW-Authenticate", "Negotiate"),)) if request.body else gate(request)
        return gate(request)

    with serve(answer, None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=True))
        fails(lambda: read(session), _errors.ProtocolError, "HTTP status 503")
        assert read(session)["Name"] == "Spooler"
        session.close()


def proofs(server: LocalServer) -> int:
    """How often a password was tried: type 3 messages of NTLM, and Basic."""
    kinds = [request.headers.get("authorization", "none ").partition(" ") for request in server.requests]
    return sum(kind == "Basic" or (kind == "Negotiate" and base64.b64decode(token)[8:9] == b"\3") for kind, _blank, token in kinds)


def without_pywinrm(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> t.NoReturn:
        raise _errors.MissingLibrary("the Python package pywinrm is missing")

    monkeypatch.setattr(winrm_connection, "_winrm", missing)


@pytest.mark.parametrize("proven", [False, True])
@pytest.mark.parametrize("pywinrm", [False, True])
def test_a_wrong_password_is_tried_once(
    proven: bool, pywinrm: bool, certificates: Certificates, tmp_path: pathlib.Path, crowd: winrm_connection._Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account that is locked after a few failures must not be locked twice as fast by a whole crowd."""
    crowd.proven = proven
    if not pywinrm:
        without_pywinrm(monkeypatch)
    with serve(NtlmGate(lambda request: ANSWER, tmp_path, USER, PASSWORD), None) as server:
        settings = settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=True)
        error = fails(lambda: read(WinrmSession(dataclasses.replace(settings, password="wrong"))), _errors.BadCredentials, "by ntlm")
        assert (proofs(server), t.cast("_errors.BadCredentials", error).logons) == (1, 1)
        assert not crowd.distrusted
        session = WinrmSession(settings)
        assert read(session)["Name"] == "Spooler" and crowd.proven
        session.close()


def test_a_refusal_tells_how_often_the_password_was_tried(certificates: Certificates, tmp_path: pathlib.Path) -> None:
    gate = NtlmGate(lambda request: ANSWER, tmp_path, USER, PASSWORD)

    def answer(request: Request) -> Reply | str:
        return Reply(401) if request.headers.get("authorization", "").startswith("Basic") else gate(request)

    with serve(answer, certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates, transport=("ntlm", "basic"), bulk=True, password="wrong"))
        error = fails(lambda: read(session), _errors.BadCredentials, "by ntlm")
        assert proofs(server) == t.cast("_errors.BadCredentials", error).logons == 2


@pytest.mark.parametrize("pywinrm", [False, True])
def test_a_service_that_offers_no_ntlm_got_no_password(
    pywinrm: bool, certificates: Certificates, crowd: winrm_connection._Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd.proven = False
    if not pywinrm:
        without_pywinrm(monkeypatch)
    with serve(lambda request: Reply(401, headers=(("WWW-Authenticate", "Kerberos"),)), None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=True))
        fails(lambda: read(session), _errors.BadCredentials, "by ntlm")
        assert proofs(server) == 0
        assert len(server.requests) > 1 if pywinrm else len(server.requests) == 1, "pywinrm has the last word where it is installed"


@pytest.mark.parametrize(("end", "error"), [(CLOSE, _errors.ConnectionLost), (SILENT, _errors.DeadlineExceeded), (Reply(404), _errors.ProtocolError)])
def test_a_crowd_needs_no_pywinrm_to_name_what_went_wrong(
    end: Reply | str, error: type[_errors.FailoverError], certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_pywinrm(monkeypatch)
    with serve(lambda request: end, certificates.server) as server:
        seconds = 3 if end is SILENT else 60
        fails(lambda: read(WinrmSession(settings_for(server, certificates, transport=("ntlm",), bulk=True)), seconds), error, "exch1")


def test_a_logon_library_that_gives_up_leaves_it_to_the_next_method(certificates: Certificates, monkeypatch: pytest.MonkeyPatch, bulk: bool) -> None:
    import spnego.exceptions

    def give_up(*_args: object, **_options: object) -> t.NoReturn:
        raise spnego.exceptions.InvalidTokenError(context_msg="what the host sent")

    monkeypatch.setattr(spnego, "client", give_up)
    basic = Basic(ANSWER)

    def answer(request: Request) -> Reply | str:
        reply = basic(request)
        return dataclasses.replace(reply, headers=(("WWW-Authenticate", "Negotiate"),)) if isinstance(reply, Reply) and reply.status == 401 else reply

    with serve(answer, certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates, transport=("ntlm", "basic"), bulk=bulk))
        assert read(session)["Name"] == "Spooler"
        session.close()
        error = fails(lambda: read(WinrmSession(settings_for(server, certificates, transport=("ntlm",), bulk=bulk))), _errors.BadCredentials, "by ntlm")
        assert "what the host sent" in error.details["cause"]


def test_methods_are_tried_in_their_order_and_the_good_one_is_kept(certificates: Certificates, bulk: bool) -> None:
    with serve(Basic(ANSWER), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates, transport=("ntlm", "basic"), bulk=bulk))
        read(session)
        read(session)
        assert [request.headers.get("authorization", "none").partition(" ")[0] for request in server.requests] == [
            "Negotiate" if bulk else "none",
            "Basic",
            "Basic",
        ]
        session.close()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(404), "HTTP status 404; no WS-Management service"),
        (Reply(413), "larger than the service takes"),
        (Reply(500), "HTTP status 500"),
        (Reply(503, b"busy"), "HTTP status 503"),
        (Reply(400, b"<html>"), "HTTP status 400"),
        (Reply(200, b"<html/>"), "no SOAP envelope"),
        (Reply(200, b"{}"), "not XML"),
        (Reply(200, soap("")), "no instance of Win32_Service"),
        (Reply(302, headers=(("Location", "https://127.0.0.1:1/"),)), "redirect"),
    ],
)
def test_answers_that_break_the_protocol(reply: Reply, words: str, certificates: Certificates) -> None:
    with serve(Basic(reply), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        fails(lambda: read(session), _errors.ProtocolError, words)
        session.close()


def test_a_fault_keeps_the_connection(certificates: Certificates) -> None:
    with serve(Basic(fault(5, "w:AccessDenied", "Access is denied."), ANSWER), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        with pytest.raises(_errors.AccessDenied, match="give the account the right"):
            read(session)
        read(session)
        assert server.connections == 1
        session.close()


def test_an_answer_in_the_clear_to_a_sealed_message_is_refused(certificates: Certificates, tmp_path: pathlib.Path, bulk: bool) -> None:
    class Open(NtlmGate):
        def _sealed(self, request: Request, context: t.Any) -> Reply | str:
            return ANSWER

    with serve(Open(lambda request: ANSWER, tmp_path, USER, PASSWORD), None) as server:
        session = WinrmSession(settings_for(server, certificates, scheme="http", transport=("ntlm",), bulk=bulk))
        fails(lambda: read(session), _errors.ProtocolError, "in the clear")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scheme": "http", "transport": ("basic",)}, "needs https"),
        ({"scheme": "http", "transport": ("certificate",)}, "needs https"),
        ({"scheme": "http", "transport": ("ntlm",), "message_encryption": "never"}, "not be encrypted"),
        ({"transport": ()}, "no transport"),
        ({"user": ""}, "user for exch1 is missing"),
        ({"ca_file": "/no/such.pem"}, "/no/such.pem, does not exist"),
        ({"transport": ("certificate",)}, "certificate_pem"),
    ],
)
def test_settings_that_would_not_do_are_refused_before_anything_is_sent(changes: dict[str, t.Any], words: str) -> None:
    settings = dataclasses.replace(ConnectionSettings("exch1", "127.0.0.1", 1, "https", USER, PASSWORD), **changes)
    with pytest.raises(_errors.InvalidInput, match=words):
        WinrmSession(settings)


def test_basic_is_left_out_on_http(certificates: Certificates) -> None:
    settings = ConnectionSettings("exch1", "127.0.0.1", 1, "http", USER, PASSWORD, ("ntlm", "basic"))
    assert winrm_logon.methods(settings) == ("ntlm",)


def test_requests_and_command_lines_that_are_too_long(certificates: Certificates) -> None:
    session = WinrmSession(ConnectionSettings("exch1", "127.0.0.1", 1, user=USER, password=PASSWORD))
    with pytest.raises(_errors.InvalidInput, match="bytes; a host takes"):
        session.invoke("root/cimv2", "Win32_Process", "Create", {"CommandLine": "x" * 410_000}, 5)
    with pytest.raises(_errors.InvalidInput, match="cmd.exe takes 8191"):
        session.run("cmd.exe", ["x" * 8184], b"", 5)


@pytest.mark.parametrize(("module", "method", "words"), [("winrm", "ntlm", "pywinrm"), (None, "kerberos", r"pywinrm\[kerberos\]")])
def test_missing_libraries_are_named(module: str | None, method: str, words: str, certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    if module is None:
        import winrm.transport

        monkeypatch.setattr(winrm.transport, "HAVE_KERBEROS", False)
    else:
        winrm_connection._import_winrm.cache_clear()
        for name in [name for name in sys.modules if name.split(".")[0] == module]:
            monkeypatch.setitem(sys.modules, name, None)
    session = WinrmSession(ConnectionSettings("exch1", "127.0.0.1", 1, user=USER, password="", transport=(method,)))
    try:
        with pytest.raises(_errors.MissingLibrary, match=f"pip install .*{words}"):
            read(session)
    finally:
        winrm_connection._import_winrm.cache_clear()


def test_a_password_that_latin_1_lacks(certificates: Certificates) -> None:
    seen: list[str] = []

    def answer(request: Request) -> Reply:
        seen.append(request.headers["authorization"])
        return ANSWER

    with serve(answer, certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates, password="п"))
        read(session)
        session.close()
    assert base64.b64decode(seen[0].partition(" ")[2]) == "operator:п".encode()


def test_no_password_in_a_repr(certificates: Certificates) -> None:
    session = WinrmSession(ConnectionSettings("exch1", "127.0.0.1", 1, user=USER, password=PASSWORD))
    assert PASSWORD not in repr(session.settings) + repr(session) + repr(vars(session))


def test_closing_never_raises(certificates: Certificates) -> None:
    WinrmSession(ConnectionSettings("exch1", "127.0.0.1", 1, user=USER)).close()


def test_identify(certificates: Certificates) -> None:
    answer = soap(f"<i:IdentifyResponse xmlns:i='{markup.IDENTITY}'><i:ProductVendor>Microsoft Corporation</i:ProductVendor></i:IdentifyResponse>")
    with serve(Basic(Reply(200, answer)), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        assert session.identify(60) == {"ProductVendor": "Microsoft Corporation"}
        session.close()


def test_put_create_and_delete(certificates: Certificates) -> None:
    selectors = "<SelectorSet><Selector Name='Name'>N</Selector></SelectorSet>"
    uri = envelopes.Resource("root/cimv2", "Win32_Environment").uri(envelopes.Form.WMI)
    created = soap(f"<ResourceCreated><Address/><ReferenceParameters><ResourceURI>{uri}</ResourceURI>{selectors}</ReferenceParameters></ResourceCreated>")
    with serve(Basic(Reply(200, soap("")), Reply(200, created), Reply(200, soap(""))), certificates.server) as server:
        session = WinrmSession(settings_for(server, certificates))
        assert session.put("root/cimv2", "Win32_Environment", {"Name": "N"}, {"VariableValue": "v"}, 60) == {"Name": "N", "VariableValue": "v"}
        assert session.create("root/cimv2", "Win32_Environment", {"VariableValue": "v"}, 60) == {"Name": "N", "VariableValue": "v"}
        session.delete("root/cimv2", "Win32_Environment", {"Name": "N"}, 60)
        assert [meaning(request.body)["action"].rpartition("/")[2] for request in server.requests] == ["Put", "Create", "Delete"]
        session.close()


def test_a_request_outside_of_a_deadline_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        timed_http.dial("127.0.0.1", 1)


def test_a_host_that_dies_in_the_middle_is_told_apart_from_a_slow_one(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel says ETIMEDOUT when nothing is acknowledged any more; on the loopback interface it never does by itself."""
    original = socket.SocketIO.readinto
    died: list[bool] = []

    def readinto(self: socket.SocketIO, buffer: t.Any) -> int | None:
        if not died and threading.current_thread() is threading.main_thread():
            died.append(True)
            raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")
        return original(self, buffer)

    with serve(Basic(OUTPUT), certificates.server) as server:
        monkeypatch.setattr(socket.SocketIO, "readinto", readinto)
        session = WinrmSession(settings_for(server, certificates))
        fails(lambda: start(session), _errors.ConnectionLost, "stopped answering in the middle")
        assert start(session)["ReturnValue"] == 10
        session.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this kernel has no TCP_USER_TIMEOUT")
def test_the_kernel_watches_the_connection(certificates: Certificates) -> None:
    limits = timed_http.Limits(Deadline(FakeClock(), 5), 2, "x", "y", "z")
    with serve(Basic(ANSWER), None) as server, timed_http.bound(limits), timed_http.dial("127.0.0.1", server.port) as sock:
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
