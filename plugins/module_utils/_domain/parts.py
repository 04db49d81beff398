# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the steps of a run take, worked out from a normalised definition. Pure."""

from __future__ import annotations

import copy
import ipaddress
import typing as t

Definition = t.Mapping[str, t.Any]


def records(definition: Definition, side: str) -> list[dict[str, t.Any]]:
    """``{name, type, values}`` of every record that clients must see once ``side`` owns the identity.

    Records of ``dns.records`` are the target's only: what stood there before is known to the journal, not to us.
    """
    dns = definition.get("dns") or {}
    result = []
    repoint = dns.get("repoint") or {}
    values = repoint.get("to" if side == "target" else "from") or []
    for name in repoint.get("names") or []:
        for kind in ("A", "AAAA"):
            chosen = [str(v) for v in values if _kind(v) == kind]
            if chosen:
                result.append({"name": name, "type": kind, "values": chosen})
    if side == "target":
        result.extend({"name": r["name"], "type": r["type"], "values": list(r["values"])} for r in dns.get("records") or [])
    return result


def expectations(definition: Definition, side: str, machine: str) -> list[dict[str, t.Any]]:
    """What sample clients must find of each name, as verify_clients takes it. ``machine`` is the computer name of ``side``.

    What the definition states of a name is the target's; of the source its addresses and its machine are expected in their place.
    """
    clients = definition.get("clients") or {}
    addresses, old = _addresses(definition, side), _addresses(definition, "source" if side == "target" else "target")
    stated = {entry["name"]: _said(entry) for entry in clients.get("expect") or []}
    result = []
    for name in stated or addresses:
        entry = dict(stated.get(name, {}))
        if not entry or side != "target":
            for theirs in ("identity", "addresses"):
                entry.pop(theirs, None)
            entry = {"name": name, "identity": machine, **entry}
            if not entry.get("port") and clients.get("port"):
                entry["port"] = clients["port"]
            if name in addresses:
                entry["addresses"] = addresses[name]
        if name in old and old[name] != entry.get("addresses"):
            entry["old_addresses"] = old[name]
        spn = entry.get("spn") or _spn_of(definition, name)
        result.append({**entry, "spn": spn} if spn else entry)
    return result


def _said(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Without what is empty, or as it is anyway."""
    return {key: value for key, value in entry.items() if value not in (None, []) and (key, value) != ("protocol", "banner")}


def _addresses(definition: Definition, side: str) -> dict[str, list[str]]:
    return {r["name"]: r["values"] for r in records(definition, side) if r["type"] == "A"}


def _spn_of(definition: Definition, name: str) -> str:
    """The service principal name that users of ``name`` need; that of a web server where there are several."""
    values = [str(value) for family in definition.get("spns") or [] for value in family["values"]]
    found = [value for value in values if value.partition("/")[2].partition(":")[0].lower() == name.lower()]
    return next((value for value in found if value.lower().startswith("http/")), found[0] if found else "")


def databases(definition: Definition, side: str, credentials: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The databases as ``mount_databases`` takes them for one side, with the credential that each names."""
    result = []
    for database in definition.get("databases") or []:
        entry = {key: database[key] for key in ("kind", "instance", "timeout", "command") if database.get(key) is not None}
        entry["name"] = database.get("name") or database["to" if side == "target" else "from"]
        if database.get("server") and side == "target":
            entry["server"] = database["server"]
        credential = credentials.get(database.get("credential") or "") or {}
        for key in ("user", "password"):
            if credential.get(key):
                entry[key] = credential[key]
        result.append(entry)
    return result


def source_addresses(definition: Definition, baseline: Definition) -> list[dict[str, t.Any]]:
    """The addresses that the source had in peace time, on the adapters where it had them."""
    had = {str(a["address"]): a for a in (baseline.get("addresses") or {}).get(definition["source"]["host"], [])}
    result = []
    for address in definition.get("addresses") or []:
        entry = {key: address[key] for key in ("address", "prefix_length", "policy_store") if address.get(key) is not None}
        known = had.get(str(address["address"]))
        if known is not None:
            entry.update({key: known[key] for key in ("prefix_length", "interface", "skip_as_source") if known.get(key) is not None})
            result.append(entry)
    return result


def drill(definition: Definition) -> dict[str, t.Any]:
    """The definition that a drill runs: every step shadowed as ``drill`` says, or left out. Nothing live remains."""
    shadow = copy.deepcopy(dict(definition))
    plan = shadow["drill"] or {}

    def part(name: str, key: str) -> list[t.Any]:
        chosen = plan.get(name)
        return list(chosen[key]) if isinstance(chosen, dict) else []

    shadow["services"] = part("services", "services")
    shadow["databases"] = part("databases", "databases")
    shadow["addresses"] = part("addresses", "addresses")
    shadow["spns"] = part("spns", "spns")
    shadow["names"], shadow["shares"] = [], []
    # Hooks tell other systems that the identity moves; in a drill it does not.
    shadow["hooks"] = {**(shadow.get("hooks") or {}), "dir": None}
    shadow["post_script"] = plan["script"] if isinstance(plan.get("script"), dict) else None
    shadow["clients"] = {**shadow["clients"], "flush": [], "sample": [], "expect": []}
    if isinstance(plan.get("clients"), dict):
        shadow["clients"].update({key: value for key, value in plan["clients"].items() if value is not None})
    shadow["dns"] = _drill_dns(shadow.get("dns"), plan.get("dns"))
    return shadow


def _drill_dns(dns: t.Any, plan: t.Any) -> t.Any:
    if not isinstance(plan, dict) or not dns:
        return None
    targets = (dns.get("repoint") or {}).get("to") or []
    made = []
    for name in plan["names"].values():
        for kind in ("A", "AAAA"):
            values = [str(v) for v in targets if _kind(v) == kind]
            if values:
                made.append({"name": name, "type": kind, "values": values, "ttl": plan.get("ttl"), "expect": []})
    return {**dns, "repoint": None, "records": made, "lock": None, "static": False}


def _kind(address: t.Any) -> str:
    return "A" if ipaddress.ip_address(str(address)).version == 4 else "AAAA"


def accounts(definition: Definition, credentials: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """``{name, user, password}`` of each account that the definition's databases name, a drill's included, for whoever only looks at them."""
    drilled = (definition.get("drill") or {}).get("databases")
    listed = [*(definition.get("databases") or []), *(drilled["databases"] if isinstance(drilled, dict) else [])]
    wanted = dict.fromkeys(d["credential"] for d in listed if d.get("credential"))
    found = {name: credentials[name] for name in wanted if name in credentials}
    return [{"name": name, "user": c.get("user"), "password": c.get("password")} for name, c in found.items()]
