#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: promote_data
version_added: 1.0.0
short_description: Hands the choice for the data to your own hook, and judges what it returns
description:
  - Before a workload starts on the stand-in, whatever replicates its data must let go of them. Data that the stand-in has received and not yet
    applied are applied, discarded, or given up for the last good snapshot, as people approved.
  - This release drives no replication engine by itself. A hook of yours does, and this module keeps the record. V(announced) writes into the
    journal what the hook is about to do. V(promoted) takes the evidence that the hook returned and judges it.
  - The evidence has to show that the target's data may be used, that the replication from the source is stopped, up to which moment the data
    are there, and that the engine did what was approved. Otherwise the task fails, and with it the step.
  - Whoever approved that data may be lost has allowed that none are, so V(apply_queues) satisfies each choice.
  - A choice that nobody can carry out is refused with the reason V(data_choice_unserved).
author:
  - The continuity.identity_failover contributors (@continuity)
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.targeted_step
  - continuity.identity_failover._connection
  - continuity.identity_failover._hosts
  - continuity.identity_failover._run
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(announced) records that the hook is about to run, and returns in RV(hand_over) whether it has to. Until V(promoted) has followed, the
        step counts as begun.
      - V(promoted) judges O(evidence).
    type: str
    choices: [announced, promoted]
    default: promoted
  engine:
    description:
      - What keeps the data of the two servers alike.
      - V(native) is replication of the application. Mounting its databases applies what has arrived, and nothing else can be chosen without a hook.
      - V(none) is one copy that both servers reach, or no data. There is nothing to do.
      - V(double_take) and V(other) do nothing without a hook.
    type: str
    choices: [native, none, double_take, other]
    default: native
  data_state:
    description:
      - What happens to data that the target has received but not applied. Without it V(apply_queues).
      - Inside a run the approved choice holds, and another one is refused.
    type: str
    choices: [apply_queues, discard_queues, revert_to_snapshot]
  hook:
    description: Whether there is a hook that carries the choice out.
    type: bool
    default: false
  hook_timeout:
    description: How many seconds the hook may take. Whoever wants the opposite of this run waits so long after its controller died.
    type: float
    default: 600.0
  evidence:
    description: What the hook read back from the engine. In a plan, what a hook that only looks found.
    type: dict
    suboptions:
      run:
        description: The id of the run that it is evidence for. Inside a O(run) it has to be that one, so that nothing older passes for new.
        type: str
      did:
        description: What the engine did with the data. Only a hook that just looked leaves it out.
        type: str
        choices: [apply_queues, discard_queues, revert_to_snapshot]
      engine:
        description: The engine's state, in its own words.
        type: str
        required: true
      promoted:
        description: Whether the target's data may be used.
        type: bool
        required: true
      old_direction:
        description: What the replication from the source to the target does now.
        type: str
        choices: [stopped, running, unknown]
        required: true
      data_point:
        description: Up to which moment, snapshot or log the data are there.
        type: str
        required: true
notes:
  - Undoing a run leaves the data as they are and says so. A hook before the failback, C(before_quiesce), proves that they are back.
seealso:
  - module: continuity.identity_failover.failover_ack
  - module: continuity.identity_failover.mount_databases
"""

EXAMPLES = r"""
- name: Say what is about to happen to the data
  continuity.identity_failover.promote_data:
    state: announced
    engine: double_take
    hook: true
    run: "{{ failover.run }}"
  register: announced

- name: Let the engine do it
  ansible.builtin.include_tasks: hooks/data.yml
  when: announced.hand_over

- name: Judge what the hook returned
  continuity.identity_failover.promote_data:
    engine: double_take
    hook: true
    run: "{{ failover.run }}"
    evidence:
      run: "{{ failover.run.id }}"
      did: apply_queues
      engine: FailedOver
      promoted: true
      old_direction: stopped
      data_point: "2026-03-01T12:00:00Z"
"""

RETURN = r"""
msg:
  description: What went wrong, in one sentence. Empty when everything is as wanted.
  returned: always
  type: str
  sample: ""
reason:
  description: Why it failed, as a word that does not change with languages. Empty when it did not.
  returned: always
  type: str
  sample: ""
outcomes:
  description: What happened to each item, in the order asked.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The item.
      type: str
      sample: data
    status:
      description:
        - V(done), V(already) where nothing was to do, V(predicted) in check mode and in plans, V(skipped), V(failed), V(not_tried),
          or V(unconfirmed) where it was done but could not be read back.
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
      description: The host concerned, by its name in the inventory.
      type: str
      sample: exch2
    before:
      description: What was there. Nothing where it did not exist.
      type: raw
      sample: {state: handed_over, choice: apply_queues}
    after:
      description: What is there now, as read back.
      type: raw
      sample: {state: promoted, choice: apply_queues, did: apply_queues, engine: FailedOver, old_direction: stopped, data_point: "2026-03-01T12:00:00Z"}
hand_over:
  description: Whether the hook has to run now. Only with O(state=announced).
  returned: always
  type: bool
  sample: true
data_state:
  description: The choice that holds, as people approved it or as O(data_state) says.
  returned: always
  type: str
  sample: apply_queues
evidence:
  description: What the hook returned. Empty where it returned nothing.
  returned: always
  type: dict
  sample: {run: 20260301T115900Z-1a2b3c, did: apply_queues, engine: FailedOver, promoted: true, old_direction: stopped, data_point: "2026-03-01T12:00:00Z"}
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
diff:
  description: What changed, item by item.
  returned: always
  type: dict
  sample: {before: {data: {state: handed_over, choice: apply_queues}}, after: {data: {state: promoted, choice: apply_queues}}}
timing:
  description: Seconds for each part of the work.
  returned: always
  type: dict
  sample: {observe: 0.21, apply: 0.05, verify: 1.32, total: 1.63}
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {host: exch2, code: 14}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.promote_data import promote_data, promote_data_spec


def arguments() -> ArgumentSpec:
    return promote_data_spec().merge(connection_spec()).merge(hosts_spec()).merge(run_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), promote_data)


if __name__ == "__main__":
    main()
