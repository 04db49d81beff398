# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Kerberos tickets from a password, kept where only this process sees them.

pykerberos takes tickets from the cache that KRB5CCNAME names, for the whole process. Ours is a collection (type DIR) with one cache per account, so that
two accounts do not get into each other's way; the library picks the cache by the principal. Without a password the caller's own tickets are used.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import threading
import time

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import BadCredentials, DeadlineExceeded, MissingLibrary

_lock = threading.Lock()
_folder = ""
_ready: set[str] = set()
#: Account and password -> until when no other kinit is tried, and why not. Each try may be a refused logon, and a silent realm costs every host its time.
_failed: dict[tuple[str, str], tuple[float, str]] = {}
REMEMBERED = 300.0


def has_ticket() -> bool:
    """Whether the caller has named a ticket cache or the default one exists."""
    named = os.environ.get("KRB5CCNAME", "")
    if named:
        return True
    return hasattr(os, "getuid") and os.path.exists(f"/tmp/krb5cc_{os.getuid()}")


def can_get_ticket() -> bool:
    return shutil.which("kinit") is not None


def get_ticket(principal: str, password: str, seconds: float, host: str) -> None:
    """kinit into the private collection, once per account and process. Raises MissingLibrary, BadCredentials, or DeadlineExceeded behind another kinit.

    A failure counts for all hosts for 300 s. kinit has half of ``seconds``, so that another kind of logon has its time when the realm is silent.
    """
    if principal in _ready:
        return
    if not _lock.acquire(timeout=max(0.0, seconds)):
        raise DeadlineExceeded(f"waited {seconds:.0f} s for another Kerberos ticket; check that a domain controller answers", host=host)
    try:
        _get_ticket(principal, password, seconds / 2, host)
    finally:
        _lock.release()


def _get_ticket(principal: str, password: str, seconds: float, host: str) -> None:
    global _folder
    if principal not in _ready:
        until, why = _failed.get((principal, password), (0.0, ""))
        if time.monotonic() < until:
            raise BadCredentials(why, host=host)
        if not can_get_ticket():
            raise MissingLibrary("the program kinit is missing; install krb5-user (Debian) or krb5-workstation (Red Hat), or get a ticket beforehand")
        if not _folder:
            _folder = tempfile.mkdtemp(prefix="continuity-krb5-")
            atexit.register(forget_tickets)
        cache = f"DIR::{os.path.join(_folder, f'tkt{len(_ready)}')}"
        try:
            _kinit(principal, password, cache, seconds, host)
        except BadCredentials as error:
            _failed[(principal, password)] = (time.monotonic() + REMEMBERED, error.message)
            raise
        os.environ["KRB5CCNAME"] = f"DIR:{_folder}"
        _ready.add(principal)


def forget_tickets() -> None:
    """Deletes every ticket that ``get_ticket`` got. Whoever needs one afterwards gets it anew."""
    global _folder
    with _lock:
        if _folder:
            shutil.rmtree(_folder, ignore_errors=True)
        _folder = ""
        _ready.clear()
        _failed.clear()


def _kinit(principal: str, password: str, cache: str, seconds: float, host: str) -> None:
    """The password goes through standard input: an argument would be seen by everybody."""
    environment = {name: value for name, value in os.environ.items() if name.startswith(("KRB5", "PATH", "HOME", "LANG"))}
    environment["LC_ALL"] = "C"
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function # run_command has no time limit and passes the whole environment on
            ["kinit", "-c", cache, "--", principal],
            input=password.encode() + b"\n",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadCredentials(f"no Kerberos ticket for {principal} within {seconds:.0f} s; check that a domain controller answers", host=host) from error
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").replace(password or "\0", "…").split())
        raise BadCredentials(f"no Kerberos ticket for {principal} ({said or 'kinit failed'}); check the account, the realm and krb5.conf", host=host)
