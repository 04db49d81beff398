# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's Kerberos realm: a real KDC (MIT's krb5kdc) as a process of the lab, and the server's side of a logon by GSS-API.

It needs Debian's krb5-kdc and krb5-admin-server, and the Python package gssapi (tests/utils/real_servers.sh --install brings both).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import LabError

PORT = 10088
#: Where tests/utils/real_servers.sh --install puts the package; whoever wants it in a playbook has the folder in PYTHONPATH.
PACKAGES = Path(__file__).resolve().parents[3] / ".cache" / "gssapi"
TOOLS = ("kdb5_util", "kadmin.local", "krb5kdc")
START_SECONDS = 10.0
PR_SET_PDEATHSIG = 1


def missing() -> str:
    """Why there can be no realm here, in one sentence; empty where there can."""
    absent = [tool for tool in TOOLS if not _program(tool)]
    if absent:
        return f"no {', '.join(absent)}: install Debian's krb5-kdc and krb5-admin-server"
    if importlib.util.find_spec("gssapi") is None and not (PACKAGES / "gssapi").exists():
        return "no Python package gssapi: tests/utils/real_servers.sh --install builds it"
    return ""


def _program(name: str) -> str:
    return shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin") or ""


def _gssapi() -> Any:
    if importlib.util.find_spec("gssapi") is None:
        sys.path.append(str(PACKAGES))
    return importlib.import_module("gssapi")


class LogonRefused(Exception):
    """The client's token was not taken."""


class Acceptor:
    """The server's side of one logon, with any key of the realm's keytab."""

    def __init__(self, keytab: Path) -> None:
        self._gssapi = _gssapi()
        self.context = self._gssapi.SecurityContext(creds=self._gssapi.Credentials(usage="accept", store={"keytab": str(keytab)}), usage="accept")

    def step(self, token: bytes) -> bytes:
        """The token for the client. Raises LogonRefused."""
        try:
            return self.context.step(token) or b""
        except self._gssapi.exceptions.GSSError as error:
            raise LogonRefused(" ".join(str(error).split())) from None

    @property
    def complete(self) -> bool:
        return bool(self.context.complete)

    @property
    def account(self) -> str:
        """The client's name without its realm."""
        return str(self.context.initiator_name).partition("@")[0]

    def wrap(self, data: bytes, *, encrypt: bool) -> bytes:
        return bytes(self.context.wrap(data, encrypt).message)

    def unwrap(self, data: bytes, *, encrypted: bool) -> bytes:
        """Raises LogonRefused for what the client did not seal as it must."""
        try:
            found = self.context.unwrap(data)
        except self._gssapi.exceptions.GSSError as error:
            raise LogonRefused(" ".join(str(error).split())) from None
        if encrypted and not found.encrypted:
            raise LogonRefused("the client did not encrypt")
        return bytes(found.message)


class Realm:
    """``accounts``: name → password; ``services``: principals such as ldap/dns1.example.com, whose keys stand in ``keytab``."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.config = folder / "krb5.conf"
        self.keytab = folder / "services.keytab"
        self._place = f"{address}:{PORT}"
        self._address = address
        self._kdc: subprocess.Popen[bytes] | None = None

    async def start(self, accounts: Mapping[str, str], services: Iterable[str]) -> None:
        """Raises LabError."""
        if missing():
            raise LabError(f"This estate has a Kerberos realm, and that is not possible here: {missing()}.")
        self.folder.mkdir(parents=True)
        self._write_configs()
        # The accepting side of this process reads them; a cache of replays would be a file in a folder that all labs share.
        os.environ.update(KRB5_CONFIG=str(self.config), KRB5RCACHENAME="none:")
        self._tool("kdb5_util", "create", "-s", "-P", "of-the-database", "-r", self.name)
        wanted = [f"addprinc -pw {password} {account}" for account, password in accounts.items()]
        for service in services:
            wanted += [f"addprinc -randkey {service}", f"ktadd -k {self.keytab} {service}"]
        self._tool("kadmin.local", "-r", self.name, script="\n".join(wanted) + "\n")
        with open(self.folder / "kdc.log", "wb") as log:
            command = [_program("krb5kdc"), "-n", "-r", self.name, "-P", str(self.folder / "pid")]
            self._kdc = subprocess.Popen(command, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_end_with_parent)
        await self._listening()

    def _write_configs(self) -> None:
        self.config.write_text(
            f"[libdefaults]\n default_realm = {self.name}\n rdns = false\n dns_canonicalize_hostname = false\n dns_lookup_kdc = false\n"
            f" dns_lookup_realm = false\n udp_preference_limit = 1\n[realms]\n {self.name} = {{\n  kdc = {self._place}\n }}\n",
            encoding="utf-8",
        )
        (self.folder / "kdc.conf").write_text(
            f"[kdcdefaults]\n kdc_listen = {self._place}\n kdc_tcp_listen = {self._place}\n[realms]\n {self.name} = {{\n"
            f"  database_name = {self.folder}/principal\n  key_stash_file = {self.folder}/stash\n  acl_file = {self.folder}/kadm5.acl\n }}\n",
            encoding="utf-8",
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def _tool(self, name: str, *arguments: str, script: str = "") -> None:
        """``script``: on standard input, as the passwords in it concern nobody's list of processes."""
        command = [_program(name), *arguments]
        done = subprocess.run(command, input=script, env=self._environment(), capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise LabError(f"The lab's Kerberos realm could not be made: {name} ended with {done.returncode}.")

    async def _listening(self) -> None:
        end = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                _reader, writer = await asyncio.open_connection(self._address, PORT)
                writer.close()
                return
            if self._kdc is None or self._kdc.poll() is not None or asyncio.get_running_loop().time() > end:
                raise LabError(f"The lab's KDC does not listen; {self.folder / 'kdc.log'} has what it said.")
            await asyncio.sleep(0.02)

    def stop(self) -> None:
        if self._kdc is not None:
            self._kdc.terminate()
            self._kdc.wait(10)
            self._kdc = None


def _end_with_parent() -> None:
    """A lab that is killed leaves no KDC behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
