# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BIND with Kerberos: an MIT KDC, and a name server whose rights are its accounts'.

The account ``failover`` may change everything; ``host1``, as any host (krb5-self), only the addresses of its own name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.util
import os
import pathlib
import subprocess
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth, TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_gss import Account, GssAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import TsigKey
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import (
    PORT,
    POWERLESS,
    REVERSE,
    ZONE,
    RealServer,
    bind_config,
    key,
    program,
    running,
    zone_text,
)

REALM = "LAB.TEST"
PASSWORD = "of-the-failover-account"


def missing() -> str:
    """Why it can't run here; "" where it can."""
    absent = [name for name in ("named", "krb5kdc", "kadmin.local", "kdb5_util", "kinit") if not program(name)]
    if absent:
        return f"no {', '.join(absent)}: install Debian's bind9, krb5-kdc, krb5-admin-server and krb5-user"
    return "" if importlib.util.find_spec("gssapi") else "no Python package gssapi: tests/utils/real_servers.sh --install builds it"


@dataclasses.dataclass(frozen=True)
class Realm:
    """A running KDC. ``config`` is its clients' krb5.conf; ``keytabs`` by principal without realm."""

    config: pathlib.Path
    folder: pathlib.Path

    def keytab(self, principal: str) -> pathlib.Path:
        return self.folder / f"{principal.replace('/', '_')}.keytab"

    def environment(self) -> dict[str, str]:
        return {**os.environ, "KRB5_CONFIG": str(self.config), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def tickets(self, account: str) -> str:
        """A cache of the account's own, filled when the realm starts: what is measured against the name server is not measured against the KDC."""
        return f"FILE:{self.folder}/tickets-{account}"


@contextlib.contextmanager
def realm(folder: pathlib.Path) -> Iterator[Realm]:
    """An MIT KDC with the accounts failover and host1, and the key of the name server ns1.lab.test."""
    folder.mkdir(parents=True)
    made = Realm(folder / "krb5.conf", folder)
    # The brace that ends a realm stands on its own line, or the library finds no KDC.
    made.config.write_text(
        f"[libdefaults]\n default_realm = {REALM}\n rdns = false\n dns_canonicalize_hostname = false\n dns_lookup_kdc = false\n dns_lookup_realm = false\n"
        f" udp_preference_limit = 1\n[realms]\n {REALM} = {{\n  kdc = 127.0.53.6:25388\n }}\n",
        encoding="utf-8",
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\n kdc_listen = 127.0.53.6:25388\n kdc_tcp_listen = 127.0.53.6:25388\n[realms]\n {REALM} = {{\n"
        f"  database_name = {folder}/principal\n  key_stash_file = {folder}/stash\n  acl_file = {folder}/kadm5.acl\n }}\n",
        encoding="utf-8",
    )

    def tool(*command: str) -> None:
        done = subprocess.run([program(command[0]), *command[1:]], env=made.environment(), capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stderr or done.stdout}")

    tool("kdb5_util", "create", "-s", "-P", "of-the-database", "-r", REALM)
    tool("kadmin.local", "-q", f"addprinc -pw {PASSWORD} failover")
    for principal in ("host1", f"DNS/ns1.{ZONE}"):
        tool("kadmin.local", "-q", f"addprinc -randkey {principal}")
    for principal in ("failover", "host1", f"DNS/ns1.{ZONE}"):
        tool("kadmin.local", "-q", f"ktadd -norandkey -k {made.keytab(principal)} {principal}")
    log = folder / "kdc.log"
    with open(log, "w", encoding="utf-8") as stream:
        with subprocess.Popen([program("krb5kdc"), "-n", "-r", REALM, "-P", str(folder / "pid")], env=made.environment(), stdout=stream, stderr=stream) as kdc:
            try:
                yield made
            finally:
                kdc.terminate()
                kdc.wait(5)


@contextlib.contextmanager
def bind_with_kerberos(folder: pathlib.Path, kerberos: Realm) -> Iterator[RealServer]:
    """A primary whose zones take nothing but Kerberos; it knows the shared keys, and they may change nothing."""
    endpoint = Endpoint("127.0.53.7", PORT, "kerberos")
    folder.mkdir(parents=True)
    for zone in (ZONE, REVERSE):
        (folder / f"{zone}.db").write_text(zone_text(zone, endpoint.address), encoding="utf-8")
    policy = f"update-policy {{ grant failover@{REALM} zonesub ANY; grant {REALM} krb5-self . A AAAA; }};"
    zones = "\n".join(f'zone "{zone}" {{ type primary; file "{zone}.db"; {policy} }};' for zone in (ZONE, REVERSE))
    config = bind_config(folder, endpoint.address, zones)
    keytab = kerberos.keytab(f"DNS/ns1.{ZONE}")
    config.write_text(config.read_text(encoding="utf-8").replace("recursion no;", f'recursion no; tkey-gssapi-keytab "{keytab}";'), encoding="utf-8")
    with running([program("named"), "-f", "-c", str(config)], folder, endpoint, kerberos.environment()):
        for account in ("failover", "host1"):
            logon = [program("kinit"), "-c", kerberos.tickets(account), "-k", "-t", str(kerberos.keytab(account)), f"{account}@{REALM}"]
            subprocess.run(logon, env=kerberos.environment(), capture_output=True, timeout=60, check=True)
        accounts = {one: Account(f"{account}@{REALM}", cache=kerberos.tickets(account)) for one, account in ((key(), "failover"), (POWERLESS, "host1"))}
        signed = {"kerberos": {"principal": f"failover@{REALM}", "cache": kerberos.tickets("failover")}, "key": None}
        yield RealServer("kerberos", endpoint, signed=signed, auth=functools.partial(signer, f"ns1.{ZONE}", accounts))


def signer(host: str, accounts: t.Mapping[TsigKey, Account], by: TsigKey | None, clock: Clock) -> Auth:
    """Kerberos where the other servers take a key: the account that ``accounts`` has for it, at the server of the principal DNS/``host``."""
    account = accounts.get(by) if by is not None else None
    return TsigAuth(by, clock) if account is None else GssAuth(account, lambda _label: host, clock)


@contextlib.contextmanager
def no_tickets(config: pathlib.Path) -> Iterator[None]:
    """This process as a client of the KDC in ``config`` (krb5.conf), with no tickets of anybody's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(config))
        patch.setenv("KRB5CCNAME", f"FILE:{config.parent}/nobody-s-tickets")
        yield


@contextlib.contextmanager
def realm_and_bind(folder: pathlib.Path) -> Iterator[RealServer]:
    """Both, and this process as their client."""
    with realm(folder.with_name("kdc")) as made, bind_with_kerberos(folder, made) as started, no_tickets(made.config):
        yield started
