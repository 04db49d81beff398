# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What status and the failback's preflight say of locks, asked of two domain controllers in memory."""

from __future__ import annotations

import pathlib
import threading
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, Unreachable
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _dns_lock_sites
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_status as status_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_hosts import Case
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_lock import lost
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import dns_gss
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.ldap_gss import KerberosSeal
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.security_descriptor import sid_from_text
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.ldap_peer import FakeSeal
from ansible_collections.continuity.identity_failover.tests.unit.lock_estate import (
    ACCOUNT,
    CLOCK,
    MAIL,
    OPEN,
    WWW,
    Estate,
    defined,
    node,
    setting,
    two_controllers,
)

LOCKED = {"dc1": "locked", "dc2": "locked"}


@pytest.fixture
def estate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    with two_controllers(monkeypatch) as made:
        yield made


@pytest.fixture
def folder(tmp_path: pathlib.Path, estate: Estate, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The journal after a failover that locked two names; nothing but the directory is there to be asked."""
    monkeypatch.setattr(status_module, "observe_owner", lambda *_asked: ("target", []))
    monkeypatch.setattr(status_module, "look_for_threats", lambda *_asked: [])
    failover = runs.started(tmp_path, CLOCK, break_glass="nobody else is awake")
    assert not estate.run(run=failover, names=[MAIL, WWW]).failed
    runs.ended(tmp_path, CLOCK, failover)
    for peer in estate.peers.values():
        peer.seen.clear()
    return tmp_path


def status(folder: pathlib.Path, estate: Estate, *, kerberos: dict[str, str] | None = None) -> Result:
    store = {"kind": "directory", "path": str(folder)}
    params = {"identity": "mail", "definition": defined(estate), "wait_for": [], "timeout": 1.0, "store": store, "mirror": None}
    result = status_module.failover_status({**params, "kerberos": ACCOUNT if kerberos is None else kerberos}, FakeHosts(), CLOCK, check_mode=False)
    assert not any(line.startswith("change") for peer in estate.peers.values() for line in peer.seen)
    result.warnings = [one for one in result.warnings if not one.startswith("break-glass")]
    return result


def locked_against_another(folder: pathlib.Path, estate: Estate) -> None:
    """A third name is locked too, against an account of its own."""
    for peer in estate.peers.values():
        entry = peer.entries["cn=exch1,cn=computers,dc=example,dc=com"]
        peer.entries["cn=exch3,cn=computers,dc=example,dc=com"] = {**entry, "samaccountname": [b"EXCH3$"]}
        peer.entries[node("third.example.com")] = {"ntsecuritydescriptor": [OPEN.to_bytes()], "dnsrecord": []}
    again = runs.started(folder, CLOCK, run_id="run2")
    estate.run(run=again, names=["third.example.com"], account="EXCH3$")
    runs.ended(folder, CLOCK, again)
    for peer in estate.peers.values():
        peer.seen.clear()


def said(result: Result) -> dict[str, str]:
    return {label: one["status"] for label, one in result.extra["locks"].items()}


def opened(estate: Estate, dc: str, name: str = MAIL) -> None:
    estate.peers[dc].entries[node(name)]["ntsecuritydescriptor"] = [OPEN.to_bytes()]


def failed_back(folder: pathlib.Path) -> None:
    runs.ended(folder, CLOCK, runs.started(folder, CLOCK, run_id="run2", kind="failback"))


def preflight(folder: pathlib.Path, estate: Estate, kind: str = "failback") -> list[tuple[str, str, str]]:
    case = Case(defined(estate), kind, FakeHosts(), CLOCK)
    return [(one.id, one.host, one.msg) for one in lost(case, {"kerberos": ACCOUNT}, runs.read(folder, CLOCK))]


def test_locks_that_stand_are_claimed_for_each_controller_that_was_read(folder: pathlib.Path, estate: Estate) -> None:
    result = status(folder, estate)
    assert (said(result), result.extra["lock_lost"], result.warnings) == (LOCKED, [], [])
    assert result.extra["locks"]["dc2"]["locked"] == result.extra["locked"] == [MAIL, WWW]
    assert preflight(folder, estate) == []


def test_a_lock_that_somebody_took_away_is_a_warning_and_a_finding(folder: pathlib.Path, estate: Estate) -> None:
    opened(estate, "dc2")
    result = status(folder, estate)
    assert said(result) == {"dc1": "locked", "dc2": "partly"} and result.extra["lock_lost"] == [MAIL]
    sentence = f"{MAIL} is locked by the journal, and dc2 lets EXCH1$ change it: the entry that denies it is not there"
    assert result.warnings == [f"mail: {sentence}: find out who took it away, then let the playbook repair_dns lock it again"]
    assert preflight(folder, estate) == [("dns_lock_lost", "dc2", sentence)] and preflight(folder, estate, "failover") == []


def test_once_a_failback_is_open_nothing_is_to_be_locked_again(folder: pathlib.Path, estate: Estate) -> None:
    """The playbook repair_dns asks this right before it locks."""
    opened(estate, "dc2")
    assert status(folder, estate).extra["guarded"] is True
    runs.started(folder, CLOCK, run_id="run2", kind="failback")
    result = status(folder, estate)
    assert (result.extra["guarded"], result.extra["lock_lost"], result.extra["state"]) == (False, [], "failing_back")


def test_a_controller_that_never_got_the_name_and_a_zone_that_was_opened_are_told(folder: pathlib.Path, estate: Estate) -> None:
    del estate.peers["dc2"].entries[node(MAIL)]
    estate.peers["dc1"].entries[node(MAIL).partition(",")[2]]["dnsproperty"] = [setting(2, 1)]
    told = " ".join(status(folder, estate).warnings)
    assert "dc2 lets EXCH1$ change it: it has no entry for it" in told and "dc1 lets EXCH1$ change it: zone example.com takes updates that nobody signs" in told


def test_a_controller_that_can_t_be_reached_is_never_locked(folder: pathlib.Path, estate: Estate) -> None:
    estate.peers["dc2"].port = 1
    result = status(folder, estate)
    assert said(result) == {"dc1": "locked", "dc2": "unreachable"} and result.extra["lock_lost"] == []
    assert ["dc2 could not be read, so it is not known what it denies" in one for one in result.warnings] == [True]
    ((kind, on, msg),) = preflight(folder, estate)
    assert (kind, on) == ("dns_lock_unknown", "dc2") and "the domain controller dc2 can not be read" in msg


def test_where_no_controller_takes_the_logon_each_is_told(folder: pathlib.Path, estate: Estate) -> None:
    for peer in estate.peers.values():
        peer.known = False
    result = status(folder, estate)
    assert said(result) == {"dc1": "refused", "dc2": "refused"} and len(result.warnings) == 2
    assert [one[0] for one in preflight(folder, estate)] == ["dns_lock_unknown"] * 2


class Dark(FakeSeal):
    """Says nothing before as many domain controllers are asked at once, and then nothing either."""

    together = threading.Barrier(2)
    hosts: t.ClassVar[list[str]] = []

    def __init__(self, account: t.Any, host: str) -> None:
        super().__init__(account, host)
        self.hosts.append(host)
        self._host = host

    def step(self, token: bytes | None) -> bytes | None:
        self.together.wait(30)
        raise Unreachable(f"{self._host} does not answer", host=self._host)


def test_dark_controllers_are_waited_for_side_by_side_and_once(folder: pathlib.Path, estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status lasts as long as one of them takes to be given up, however many they are and however many accounts are denied something."""
    locked_against_another(folder, estate)
    monkeypatch.setattr(Dark, "hosts", [])
    monkeypatch.setattr(_dns_lock_sites, "KerberosSeal", Dark)
    result = status(folder, estate)
    assert said(result) == {"dc1": "unreachable", "dc2": "unreachable"} and sorted(Dark.hosts) == ["dc1", "dc2"]
    told = [one for one in result.warnings if "does not answer" in one]
    assert len(told) == 3 and "not known whether third.example.com is locked" in told[2], "and what was not asked for the second account is told"


def test_a_controller_that_does_not_tell_is_unknown(folder: pathlib.Path, estate: Estate) -> None:
    del estate.peers["dc2"].entries[node(MAIL)]["ntsecuritydescriptor"]
    result = status(folder, estate)
    assert result.extra["locks"]["dc2"]["unknown"] == [MAIL] and result.extra["lock_lost"] == []
    assert ["it is not known whether dc2 denies mail.example.com" in one for one in result.warnings] == [True]
    assert [(kind, "dc2 denies" in msg) for kind, _on, msg in preflight(folder, estate)] == [("dns_lock_unknown", True)]


def test_an_account_that_was_deleted_is_told_by_the_sid_of_the_journal(folder: pathlib.Path, estate: Estate) -> None:
    for peer in estate.peers.values():
        del peer.entries["cn=exch1,cn=computers,dc=example,dc=com"]
    result = status(folder, estate)
    assert (said(result), result.warnings) == (LOCKED, [])


def test_without_an_account_or_a_lock_nobody_is_asked(folder: pathlib.Path, estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert status(folder, estate, kerberos={}).extra["locks"] == {}
    other = tmp_path_factory.mktemp("other")
    runs.ended(other, CLOCK, runs.started(other, CLOCK))
    assert status(other, estate).extra["locks"] == {} and preflight(other, estate) == []
    assert [peer.seen for peer in estate.peers.values()] == [[], []]


def test_a_missing_library_is_told_and_ends_nothing(folder: pathlib.Path, estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dns_lock_sites, "KerberosSeal", KerberosSeal)
    monkeypatch.setattr(dns_gss, "gssapi", None)
    result = status(folder, estate)
    assert said(result) == {} and len(result.warnings) == 1 and f"not known whether {MAIL}, {WWW} is locked" in result.warnings[0]
    assert [one[0] for one in preflight(folder, estate)] == ["dns_lock_unknown"]


def test_names_of_several_accounts_are_asked_of_each(folder: pathlib.Path, estate: Estate) -> None:
    locked_against_another(folder, estate)
    result = status(folder, estate)
    assert said(result) == LOCKED and result.extra["locks"]["dc1"]["locked"] == [MAIL, WWW, "third.example.com"]


def test_a_deleted_account_is_told_by_its_own_sid_and_not_by_that_of_another_one(folder: pathlib.Path, estate: Estate) -> None:
    account = "cn=exch3,cn=computers,dc=example,dc=com"
    for peer in estate.peers.values():
        peer.entries[account] = {"samaccountname": [b"EXCH3$"], "objectsid": [sid_from_text("S-1-5-21-1-2-3-1199")]}
        peer.entries[node("third.example.com")] = {"ntsecuritydescriptor": [OPEN.to_bytes()], "dnsrecord": []}
    again = runs.started(folder, CLOCK, run_id="run2")
    assert not estate.run(run=again, names=["third.example.com"], account="EXCH3$").failed
    runs.ended(folder, CLOCK, again)
    for peer in estate.peers.values():
        del peer.entries[account]
        peer.seen.clear()
    result = status(folder, estate)
    assert (said(result), result.extra["lock_lost"]) == (LOCKED, [])


@pytest.mark.parametrize(("dc2", "warns"), [("open", False), ("locked", True), ("silent", True), ("untold", True)])
def test_after_a_failback_the_journal_s_word_gives_way_to_what_every_controller_says(folder: pathlib.Path, estate: Estate, dc2: str, warns: bool) -> None:
    failed_back(folder)
    for name in (MAIL, WWW):
        opened(estate, "dc1", name)
        if dc2 == "open":
            opened(estate, "dc2", name)
        elif dc2 == "untold":
            del estate.peers["dc2"].entries[node(name)]["ntsecuritydescriptor"]
    if dc2 == "silent":
        estate.peers["dc2"].port = 1
    result = status(folder, estate)
    assert any("still, by the journal" in one for one in result.warnings) is warns and result.extra["lock_lost"] == []


def test_what_is_asked_of_nobody_raises_nothing(folder: pathlib.Path, estate: Estate) -> None:
    try:
        result = status(folder, estate, kerberos={"principal": "failover"})
    except FailoverError as error:
        pytest.fail(f"status ended with {error.message}")
    assert said(result) == {} and "has no realm" in t.cast("str", result.warnings[0])
