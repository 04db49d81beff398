# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the preflight asks of databases and the directory. Reads only, by the scripts that later make the changes."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import Finding
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._preflight_hosts import Case, failed
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import directory, exchange, sqlserver
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.exchange import Account

#: Seconds for a domain controller's answer.
REQUEST = 60.0
Credentials = t.Mapping[str, Account]
Database = t.Mapping[str, t.Any]


def databases(case: Case, credentials: Credentials) -> list[Finding]:
    """Does the receiving host know every database? Those of the kind command are not looked at: that would run a user's program."""
    session = case.sessions.get(case.receiving)
    if session is None:
        return []
    found: list[Finding] = []
    for (kind, place, credential), listed in _by_place(_wanted(case), "from" if case.kind == "failback" else "to").items():
        account = credentials.get(credential, Account())
        if credential and credential not in credentials:
            found.append(_not_looked(case.receiving, listed, f"the credential {credential} was not handed over"))
            continue
        try:
            answer = case.look(functools.partial(_read, session, kind, place, account))
        except FailoverError as error:
            found.append(failed(case.receiving, f"its databases {', '.join(listed)}", error))
            continue
        if not answer.reachable:
            # On a stand-in whose database service waits for the failover this is how it should be; yet nobody knows.
            found.append(_unknown(case.receiving, listed, answer.message))
            continue
        for name in listed:
            if answer.find(name) is None:
                where = f"{case.receiving}{f' ({place})' if place else ''}"
                found.append(Finding("database_not_found", case.receiving, {"database": name, "kind": kind}, f"{where} has no {kind} database {name}"))
    return found


def _read(session: Session, kind: str, place: str, account: Account) -> exchange.Answer | sqlserver.Answer:
    return exchange.read(session, place, account) if kind == "exchange" else sqlserver.read(session, place, account)


def _wanted(case: Case) -> t.Iterable[Database]:
    if case.kind != "drill":
        return t.cast("t.Iterable[Database]", case.definition["databases"])
    drilled = case.definition["drill"]["databases"]
    return [] if drilled == "skip" else drilled["databases"]


def _by_place(wanted: t.Iterable[Database], side: str) -> dict[tuple[str, str, str], list[str]]:
    """One request for each server or instance: (kind, server or instance, credential) -> names on the receiving host."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for database in wanted:
        if database["kind"] != "command":
            place = database["server"] if database["kind"] == "exchange" else database["instance"] or sqlserver.DEFAULT_INSTANCE
            places.setdefault((database["kind"], place or "", database["credential"] or ""), []).append(database["name"] or database[side])
    return places


def _unknown(host: str, names: t.Sequence[str], why: str) -> Finding:
    return Finding("databases_unknown", host, {"databases": list(names)}, f"{host} could not be asked for the databases {', '.join(names)}: {why}")


def _not_looked(host: str, names: t.Sequence[str], why: str) -> Finding:
    return Finding("check_failed", host, {"check": "databases", "names": list(names)}, f"{host}: could not look at the databases {', '.join(names)}: {why}")


def spns(case: Case) -> list[Finding]:
    """Is every service principal name with one of the two accounts that the definition names for it?"""
    families = case.definition["spns"]
    if case.kind == "drill":
        families = [] if case.definition["drill"]["spns"] == "skip" else case.definition["drill"]["spns"]["spns"]
    if not families or case.definition["directory"] is None:
        return []
    values = [value for family in families for value in family["values"]]
    answer, silence = _ask(case, [family[side] for family in families for side in ("from", "to")], values)
    if answer is None:
        return silence
    found = []
    for family in families:
        ours = {family["from"].lower(), family["to"].lower()}
        for value in family["values"]:
            others = [holder for holder in answer.holders_of(value) if holder.lower() not in ours]
            if others:
                evidence = {"spn": value, "holders": others}
                found.append(
                    Finding("spn_held_by_third", evidence=evidence, msg=f"{value} is held by {', '.join(others)}, not by {family['from']} or {family['to']}")
                )
    return found


def _ask(case: Case, accounts: t.Sequence[str], values: t.Sequence[str]) -> tuple[directory.Answer | None, list[Finding]]:
    """The first domain controller that answers; else why none does."""
    why = []
    for controller in case.definition["directory"]["domain_controllers"]:
        try:
            names = list(dict.fromkeys(accounts))
            return case.look(functools.partial(directory.ask, case.hosts.named(controller), names, values, [], REQUEST)), []
        except FailoverError as error:
            why.append(f"{controller}: {error.message}")
    return None, [Finding("directory_unreachable", evidence={"controllers": why}, msg=f"no domain controller could be asked: {'; '.join(why)}")]
