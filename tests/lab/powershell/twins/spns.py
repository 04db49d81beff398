# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twin of spns: holders of service principal names, and moving them."""

from __future__ import annotations

import itertools
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls
from ansible_collections.continuity.identity_failover.tests.lab.powershell.twins.fence import still_ours

HERE = {"server": "localhost"}


async def run(host: Host, data: Any, calls: LabCalls) -> JSON:
    names: dict[str, str] = {}
    accounts = []
    for name in data["accounts"]:
        found = await calls.call(host, "directory_get", {**HERE, "sam_account_name": name})
        if len(found) == 1:
            names[name.lower()] = found[0]["distinguished_name"]
            accounts.append({"account": found[0]["sam_account_name"], "dn": found[0]["distinguished_name"]})
    failed: list[dict[str, JSON]] = []
    refused: list[JSON] = []
    moves = sorted(data["moves"] or [], key=lambda move: data["moves"].index(next(each for each in data["moves"] if _pair(each) == _pair(move))))
    for (source, target), group in itertools.groupby(moves, key=_pair):
        if not still_ours(host, data["lease"]):
            refused += [move["value"] for move in group]
            continue
        failed += await _move(host, calls, names, source, target, [move["value"] for move in group])
    holders = []
    for value in data["values"]:
        for entry in await calls.call(host, "directory_get", {**HERE, "spn": value}):
            holders.append({"value": value, "account": entry["sam_account_name"], "dn": entry["distinguished_name"]})
    return {"accounts": accounts, "holders": holders, "forest": True, "failed": failed, "refused": refused}


def _pair(move: Any) -> tuple[str, str]:
    return str(move["from"] or "").lower(), str(move["to"] or "").lower()


async def _move(host: Host, calls: LabCalls, names: dict[str, str], source: str, target: str, values: list[str]) -> list[dict[str, JSON]]:
    removed = False
    try:
        if source:
            await calls.call(host, "directory_write", {**HERE, "identity": names.get(source, ""), "remove": values})
            removed = True
        if target:
            await calls.call(host, "directory_write", {**HERE, "identity": names.get(target, ""), "add": values})
    except CallError as error:
        restored = not removed
        if removed:
            try:
                await calls.call(host, "directory_write", {**HERE, "identity": names.get(source, ""), "add": values})
                restored = True
            except CallError:
                restored = False
        return [{"value": value, "code": error.code, "message": error.message, "restored": restored} for value in values]
    return []
