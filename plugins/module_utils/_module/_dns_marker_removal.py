# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The run's TXT record taken out of each zone again: before a run ends, and when an identity is disarmed.

A message that an earlier holder has sent needs its marker, and is refused where there is none.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_messages import Line, Message, marker_name, read_marker
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._baseline import endpoints, stated_zones, touched
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_auth import build_auth
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_survey import Survey
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_updater import DynamicUpdates
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._repeats import UNDECIDED
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Refusal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import require_dnspython
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers

Definition = t.Mapping[str, t.Any]

#: Updates that are sent where no answer comes: nobody comes back to a run that is closed, and its marker keeps every repair out.
MESSAGES = 2


def remove_markers(
    identity: str, definition: Definition, params: t.Mapping[str, t.Any], clock: Clock, *, check_mode: bool, epoch: int | None = None
) -> list[Outcome]:
    """An outcome for each marker that was there; raises nothing of a name server's, but tells it.

    ``epoch``: of the run that ends; a marker of a later one is another controller's, and stays.
    """
    if not endpoints(definition):
        return []
    try:
        require_dnspython()
        servers = Servers(endpoints(definition), (), clock)
        auth = build_auth(params, servers, clock)
    except FailoverError as error:
        return [_failed("the run's marker in DNS", error)]
    try:
        survey = Survey(servers)
        amiss = survey.locate_most(touched(definition), stated_zones(definition))
        outcomes = [_failed(f"the run's marker beside {name}", error) for name, error in amiss.items()]
        updater = DynamicUpdates(servers, survey, auth, clock) if auth is not None else None
        for zone in list(survey.holders):
            try:
                outcomes.extend(_remove(marker_name(identity, zone), zone, servers, survey, updater, check_mode, epoch))
            except FailoverError as error:
                outcomes.append(_failed(f"{marker_name(identity, zone)} TXT", error))
    except FailoverError as error:
        return [_failed("the run's marker in DNS", error)]
    finally:
        servers.close()
    return outcomes


def _remove(name: str, zone: str, servers: Servers, survey: Survey, updater: DynamicUpdates | None, check_mode: bool, epoch: int | None) -> list[Outcome]:
    """In one zone, on the server that was found to have it; by the next where that one takes no updates."""
    server = survey.holder(zone)
    item = Item(name, "TXT")
    there = servers.present(server, [item])[item].records
    if there is None:
        return []
    label, where = f"{name} TXT", server.endpoint.label
    markers = [read_marker(value) for value in there.values]
    if any(marker is None for marker in markers):
        return [Outcome(label, "skipped", host=where, msg=f"it is {there}, which is not ours, so it is left alone", reason="not_ours", before=str(there))]
    later = next((marker for marker in markers if marker is not None and epoch is not None and marker.epoch > epoch), None)
    if later is not None:
        why = f"run {later.run} writes this zone under epoch {later.epoch}, and ours is {epoch}: it is left alone"
        return [Outcome(label, "skipped", host=where, msg=why, reason="lease_lost", before=str(there))]
    if check_mode:
        return [Outcome(label, "predicted", True, host=where, before=str(there))]
    if updater is None:
        why = "neither key nor kerberos was given, so it can't be removed"
        return [Outcome(label, "failed", host=where, msg=why, reason="not_removed", before=str(there))]
    lines = tuple(Line(name, "TXT", value) for value in there.values)
    message = Message(zone, exists=lines, deleted=lines)
    answered, refusal = False, None
    for number in range(MESSAGES):
        try:
            answered = _sent(updater, message)
        except Refusal as error:
            if not number:
                raise
            answered, refusal = True, error  # the one before may have arrived late: reading back says so
        if servers.present(survey.holder(zone), [item])[item].records is None:
            return [Outcome(label, "done", True, host=where, before=str(there))]
        if refusal is not None:
            raise refusal
        if answered:
            break
    why = "the name server took the update and still has it" if answered else f"the name server answered none of {MESSAGES} updates, and still has it"
    return [Outcome(label, "failed", True, host=where, msg=why, reason="unconfirmed", before=str(there))]


def _sent(updater: DynamicUpdates, message: Message) -> bool:
    """Whether it was answered; where not, reading back says whether it was done."""
    try:
        updater.carry_through(message, message.seconds())
    except UNDECIDED:
        return False
    return True


def _failed(name: str, error: FailoverError) -> Outcome:
    return Outcome(name, "failed", grade="unknown", msg=error.message, reason=error.reason, host=error.host or "")
