# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs playbooks with one mistake each: exit code not 0, the sentence names the place, and the lab's trace shows no request to any host."""

from __future__ import annotations

import copy
import json
import os
import pathlib
import subprocess
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor

import yaml

COLLECTION, LAB, PROJECT = (pathlib.Path(os.environ[name]) for name in ("COLLECTION", "LAB", "PROJECT"))
#: What the lab records when somebody asks a host or a name server anything.
REQUESTS = ("wsman", "http", "process", "dns", "connect", "effect")
Change = t.Callable[[dict[str, t.Any]], None]


class Case(t.NamedTuple):
    playbook: str
    says: tuple[str, ...]
    change: Change | None = None
    variables: dict[str, t.Any] = {}
    arguments: tuple[str, ...] = ()


def put(path: str, value: t.Any) -> Change:
    """Sets one key of the definition, such as ``dns.credential``; a number is a place in a list."""

    def change(definition: dict[str, t.Any]) -> None:
        place: t.Any = definition
        *parents, last = path.split(".")
        for part in parents:
            place = place[int(part) if part.isdigit() else part]
        place[int(last) if last.isdigit() else last] = value

    return change


CASES = {
    "unknown identity": Case("status", ("failover_identities", "mial", "mail"), variables={"failover_identity": "mial"}),
    "no identity": Case("arm", ("failover_identity:",), variables={"failover_identity": ""}),
    "source is target": Case("arm", ("failover_identities.mail.target.host", "'exch1'", "two servers"), put("target.host", "exch1")),
    "management endpoint inside the identity": Case(
        "failover",
        ("failover_identities.mail.target.host", "belongs to the identity", "dns.repoint.to"),
        put("dns.repoint.to", ["{{ hostvars.exch2.ansible_host }}"]),
    ),
    "unknown host": Case("preflight", ("failover_identities.mail.target.host", "'exch22'", "exch2"), put("target.host", "exch22")),
    "unknown vantage point": Case(
        "monitor", ("failover_identities.mail.monitor.vantage_points[1].host", "exch7"), put("monitor.vantage_points.1.host", "exch7")
    ),
    "databases of the wrong kind": Case("failover", ("failover_identities.mail.databases must be a list",), put("databases", {"DB01": "DB01-DR"})),
    "a database of an unknown kind": Case("failover", ("failover_identities.mail.databases[1].kind", "oracle"), put("databases.1.kind", "oracle")),
    "empty database name": Case("failback", ("failover_identities.mail.databases[1].name", "must not be empty"), put("databases.1.name", "")),
    "an address that is not one": Case("drill", ("failover_identities.mail.dns.repoint.to[0]", "10.0.0.300"), put("dns.repoint.to", ["10.0.0.300"])),
    "missing key for DNS": Case("failover", ("failover_identities.mail.dns.credential",), lambda definition: definition["dns"].pop("credential")),
    "unknown credential": Case("report", ("failover_identities.mail.databases[0].credential", "exchnage"), put("databases.0.credential", "exchnage")),
    "empty client group": Case("failover", ("failover_identities.mail.clients.flush[0]", "nobody"), put("clients.flush", ["nobody"])),
    "misspelt key": Case(
        "ack",
        ("failover_identities.mail.targets", "target"),
        put("targets", {"host": "exch2"}),
        {"failover_decision": "proceed", "failover_reason": "nobody is there"},
    ),
    "a decision without its words": Case("ack", ("failover_decision is missing", "failover_reason is missing")),
    "a switch for a reason": Case("failover", ("failover_break_glass",), variables={"failover_break_glass": True}),
    "misspelt key deep inside": Case("failover", ("failover_identities.mail.dns.repoint.nams", "names"), put("dns.repoint.nams", ["mail.example.com"])),
    "a limit that leaves nobody": Case("failover", ("--limit wit1", "localhost"), arguments=("--limit", "wit1")),
    "a limit without the target": Case("failover", ("exch2", "--limit"), arguments=("--limit", "localhost,wit1")),
}


def lab(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, str(COLLECTION / "tests/lab/lab.py"), *arguments, "--dir", str(LAB)], check=True, capture_output=True, text=True
    ).stdout


def requests() -> int:
    return sum(json.loads(line)["kind"] in REQUESTS for line in lab("trace").splitlines())


def play(name: str, case: Case) -> str:
    """What was wrong with the answer, empty if nothing."""
    project = yaml.safe_load((PROJECT / "inventory/group_vars/all/failover.yml").read_text(encoding="utf-8"))
    identities = copy.deepcopy(project["failover_identities"])
    # The wire needs a group without hosts.
    variables = {"failover_identity": "mail", **case.variables}
    if case.change:
        case.change(identities["mail"])
        variables["failover_identities"] = identities
    extra = PROJECT / f"case-{name.replace(' ', '-')}.yml"
    extra.write_text(yaml.safe_dump(variables), encoding="utf-8")
    command = ["ansible-playbook", "--inventory", str(PROJECT / "inventory"), "--vault-password-file", str(PROJECT / "vault-password")]
    command += [f"continuity.identity_failover.{case.playbook}", "--extra-vars", f"@{extra}", *case.arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    said = " ".join(done.stdout.split())
    missing = [words for words in case.says if words not in said]
    if done.returncode == 0:
        return f"{name}: {case.playbook} ended well\n{done.stdout[-3000:]}"
    return f"{name}: {case.playbook} failed without saying {missing}\n{done.stdout[-3000:]}" if missing else ""


def main() -> None:
    before = requests()
    with ThreadPoolExecutor(2) as pool:
        wrong = [answer for answer in pool.map(play, CASES, CASES.values()) if answer]
    asked = requests() - before
    if asked:
        wrong.append(f"hosts or name servers were asked {asked} times")
    if wrong:
        raise SystemExit("\n\n".join(wrong))
    print(f"{len(CASES)} mistakes were refused, and nothing was touched.")


if __name__ == "__main__":
    main()
