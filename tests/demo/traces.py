# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failover and failback must leave as it was, read from the lab's own state. Only the journal stays, on the target."""

from __future__ import annotations

import typing as t


def snapshot(state: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Path -> value of everything of the two servers, the directory and the zones that users or services would notice."""
    facts: dict[str, t.Any] = {}
    for name in ("exch1", "exch2"):
        host = state["hosts"][name]
        facts[f"{name}: addresses"] = sorted(host["addresses"])
        facts[f"{name}: serving"] = sorted(host["serving"])
        facts[f"{name}: registers its names"] = sorted(host["registers"])
        facts[f"{name}: shares"] = host["shares"]
        for service, found in host["services"].items():
            facts[f"{name}: service {service}"] = (found["state"], found["start_mode"])
        for instance, databases in host["sql"].items():
            for database, found in databases.items():
                facts[f"{name}: {instance} {database}"] = found["state"]
    for account, found in state["directory"].items():
        facts[f"directory: {account}"] = sorted(found["spns"])
    for database, found in state["databases"].items():
        facts[f"database {database}"] = (found["server"], found["mounted"], found["mount_at_startup"])
    for server, found in state["dns"].items():
        for record, sets in found["records"].items():
            facts[f"{server}: {record}"] = sets
    return facts


def left_behind(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> list[str]:
    """A sentence for each difference."""
    return [f"{path} was {before.get(path)}, is {after.get(path)}" for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
