# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tickets from a password: a kinit that writes down how it was called takes the place of the real one."""

from __future__ import annotations

import os
import pathlib
import threading

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials, DeadlineExceeded, MissingLibrary
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import kerberos, winrm_logon

KINIT = """#!/bin/sh
echo "$@" >> {log}
read password
echo "$password" >> {log}.stdin
[ "$password" = good ] && exit 0
echo "kinit: Preauthentication failed for $password" >&2
exit 1
"""


@pytest.fixture
def log(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    program = tmp_path / "kinit"
    program.write_text(KINIT.format(log=tmp_path / "log"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("KRB5CCNAME", "FILE:/nowhere")
    monkeypatch.setattr(kerberos, "_folder", "")
    monkeypatch.setattr(kerberos, "_ready", set())
    monkeypatch.setattr(kerberos, "_failed", {}, raising=False)
    return tmp_path / "log"


def test_each_account_has_a_cache_of_its_own_in_one_private_collection(log: pathlib.Path) -> None:
    for principal in ("a@EXAMPLE.COM", "b@EXAMPLE.COM", "a@EXAMPLE.COM"):
        kerberos.get_ticket(principal, "good", 5, "exch1")
    lines = log.read_text().splitlines()
    assert len(lines) == 2
    caches = [line.split()[1] for line in lines]
    assert len(set(caches)) == 2
    folder = os.environ["KRB5CCNAME"].removeprefix("DIR:")
    assert all(cache.startswith(f"DIR::{folder}/tkt") for cache in caches)
    assert pathlib.Path(folder).stat().st_mode & 0o777 == 0o700
    assert "good" not in log.read_text()


def test_a_wrong_password_is_told_without_it(log: pathlib.Path) -> None:
    with pytest.raises(BadCredentials, match="Preauthentication failed") as caught:
        kerberos.get_ticket("a@EXAMPLE.COM", "s3cret", 5, "exch1")
    assert "s3cret" not in caught.value.message
    assert caught.value.host == "exch1"
    assert os.environ["KRB5CCNAME"] == "FILE:/nowhere"


def test_a_failure_counts_for_all_hosts_and_not_for_another_password(log: pathlib.Path) -> None:
    for host in ("ws001", "ws002"):
        with pytest.raises(BadCredentials, match="Preauthentication failed") as caught:
            kerberos.get_ticket("a@EXAMPLE.COM", "wrong", 5, host)
        assert caught.value.host == host
    assert len(log.read_text().splitlines()) == 1, "each kinit may be a refused logon"
    kerberos.get_ticket("a@EXAMPLE.COM", "good", 5, "ws003")
    kerberos.forget_tickets()
    with pytest.raises(BadCredentials):
        kerberos.get_ticket("a@EXAMPLE.COM", "wrong", 5, "ws001")
    assert len(log.read_text().splitlines()) == 3, "the next task tries anew"


def test_waiting_for_the_ticket_of_another_host_is_bounded(log: pathlib.Path) -> None:
    found: list[BaseException] = []

    def ask(principal: str) -> None:
        try:
            kerberos.get_ticket(principal, "good", 0.05, "ws001")
        except DeadlineExceeded as error:
            found.append(error)

    kerberos.get_ticket("b@EXAMPLE.COM", "good", 5, "ws000")
    with kerberos._lock:
        waiting = [threading.Thread(target=ask, args=(principal,), daemon=True) for principal in ("a@EXAMPLE.COM", "b@EXAMPLE.COM")]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join(5)
        assert not any(thread.is_alive() for thread in waiting)
    assert len(found) == 1, "who has a ticket waits for nobody"


def test_a_silent_realm_leaves_time_for_another_logon(log: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    monkeypatch.setattr(kerberos, "_kinit", lambda principal, password, cache, seconds, host: given.append(seconds))
    kerberos.get_ticket("a@EXAMPLE.COM", "good", 30, "ws001")
    assert given == [15]


def test_a_missing_kinit_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(kerberos, "_ready", set())
    with pytest.raises(MissingLibrary, match="krb5-user"):
        kerberos.get_ticket("a@EXAMPLE.COM", "x", 5, "exch1")


BOTH = ("kerberos", "ntlm")


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(("cache", "user", "expected"), [("FILE:/x", "u", BOTH), ("", "u@EXAMPLE.COM", BOTH), ("", "u", ("ntlm",))])
def test_negotiate_is_kerberos_where_a_ticket_is_or_can_be(cache: str, user: str, expected: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRB5CCNAME", cache)
    monkeypatch.setattr(os, "getuid", lambda: 2**31)  # an account without a default ticket cache
    settings = ConnectionSettings("exch1", "192.0.2.1", user=user, transport=("negotiate",))
    assert winrm_logon.methods(settings) == expected
