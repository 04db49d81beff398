# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What name servers owe: as a DNS step leaves it, and as they are read again later. ``_domain/debts.py`` has the shapes."""

from __future__ import annotations

import concurrent.futures
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.debts import Debt, Debts, same, sentence, without
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, from_image, to_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_ttl import is_note
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Accounts, Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint, NameServer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_discovery import addresses_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading, require_dnspython
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers, Verdict

Verdicts = t.Mapping[NameServer, t.Mapping[Item, Verdict]]
#: Servers that are read side by side, and the seconds for an answer.
WORKERS, TIMEOUT = 8, 3.0
#: What cannot be settled by any later look counts as no debt: who is no authority tells clients nothing.
OWES = ("unreachable", "wrong")


def wanted_of(
    outcomes: t.Sequence[Outcome], said: t.Callable[[Item], Verdict | None], arrived: t.Mapping[Item, RecordSet | None], located: t.Container[str]
) -> dict[Item, RecordSet | None]:
    """What is wanted now of every record that a step wrote or found. ``said``: what the written server said last; ``arrived``: changes that at least
    one server shows; ``located``: names whose server is known. Where the written one fell silent behind the write, or waits for a transfer, and
    another has the change, it is wanted of them all, also where fewer than it takes have shown it. Notes of TTLs owe nothing."""
    wanted: dict[Item, RecordSet | None] = {}
    for outcome in outcomes:
        if (
            not outcome.name
            or outcome.status not in ("done", "already", "unconfirmed")
            or is_note(item := Item.parse(outcome.name))
            or item.name not in located
        ):
            continue
        verdict = said(item)
        if verdict is not None and verdict.status == "ok":
            wanted[item] = verdict.records
        elif outcome.status == "done" and (verdict is None or verdict.status != "wrong"):
            wanted[item] = from_image(outcome.after)
        elif outcome.status == "unconfirmed" and item in arrived:
            wanted[item] = arrived[item]
    return wanted


def accounts(said: t.Mapping[str, Verdicts], wanted: t.Mapping[Item, RecordSet | None]) -> Accounts:
    """What a step leaves behind. ``said``: kind of debtor -> what each said last. A server that was not asked owes nothing."""
    owed, right = [], []
    for kind, verdicts in said.items():
        for server, kept in verdicts.items():
            told = {item: kept[item] for item in wanted if item in kept}
            owing = [item for item, verdict in told.items() if verdict.status in OWES]
            if owing:
                worst = next((told[item] for item in owing if told[item].status == "unreachable"), told[owing[0]])
                why = worst.msg if worst.status == "unreachable" else "it still had another value when the task ended"
                owed.append(_debt(kind, server, {str(item): to_image(wanted[item]) for item in owing}, worst.status, why))
            good = {str(item): None for item, verdict in told.items() if verdict.status == "ok"}
            if good:
                right.append(_debt(kind, server, good, "ok", ""))
    return Accounts(owed, right, {str(item): to_image(records) for item, records in wanted.items()})


def _debt(kind: str, server: NameServer, records: dict[str, t.Any], status: str, why: str) -> Debt:
    endpoint = server.endpoint
    return {"kind": kind, "server": endpoint.label, "address": endpoint.address, "port": endpoint.port, "status": status, "why": why, "records": records}


def read_again(debts: Debts, known: t.Sequence[Endpoint], clock: Clock) -> list[Debt]:
    """Each debt with ``now`` (record -> ok, wrong, unreachable or not_authoritative) and ``found`` (record -> image, of those that are
    wrong). ``known``: name servers that may know the address of one whose address nobody knew. Needs no credentials, changes nothing."""
    if not debts:
        return []
    with concurrent.futures.ThreadPoolExecutor(min(WORKERS, len(debts)), thread_name_prefix="debt") as pool:
        return list(pool.map(lambda debt: _read_one(debt, known, clock), debts))


def _read_one(debt: t.Mapping[str, t.Any], known: t.Sequence[Endpoint], clock: Clock) -> Debt:
    items = {Item.parse(record): record for record in debt["records"]}
    servers = Servers([], known, clock)
    server: NameServer | None = None
    try:
        require_dnspython()
        address = debt["address"] or next(iter(addresses_of(servers, servers.all, debt["server"])), "")
        server = NameServer(Endpoint(address, int(debt["port"]), str(debt["server"]), TIMEOUT), clock)
        readings = servers.recursive(server, list(items)) if debt["kind"] == "resolver" else servers.read(server, list(items), 1)
    except FailoverError as error:
        return {**debt, "now": dict.fromkeys(debt["records"], "unreachable"), "found": {}, "why": error.message}
    finally:
        servers.close()
        if server is not None:
            server.close()
    now = {record: _now(readings[item], debt["records"][record]) for item, record in items.items()}
    found = {record: to_image(readings[item].records) for item, record in items.items() if now[record] == "wrong"}
    return {**debt, "now": now, "found": found}


def _now(reading: Reading, image: t.Any) -> str:
    if reading.status == "ok":
        return "ok" if same(image, to_image(reading.records)) else "wrong"
    return "unreachable" if reading.status == "failed" else "not_authoritative"


def settled(read: Debts) -> list[Debt]:
    """The parts that were read as right."""
    parts = [{**debt, "records": {record: image for record, image in debt["records"].items() if debt["now"][record] == "ok"}} for debt in read]
    return [{name: value for name, value in part.items() if name not in ("now", "found")} for part in parts if part["records"]]


def settlement(journal: Journal, fold: Fold, known: t.Sequence[Endpoint], clock: Clock, by: str, run: str = "") -> tuple[list[Event], list[Debt]]:
    """Reads all open debts again: what the journal has to say of it (nothing, or one draft), and what is owed still."""
    read = read_again(fold.debts, known, clock)
    paid = settled(read)
    drafts = [journal.draft("debts_settled", run=run, by=by, data={"settled": paid})] if paid else []
    return drafts, without(read, paid)


def shown(read: Debts) -> list[dict[str, t.Any]]:
    """For a result: one entry a debtor, with a list of records."""
    return [
        {
            **{name: debt[name] for name in ("kind", "server", "address", "port", "why", "run", "since")},
            "records": [
                {"name": record, "wanted": image, "now": debt["now"][record], "found": debt["found"].get(record)} for record, image in debt["records"].items()
            ],
        }
        for debt in read
    ]


def warnings(read: Debts) -> list[str]:
    """One for each debtor."""
    found = []
    for debt in read:
        now = set(debt["now"].values())
        later = "as read now it has all of it, which the next run or monitor notes" if now == {"ok"} else "it is not known what it tells its clients"
        found.append(f"{sentence(debt)}; {later if 'wrong' not in now else 'as read now it has another value'}")
    return found
