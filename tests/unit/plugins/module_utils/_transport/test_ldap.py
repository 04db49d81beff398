# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A domain controller over LDAP: the logon that seals, what is read and changed, and every way in which it can go wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    AccessDenied,
    BadCredentials,
    ConnectionLost,
    ConnectionRefused,
    DeadlineExceeded,
    MissingLibrary,
    ProtocolError,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_gss
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap import Controller, Directory, LdapRefused
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import KerberosSeal
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import ber, ldap
from ansible_collections.continuity.identity_failover.tests.unit.ldap_peer import FakeSeal, Peer
from ansible_collections.continuity.identity_failover.tests.unit.local_server import closed_port

NODE = "DC=mail,DC=example.com,CN=MicrosoftDNS,DC=DomainDnsZones,DC=example,DC=com"


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    made.entries[NODE.lower()] = {"dnsrecord": [b"old", b"\x01" * 300], "ntsecuritydescriptor": [b"sd"], "samaccountname": [b"MAIL$"]}
    with made.serving():
        yield made


@pytest.fixture
def directory(peer: Peer) -> Iterator[Directory]:
    made = Directory(Controller("127.0.0.1", peer.port, "dc1", timeout=10.0), SystemClock())
    yield made
    made.close()


def test_before_the_logon_the_controller_says_who_it_is(directory: Directory) -> None:
    assert directory.root()["dnshostname"] == [b"dc1.example.com"]


def test_a_sealed_conversation_reads_and_changes(directory: Directory, peer: Peer) -> None:
    directory.logon(FakeSeal())
    assert directory.read(NODE, ["dnsRecord"]) == {"dnsrecord": [b"old", b"\x01" * 300]}
    assert directory.read("DC=nobody," + NODE, ["dnsRecord"]) is None
    directory.modify(NODE, [(ldap.DELETE, "dnsRecord", [b"old"]), (ldap.ADD, "dnsRecord", [b"new"])], ldap.DACL)
    assert peer.entries[NODE.lower()]["dnsrecord"] == [b"\x01" * 300, b"new"] and peer.flags == [ldap.DACL]
    assert directory.find("DC=example,DC=com", ("sAMAccountName", "MAIL$"), ["sAMAccountName"]) == [(NODE.lower(), {"samaccountname": [b"MAIL$"]})]


def test_what_changed_since_it_was_read_is_not_overwritten(directory: Directory) -> None:
    directory.logon(FakeSeal())
    with pytest.raises(LdapRefused) as error:
        directory.modify(NODE, [(ldap.DELETE, "dnsRecord", [b"older"]), (ldap.ADD, "dnsRecord", [b"new"])])
    assert error.value.code == ldap.NO_SUCH_ATTRIBUTE


def test_a_missing_right_is_told_with_the_account_s_deed(directory: Directory, peer: Peer) -> None:
    peer.refuse_changes[NODE.lower()] = ldap.ACCESS_DENIED
    directory.logon(FakeSeal())
    with pytest.raises(AccessDenied, match=r"dc1 .* does not let the account change DC=mail.*LDAP code 50, as the test wants it"):
        directory.modify(NODE, [(ldap.REPLACE, "dnsRecord", [])])


def test_a_logon_that_is_refused_is_one_sentence(directory: Directory, peer: Peer) -> None:
    peer.known = False
    with pytest.raises(BadCredentials, match=r"dc1 .* does not take the logon \(LDAP code 49, no such account\)"):
        directory.logon(FakeSeal())


def test_without_encryption_nothing_is_said(directory: Directory, peer: Peer) -> None:
    peer.layers = 1
    with pytest.raises(ProtocolError, match="no encryption offered"):
        directory.logon(FakeSeal())
    assert peer.seen == []


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=us-ascii\r\nConnection: close\r\n\r\n",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x84\x7f\xff\xff\xff",
    ],
    ids=["http", "empty", "huge"],
)
def test_what_is_no_ldap_is_one_sentence(directory: Directory, peer: Peer, raw: bytes) -> None:
    peer.raw = raw
    with pytest.raises(ProtocolError, match="dc1"):
        directory.root()


def test_octets_that_are_not_sealed_end_the_conversation(directory: Directory, peer: Peer) -> None:
    directory.logon(FakeSeal())
    peer.seals = bytes.upper
    with pytest.raises(ProtocolError, match="not sealed"):
        directory.read(NODE, ["dnsRecord"])


def test_after_a_lost_answer_nothing_is_said_without_a_new_logon(directory: Directory, peer: Peer) -> None:
    directory.logon(FakeSeal())
    peer.cuts = 1
    with pytest.raises(ConnectionLost):
        directory.modify(NODE, [(ldap.REPLACE, "dnsRecord", [])])
    with pytest.raises(ConnectionLost, match=r"not read DC=mail.* dc1 .*: the connection has ended, and the logon with it"):
        directory.read(NODE, ["dnsRecord"])
    with pytest.raises(ConnectionLost, match="not change DC=mail"):
        directory.modify(NODE, [(ldap.REPLACE, "dnsRecord", [])])
    with pytest.raises(ConnectionLost, match="not read the root"):
        directory.root()
    assert peer.in_clear == [] and peer.seen == []
    directory.logon(FakeSeal())
    assert directory.read(NODE, ["samAccountName"]) == {"samaccountname": [b"MAIL$"]}


def test_before_a_logon_nothing_but_the_root_is_asked(directory: Directory, peer: Peer) -> None:
    with pytest.raises(ConnectionLost, match="not read DC=mail"):
        directory.read(NODE, ["dnsRecord"])
    assert peer.in_clear == []


def test_silence_refusal_and_a_cut_connection_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(DeadlineExceeded, match="did not answer within 0.2 s"):
            Directory(Controller("127.0.0.1", port, timeout=0.2), SystemClock()).root()
        listener.accept()[0].close()
        thread = threading.Thread(target=_hang_up, args=(listener,))
        thread.start()
        with pytest.raises(ConnectionLost):
            Directory(Controller("127.0.0.1", port, timeout=5.0), SystemClock()).root()
        thread.join(5)
    with closed_port() as port, pytest.raises(ConnectionRefused, match="nothing listens there"):
        Directory(Controller("127.0.0.1", port), SystemClock()).root()


def _hang_up(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_an_answer_to_another_question_is_passed_over(directory: Directory, peer: Peer) -> None:
    directory.logon(FakeSeal())
    peer.stray = ber.element(ber.SEQUENCE, ber.integer(99), ber.element(ldap.SEARCH_DONE, ber.integer(50, ber.ENUMERATED), ber.octets(""), ber.octets("")))
    assert directory.read(NODE, ["samAccountName"]) == {"samaccountname": [b"MAIL$"]}


def test_a_notice_of_disconnection_ends_the_connection(directory: Directory, peer: Peer) -> None:
    """RFC 4511 section 4.4.1: an answer to no question."""
    peer.stray = ber.element(ber.SEQUENCE, ber.integer(0), ber.element(ldap.EXTENDED, ber.integer(52, ber.ENUMERATED), ber.octets(""), ber.octets("bye")))
    with pytest.raises(ConnectionLost, match="ends the connection .LDAP code 52, bye"):
        directory.root()


def test_without_the_library_the_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_gss, "gssapi", None)
    with pytest.raises(MissingLibrary, match="gssapi"):
        KerberosSeal(Account("failover@EXAMPLE.COM", password="x"), "dc1.example.com")
