#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_run
short_description: Arms an identity, opens, takes over, stops, closes, undoes and abandons its runs
version_added: 1.0.0
description:
  - Everything that a failover, failback or drill does, it does inside a run. This module opens the run, which takes the lease of the
    identity, and returns RV(run), which every step takes as its O(ignore:run) option.
  - The same task opens a new run and resumes one that stopped. What is there to be done is decided from the journal.
  - Before a failover is opened the decisions are weighed once more under the definition as it is now, and signatures are verified again.
    What does not hold does not count, and O(break_glass) is for when nobody can be waited for.
  - Before a failover is opened because of an incident, the source is probed again. If it answers, the decisions are void and nothing is opened.
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
  - continuity.identity_failover._dns_auth
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details: Opening a run that is open already resumes it under a new lease, which is a change.
options:
  identity:
    description: The name of the identity.
    type: str
    required: true
  state:
    description:
      - V(armed) takes the baseline of both servers (services, addresses, shares, databases), of the records, and of the service principal names.
        The source must own the identity.
      - V(disarmed) ends the baseline and removes everything that was left on hosts, host by host, which are the journal and the lease, the
        markers of scripts, the folder once it is empty, the source in the event log, and the runs' markers in DNS, for which it takes O(key) or
        O(kerberos). Entries of the event log stay, and it says so. The journal itself is kept on the controller. The source must own the
        identity and no run may be open. It fails where something is left, and goes on when it is run again.
      - V(opened) opens a run or resumes it. V(stopped) gives its lease back, so that it can be resumed at once.
      - V(taken_over) does what V(opened) does, and takes the lease from another controller that holds it. Once that lease has run out this is
        done at once; before, only with O(reason). What that controller still sends is refused where it can be.
      - V(closed) ends a run whose steps all went well or were accepted. Before that it takes the run's marker out of the zones, and so do
        V(reverted), V(abandoned) and V(adopted), with O(definition) and O(key) or O(kerberos). A marker that can't be removed is a warning;
        the next run, or V(disarmed), removes it.
      - V(reverted) ends a run that was opened with O(mode=undo) and whose steps were all put back, or were accepted. It reads back who owns
        the identity. When that is not who owned it before the run, O(reason) accepts it, unless both servers have its addresses.
      - V(abandoned) gives a run up that has moved nothing. While anything is moved it is refused.
      - V(adopted) records that people moved the identity by hand, to O(owner). It is refused where a name server or an address says otherwise,
        unless O(accept) has a reason for V(owner_not_confirmed).
        A run that is open is ended by it; what it recorded is kept for the failback, which puts everything else back as the baseline has it.
    type: str
    choices: [armed, disarmed, opened, taken_over, stopped, closed, reverted, abandoned, adopted]
    required: true
  kind:
    description: Which run.
    type: str
    choices: [failover, failback, drill]
    default: failover
  mode:
    description:
      - V(plan) begins a plan, whose steps observe and predict. It takes no lease, moves nothing, and the state of the identity stays as it is.
      - O(state=closed) with the RV(run) of a plan makes its document, RV(plan). Of the whole plan the journal gets one event with its hash.
      - V(undo) resumes the open run of the identity, of whatever O(kind), in order to put it back. RV(undoing) says what is to be put back and in
        which order, each with C(state=reverted) and O(ignore:revert_run) RV(reverts). A run that is closed is not undone; that is a failback.
      - Once the undo has begun to let the former owner serve, the run does not go forward again.
    type: str
    choices: [execute, plan, undo]
    default: execute
  run:
    description: The run to stop, close or end as reverted, as RV(run) of the task that opened it. Required for O(state=stopped), O(state=closed) and
      O(state=reverted).
    type: dict
  lease_seconds:
    description:
      - How long the lease lasts without being renewed. While a step lasts it is renewed three times in that time, however long the step lasts.
      - After a crash another controller can go on when it has run out.
    type: float
    default: 60.0
  by:
    description: Who does this. Without it, user and host name of the controller.
    type: str
  credentials:
    description:
      - The accounts that the definition's databases name, for O(state=armed). The databases of a credential that is not given stay as the last
        baseline knew them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name by which the definition calls it.
        type: str
        required: true
      user:
        description: The account. Without it the host's own connection is used.
        type: str
      password:
        description: Its password.
        type: str
  from_observation:
    description:
      - Why the journal may be begun anew, with V(armed), V(opened) and V(adopted). Without effect while the journal verifies.
      - Where the store is broken, set back or empty, its file is set aside, never deleted, and a new journal begins with what the mirror still knows
        (baseline, incident, votes, an open run with its before-images), or else with what is observed. The mirror's file is set aside likewise.
    type: str
  export:
    description:
      - With O(state=disarmed), a new file on the controller that the journal is written to before anything is removed, beside a mirror and a store that
        keep it. Required without O(mirror) where the store is on the target.
    type: path
  owner:
    description: Who owns the identity now, with O(state=adopted).
    type: str
    choices: [source, target]
  reason:
    description:
      - Why a run is given up, or who moved the identity and how. Required for O(state=abandoned) and O(state=adopted).
      - What becomes of the data that clients may have written, required for O(mode=undo) where the run has passed the point of no return.
      - With O(state=taken_over) it is required while the other controller's lease has not run out, and is kept in the journal.
      - With O(state=opened) it is kept in the journal. With O(state=armed) it allows a baseline of a source whose services do not all
        run; the baseline keeps it, and arming again does not ask for the same services.
    type: str
  break_glass:
    description:
      - Opens a failover that not enough people approved, for this reason.
      - The journal keeps it as an accepted risk of its own kind, and every report and RV(ignore:break_glass) of
        M(continuity.identity_failover.failover_status) show it before everything else. It is not used where enough people approved.
      - It covers the approval only. The machine must be the right one.
    type: str
  data_state:
    description:
      - What happens to data that the target has received but not applied. Without it, what people approved, and with O(break_glass)
        V(apply_queues).
      - Another choice than the one that people approved is refused. See M(continuity.identity_failover.failover_ack).
      - The choice is kept in the journal and handed to the steps with RV(run). M(continuity.identity_failover.promote_data) acts on it, by your hook.
    type: str
    choices: [apply_queues, discard_queues, revert_to_snapshot]
  data_at_risk:
    description:
      - Which data may be lost. Required with V(discard_queues) or V(revert_to_snapshot) in O(data_state) where O(break_glass) takes the
        place of people's approval, who say it when they decide.
    type: str
  accept:
    description:
      - Finding, by its id, to the reason for accepting it. Used with O(state=opened), O(state=closed) and O(state=adopted), and kept in the journal.
      - V(baseline_missing) opens a run whose machines nobody knows. V(source_answers) opens a run on votes for a source that answers again.
        V(plan_conflict) opens a run on a plan although something is otherwise than it says. V(mirror_unwritable) opens it without the mirror.
        V(changed_by_other) goes forward again with a run whose undo found something that somebody else had changed; the run sets it anew.
      - V(owner_not_confirmed) closes a run, or adopts, although names or addresses lead elsewhere than promised. That both servers have an
        address of the identity is never accepted.
    type: dict
    default: {}
  accept_failure:
    description:
      - Kind of step, such as V(services), to the reason for accepting its failure, as it is to be handed to the tasks of the run.
      - Used by nothing here but a check before anything is touched. What is no step, and what is no reason in words, is refused.
    type: dict
    default: {}
  plan:
    description:
      - The plan that a new run is opened on, as RV(plan) of the task that made it. It is compared with O(replanned).
      - A document that was edited, or is for another identity or kind, is refused. What is already as planned, and what makes no
        difference, is told in RV(drift). Conflicts are refused as V(plan_conflict), which O(accept) can allow.
      - A run that is resumed was judged when it was opened.
    type: dict
  replanned:
    description: The plan of this moment. Required with O(plan).
    type: dict
  findings:
    description: What M(continuity.identity_failover.failover_preflight) found, for the document of a plan.
    type: list
    elements: dict
    default: []
  hooks:
    description:
      - Hooks that exist. For the document of a plan those that were not run.
      - With O(mode=undo), V(before_source_joins) may have let the source of a failback join, of which the journal knows nothing. So an undo that
        begins where it may have run asks what becomes of the data that clients may have written on the source.
    type: list
    elements: str
    default: []
seealso:
  - module: continuity.identity_failover.failover_ack
  - module: continuity.identity_failover.failover_status
"""

EXAMPLES = r"""
- name: Move an identity with a task list of your own
  hosts: exch2
  gather_facts: false
  vars:
    definition: "{{ failover_identities.mail | continuity.identity_failover.identity_definition }}"
  tasks:
    - name: Open the run, or resume it
      continuity.identity_failover.failover_run:
        identity: mail
        state: opened
        definition: "{{ definition }}"
      register: opened

    - name: Do what this server needs
      module_defaults:
        group/continuity.identity_failover.run:
          run: "{{ opened.run }}"
      block:
        - name: Start the services
          continuity.identity_failover.app_services:
            state: started
            services: "{{ definition.services }}"
      rescue:
        - name: Give the lease back, so that the run can be resumed at once
          continuity.identity_failover.failover_run:
            identity: mail
            state: stopped
            run: "{{ opened.run }}"

        - name: Fail all the same
          ansible.builtin.fail:
            msg: "{{ ansible_failed_result.msg }}"

    - name: Close the run
      continuity.identity_failover.failover_run:
        identity: mail
        state: closed
        run: "{{ opened.run }}"
"""

RETURN = r"""
msg:
  description: What there is to say, or what went wrong, in one sentence.
  returned: always
  type: str
  sample: failover run 20261122T200000Z-ab12cd of mail is open; afterwards the target owns the identity
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
      sample: 20261122T200000Z-ab12cd
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
state:
  description: The state of the identity.
  returned: success
  type: str
  sample: failing_over
run:
  description: What every step of the run takes as its O(ignore:run) option. Empty where there is nothing to do.
  returned: success
  type: dict
  sample: {id: 20261122T200000Z-ab12cd, identity: mail, kind: failover, mode: execute, epoch: 1}
reverts:
  description: The run whose changes this run puts back. For a failback the last failover, else the run itself.
  returned: when O(state=opened) or O(state=taken_over) and there is something to do
  type: str
  sample: 20261122T200000Z-ab12cd
taken_from:
  description: Whose lease was taken over. Empty where nobody held it.
  returned: when O(state=taken_over)
  type: dict
  sample:
    from: ops@ctl1
    since: "2026-11-22T20:00:00Z"
    run: 20261122T200000Z-ab12cd
    epoch: 1
    remaining: 41.5
    forced: true
    reason: ctl1 has no power
resumed:
  description: Whether the run had been opened before and is resumed.
  returned: when O(state=opened) or O(state=taken_over) and there is something to do
  type: bool
  sample: false
baseline:
  description: The baseline.
  returned: success
  type: dict
  sample: {machines: {exch1: {name: EXCH1, uuid: 4C4C4544-0042-3510-8053-B4C04F4E3732}}}
owner_afterwards:
  description: Who owns the identity afterwards.
  returned: success
  type: str
  sample: target
timeline:
  description: The journal as far as it was read, one entry an event. Without O(mirror) that is from its last checkpoint on.
  returned: success
  type: list
  elements: dict
  sample:
    - {seq: 1, at: "2026-11-22T20:00:00.000Z", kind: armed, step: "", host: exch1, by: ops, run: "", text: "baseline of exch1, exch2"}
observed:
  description: Who owns the identity as observed. V(unknown) where nothing could be asked.
  returned: when O(state=adopted)
  type: str
  sample: target
changes:
  description: What differs from the last baseline. Empty for the first one.
  returned: when O(state=armed)
  type: list
  elements: dict
  contains:
    name:
      description: Where in the baseline.
      type: str
      sample: services.exch1.MSExchangeIS.start_mode
    before:
      description: What the last baseline has there, nothing where it had none.
      type: raw
      sample: auto
    after:
      description: What is there now.
      type: raw
      sample: disabled
journal_kept:
  description: Where the journal is kept, a file or folder on the controller. Empty where there was none.
  returned: when O(state=disarmed)
  type: str
  sample: /home/ops/.local/share/continuity/identity_failover/mail.mirror.disarmed-20261126T164500Z-42
phases:
  description: Seconds that the run spent by phase.
  returned: when O(state=closed)
  type: dict
  sample: {detect: 25.0, decide: 60.0, act: 12.5, propagate: 6.1, verify: 1.0}
plan:
  description:
    - The plan as a document. Its C(hash) is the same for two plans that would do the same, its C(about.seal) shows every edit.
  returned: when O(state=closed) for a plan
  type: dict
  sample: {format: 1, identity: mail, kind: failover, changes: [], coverage: {changes: 0}, owner_afterwards: target}
  contains:
    identity:
      description: The identity.
      type: str
    kind:
      description: Which run.
      type: str
    intent:
      description: What people approve, with the incident.
      type: dict
    state:
      description: The state of the identity when the plan was made.
      type: str
    owner_afterwards:
      description: Who owns the identity afterwards.
      type: str
    definition:
      description: SHA-256 of the definition.
      type: str
    definition_keys:
      description: A short hash of each key of the definition, which says what of it was changed.
      type: dict
    baseline:
      description: When the baseline was taken.
      type: dict
    findings:
      description: What the preflight found.
      type: list
      elements: dict
    changes:
      description:
        - Each change with C(number), C(step), C(host), C(item), C(do), C(before), C(after) and C(grade).
        - The grade is V(probed) where what is there was read, V(predicted) where it rests on an earlier step, V(unknown) where nobody can say.
      type: list
      elements: dict
    steps:
      description:
        - Each step with C(changes), C(as_wanted), C(hosts), where it is done, and C(expected), the median duration of earlier runs.
        - A C(reason) and C(msg) where the step could not be predicted as a whole.
        - Then C(stops_at) has the items that the step would stop at, with the reason of each, where they are known, and C(found) what was read there and
          is not known to be as wanted.
      type: list
      elements: dict
    coverage:
      description: How many changes there are of each grade, and the steps that could not be observed.
      type: dict
    hosts:
      description:
        - The hosts that are touched. Beside the two servers and the clients, the domain controller that service principal names are written on, the
          name servers that are written, the domain controllers of a lock, and the host of the journal.
        - Domain controllers of a lock and name servers are called as the definition calls them.
      type: list
      elements: str
    hooks_not_run:
      description: Hooks whose effect the plan does not know.
      type: list
      elements: str
    point_of_no_return:
      description:
        - The first change from which on clients may write on the side that takes over, by the rule that an undo follows; from there on it asks what became
          of the data. V(null) where there is none.
        - A step may be the point and change nothing, as when it lets the source join. Then C(item) is empty, and C(number) is that of the next change.
        - Of a failback with a hook V(before_source_joins) and a source that the failover had not fenced, it is the first step in front of that hook, as no
          journal tells whether the hook was played.
      type: dict
    unknown:
      description: What the plan cannot know, in sentences.
      type: list
      elements: str
    about:
      description: Id, time, author, age of the baseline in seconds, and the seal.
      type: dict
    hash:
      description: The name of the plan.
      type: str
plan_hash:
  description: The hash of the plan.
  returned: when O(state=closed) for a plan
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
drift:
  description:
    - Every difference between O(plan) and O(replanned), with its C(verdict), which is V(converged), V(irrelevant) or V(conflict).
    - Nothing of a step that would stop is V(converged), unless the plan says itself that it would stop there.
  returned: when O(state=opened) with O(plan)
  type: list
  elements: dict
  sample: [{verdict: converged, step: services@exch2, item: MSExchangeIS, msg: MSExchangeIS is already as planned}]
debts:
  description:
    - What name servers and clients' resolvers still owe, see M(continuity.identity_failover.failover_status). Each is read again before the
      run is closed, and what is right by then is noted in the journal.
  returned: when O(state=closed) for a run
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
score:
  description:
    - How good the plan was that the run was opened on. C(share) of its C(predicted) changes went exactly so. Empty without a plan.
    - C(differences) lists the others, C(durations) what each step took and was expected to take, in seconds.
  returned: when O(state=closed) for a run
  type: dict
  sample: {plan: 9f86d081, predicted: 8, exact: 7, share: 0.875, unknown: 1, differences: [], durations: []}
accepted:
  description: What was accepted during the run, with reasons.
  returned: when O(state=closed), O(state=reverted) or O(state=stopped)
  type: list
  elements: dict
  sample: []
next:
  description: The next command to type, empty where there is nothing to do.
  returned: success
  type: str
  sample: ansible-playbook continuity.identity_failover.failback -e failover_identity=mail
done:
  description: The steps of the run that are done; while it is undone, those that are put back.
  returned: when O(state=stopped)
  type: list
  elements: dict
  contains:
    step:
      description: The kind of step.
      type: str
      sample: services
    host:
      description: The host it is done on, empty where there is none.
      type: str
      sample: exch2
    status:
      description: V(done), or V(accepted) where something of it failed and that was accepted with a reason.
      type: str
      sample: done
    changes:
      description: How many things it changed.
      type: int
      sample: 3
    changed:
      description: The names of what of it was changed, or put back while the run is undone, as the journal knows for certain.
      type: list
      elements: str
      sample: [MSExchangeIS]
    msg:
      description: What there is to say about it.
      type: str
      sample: ""
    names:
      description: What of it went wrong, each with RV(ignore:name), RV(ignore:status), RV(ignore:reason) and RV(ignore:msg).
      type: list
      elements: dict
      sample: []
    cut_off:
      description: The same as in RV(not_done).
      type: list
      elements: str
      sample: []
not_done:
  description: The steps of the run that are not done, in the order in which a resumed run does them again.
  returned: when O(state=stopped)
  type: list
  elements: dict
  contains:
    step: {description: The kind of step., type: str, sample: spns}
    host: {description: "The host it is done on, empty where there is none.", type: str, sample: ""}
    status:
      description: V(failed), V(unfinished) where it was begun and nobody recorded how it ended,
        V(put_back) where an undo that was given up had put it back, or V(not_begun).
      type: str
      sample: failed
    changes: {description: How many things it was to change., type: int, sample: 0}
    changed:
      description: The names of what of it was changed all the same, or put back while the run is undone, as the journal knows for certain.
      type: list
      elements: str
      sample: []
    msg: {description: Why., type: str, sample: no domain controller answers}
    names: {description: What of it went wrong., type: list, elements: dict, sample: []}
    cut_off:
      description:
        - For the fence of a failover, the services of a source that answers that it stopped and disabled and nobody put back. Users have lost them.
      type: list
      elements: str
      sample: []
next_accepting:
  description: The command that goes on without what failed, once a reason is filled in. Empty where nothing failed that can be accepted.
  returned: when O(state=stopped)
  type: str
  sample: ""
undo:
  description: The command that puts back what the run has changed.
  returned: when O(state=stopped)
  type: str
  sample: ansible-playbook continuity.identity_failover.undo -e failover_identity=mail
undoing:
  description: What undoing the run means.
  returned: when O(mode=undo) or O(state=reverted), and there is something to undo
  type: dict
  contains:
    kind:
      description: Which run is undone.
      type: str
      sample: failover
    steps:
      description:
        - What is to be put back, the last step first.
        - An undo that goes on leaves out what it has put back on a host already. Records and service principal names are looked at each time.
        - With O(state=reverted), everything that was put back.
      type: list
      elements: dict
      sample: [{key: services@exch2, step: services, host: exch2}]
    clients:
      description: Whether clients were told of the new place, so that their caches are to be cleared once more.
      type: bool
      sample: false
    point_of_no_return:
      description: The step of the run from which on clients may have written. Empty where no data are at stake.
      type: str
      sample: services@exch2
    lasting:
      description: What stays as it is, a sentence each.
      type: list
      elements: str
      sample: []
    left:
      description: What was not put back because its failure was accepted.
      returned: when O(state=reverted)
      type: list
      elements: str
      sample: []
    observed:
      description: Who owns the identity as observed.
      returned: when O(state=reverted)
      type: str
      sample: source
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_run import failover_run, failover_run_spec


def arguments() -> ArgumentSpec:
    return failover_run_spec().merge(connection_spec()).merge(hosts_spec()).merge(store_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), failover_run)


if __name__ == "__main__":
    main()
