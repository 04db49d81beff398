# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for tests: ``plan(...)`` makes a document from predictions that are written briefly."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Facts, Prediction, document

DEFINITION: dict[str, t.Any] = {
    "source": {"host": "exch1"},
    "target": {"host": "exch2"},
    "addresses": [{"address": "10.0.0.21", "policy_store": "persistent"}],
    "services": [{"name": "MSExchangeIS"}],
    "databases": [
        {"kind": "exchange", "from": "DB01", "to": "DB01-DR"},
        {"kind": "sqlserver", "name": "pay]roll", "instance": "APP"},
        {"kind": "command", "name": "ledger", "command": {"mount": ["D:\\my db\\up.exe", "a b"], "dismount": ["down.exe"], "query": ["ask.exe"]}},
    ],
    "directory": {"domain_controllers": ["dc3"]},
    "post_script": {"path": "D:\\dr\\post.ps1", "arguments": ["-Role", "Primary"]},
    "dns": {"servers": [{"address": "10.0.0.10"}], "repoint": {"from": ["10.0.0.21"], "to": ["10.0.1.21"], "names": ["mail.example.com"]}},
    "clients": {"flush": ["ws1"], "sample": ["ws1"], "port": 443, "expect": []},
}


def change(name: str, before: t.Any, after: t.Any, *, do: str = "do it", grade: str = "probed", detail: t.Any = None) -> dict[str, t.Any]:
    return {"name": name, "do": do, "before": before, "after": after, "grade": grade, "detail": detail, "deadline": 60.0}


def said(
    step: str,
    *changes: dict[str, t.Any],
    as_wanted: dict[str, t.Any] | None = None,
    reason: str = "",
    msg: str = "",
    back: bool = False,
    found: dict[str, t.Any] | None = None,
    stops_at: dict[str, str] | None = None,
    touches: list[str] | None = None,
) -> Prediction:
    return Prediction(step, step.partition("@")[2], list(changes), as_wanted or {}, reason, msg, back, found or {}, stops_at or {}, touches or [])


STOPPED = {"state": "Stopped", "start_mode": "manual"}
RUNNING = {"state": "Running", "start_mode": "manual"}
OLD = {"values": ["10.0.0.21"], "ttl": 3600}
NEW = {"values": ["10.0.1.21"], "ttl": 60}


def usual() -> list[Prediction]:
    """A failover whose source is dead."""
    return [
        said("fence@exch1", reason="unreachable", msg="exch1 does not answer"),
        said("identity@exch2", change("address 10.0.0.21", None, {"interface": "Ethernet", "prefix_length": 24, "skip_as_source": True}, do="add it")),
        said("services@exch2", change("MSExchangeIS", STOPPED, RUNNING, do="start", grade="predicted"), as_wanted={"MSExchangeADTopology": RUNNING}),
        said("databases@exch2", change("DB01-DR", {"mounted": False, "guid": "g"}, {"mounted": True}, do="mount it", grade="predicted")),
        said("script@exch2", change("D:\\dr\\post.ps1", None, {"state": "done"}, do="run it", grade="unknown")),
        said("dns", change("mail.example.com A", OLD, NEW, detail={"zone": "example.com"})),
        said("clients", change("ws1", None, {"cache": "cleared"}, do="clear the resolver cache", grade="predicted")),
        said("verify", change("ws1", None, None, do="look whether it arrives", grade="unknown")),
    ]


#: As it is made in peace time: the source serves, an address and a share move, and somebody has to isolate the source.
PEACE: dict[str, t.Any] = {
    **DEFINITION,
    "fence": {"minimum": 3},
    "monitor": {"vantage_points": [{"host": "controller"}, {"host": "exch2"}, {"host": "wit1"}]},
    "addresses": [{"address": "10.0.0.30", "policy_store": "persistent"}],
    "services": [{"name": "MSExchangeADTopology"}, {"name": "MSExchangeIS"}],
    "hooks": {"dir": "inventory/hooks", "plan_safe": []},
}
HOOKS = ["before_fence", "after_fence", "before_dns"]
NOT_ENOUGH = (
    "the source is fenced to grade 2 (services_disabled), 3 (isolated) is needed: its adapters disabled or its switch port shut, given as evidence, and "
    "silence from two places; it still answers controller. Fence it, give evidence, or accept the risk"
)


def moved() -> list[Prediction]:
    """What a failover does behind its fence."""
    address = {"interface": "Ethernet", "prefix_length": 24, "skip_as_source": True}
    share = {"path": "D:\\archive", "description": "", "security_descriptor": "", "special": False}
    identity = said("identity@exch2", change("address 10.0.0.30", None, address, do="add it"), change("share archive", None, share, do="share D:\\archive"))
    return [identity, *usual()[2:]]


def serving() -> list[Prediction]:
    """A failover whose source serves."""
    auto = {"state": "Running", "start_mode": "auto"}
    disabled = {"state": "Stopped", "start_mode": "disabled"}
    fence = said(
        "fence@exch1",
        change("service MSExchangeIS", auto, disabled, do="stop and disable it"),
        change("service MSExchangeADTopology", auto, disabled, do="stop and disable it"),
        change("registration Ethernet", {"registers": True}, {"registers": False}, do="switch it off"),
        as_wanted={"registration Management": {"registers": False}},
        reason="not_fenced",
        msg=NOT_ENOUGH,
    )
    return [fence, *moved()]


#: The name servers beside the one that is written, and a resolver of the clients.
OTHERS: dict[str, t.Any] = {**PEACE["dns"], "verify_servers": [{"address": "10.0.1.10"}], "discover": True, "resolvers": [{"address": "10.0.9.9"}]}
ISOLATED: dict[str, t.Any] = {**PEACE, "dns": OTHERS}
SOURCE = ("fence@exch1", "identity@exch1", "services@exch1", "databases@exch1")


def giving_back(*, silent: bool) -> list[Prediction]:
    """A failback whose source answers, and was fenced; or whose source is switched off."""
    (identity, *_rest), disabled = moved(), {"state": "Stopped", "start_mode": "disabled"}
    address, share = (one["after"] for one in identity.changes)
    source = [
        said("fence@exch1", change("service MSExchangeIS", disabled, STOPPED, do="put it back as it was")),
        said("identity@exch1", change("address 10.0.0.30", None, address, do="add it")),
        said("services@exch1", change("MSExchangeIS", STOPPED, RUNNING, do="start")),
        said("databases@exch1", change("DB01", {"mounted": False}, {"mounted": True}, do="mount it")),
    ]
    if silent:
        source = [said(step, reason="unreachable", msg="exch1 does not answer") for step in SOURCE]
    return [
        said("databases@exch2", change("DB01-DR", {"mounted": True}, {"mounted": False}, do="dismount it")),
        said("services@exch2", change("MSExchangeIS", RUNNING, STOPPED, do="stop")),
        said("identity@exch2", change("share archive", share, None, do="remove it"), change("address 10.0.0.30", address, None, do="remove it")),
        *source,
        said("dns", change("mail.example.com A", NEW, OLD, do="lead it back", detail={"zone": "example.com"})),
        *usual()[6:],
    ]


def typed(text: str) -> list[str]:
    """The commands of a plan on paper, in order."""
    return [line.strip() for line in text.splitlines() if re.match(r"    +\S", line)]


def plan(
    predictions: list[Prediction] | None = None,
    *,
    kind: str = "failover",
    made_at: str = "2026-03-01T12:00:00.000Z",
    armed_at: str = "2026-03-01T10:00:00.000Z",
    baseline: dict[str, t.Any] | None = None,
    definition: dict[str, t.Any] | None = None,
    findings: list[dict[str, t.Any]] | None = None,
    hooks: list[str] | None = None,
    durations: dict[str, dict[str, t.Any]] | None = None,
    intent: dict[str, t.Any] | None = None,
    fenced: bool = False,
) -> dict[str, t.Any]:
    facts = Facts(
        id="20260301T120000Z-ab12cd",
        identity="mail",
        kind=kind,
        state="approved",
        owner_afterwards="source" if kind == "failback" else "target",
        definition=definition or DEFINITION,
        intent=intent or {"identity": "mail", "direction": kind},
        baseline=baseline or {},
        armed_at=armed_at,
        baseline_age=7200.0,
        made_at=made_at,
        by="ops",
        fenced=fenced,
    )
    return document(facts, usual() if predictions is None else predictions, findings or [], hooks or [], durations or {})
