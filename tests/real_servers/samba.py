# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Samba as a domain controller of Active Directory: provisioned once and kept as an archive, from which each module of tests restores its own.

The directory is LAB.TEST, its zones are those of the other servers. Accounts: ``failover`` (a member of DnsAdmins), ``powerless`` (an ordinary
user) and the computers ``SOURCE$`` and ``OTHER$``, whose keys stand in keytabs as Windows has them in its secrets.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import importlib.util
import os
import pathlib
import subprocess
import tarfile
from collections.abc import Iterator

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account
from ansible_collections.continuity.identity_failover.tests.real_servers.kerberos import signer
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import (
    PORT,
    POWERLESS,
    REVERSE,
    ZONE,
    RealServer,
    key,
    listening,
    program,
    running,
)

ADDRESS = "127.0.53.10"
HOST = f"dc1.{ZONE}"
REALM = ZONE.upper()
BASE = ",".join(f"DC={label}" for label in ZONE.split("."))
COMPUTERS = ("SOURCE$", "OTHER$")
PASSWORDS = {
    "Administrator": "Of-the-administrator-1",
    "failover": "Of-the-failover-account-1",
    "powerless": "Of-a-user-1",
    "SOURCE$": "Of-the-source-1",
    "OTHER$": "Of-another-computer-1",
}
#: Seconds for one tool; provisioning took 9 to 19.
TOOL = 180
ARCHIVES = pathlib.Path(__file__).resolve().parents[2] / ".cache" / "samba"


@dataclasses.dataclass(frozen=True)
class DomainController:
    """A running DC. ``config`` is its clients' krb5.conf."""

    server: RealServer
    folder: pathlib.Path

    @property
    def config(self) -> pathlib.Path:
        return self.folder / "client.conf"

    def keytab(self, account: str) -> pathlib.Path:
        return self.folder / "keytabs" / account


def missing() -> str:
    """Why it can't run here; "" where it can."""
    absent = [name for name in ("samba", "samba-tool", "kinit") if not program(name)]
    if absent:
        return f"no {', '.join(absent)}: install Debian's samba, samba-dsdb-modules, samba-vfs-modules, samba-ad-provision and krb5-user"
    if importlib.util.find_spec("gssapi") is None:
        return "no Python package gssapi: tests/utils/real_servers.sh --install builds it"
    if not _archive().exists() and pathlib.Path("/proc/self/uid_map").read_text(encoding="ascii").split()[-1] == "1":
        return f"provisioning a domain gives files to several accounts: run tests/utils/real_servers.sh once as root, which leaves {_archive()}"
    return ""


@contextlib.contextmanager
def samba(folder: pathlib.Path) -> Iterator[DomainController]:
    """Restored from the archive, made where there is none; it serves its zones when this returns."""
    archive = _archive()
    if not archive.exists():
        _provision(archive, folder.with_name("provisioned"))
    folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        # Samba insists on its folders' modes, which newer Pythons' default filter changes; older Pythons know no filter.
        tar.extractall(folder, **({"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}))
    with _serving(folder) as controller:
        for account in ("failover", "powerless"):
            logon = [program("kinit"), "-c", _tickets(folder, account), f"{account}@{REALM}"]
            subprocess.run(logon, input=PASSWORDS[account], env=_environment(folder), text=True, capture_output=True, timeout=TOOL, check=True)
        yield controller


def _archive() -> pathlib.Path:
    """Of this Samba and this recipe."""
    said = subprocess.run([program("samba"), "--version"], capture_output=True, text=True, timeout=TOOL, check=True).stdout.split()[-1]
    return ARCHIVES / f"{said}-{hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()[:12]}.tar"


@contextlib.contextmanager
def _serving(folder: pathlib.Path) -> Iterator[DomainController]:
    _write_configs(folder)
    endpoint = Endpoint(ADDRESS, PORT, "samba")
    command = [program("samba"), "-i", "--no-process-group", "-M", "single", "-s", str(folder / "smb.conf"), "--debug-stdout"]
    with running(command, folder, endpoint, _environment(folder), zones=(ZONE,)):
        signed = {"kerberos": {"principal": f"failover@{REALM}", "cache": _tickets(folder, "failover")}, "key": None}
        accounts = {one: Account(f"{account}@{REALM}", cache=_tickets(folder, account)) for one, account in ((key(), "failover"), (POWERLESS, "powerless"))}
        yield DomainController(RealServer("samba", endpoint, signed=signed, auth=functools.partial(signer, HOST, accounts)), folder)


def _tickets(folder: pathlib.Path, account: str) -> str:
    """A cache of each account's own: hundreds of tasks are measured against the name server, not against the KDC."""
    return f"FILE:{folder}/tickets-{account}"


def _write_configs(folder: pathlib.Path) -> None:
    """Anew for each folder: what provisioning writes has its own paths, and the host's resolver as forwarder. Without TLS, whose key of 4,096 bits takes
    a second or half a minute to find: LDAP is sealed by Kerberos here."""
    (folder / "smb.conf").write_text(
        f"""[global]
realm = {REALM}
workgroup = LAB
netbios name = DC1
server role = active directory domain controller
server services = rpc, ldap, cldap, kdc, dns
interfaces = {" ".join(listening(ADDRESS))}
bind interfaces only = yes
allow dns updates = secure only
dns port = {PORT}
dns forwarder =
tls enabled = no
rpc server dynamic port range = 50000-50100
private dir = {folder}/private
lock directory = {folder}
state directory = {folder}/state
cache directory = {folder}/cache
binddns dir = {folder}/bind-dns
pid directory = {folder}
ncalrpc dir = {folder}/ncalrpc
ntp signd socket directory = {folder}/ntp
log file = {folder}/samba.log
posix:eadb = {folder}/eadb.tdb
""",
        encoding="utf-8",
    )
    (folder / "client.conf").write_text(
        f"[libdefaults]\n default_realm = {REALM}\n rdns = false\n dns_canonicalize_hostname = false\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
        f" udp_preference_limit = 1\n[realms]\n {REALM} = {{\n  kdc = {ADDRESS}\n }}\n",
        encoding="utf-8",
    )


def _environment(folder: pathlib.Path) -> dict[str, str]:
    # Debian's own Python for Samba's tools: not the one, and not the packages, of the tests.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return {**kept, "KRB5_CONFIG": str(folder / "client.conf"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def _tool(folder: pathlib.Path, *arguments: str) -> None:
    done = subprocess.run([program("samba-tool"), *arguments], cwd=folder, env=_environment(folder), capture_output=True, text=True, timeout=TOOL, check=False)
    if done.returncode:
        raise RuntimeError(f"samba-tool {' '.join(arguments[:2])}: {(done.stderr or done.stdout)[-3000:]}")


def _provision(archive: pathlib.Path, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True)
    _tool(
        folder,
        *("domain", "provision", "--server-role=dc", "--dns-backend=SAMBA_INTERNAL", f"--realm={REALM}", "--domain=LAB", "--host-name=dc1"),
        *(f"--adminpass={PASSWORDS['Administrator']}", f"--targetdir={folder}", f"--host-ip={ADDRESS}", f"--option=interfaces={ADDRESS}"),
        *("--option=bind interfaces only=yes", f"--option=posix:eadb={folder}/eadb.tdb"),
    )
    _write_configs(folder)
    for command in _accounts(folder):
        _tool(folder, *command, "-s", str(folder / "smb.conf"))
    with _serving(folder):  # a zone is made by a running server
        _tool(folder, "dns", "zonecreate", ADDRESS, REVERSE, "-U", f"Administrator%{PASSWORDS['Administrator']}", "-s", "smb.conf")
    archive.parent.mkdir(parents=True, exist_ok=True)
    fresh = archive.with_suffix(f".{os.getpid()}")
    with tarfile.open(fresh, "w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name, filter=lambda member: member if member.isfile() or member.isdir() else None)
    fresh.replace(archive)


def _accounts(folder: pathlib.Path) -> Iterator[tuple[str, ...]]:
    directory = f"{folder}/private/sam.ldb"
    (folder / "keytabs").mkdir()
    yield "domain", "passwordsettings", "set", "--max-pwd-age=0", "-H", directory
    for name in ("failover", "powerless"):
        yield "user", "create", name, PASSWORDS[name], "-H", directory
    yield "group", "addmembers", "DnsAdmins", "failover", "-H", directory
    for name in COMPUTERS:
        yield "computer", "create", name.rstrip("$"), "-H", directory
        yield "user", "setpassword", name, f"--newpassword={PASSWORDS[name]}", "-H", directory
    # samba_spnupdate adds it where all services run.
    yield "spn", "add", f"ldap/{HOST}", "DC1$", "-H", directory
    for name in ("failover", *COMPUTERS):
        yield "domain", "exportkeytab", str(folder / "keytabs" / name), f"--principal={name}@{REALM}"
