# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BIND, Knot and PowerDNS as Debian has them, each started from nothing in a folder of its own.

All listen on PORT and differ in their address, because NS records carry no port; the private network that
tests/utils/real_servers.sh makes keeps runs apart. Nothing here needs a privilege inside that network. Each listens on
127.0.53.N and, where the kernel has IPv6, on fd00:53::N.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import pathlib
import shutil
import subprocess
import time
import typing as t
from collections.abc import Iterator

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_auth import Auth, TsigAuth
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.tsig import TsigKey

PORT = 25353
ZONE = "lab.test"
REVERSE = "20.127.in-addr.arpa"
#: Seconds for a server to answer for its zones; measured: 0.3 to 0.8.
START = 60.0
#: Whether an interface carries the IPv6 addresses: the kernel's table of them, in which they stand without colons.
HAS_IPV6 = pathlib.Path("/proc/net/if_inet6").exists() and "fd00005300000000" in pathlib.Path("/proc/net/if_inet6").read_text(encoding="ascii")

SECRETS = {
    "hmac-md5": "bWQ1LXNlY3JldC1vZi10aGUtbGFiLW9ubHk=",
    "hmac-sha1": "c2hhMS1zZWNyZXQtb2YtdGhlLWxhYg==",
    "hmac-sha224": "c2hhMjI0LXNlY3JldC1vZi10aGUtbGFiLWxhYg==",
    "hmac-sha256": "c2hhMjU2LXNlY3JldC1vZi10aGUtbGFiLW9ubHktMDE=",
    "hmac-sha384": "c2hhMzg0LXNlY3JldC1vZi10aGUtbGFiLW9ubHktMDEyMzQ1Njc4OQ==",
    "hmac-sha512": "c2hhNTEyLXNlY3JldC1vZi10aGUtbGFiLW9ubHktMDEyMzQ1Njc4OWFiY2RlZg==",
}


def key(algorithm: str = "hmac-sha256") -> TsigKey:
    """A key that may change both zones."""
    return TsigKey.from_text(f"failover-{algorithm}", SECRETS[algorithm], algorithm)


#: A key that the servers know and that may change nothing.
POWERLESS = TsigKey.from_text("powerless", SECRETS["hmac-sha256"], "hmac-sha256")
EVERY_KEY = [*(key(algorithm) for algorithm in SECRETS), POWERLESS]
#: Keys with a shorter signature; only BIND has such keys.
TRUNCATED = [
    TsigKey.from_text(f"failover-{algorithm}", SECRETS[algorithm.rpartition("-")[0]], algorithm)
    for algorithm in ("hmac-sha256-128", "hmac-sha384-192", "hmac-sha512-256")
]


@dataclasses.dataclass(frozen=True)
class RealServer:
    """A running server: its kind (bind, kerberos, knot, powerdns, samba, embedded), where it takes updates, and its secondary where it has one.

    ``signed``: the options of update_dns that sign for the account that may change the zones; ``auth``: who signs for a key of EVERY_KEY.
    """

    kind: str
    endpoint: Endpoint
    secondary: Endpoint | None = None
    signed: t.Mapping[str, t.Any] = dataclasses.field(default_factory=lambda: {"key": {"name": key().name, "secret": SECRETS["hmac-sha256"]}})
    auth: t.Callable[[TsigKey | None, Clock], Auth] = TsigAuth

    def by_ipv6(self) -> RealServer:
        """The same server, where it is spoken to by IPv6."""
        return dataclasses.replace(self, endpoint=dataclasses.replace(self.endpoint, address=ipv6(self.endpoint.address)), secondary=None)


def ipv6(address: str) -> str:
    """The IPv6 address beside an IPv4 address of this network."""
    return f"fd00:53::{address.rpartition('.')[2]}"


def listening(address: str) -> list[str]:
    """The addresses that the server of this address listens on."""
    return [address, ipv6(address)] if HAS_IPV6 else [address]


def program(name: str) -> str:
    """The path of a server's program; "" where it is not installed. Debian keeps them outside of a user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin") or ""


def zone_text(zone: str, address: str) -> str:
    records = f"ns1 A {address}\nsource A 127.20.0.21\n" if zone == ZONE else ""
    return f"$ORIGIN {zone}.\n$TTL 300\n@ SOA ns1.{ZONE}. hostmaster.{ZONE}. 1 3600 600 86400 30\n@ NS ns1.{ZONE}.\n{records}"


@contextlib.contextmanager
def running(
    command: list[str], folder: pathlib.Path, endpoint: Endpoint, environment: dict[str, str] | None = None, zones: t.Sequence[str] = (ZONE, REVERSE)
) -> Iterator[None]:
    """A server in the foreground until the block ends. Raises RuntimeError with its log where it does not come up with its ``zones``."""
    log = folder / "log.txt"
    with (
        open(log, "w", encoding="utf-8") as stream,
        subprocess.Popen(command, cwd=folder, stdout=stream, stderr=subprocess.STDOUT, env=environment) as process,
    ):
        try:
            _wait_until_it_serves(process, endpoint, zones, log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_it_serves(process: subprocess.Popen[bytes], endpoint: Endpoint, zones: t.Sequence[str], log: pathlib.Path) -> None:
    end = time.monotonic() + START
    while True:
        missing = [zone for zone in zones if not _serves(endpoint, zone)]
        if not missing:
            return
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args!r} does not serve {', '.join(missing)}:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
        time.sleep(0.05)  # no server tells when it serves


def _serves(endpoint: Endpoint, zone: str) -> bool:
    try:
        answer = dns.query.udp(dns.message.make_query(zone, dns.rdatatype.SOA), endpoint.address, timeout=0.3, port=endpoint.port)
    except (dns.exception.DNSException, OSError):
        return False
    return bool(answer.answer)


# BIND


def bind_config(folder: pathlib.Path, address: str, zones: str) -> pathlib.Path:
    keys = "\n".join(f'key "{one.name}" {{ algorithm {one.algorithm}; secret "{_secret(one)}"; }};' for one in (*EVERY_KEY, *TRUNCATED))
    config = folder / "named.conf"
    config.write_text(
        f"""{keys}
options {{ directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key"; lock-file none;
  listen-on port {PORT} {{ {address}; }};
  listen-on-v6 port {PORT} {{ {ipv6(address)}; }}; recursion no; dnssec-validation no; notify-delay 0;
  serial-query-rate 1000; notify-rate 1000; notify-source {address}; transfer-source {address}; max-journal-size 50m; }};
controls {{ }};
{zones}
""",
        encoding="utf-8",
    )
    return config


def _secret(one: TsigKey) -> str:
    return base64.b64encode(one.secret).decode("ascii")


@contextlib.contextmanager
def bind(folder: pathlib.Path) -> Iterator[RealServer]:
    """A primary and a secondary that follows by NOTIFY."""
    first, second = Endpoint("127.0.53.1", PORT, "bind"), Endpoint("127.0.53.2", PORT, "bind-secondary")
    primary, secondary = folder / "primary", folder / "secondary"
    allowed = " ".join(f'key "{one.name}";' for one in (*EVERY_KEY, *TRUNCATED) if one is not POWERLESS)
    for place in (primary, secondary):
        place.mkdir(parents=True)
    for zone in (ZONE, REVERSE):
        (primary / f"{zone}.db").write_text(zone_text(zone, first.address), encoding="utf-8")
    zones = "\n".join(
        f'zone "{zone}" {{ type primary; file "{zone}.db"; allow-update {{ {allowed} }}; notify explicit; '
        f"also-notify {{ {second.address} port {PORT}; }}; allow-transfer {{ {second.address}; }}; }};"
        for zone in (ZONE, REVERSE)
    )
    followed = "\n".join(
        f'zone "{zone}" {{ type secondary; file "{zone}.db"; primaries {{ {first.address} port {PORT}; }}; allow-notify {{ {first.address}; }}; }};'
        for zone in (ZONE, REVERSE)
    )
    named = program("named")
    with running([named, "-f", "-c", str(bind_config(primary, first.address, zones))], primary, first):
        with running([named, "-f", "-c", str(bind_config(secondary, second.address, followed))], secondary, second):
            yield RealServer("bind", first, second)


# Knot


@contextlib.contextmanager
def knot(folder: pathlib.Path) -> Iterator[RealServer]:
    endpoint = Endpoint("127.0.53.3", PORT, "knot")
    (folder / "data").mkdir(parents=True)  # Knot makes files there, and not the folder
    for zone in (ZONE, REVERSE):
        (folder / f"{zone}.zone").write_text(zone_text(zone, endpoint.address), encoding="utf-8")
    keys = "\n".join(f"  - id: {one.name}\n    algorithm: {one.algorithm}\n    secret: {_secret(one)}" for one in EVERY_KEY)
    rights = "\n".join(f"  - id: {one.name}\n    key: {one.name}\n    action: [update, transfer]" for one in EVERY_KEY if one is not POWERLESS)
    acl = ", ".join(one.name for one in EVERY_KEY if one is not POWERLESS)
    zones = "\n".join(
        f"  - domain: {zone}\n    storage: {folder}\n    file: {zone}.zone\n    zonefile-sync: -1\n    zonefile-load: difference\n"
        f"    journal-content: changes\n    acl: [{acl}]"
        for zone in (ZONE, REVERSE)
    )
    listen = ", ".join(f"{address}@{PORT}" for address in listening(endpoint.address))
    config = folder / "knot.conf"
    config.write_text(
        f"server:\n  rundir: {folder}\n  listen: [{listen}]\ndatabase:\n  storage: {folder}/data\n"
        f"log:\n  - target: stderr\n    any: info\nkey:\n{keys}\nacl:\n{rights}\nzone:\n{zones}\n",
        encoding="utf-8",
    )
    with running([program("knotd"), "-c", str(config)], folder, endpoint):
        yield RealServer("knot", endpoint)


# PowerDNS


@contextlib.contextmanager
def powerdns(folder: pathlib.Path) -> Iterator[RealServer]:
    endpoint = Endpoint("127.0.53.4", PORT, "powerdns")
    folder.mkdir(parents=True)
    (folder / "pdns.conf").write_text(
        f"""launch=gsqlite3
gsqlite3-database={folder}/pdns.sqlite
gsqlite3-pragma-synchronous=0
local-address={", ".join(listening(endpoint.address))}
local-port={PORT}
socket-dir={folder}
dnsupdate=yes
allow-dnsupdate-from=127.0.0.0/8, fd00:53::/64
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
zone-metadata-cache-ttl=0
domain-metadata-cache-ttl=0
disable-axfr=no
daemon=no
guardian=no
loglevel=4
""",
        encoding="utf-8",
    )
    schema = pathlib.Path("/usr/share/doc/pdns-backend-sqlite3/schema.sqlite3.sql").read_text(encoding="utf-8")
    subprocess.run(["sqlite3", str(folder / "pdns.sqlite")], input=schema, text=True, check=True, timeout=30)

    def pdnsutil(*arguments: str) -> None:
        done = subprocess.run([program("pdnsutil"), f"--config-dir={folder}", *arguments], capture_output=True, text=True, timeout=30, check=False)
        if done.returncode:
            raise RuntimeError(f"pdnsutil {' '.join(arguments[:2])}: {done.stderr or done.stdout}")

    for one in EVERY_KEY:
        pdnsutil("import-tsig-key", one.name, one.algorithm, _secret(one))
    for zone in (ZONE, REVERSE):
        text = folder / f"{zone}.zone"
        text.write_text(zone_text(zone, endpoint.address), encoding="utf-8")
        pdnsutil("load-zone", zone, str(text))
        pdnsutil("set-meta", zone, "TSIG-ALLOW-DNSUPDATE", *(one.name for one in EVERY_KEY if one is not POWERLESS))
        pdnsutil("set-meta", zone, "SOA-EDIT-DNSUPDATE", "INCREASE")
    with running([program("pdns_server"), f"--config-dir={folder}"], folder, endpoint):
        yield RealServer("powerdns", endpoint)


class Kind(t.NamedTuple):
    """``needs``: programs, and the Debian packages that bring them."""

    start: t.Callable[[pathlib.Path], contextlib.AbstractContextManager[RealServer]]
    programs: tuple[str, ...]
    packages: str

    def missing(self) -> str:
        """Why it can't run here; "" where it can."""
        absent = [name for name in self.programs if not program(name)]
        return f"no {', '.join(absent)}: install Debian's {self.packages}" if absent else ""


KINDS = {
    "bind": Kind(bind, ("named",), "bind9"),
    "knot": Kind(knot, ("knotd",), "knot"),
    "powerdns": Kind(powerdns, ("pdns_server", "pdnsutil", "sqlite3"), "pdns-server, pdns-backend-sqlite3 and sqlite3"),
}
