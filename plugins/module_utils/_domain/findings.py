# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a preflight can find: one table, and which of the findings stop a run."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_shape import suggestion
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

#: From harmless to fatal. ``error`` and ``blocker`` stop a run unless they are accepted with a reason.
SEVERITIES = ("info", "warning", "error", "blocker")
_STOPS = ("error", "blocker")


class Kind(t.NamedTuple):
    """One row: ``acceptable`` is false where no reason can make it right."""

    severity: str
    means: str
    remedy: str
    acceptable: bool = True


KINDS: dict[str, Kind] = {
    "baseline_missing": Kind("blocker", "the identity has no baseline", "arm the identity while the source is healthy"),
    "baseline_stale": Kind("warning", "the baseline is old", "arm the identity again while the source is healthy"),
    "target_unreachable": Kind("blocker", "the target does not answer", "bring the target's WinRM service within reach of the controller"),
    "source_unreachable": Kind("error", "the source does not answer", "bring the source's WinRM service within reach of the controller"),
    "wrong_machine": Kind("blocker", "another machine answers at a host's address", "correct the host's address in the inventory", acceptable=False),
    "management_inside_identity": Kind("blocker", "a host is managed through an address that moves", "give the host a management address of its own"),
    "service_missing_on_target": Kind("error", "the target lacks a service", "install the workload on the target"),
    "service_disabled_on_target": Kind("warning", "a service is disabled on the target", "give it a start_mode in the definition, or set it to manual"),
    "dhcp_on_target_interface": Kind("error", "the adapter takes its address from DHCP", "give the target's adapter a static address"),
    "interface_missing_on_target": Kind("error", "the target has no adapter for an address", "name the target's adapter in the definition"),
    "database_not_found": Kind("error", "a database is not on the target", "create the database or its replica on the target"),
    "databases_unknown": Kind("warning", "its databases can not be looked at", "start the database service on the target, or look again once it runs"),
    "disk_space": Kind("warning", "a disk of the target is nearly full", "make room on the target"),
    "clock_skew": Kind("warning", "a host's clock is off", "synchronise the host's clock"),
    "dns_zone_not_served": Kind("blocker", "no name server serves the zone of a name", "correct the name, or name the servers of its zone"),
    "dns_server_unreachable": Kind("error", "a name server does not answer", "start the name server or take it out of the definition"),
    "dns_key_refused": Kind("blocker", "the name server does not take updates with the key", "correct the credential, or allow its key on the name server"),
    "dns_lock_impossible": Kind(
        "error", "a name can not be locked against its source", "mend what its message says, or accept that a source that comes back takes its name"
    ),
    "dns_lock_unknown": Kind(
        "warning", "a domain controller can not be asked whether it locks a name", "bring its LDAP within reach, or take it out of dns.lock"
    ),
    "dns_lock_lost": Kind(
        "warning", "a name that was locked is not any more", "find out who took the lock away; the playbook repair_dns locks it again until the failback"
    ),
    "dns_servers_too_few": Kind("blocker", "a zone has fewer name servers than dns.require asks for", "list more name servers or ask for fewer"),
    "dns_servers_disagree": Kind("error", "name servers give different values, and go on doing so", "mend the zone's transfer or replication"),
    "dns_record_elsewhere": Kind(
        "error",
        "a name that is to be moved leads to neither source nor target",
        "point its record at the source, or take the name out of dns.repoint.names",
    ),
    "spn_held_by_third": Kind("error", "a third account holds a service principal name", "take the service principal name from that account"),
    "directory_unreachable": Kind("error", "no domain controller answers", "name a domain controller that answers"),
    "client_unreachable": Kind("warning", "clients do not answer", "start them; until then they find the new server when their cache expires"),
    "check_failed": Kind("error", "a check could not be made", "mend what its message says, or run the preflight again"),
    "plan_conflict": Kind("error", "something is otherwise than the plan found it", "make a new plan, or put it as the plan found it"),
    "source_answers": Kind("error", "the source answers again", "decide on a planned move with the ack playbook, or fence the source"),
    "data_choice_unserved": Kind(
        "error",
        "nobody can carry out what is to happen to the data",
        "put a hook data.yml into hooks.dir, say engine.kind none where there is one copy, or vote anew for apply_queues",
    ),
    "data_at_stake": Kind(
        "blocker",
        "clients may have written on the side that gives the identity back",
        "bring the data over and say how with failover_data_restored, or give them up with failover_discard",
    ),
    "journal_lost": Kind("blocker", "the journal was set back, is gone or does not verify", "say with failover_from_observation why it may be begun anew"),
    "mirror_unwritable": Kind("error", "the mirror of the journal can not be written", "make its folder on the controller writable, or name another one"),
    "dns_record_changed": Kind(
        "error", "a record is not as the failover left it", "keep the source from registering, then write it again with the playbook repair_dns"
    ),
    "changed_by_other": Kind(
        "error", "an undo found something that somebody else had changed, and its run would set it anew", "ask whoever changed it, and go on with the undo"
    ),
    "owner_not_confirmed": Kind("error", "names or addresses lead elsewhere than a run promised", "run the playbook again, or put them right by hand"),
    "store_unwritable": Kind("blocker", "the journal cannot be written", "let the account write the journal's folder"),
}


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that a later step would meet. ``evidence`` is what was read, without secrets; ``accepted`` the reason."""

    id: str
    host: str = ""
    evidence: t.Any = None
    msg: str = ""
    severity: str = ""
    accepted: str = ""

    def __post_init__(self) -> None:
        kind = KINDS[self.id]
        object.__setattr__(self, "severity", self.severity or kind.severity)
        object.__setattr__(self, "msg", self.msg or f"{self.host}: {kind.means}" if self.host else self.msg or kind.means)

    def stops(self) -> bool:
        return self.severity in _STOPS and not self.accepted

    def as_dict(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "remedy": KINDS[self.id].remedy}


def reasons(accept: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Finding -> reason. Raises InvalidInput for an id that does not exist, one that can not be accepted, and an empty reason."""
    for finding, reason in accept.items():
        if finding not in KINDS:
            raise InvalidInput(f"accept.{finding} is no finding{suggestion(finding, KINDS)}")
        if not KINDS[finding].acceptable:
            raise InvalidInput(f"accept.{finding} can not be accepted: {KINDS[finding].means}")
        if not explains(reason):
            raise InvalidInput(f"accept.{finding} has no reason: say why it is accepted")
    return {finding: str(reason).strip() for finding, reason in accept.items()}


def judged(findings: t.Iterable[Finding], accept: t.Mapping[str, str]) -> list[Finding]:
    """The gravest first, each with the reason for which it is accepted; what cannot be accepted stays as it is."""
    with_reasons = [dataclasses.replace(one, accepted=accept.get(one.id, "") if KINDS[one.id].acceptable else "") for one in findings]
    return sorted(with_reasons, key=lambda one: -SEVERITIES.index(one.severity))


def counts(findings: t.Iterable[Finding]) -> dict[str, int]:
    """How many of each severity, and how many of them are accepted."""
    listed = list(findings)
    return {**{severity: sum(one.severity == severity for one in listed) for severity in SEVERITIES}, "accepted": sum(bool(one.accepted) for one in listed)}
