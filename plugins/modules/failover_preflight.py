#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_preflight
version_added: 1.0.0
short_description: Finds what would stand in the way of a failover, failback or drill
author:
  - The continuity.identity_failover contributors (@continuity)
description:
  - Looks at both servers, the journal, the name servers and the clients of an identity, and returns every finding that a later step would
    meet, with its evidence and what to do.
  - Changes nothing. The DNS key is tried with an update that holds no change.
  - Fails when there is a finding of the severity V(error) or V(blocker) that nobody has accepted. A finding is accepted by its id, with a
    reason, in O(accept) or in the definition.
  - A check that could not be made is a finding too, V(check_failed).
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
  definition:
    description: The definition of the identity. Names credentials, holds none. Times are seconds.
    required: true
  kind:
    description:
      - What is to be done. It decides which server must be able to carry the workload, and how grave a silent source is.
    type: str
    choices: [failover, failback, drill]
    default: failover
  data_state:
    description: What is to happen to data that the target has received but not applied, where nobody has approved anything yet.
    type: str
    choices: [apply_queues, discard_queues, revert_to_snapshot]
  hooks:
    description: The names of your hooks that are there. V(data) among them carries out what is to happen to the data.
    type: list
    elements: str
    default: []
  credentials:
    description:
      - The accounts that the definition's databases name, to log on to Exchange and SQL Server with.
      - The databases of a credential that is not given can not be looked at, which is a finding.
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
  accept:
    description: Finding, by its id, to the reason for going on in spite of it. These come on top of those in O(definition).
    type: dict
    default: {}
notes:
  - Databases of the kind V(command) are not looked at, because that would run a program.
seealso:
  - module: continuity.identity_failover.failover_run
  - plugin: continuity.identity_failover.identity_problems
    plugin_type: filter
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._dns_auth
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.targeted
  - continuity.identity_failover._connection
  - continuity.identity_failover._hosts
  - continuity.identity_failover._definition
"""

EXAMPLES = r"""
- name: Could mail be failed over now?
  continuity.identity_failover.failover_preflight:
    identity: mail
    definition: "{{ failover_identities.mail | continuity.identity_failover.identity_definition }}"
    key: "{{ failover_credentials.dns }}"
    credentials:
      - name: exchange
        user: "{{ failover_credentials.exchange.user }}"
        password: "{{ failover_credentials.exchange.password }}"

- name: Could it be failed back, though the target's disk is nearly full?
  continuity.identity_failover.failover_preflight:
    identity: mail
    definition: "{{ failover_identities.mail | continuity.identity_failover.identity_definition }}"
    kind: failback
    accept:
      disk_space: The new disk comes on Monday
"""

RETURN = r"""
msg:
  description: Whether the identity can be moved as it is, and why not, in one sentence.
  returned: always
  type: str
  sample: mail can be moved as it is; 2 findings, 1 of them accepted
findings:
  description: What was found, the gravest first.
  returned: when the checks were made
  type: list
  elements: dict
  contains:
    id:
      description: What kind of finding it is. The key for O(accept).
      type: str
    severity:
      description: V(info), V(warning), V(error) or V(blocker).
      type: str
    host:
      description: The host or name server that it is about, if any.
      type: str
    msg:
      description: The finding in one sentence.
      type: str
    evidence:
      description: What was read.
      type: raw
    remedy:
      description: What to do.
      type: str
    accepted:
      description: The reason for which it is accepted, else empty.
      type: str
  sample:
    - id: service_missing_on_target
      severity: error
      host: exch2
      msg: exch2 has no service MSExchangeIS
      evidence: {service: MSExchangeIS}
      remedy: install the workload on the target
      accepted: ""
table:
  description: The findings as lines for people, with how each is mended. Empty where nothing was found.
  returned: when the checks were made
  type: list
  elements: str
  sample: []
counts_by_severity:
  description: How many findings have each severity, and how many are accepted.
  returned: when the checks were made
  type: dict
  sample: {info: 0, warning: 1, error: 1, blocker: 0, accepted: 0}
reason:
  description: The id of the gravest finding that stops a run, else empty.
  returned: always
  type: str
  sample: service_missing_on_target
timing:
  description: Seconds for the whole task.
  returned: always
  type: dict
  sample: {total: 2.2}
next:
  description:
    - The command that goes on in spite of what stops the run, once reasons are filled in. Empty where nothing stops it, or where no reason can help.
    - Where a baseline is missing, or nothing is wrong but an old one, and both servers answer, the command that arms the identity.
  returned: always
  type: str
  sample: ""
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {host: exch2, code: 14}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_preflight import failover_preflight, failover_preflight_spec


def arguments() -> ArgumentSpec:
    return failover_preflight_spec()


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), failover_preflight)


if __name__ == "__main__":
    main()
