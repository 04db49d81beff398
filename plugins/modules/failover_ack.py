#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_ack
short_description: Records what a person decides about an incident or a planned move
description:
  - Writes one decision into the journal of an identity. A decision binds to the intent, which is the identity, the kind of run,
    the fence level, the consent about data and the incident. It does not bind to a plan, so that a new plan does not void it.
  - A decision expires, is consumed when a run opens, and is void when the source answers again.
  - Each person counts once, with the newest decision. Letter case does not make another person.
  - The name of the person is the one that the controller states. Whoever may run the job may state any name, so this guards
    against haste and mistakes, not against people who mean harm.
author:
  - The continuity.identity_failover contributors (@continuity)
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.targeted
  - continuity.identity_failover._connection
  - continuity.identity_failover._hosts
  - continuity.identity_failover._store
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  identity:
    description: The name of the identity.
    type: str
    required: true
  kind:
    description: What is decided about.
    type: str
    choices: [failover]
    default: failover
  decision:
    description:
      - V(proceed) approves, V(decline) refuses, V(withdraw) takes the person's own decision back.
      - V(acknowledge) says that a person has looked at a source that came back by itself.
    type: str
    choices: [proceed, decline, withdraw, acknowledge]
    required: true
  reason:
    description: Why. It is kept in the journal and shown in every report.
    type: str
    required: true
  by:
    description: Who decides. Without it, the user that runs Ansible.
    type: str
  data_state:
    description:
      - What happens to data that the target has received but not applied.
      - V(apply_queues) applies them first, V(discard_queues) drops them, V(revert_to_snapshot) goes back to a good snapshot where the
        target's data are bad.
    type: str
    choices: [apply_queues, discard_queues, revert_to_snapshot]
    default: apply_queues
  fence_minimum:
    description: The grade of evidence that the source cannot serve any more, which this decision is about.
    type: int
    default: 2
  required:
    description: How many different people must decide to proceed.
    type: int
    default: 1
  expires:
    description: Seconds until the decision expires.
    type: float
    default: 3600.0
seealso:
  - module: continuity.identity_failover.failover_status
  - module: continuity.identity_failover.failover_run
"""

EXAMPLES = r"""
- name: Approve the failover of the mail servers
  hosts: exch2
  gather_facts: false
  tasks:
    - name: Decide
      continuity.identity_failover.failover_ack:
        identity: mail
        decision: proceed
        reason: The site in Berlin has no power, ticket 4711
        by: duty officer

    - name: Decide for a planned move, where two people must agree within 15 minutes
      continuity.identity_failover.failover_ack:
        identity: mail
        decision: proceed
        reason: Change 815
        required: 2
        expires: 900
"""

RETURN = r"""
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
      sample: "proceed by duty officer"
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
  description: Facts about a failure, such as codes.
  returned: on failure
  type: dict
  sample: {}
state:
  description: The state of the identity.
  returned: success
  type: str
  sample: approved
votes:
  description: The decisions that count now.
  returned: success
  type: list
  elements: dict
  sample:
    - {by: duty officer, decision: proceed, reason: ticket 4711, expires_at: "2026-11-22T21:00:00.000Z"}
intent:
  description: What the decision binds to.
  returned: success
  type: dict
  sample: {identity: mail, kind: failover, fence_minimum: 2, data_state: apply_queues, incident: "3"}
next:
  description: The next command to type, empty where there is nothing to do.
  returned: success
  type: str
  sample: ansible-playbook continuity.identity_failover.failover -e failover_identity=mail
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import connection_spec, hosts_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack, failover_ack_spec


def main() -> None:
    spec = failover_ack_spec().merge(connection_spec()).merge(hosts_spec()).merge(store_spec())
    module = AnsibleModule(supports_check_mode=True, **spec.to_kwargs())
    run_module(module, failover_ack)


if __name__ == "__main__":
    main()
