# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GSS-TSIG above a pretended GSS-API: what goes to the server, what is believed, when a context is made anew.

Real Kerberos against BIND is in tests/real_servers/test_kerberos.py.
"""

from __future__ import annotations

import hashlib
import re
import types
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials, InvalidInput, MissingLibrary, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_gss
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import KERBEROS, SPNEGO, Account, GssAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tkey import negotiation
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import Tsig, sign_with, signed_part, split_tsig

PASSWORD = "canary-of-the-domain"
ACCOUNT = Account("failover@LAB.TEST", password=PASSWORD)
UPDATE = b"\x12\x34\x28\0" + b"\0" * 8


class GSSError(Exception):
    pass


class FakeContext:
    """Signs with a hash; ``rounds`` tokens from each side."""

    rounds = 1
    fails = ""

    def __init__(self, **options: t.Any) -> None:
        self.options = options
        self.given: list[bytes | None] = []
        self.complete = False

    def step(self, token: bytes | None = None) -> bytes | None:
        if self.fails:
            raise GSSError(self.fails)
        self.given.append(token)
        self.complete = len(self.given) > self.rounds
        return None if self.complete else b"token %d" % len(self.given)

    def get_signature(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    def verify_signature(self, data: bytes, mac: bytes) -> None:
        if self.get_signature(data) != mac:
            raise GSSError("bad signature")


class Handle(t.NamedTuple):
    """Credentials made of a password: whoever is given the handle uses it up."""

    name: str
    password: bytes
    mechs: list[str]
    usage: str


@pytest.fixture
def gss(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    made: list[FakeContext] = []

    def context(**options: t.Any) -> FakeContext:
        made.append(FakeContext(**options))
        return made[-1]

    def exact_name(text: str, name_type: int) -> str:
        assert name_type == 1, "no resolver is asked for an exact Kerberos name"
        return text

    fake = types.SimpleNamespace(
        Name=exact_name,
        NameType=types.SimpleNamespace(kerberos_principal=1),
        OID=types.SimpleNamespace(from_int_seq=str),
        RequirementFlag=types.SimpleNamespace(mutual_authentication=2, integrity=4, replay_detection=8),
        SecurityContext=context,
        Credentials=lambda **options: options,
        raw=types.SimpleNamespace(acquire_cred_with_password=lambda *account, mechs, usage: types.SimpleNamespace(creds=Handle(*account, mechs, usage))),
        exceptions=types.SimpleNamespace(GSSError=GSSError),
        made=made,
    )
    monkeypatch.setattr(dns_gss, "gssapi", fake)
    monkeypatch.setattr(FakeContext, "fails", "")
    return fake


def auth(account: Account = ACCOUNT) -> GssAuth:
    return GssAuth(account, lambda label: f"{label}.lab.test", SystemClock())


def server(token: bytes = b"theirs", rcode: int = 0) -> t.Callable[[bytes], bytes]:
    """Answers a TKEY query with the same record as its answer."""

    def answer(query: bytes) -> bytes:
        body = query[12:]
        end = body.index(b"\0\xf9\0\xff") + 4
        name = body[: end - 4]
        made = negotiation(".".join(_labels(name)), token, 1, 1)[12 + end :]
        return query[:2] + bytes([0x80, rcode]) + b"\0\1\0\1\0\0\0\0" + body[:end] + made

    return answer


def _labels(name: bytes) -> list[str]:
    labels, place = [], 0
    while name[place]:
        labels.append(name[place + 1 : place + 1 + name[place]].decode())
        place += name[place] + 1
    return labels


def test_one_context_a_server_for_the_principal_of_that_very_host(gss: types.SimpleNamespace) -> None:
    ours = auth()
    for label in ("dc1", "dc1", "dc2"):
        ours.prepare(label, server())
    assert [context.options["name"] for context in gss.made] == ["DNS/dc1.lab.test@LAB.TEST", "DNS/dc2.lab.test@LAB.TEST"]
    assert [context.given for context in gss.made] == [[None, b"theirs"]] * 2
    assert gss.made[0].options["creds"]["base"][:2] == ("failover@LAB.TEST", PASSWORD.encode())


@pytest.mark.parametrize("account", [ACCOUNT, Account("a@R", keytab="/k"), Account("a@R", cache="FILE:/c"), Account("a@R")])
def test_each_context_negotiates_kerberos_with_credentials_of_its_own(gss: types.SimpleNamespace, account: Account) -> None:
    """SPNEGO has nothing to negotiate where the credentials are not good for Kerberos as well."""
    ours = auth(account)
    for label in ("dc1", "dc2"):
        ours.prepare(label, server())
    assert [context.options["mech"] for context in gss.made] == [SPNEGO] * 2
    first, second = (context.options["creds"] for context in gss.made)
    if account.password:
        first, second = first["base"]._asdict(), second["base"]._asdict()
        assert gss.made[0].options["creds"]["base"] is not gss.made[1].options["creds"]["base"]
    assert first is not second
    assert [sorted(made["mechs"]) for made in (first, second)] == [sorted([KERBEROS, SPNEGO])] * 2


def test_tokens_go_to_and_fro_until_both_sides_are_done(gss: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeContext, "rounds", 3)
    auth().prepare("dc1", server())
    assert gss.made[0].given == [None, b"theirs", b"theirs", b"theirs"]


@pytest.mark.parametrize(
    ("account", "store"),
    [(Account("a@R", keytab="/k"), "client_keytab"), (Account("a@R", cache="FILE:/c"), "ccache"), (Account("a@R"), None)],
)
def test_a_keytab_a_cache_or_the_caller_s_own_tickets(gss: types.SimpleNamespace, account: Account, store: str | None) -> None:
    auth(account).prepare("dc1", server())
    given = gss.made[0].options["creds"]["store"]
    assert given is None if store is None else store in given


def test_an_update_is_signed_and_its_answer_is_checked(gss: types.SimpleNamespace) -> None:
    ours = auth()
    ours.prepare("dc1", server())
    signed, mac = ours.sign("dc1", UPDATE)
    bare, tsig = split_tsig(signed)
    assert bare == UPDATE and tsig is not None and (tsig.algorithm, tsig.mac) == ("gss-tsig", mac)
    reply, theirs = _reply(tsig.key_name, mac)
    assert ours.accepts("dc1", reply, theirs, mac)
    assert not ours.accepts("dc1", reply[:3] + b"\5" + reply[4:], theirs, mac), "another rcode than was signed"
    assert not ours.accepts("dc1", reply, None, mac)
    echoed = Tsig(theirs.key_name, "gss-tsig", theirs.time, 300, mac, theirs.original_id, 0, b"")
    assert not ours.accepts("dc1", reply, echoed, mac), "the request's own MAC proves nothing"


def _reply(name: str, mac: bytes, leave_out: int = 0) -> tuple[bytes, Tsig]:
    bare = UPDATE[:2] + b"\xa8\0" + b"\0" * 8
    now = int(SystemClock().now().timestamp())
    blank = Tsig(name, "gss-tsig", now, 300, b"", 0x1234, 0, b"")
    signature = hashlib.sha256(signed_part(bare, blank, mac)[leave_out:]).digest()
    return bare, Tsig(name, "gss-tsig", now, 300, signature, 0x1234, 0, b"")


def test_samba_s_signature_without_the_length_of_the_request_s_is_taken(gss: types.SimpleNamespace) -> None:
    ours = auth()
    ours.prepare("dc1", server())
    signed, mac = ours.sign("dc1", UPDATE)
    tsig = split_tsig(signed)[1]
    assert tsig is not None
    assert ours.accepts("dc1", *_reply(tsig.key_name, mac, leave_out=2), mac)
    assert not ours.accepts("dc1", *_reply(tsig.key_name, mac, leave_out=4), mac)


def test_the_name_of_a_context_shares_no_suffix_with_any_zone(gss: types.SimpleNamespace) -> None:
    """Samba 4.17 computes a wrong length where the name of a signature's owner is compressed, as dnspython and others compress it."""
    names = set()
    for _context in range(3):
        ours = auth()
        ours.prepare("dc1", server())
        tsig = split_tsig(ours.sign("dc1", UPDATE)[0])[1]
        assert tsig is not None and re.fullmatch(r"[0-9a-f]{16}\.gss-key-[0-9a-f]{8}", tsig.key_name)
        names.add(tsig.key_name.rpartition(".")[2])
    assert len(names) == 3, "nor with one another"


def test_a_context_is_one_task_s_and_one_server_s(gss: types.SimpleNamespace) -> None:
    """Four threads on one context gave two bad signatures in 160 updates (BIND): each task makes its own, and runs in one thread."""
    first, second = auth(), auth()
    for ours in (first, second):
        ours.prepare("dc1", server())
        ours.prepare("dc2", server())
    assert len(gss.made) == 4


def test_a_context_that_worked_is_made_anew_once_and_one_that_never_did_is_not(gss: types.SimpleNamespace) -> None:
    ours = auth()
    ours.prepare("dc1", server())
    assert not ours.renewed("dc1")
    ours.prepare("dc1", server())
    assert len(gss.made) == 2
    signed, mac = ours.sign("dc1", UPDATE)
    tsig = split_tsig(signed)[1]
    assert tsig is not None and ours.accepts("dc1", *_reply(tsig.key_name, mac), mac)
    assert ours.renewed("dc1") and not ours.renewed("dc1")
    ours.prepare("dc1", server())
    anew = split_tsig(ours.sign("dc1", UPDATE)[0])[1]
    assert len(gss.made) == 3 and anew is not None and anew.key_name != tsig.key_name


def test_a_server_that_refuses_or_never_ends_is_named(gss: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadCredentials, match=r"dc1 takes no Kerberos from failover@LAB.TEST \(rcode 5"):
        auth().prepare("dc1", server(rcode=5))
    monkeypatch.setattr(FakeContext, "rounds", 99)
    with pytest.raises(ProtocolError, match="after 5 rounds"):
        auth().prepare("dc1", server())


def test_no_ticket_is_one_sentence_without_the_password(gss: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeContext, "fails", f"minor code:\n {PASSWORD} is wrong")
    with pytest.raises(BadCredentials, match=r"^no Kerberos ticket of failover@LAB.TEST for DNS/dc1.lab.test") as caught:
        auth().prepare("dc1", server())
    assert PASSWORD not in str(caught.value) + repr(ACCOUNT)


def test_what_can_t_be_is_refused_before_anything_is_sent(gss: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="give one of them"):
        auth(Account("a@R", keytab="/k", password="p"))
    with pytest.raises(InvalidInput, match="has no realm"):
        auth(Account("failover"))
    monkeypatch.setattr(dns_gss, "gssapi", None)
    with pytest.raises(MissingLibrary, match="needs the Python package gssapi on the controller: pip install gssapi .* Debian's python3-gssapi"):
        auth()


def test_the_same_signing_as_for_shared_keys(gss: types.SimpleNamespace) -> None:
    signed, mac = sign_with(UPDATE, "a.b", "gss-tsig", 1000, lambda data: hashlib.sha256(data).digest())
    bare, tsig = split_tsig(signed)
    assert (bare, tsig) == (UPDATE, Tsig("a.b", "gss-tsig", 1000, 300, mac, 0x1234, 0, b""))
