# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of store: one transaction of the journal and its lease, on the same files that the script writes."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import time
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.files import Files
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls

DESCRIPTOR = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
KEPT = ("holder", "epoch", "by", "run", "seconds", "granted", "longest", "settling", "boot", "since")
NUMBERS = ("epoch", "seconds", "granted", "longest", "settling")


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _write_whole(files: Files, path: str, content: bytes, backup: str = "") -> None:
    if files.exists(path):
        files.write(backup or path + ".old", files.read(path))
    files.write(path, content)


def _read_journal(files: Files, journal: str) -> tuple[list[str], str]:
    """The whole lines, and what stood after the last one: that is put aside."""
    text = files.read(journal).decode() if files.exists(journal) else ""
    whole, end, torn = text.rpartition("\n")
    if torn:
        old = files.read(journal + ".torn") if files.exists(journal + ".torn") else b""
        files.write(journal + ".torn", old + torn.encode() + b"\n")
        _write_whole(files, journal, (whole + end).encode())
    return (whole.rstrip("\n").split("\n") if whole else []), torn


def _base(lines: list[str]) -> int:
    """How many events were pruned before the first line."""
    return max(0, _number(lines[0]) - 1) if lines else 0


def _number(line: str) -> int:
    found = re.findall(r'"seq":([0-9]+),"step":', line)
    return int(found[-1]) if found else 0


def _read_mark(files: Files, path: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(files.read(path)) if files.exists(path) else {"seq": 0, "hash": "0" * 64}
        return {"seq": int(kept["seq"]), "hash": str(kept["hash"])}
    except (ValueError, KeyError, TypeError):
        return {"seq": 0, "hash": "0" * 64}


def _append(files: Files, journal: str, mark_file: str, seq: int, request: Any) -> tuple[int, str]:
    """The number and hash of the last line that was written."""
    new = list(request["lines"])
    text = ("\n".join(new) + "\n").encode()
    if request["aside"]:
        files.delete(mark_file)
        _write_whole(files, journal, text, f"{journal}.{request['aside']}")
        seq = _number(new[0]) - 1
    else:
        files.write(journal, (files.read(journal) if files.exists(journal) else b"") + text)
    seq, head = seq + len(new), _hash(new[-1])
    _write_whole(files, mark_file, json.dumps({"seq": seq, "hash": head}).encode())
    return seq, head


def _tail(lines: list[str], first: int, checkpoint: bool) -> list[str]:
    marked = [index for index in range(first + 1, len(lines)) if '"kind":"checkpoint","prev":"' in lines[index]] if checkpoint else []
    return lines[marked[-1] if marked else first :]


def _read_lease(files: Files, path: str, boot: str, uptime: float) -> tuple[dict[str, Any], bool]:
    """The lease, and whether its file was damaged and set aside."""
    fresh: dict[str, Any] = {"holder": "", "epoch": 0, "by": "", "run": "", "seconds": 0.0, "granted": 0.0, "longest": 0.0, "settling": 0.0}
    fresh.update(boot=boot, since="")
    if not files.exists(path):
        return fresh, False
    content = files.read(path)
    try:
        kept = json.loads(content)
        lease = {**fresh, **{name: kept[name] for name in KEPT if name in kept}}
        if not isinstance(kept, dict) or any(type(lease[name]) not in (int, float) for name in NUMBERS):
            raise TypeError("no lease")
    except (ValueError, TypeError):
        files.write(path + ".damaged", content)
        files.delete(path)
        return fresh, True
    if lease["boot"] != boot or float(lease["granted"]) > uptime:
        lease.update(boot=boot, granted=uptime)
        _write_whole(files, path, json.dumps(lease).encode())
    return lease, False


def _told(lease: dict[str, Any], uptime: float) -> dict[str, Any]:
    passed = uptime - float(lease["granted"])
    told = {name: lease[name] for name in ("holder", "epoch", "by", "run", "since")}
    told["remaining"] = float(lease["seconds"]) - passed if lease["holder"] else 0.0
    return {**told, **{name: max(0.0, float(lease[name]) - passed) for name in ("longest", "settling")}}


def _verdict(claim: Any, told: dict[str, Any]) -> str:
    if claim is None:
        return "ok"
    mine = told["holder"] == claim["holder"]
    if claim.get("acquire"):
        if told["remaining"] > 0 and not mine and not claim["force"]:
            return "lease_held"
        return "ok" if int(claim["epoch"]) > int(told["epoch"]) else "head_moved"
    return "ok" if mine and int(claim["epoch"]) == int(told["epoch"]) else "lease_lost"


def _granted(claim: Any, lease: dict[str, Any], told: dict[str, Any], uptime: float) -> dict[str, Any]:
    granted = dict(lease)
    if claim.get("acquire"):
        now = datetime.datetime.now(datetime.timezone.utc)
        granted.update(epoch=int(claim["epoch"]), since=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
    over = claim.get("acquire") or claim.get("release")
    settling = max(told["longest"], told["settling"]) if over else told["settling"]
    granted.update(settling=max(settling, float(claim.get("settling") or 0.0)))
    granted.update(holder="" if claim.get("release") else claim["holder"], by=claim["by"], run=claim["run"])
    granted.update(seconds=float(claim["seconds"]), longest=0.0 if claim.get("release") else float(claim["longest"]), granted=uptime)
    return granted


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    request, folder, files = data["request"], str(data["path"]), host.files
    journal, lease_file, mark_file = (f"{folder}\\{request['identity']}.{end}" for end in ("journal", "lease", "head"))
    uptime = time.monotonic()
    boot = (await calls.call(host, "operating_system", {}))["last_boot"]
    if not files.is_folder(folder):
        files.add_folder(folder)
        await calls.call(host, "acl_set", {"path": folder, "sddl": DESCRIPTOR})
    lines, torn = _read_journal(files, journal)
    base = _base(lines)
    seq, head = base + len(lines), _hash(lines[-1]) if lines else "0" * 64
    lease, damaged = _read_lease(files, lease_file, boot, uptime)
    told = _told(lease, uptime)
    claim, expect = request.get("lease"), request.get("expect")
    verdict = _verdict(claim, told)
    if verdict == "ok" and expect is not None and (int(expect["seq"]) != seq or expect["hash"] != head):
        verdict = "head_moved"
    mark = _read_mark(files, mark_file)
    if not request["aside"] and (mark["seq"] > seq or (mark["seq"] == seq and mark["hash"] != head)):
        verdict = "rewound"
    account = await calls.call(host, "account", {})
    if request["actor"] and request["actor"] != account["sid"]:
        verdict = "actor_mismatch"
    tail = _tail(lines, max(0, int(request["after"]) - base), bool(request["checkpoint"]))
    if verdict == "ok":
        if request["lines"]:
            seq, head = _append(files, journal, mark_file, seq, request)
        if claim is not None:
            lease = _granted(claim, lease, told, uptime)
            _write_whole(files, lease_file, json.dumps(lease).encode())
            told = _told(lease, uptime)
    where = {"head": {"seq": seq, "hash": head}, "mark": mark, "lines": tail, "torn": torn, "damaged": damaged, "account": account}
    return {"verdict": verdict, **where, "lease": told}
