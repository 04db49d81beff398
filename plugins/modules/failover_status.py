#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_status
short_description: Says in which state an identity is, who owns it, and what to do next
version_added: 1.0.0
description:
  - Reads the journal of an identity, looks who answers for it, and may wait for a state. It changes nothing.
  - When the store of the journal does not answer, was set back, is gone or does not verify, it tells what the mirror or the part that verifies knows,
    what of that is certain, and warns. Where nothing is known it tells what is observed.
  - The owner is observed at the name servers and at the addresses of both hosts. V(both) is an alarm, V(none) is shown.
author:
  - The continuity.identity_failover contributors (@continuity)
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.targeted
  - continuity.identity_failover._connection
  - continuity.identity_failover._hosts
  - continuity.identity_failover._store
  - continuity.identity_failover._definition
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  identity:
    description: The name of the identity.
    type: str
    required: true
  kerberos:
    description:
      - The account to ask the domain controllers of the definition's C(dns.lock) with, whether they deny what runs have locked. It has to read who may
        change a name, and changes nothing. Without it, or where no run left a lock, nobody is asked.
      - Needs the Python package C(gssapi). Of O(kerberos.keytab), O(kerberos.password) and O(kerberos.cache) one may be given. Without any, the
        caller's own tickets are used.
    type: dict
    suboptions:
      principal:
        description: The account as C(user@REALM).
        type: str
        required: true
      keytab:
        description: The path of a keytab that holds the account's key.
        type: path
      password:
        description: The account's password. It is used in memory only.
        type: str
      cache:
        description: The ticket cache to use, as V(FILE:/path) or a path.
        type: path
      server:
        description: Not used here. The option is that of M(continuity.identity_failover.update_dns).
        type: str
  wait_for:
    description: Wait until the identity is in one of these states.
    type: list
    elements: str
    choices: [unarmed, protected, suspect, pending, declined, recovered, approved, failing_over, failed_over, threatened, failing_back]
  timeout:
    description: How many seconds to wait for O(wait_for).
    type: float
    default: 300.0
seealso:
  - module: continuity.identity_failover.failover_ack
"""

EXAMPLES = r"""
- name: Look at the mail servers
  hosts: exch2
  gather_facts: false
  tasks:
    - name: Read the state
      continuity.identity_failover.failover_status:
        identity: mail
        definition: "{{ failover_identities.mail | continuity.identity_failover.identity_definition }}"
      register: status

    - name: Show what to do next
      ansible.builtin.debug:
        msg: "{{ status.next }}"

    - name: Wait until somebody has decided
      continuity.identity_failover.failover_status:
        identity: mail
        wait_for: [approved, declined, recovered]
        timeout: 900
"""

RETURN = r"""
msg:
  description: What there is to say, or what went wrong, in one sentence.
  returned: always
  type: str
  sample: mail is protected; by the journal the owner is the source, observed is source
reason:
  description: Why it failed, as a word that does not change with languages. Empty when it did not.
  returned: always
  type: str
  sample: ""
outcomes:
  description: One entry for each thing that was looked at or changed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What it is.
      type: str
      sample: mail
    status:
      description: V(done), V(already), V(predicted), V(skipped), V(unconfirmed), V(failed) or V(not_tried).
      type: str
      sample: done
    changed:
      description: Whether it was changed, or may have been.
      type: bool
      sample: true
    grade:
      description: How sure this is. V(probed), V(predicted) or V(unknown).
      type: str
      sample: probed
    msg:
      description: What there is to say about it.
      type: str
      sample: ""
    reason:
      description: Why it went wrong, as a word.
      type: str
      sample: ""
    host:
      description: The host concerned.
      type: str
      sample: ""
    before:
      description: What was there.
      type: raw
      sample: pending
    after:
      description: What is there now.
      type: raw
      sample: approved
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
timing:
  description: Seconds by part of the work.
  returned: always
  type: dict
  sample: {}
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {}
break_glass:
  description: Each run that a person opened without the approval of others, newest first, with the reason. Show it before everything else.
  returned: success
  type: list
  elements: dict
  sample:
    - run: 20261122T200000Z-ab12cd
      kind: failover
      at: "2026-11-22T20:00:00.000Z"
      by: ops@controller
      reason: Nobody else answers the telephone, ticket 4711
state:
  description: The state of the identity.
  returned: success
  type: str
  sample: pending
next_kind:
  description: The kind of the run that moves the identity on from this state, be it after a decision. V(failover) or V(failback).
  returned: success
  type: str
  sample: failover
owner:
  description: Who should own the identity by the journal (V(moving) while a run moves it), who owns it as observed, and the evidence.
  returned: success
  type: dict
  sample: {rightful: source, observed: source, evidence: []}
situation:
  description:
    - What somebody who looks now has to know, a line each. The open incident, since when and why; how many decisions are needed, and who said what, how
      that is known, until when, and what for the data; the open run, who opened it and who wrote of it last, what is done, what is not, and what a step
      that failed said; who holds its lease.
    - Empty while all is quiet.
  returned: success
  type: list
  elements: str
  sample:
    - "incident 3, a host incident, since 2026-11-22T20:00:00.000Z, 4 min ago: tcp 445 from controller got no reply (it was silent for 25 s by then)"
    - "decisions: 0 of 1 needed say proceed; without another word the data get apply_queues"
incident:
  description:
    - The open incident, null where there is none.
    - Its C(void_votes) names who had voted for a planned move when the source failed. Those votes count no more, for that was another intent.
  returned: success
  type: dict
  sample: {id: "3", opened_at: "2026-11-22T20:00:00.000Z", class: host}
votes:
  description: The decisions that count now.
  returned: success
  type: list
  elements: dict
  sample: []
active_run:
  description: The run that is open, null where there is none.
  returned: success
  type: dict
  sample: {id: 20261122T200000Z-ab12cd, kind: failover, opened_at: "2026-11-22T20:00:00.000Z", by: ops@controller}
left_over:
  description: Drills that stopped and beside which another run was opened, the last one first. The undo playbook puts them back.
  returned: success
  type: list
  elements: dict
  sample: []
lease:
  description: Who holds the lease, null where it is free.
  returned: success
  type: dict
  sample: {by: ops@controller, run: 20261122T200000Z-ab12cd, remaining: 42.0}
baseline:
  description: When the baseline was taken, its age in seconds, and the machines it knows.
  returned: success
  type: dict
  sample: {armed_at: "2026-11-22T08:00:00.000Z", age: 43200.0, machines: {}}
accepted:
  description: Everything that was accepted with a reason; a run that was opened without approval stands first.
  returned: success
  type: list
  elements: dict
  sample: []
runs:
  description:
    - Every run with its steps, newest first.
    - C(plan) is the plan that it was opened on (C(hash), C(id), C(made_at)), C(score) how good that was, once the run is closed.
      Both are empty for a run without a plan.
  returned: success
  type: list
  elements: dict
  sample: []
timeline:
  description: The journal, one entry an event.
  returned: success
  type: list
  elements: dict
  sample:
    - {seq: 1, at: "2026-11-22T20:00:00.000Z", kind: armed, step: "", host: exch1, by: ops, run: "", text: "baseline of exch1, exch2"}
head:
  description: The end of the journal's chain.
  returned: success
  type: dict
  sample: {seq: 1, hash: 0d4f...}
unexpected:
  description: Events that the table of states does not expect.
  returned: success
  type: list
  elements: str
  sample: []
read_from:
  description:
    - The place of the store where the journal is in order. Else V(mirror), V(store) for that part of the store which verifies, or
      V(observation) where the store can not be used.
  returned: success
  type: str
  sample: 'C:\ProgramData\continuity\identity_failover on exch2'
journal:
  description:
    - In which condition the journal is. V(ok), V(silent), V(unreadable), V(broken), V(rewound) or V(empty); its place, and why.
    - Beside a mirror only what the store has behind it is read. The store's own copy of the mirrored events is read by the playbook
      C(continuity.identity_failover.journal).
  returned: success
  type: dict
  sample: {condition: ok, place: 'C:\ProgramData\continuity\identity_failover on exch2', msg: ""}
certain:
  description: What of this is certain, a sentence each.
  returned: success
  type: list
  elements: str
  sample: [the journal verifies up to event 12]
uncertain:
  description: What is not, a sentence each. Empty while the journal is in order.
  returned: success
  type: list
  elements: str
  sample: []
at:
  description: When this was read.
  returned: success
  type: str
  sample: "2026-11-22T20:00:00.000Z"
locked:
  description:
    - Names that the source is denied to register in the directory, by the journal (see O(continuity.identity_failover.update_dns#module:lock)).
      RV(locks) has what the directory says. A name that is locked while the source owns the identity is a warning, unless every domain controller
      was read and none denies it.
  returned: success
  type: list
  elements: str
  sample: [mail.example.com]
locks:
  description:
    - What each domain controller denies of the names in RV(locked), as RV(continuity.identity_failover.update_dns#module:locks) has it. One that could
      not be read is V(unreachable) or V(refused), and a warning. It is never called locked.
    - Empty without O(kerberos), without C(dns.lock), and where no run left a lock.
  returned: success
  type: dict
  sample:
    dc1.example.com:
      {address: 10.0.0.10, port: 389, status: locked, locked: [mail.example.com], unlocked: [], absent: [], unknown: [], ageing: {}, msg: ""}
doubt:
  description:
    - Why the mirror may be out of date where the target is silent and everything that answers leads to the other server than the mirror's owner; empty
      where nothing speaks against it. The playbook C(repair_dns) does nothing then.
  returned: success
  type: str
  sample: ""
guarded:
  description:
    - Whether the target owns the identity by the journal, without RV(doubt), and no run is taking it away, which is V(failed_over) and V(threatened). Only then
      RV(repairs) and RV(lock_lost) have something, and only then a record is to be repaired or a name to be locked again.
  returned: success
  type: bool
  sample: false
lock_lost:
  description:
    - Names that a run locked, and that some domain controller does not deny the source any more, each a warning. The playbook
      C(continuity.identity_failover.repair_dns) locks them again.
    - Empty where the target does not own the identity.
  returned: success
  type: list
  elements: str
  sample: []
debts:
  description:
    - What name servers and clients' resolvers owe. A run went on without them, because they could not be read or still had another value.
    - Each is read again here. That needs no credentials and writes nothing. M(continuity.identity_failover.failover_monitor), the end of a
      run, and a later DNS step note in the journal what was read as right, and only then it is no debt any more. Another value that a later
      run wants, such as a failback, makes it void.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(name_server) or V(resolver).
      type: str
      sample: name_server
    server:
      description: Its name, or its address.
      type: str
      sample: dns2
    address:
      description: Its address. Empty where nobody knew it.
      type: str
      sample: 10.0.1.10
    port:
      description: Its port.
      type: int
      sample: 53
    why:
      description: Why nobody knows what it has.
      type: str
      sample: dns2 (10.0.1.10 port 53) can't be reached
    run:
      description: The run that went on without it.
      type: str
      sample: 5f0c8a1b
    since:
      description: When that was.
      type: str
      sample: "2026-03-01T12:00:00.000Z"
    records:
      description:
        - The record sets that it has to have, each with C(name), the C(wanted) values and TTL, and what was read C(now) (V(ok), V(wrong),
          V(unreachable) or V(not_authoritative)), with what was C(found) where that is wrong.
      type: list
      elements: dict
      sample:
        - name: mail.example.com A
          wanted: {values: [10.0.1.21], ttl: 60}
          now: unreachable
          found:
threats:
  description:
    - What pulls the identity back to the source while the target owns it. Empty in every other state.
    - Every record is read from every name server of the definition, and with C(dns.discover) of its zones, and held against what the
      failover left there, so that a source that registers its name again, a record that was scavenged, and a value that somebody set are seen.
    - For a record C(values) lists what the name server gives, nothing where it has no such record any more.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(dns), V(address), V(spn) or V(workload).
      type: str
      sample: dns
    of:
      description: The name server, the host or the directory that shows it.
      type: str
      sample: dns1
    name:
      description: The record, the address or the service principal name.
      type: str
      sample: mail.example.com A
    msg:
      description: What is there.
      type: str
      sample: dns1 leads mail.example.com A to the source (10.0.0.21)
    remedy:
      description: What to do about it.
      type: str
      sample: switch the source's registration off or take it off the network, then let the playbook repair_dns write the record again
    finding:
      description: V(dns_record_changed) for a record that is not as the failover left it.
      returned: for records
      type: str
      sample: dns_record_changed
    wanted:
      description: What the failover left there.
      returned: for records
      type: list
      elements: str
      sample: ["10.0.1.21"]
repairs:
  description:
    - The records that a name server does not give as the failover left them, as M(continuity.identity_failover.update_dns) takes them in
      O(continuity.identity_failover.update_dns#module:records). The playbook C(continuity.identity_failover.repair_dns) writes them.
    - C(values) are those that the failover left. They are empty where there must be no such record, which is V(absent) for that module.
    - Empty where the target does not own the identity, and without O(definition).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the record.
      type: str
      sample: mail.example.com
    type:
      description: Its type.
      type: str
      sample: A
    ttl:
      description: Its TTL in seconds, where the failover set one.
      type: int
      sample: 60
next:
  description: The next command to type, empty where there is nothing to do.
  returned: success
  type: str
  sample: >-
    ansible-playbook continuity.identity_failover.ack -e failover_identity=mail -e failover_decision=proceed -e '{"failover_reason": "..."}'
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status, failover_status_spec


def arguments() -> ArgumentSpec:
    return failover_status_spec().merge(connection_spec()).merge(hosts_spec()).merge(store_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), failover_status)


if __name__ == "__main__":
    main()
