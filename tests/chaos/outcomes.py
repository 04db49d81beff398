# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two runs that end alike must have in common: the estate, the journal's meaning, and that nothing was done twice."""

from __future__ import annotations

import collections
import copy
import json
import pathlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Head, follow
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import unfinished
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.target import DEFAULT_PATH
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import IDENTITY, NAMES, SCRIPT
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.demo.traces import snapshot
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON

#: Effects that may be there more often than in a run without a death, and why that harms nobody.
REPEATABLE = {
    "marker_written": "each controller that takes a run over writes its own epoch into the zone's marker: that is the fence",
    "cache_cleared": "clearing a resolver cache twice leaves it cleared; users only ask DNS once more",
    "ticket_issued": "a ticket of the client's computer account, which stays in its cache and changes nothing",
    "event_written": "the host's own event log: what it says of itself",
    "name_registration_failed": "the host's own registration of its names, whenever its addresses change",
    "process_started": "a program that only reads",
    "process_ended": "a program that only reads",
}
#: Of a record: when and as which it was written.
NO_FACTS = ("kind", "number", "time", "pid", "sequence")
#: Our own scripts are messages: what they change is an effect of its own, and counted.
OWN_SCRIPTS = ("store", "spns", "exchange", "sqlserver", "post_script", "client_check", "client_tickets")


def zones(lab: MemoryLab) -> dict[str, JSON]:
    """Every record of every name server but serial numbers; no marker of a run is left."""
    return {
        f"{server.name} {name} {rdtype}": [found.ttl, sorted(value.to_text() for value in found.values)]
        for server in lab.estate.dns.values()
        for zone in server.zones.values()
        for name, node in zone.current.nodes.items()
        for rdtype, found in node.items()
        if rdtype.name != "SOA"
    }


def guards(lab: MemoryLab) -> dict[str, JSON]:
    """Who may change each name, on each domain controller: its security descriptor in hexadecimal digits."""
    controllers = lab.estate.domain.controllers if lab.estate.domain is not None else {}
    return {f"{server} {name} guard": found for server, one in controllers.items() for name, found in one.entries.descriptors(NAMES).items()}


def estate(lab: MemoryLab) -> dict[str, JSON]:
    """Path -> value of all that users, services or administrators would notice; JSON, so that it compares across processes."""
    lab.clock.sleep(5.0)  # secondary name servers, services that are just starting
    seen: dict[str, JSON] = {**snapshot(lab.control("state")), **zones(lab), **guards(lab)}
    for client in ("ws001", "ws002"):
        lab.control("flush", host=client)
        answer = lab.control("ask", client=client, name="mail.example.com")
        seen[f"{client} reaches"] = [answer["answered_by"], answer["address"]]
    return t.cast("dict[str, JSON]", json.loads(json.dumps(seen)))


def lines(lab: MemoryLab) -> list[str]:
    """The journal as it lies on the target."""
    return lab.estate.hosts["exch2"].files.read(f"{DEFAULT_PATH}\\{IDENTITY}.journal").decode().splitlines()


def lease(lab: MemoryLab) -> dict[str, t.Any]:
    try:
        kept: dict[str, t.Any] = json.loads(lab.estate.hosts["exch2"].files.read(f"{DEFAULT_PATH}\\{IDENTITY}.lease"))
    except FileNotFoundError:
        return {"holder": ""}  # nobody ever had it
    return kept


def lease_left(lab: MemoryLab) -> float:
    """Seconds until another controller may take it."""
    kept = lease(lab)
    return float(kept["granted"] + kept["seconds"] + kept["longest"] - lab.clock.monotonic())


def meaning(lab: MemoryLab) -> dict[str, JSON]:
    """The journal's fold without what differs from run to run: moments, ids, counts."""
    events, _head = follow(lines(lab), Head())
    found: Fold = fold(events, lab.clock.now())
    runs = [
        {
            "kind": run.kind,
            "ended": run.ended,
            "images": {
                step: {name: [image["before"], _without_moments(image["after"])] for name, image in items.items()} for step, items in run.images.items()
            },
            "failed": [step for step, facts in run.steps.items() if facts.get("failed") or unfinished(facts)],
            "accepted": [one["what"] for one in run.accepted],
        }
        for run in found.runs.values()
    ]
    told = {"state": found.state, "active": found.active_run, "unexpected": found.unexpected, "runs": runs, "lease": lease(lab)["holder"]}
    return t.cast("dict[str, JSON]", json.loads(json.dumps(told)))


def without_ends_of_scripts(meaning: JSON) -> JSON:
    """Of the users' scripts only whether they count as done."""
    runs = copy.deepcopy(meaning["runs"])
    for images in (images for run in runs for step, images in run.get("images", {}).items() if step.startswith("script@")):
        images.update({name: [before, {"state": after["state"]}] for name, (before, after) in images.items()})
    return {**meaning, "runs": runs}


def _without_moments(image: JSON) -> JSON:
    """The end of a script: when, and as which process, is nobody's state."""
    if isinstance(image, dict):
        return {key: value for key, value in image.items() if key not in ("started", "ended", "pid")}
    return image


def effects(records: t.Sequence[t.Mapping[str, JSON]]) -> collections.Counter[str]:
    """How often each effect was there; what may be repeated is left out."""
    counted: collections.Counter[str] = collections.Counter()
    for record in records:
        if record["kind"] == "ldap" and record["operation"] == "change":
            counted[json.dumps({key: record[key] for key in ("host", "dn", "attributes", "code") if key in record}, sort_keys=True)] += 1
        if record["kind"] != "effect" or record["effect"] in REPEATABLE or (record["effect"] == "script_started" and record["script"] in OWN_SCRIPTS):
            continue
        counted[json.dumps({key: value for key, value in record.items() if key not in NO_FACTS}, sort_keys=True, default=str)] += 1
    return counted


def on_any_controller(counted: t.Mapping[str, int]) -> collections.Counter[str]:
    """The effects by what was written to the directory, not by where: what a domain controller did not answer is written on another, and they replicate."""
    found: collections.Counter[str] = collections.Counter()
    for text, times in counted.items():
        effect = json.loads(text)
        found[json.dumps({key: value for key, value in effect.items() if key != "host" or "dn" not in effect}, sort_keys=True)] += times
    return found


def twice(clean: collections.Counter[str], other: collections.Counter[str]) -> list[str]:
    """What was done more often than in the run without a death."""
    return [f"{what}: {times} times instead of {clean[what]}" for what, times in other.items() if times > clean[what]]


def different(clean: JSON, other: JSON, path: str = "") -> list[str]:
    """A sentence for each difference, with its path."""
    if isinstance(clean, dict) and isinstance(other, dict):
        return [line for key in sorted(clean.keys() | other.keys()) for line in different(clean.get(key), other.get(key), f"{path}/{key}")]
    if isinstance(clean, list) and isinstance(other, list) and len(clean) == len(other):
        return [line for number, (a, b) in enumerate(zip(clean, other, strict=True)) for line in different(a, b, f"{path}/{number}")]
    return [] if clean == other else [f"{path} is {json.dumps(other)}, in the run without a death {json.dumps(clean)}"]


def without(meaning: JSON, keys: t.Container[str]) -> JSON:
    """A journal's meaning without some facts of its runs."""
    return {**meaning, "runs": [{key: value for key, value in run.items() if key not in keys} for run in meaning["runs"]]}


def mirror_differs(lab: MemoryLab, mirror: pathlib.Path) -> list[str]:
    """The mirror holds what the store holds, line by line."""
    kept = mirror / f"{IDENTITY}.mirror"
    mirrored = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    return [] if mirrored == lines(lab) else [f"the mirror has {len(mirrored)} lines, the store {len(lines(lab))}, or they differ"]


def script_runs(records: t.Sequence[t.Mapping[str, JSON]]) -> int:
    """How often the user's script was started."""
    return sum(1 for record in records if record["kind"] == "effect" and record["effect"] == "script_started" and record["script"] == SCRIPT)
