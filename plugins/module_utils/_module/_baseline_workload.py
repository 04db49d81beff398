# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a baseline knows of databases and service principal names: read from the engines and the directory as their steps read them.

Neither can always be asked (a stand-in's engine is stopped, a logon is not at hand): then what the last baseline knew stays, and a warning says so.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import parts
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.directory_spns import SpnsStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.mount_databases import DatabasesStep, mount_databases_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts

JSON = t.Any
Definition = t.Mapping[str, JSON]
Credentials = t.Mapping[str, t.Mapping[str, JSON]]


def databases(
    definition: Definition, side: str, hosts: Hosts, clock: Clock, credentials: Credentials, known: t.Mapping[str, JSON], warnings: list[str]
) -> dict[str, JSON]:
    """Database -> image on the server of ``side``, those that a drill mounts included. ``known``: what the last baseline says of them.

    Those of the kind ``command`` are not looked at: that would run a program of the user's.
    """
    host, found = definition[side]["host"], dict[str, JSON]()
    for entries, refused in _by_engine(definition, side, credentials):
        step = DatabasesStep({"state": "mounted", "run": None, "databases": entries}, hosts.named(host), clock)
        images, why = dict[str, JSON](), refused
        if not why:
            try:
                images = step.observe()
            except FailoverError as error:
                why = error.message
        for name in step.order:
            image = images.get(name)
            silent = why or ("its engine does not answer" if image is not None and image["mounted"] is None else "")
            if silent:
                warnings.append(f"the database {name} of {host} is not in the new baseline{_kept(name in known)}: {silent}")
            if not silent or name in known:
                found[name] = known[name] if silent else image
    return found


def spns(definition: Definition, hosts: Hosts, known: t.Mapping[str, JSON], warnings: list[str]) -> dict[str, JSON]:
    """Service principal name -> ``{account}``, or None where nobody holds it; those that a drill moves included."""
    drilled = (definition.get("drill") or {}).get("spns")
    families = [*(definition.get("spns") or []), *(drilled["spns"] if isinstance(drilled, dict) else [])]
    controllers = (definition.get("directory") or {}).get("domain_controllers") or []
    if not families or not controllers:
        return {}
    try:
        return SpnsStep({"spns": families, "domain_controllers": controllers, "run": None}, hosts).observe()
    except FailoverError as error:
        warnings.append(f"the service principal names are not in the new baseline{_kept(bool(known))}: {error.message}")
        return dict(known)


def _by_engine(definition: Definition, side: str, credentials: Credentials) -> t.Iterator[tuple[list[dict[str, JSON]], str]]:
    """Databases that one engine is asked for, as the options of ``mount_databases``, and why it cannot be asked; empty where it can."""
    drilled = (definition.get("drill") or {}).get("databases")
    options = mount_databases_spec().argument_spec["databases"]["options"]
    unset = {name: option.get("default") for name, option in options.items()}
    engines: dict[tuple[str, str, str], list[dict[str, JSON]]] = {}
    for part in (definition, *([drilled] if side == "target" and isinstance(drilled, dict) else [])):
        for stated, entry in zip(part.get("databases") or (), parts.databases(part, side, credentials), strict=True):
            if entry["kind"] != "command":
                place = str(entry.get("server") or entry.get("instance") or "")
                engines.setdefault((entry["kind"], place, stated.get("credential") or ""), []).append({**unset, **entry})
    for (_kind, _place, credential), entries in engines.items():
        yield entries, "" if not credential or credential in credentials else f"the credential {credential} was not handed over"


def _kept(known: bool) -> str:
    return ", so what the last one knew stays" if known else ""
