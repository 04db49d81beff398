#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fence_source
short_description: Makes sure that a failed server cannot serve
version_added: 1.0.0
description:
  - Stops and disables the workload of the source, switches its DNS registration off, reads both back, and says how sure it is that the source
    cannot serve, as a grade.
  - Grade V(4) means powered off, V(3) isolated, V(2) services disabled, V(1) unreachable, V(0) nothing.
  - A source that does not answer is no error but evidence. It has grade V(1) when no vantage point hears it either and at least one
    of them answers the controller, which proves that the controller is not the isolated one.
  - Grades V(3) and V(4) come from O(evidence), which a hook takes from a hypervisor, a management board or a switch. They do not count
    while somebody still hears the source.
  - Below O(minimum) the task fails with RV(reason)=V(not_fenced), unless O(accept_unfenced) gives a reason.
  - Before anything else it looks whether the machine that answers is the source. After a failover its name or address may lead to the
    stand-in, and fencing that would be the worst that can be done. It needs O(run) or O(machine) for that.
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
      - V(fenced) stops and disables.
      - V(released) gives start modes and DNS registration back as O(revert_run) found them, and starts nothing. It needs O(run).
      - V(reverted) starts the services too, where they ran before. It needs O(run).
    type: str
    choices: [fenced, released, reverted]
    default: fenced
  services:
    description:
      - The key names of the services of the workload, in the order in which they start. They are stopped the other way round.
      - Without any, the source cannot reach grade V(2).
    type: list
    elements: str
    default: []
  service_timeout:
    description: Seconds that each service may take to stop.
    type: float
    default: 60.0
  registration:
    description:
      - Switch off that the source registers its addresses in DNS, on every adapter.
      - With V(false) it is left as it is, and the source reaches grade V(2) only if it is off already.
    type: bool
    default: true
  minimum:
    description: The grade that is needed. V(3) where addresses or names move, V(2) where the workload writes data.
    type: int
    choices: [0, 1, 2, 3, 4]
    default: 2
  vantage_points:
    description:
      - The places that must not hear a source which does not answer the controller. They send it an echo request.
      - Name one that stands near the source, so that a broken line between the sites is not taken for a dead server.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: A Windows host of the inventory, or V(controller), which always looks.
        type: str
        required: true
  addresses:
    description: The addresses that the vantage points ask. Without any, the one by which the source is managed.
    type: list
    elements: str
    default: []
  evidence:
    description: What a hook found out. It may be 300 seconds old.
    type: list
    elements: dict
    default: []
    suboptions:
      grade:
        description: The grade that it shows.
        type: int
        choices: [1, 2, 3, 4]
        required: true
      kind:
        description: Where it was read, such as V(hyperv), V(redfish) or V(switch_port).
        type: str
        required: true
      observed:
        description: What was read back, not what was asked for.
        type: str
        required: true
      at:
        description: When, in UTC, such as V(2026-11-22T18:30:00Z).
        type: str
        required: true
  accept_unfenced:
    description: Go on with less than O(minimum), for this reason. It names the data at risk, is recorded, and stands first in the report.
    type: str
seealso:
  - module: continuity.identity_failover.app_services
  - module: continuity.identity_failover.server_identity
"""

EXAMPLES = r"""
- name: Stop the failed server for good, in a play on its stand-in
  continuity.identity_failover.fence_source:
    services: [MSExchangeADTopology, MSExchangeIS, MSExchangeTransport]
    machine:
      uuid: 4c4c4544-0042-3510-8052-b4c04f4e3532
      name: EXCH1
  delegate_to: exch1

- name: See how far a fence would get
  continuity.identity_failover.fence_source:
    services: "{{ hostvars['exch1'].application_services }}"
    vantage_points:
      - host: dc1
      - host: wit1
  delegate_to: exch1
  check_mode: true

- name: Fence, or accept the risk for a name that is only read
  block:
    - name: Fence
      continuity.identity_failover.fence_source:
        run: "{{ failover.run }}"
        services: [W3SVC]
        minimum: 2
        vantage_points:
          - host: dc1
          - host: exch2
        evidence:
          - grade: 4
            kind: hyperv
            observed: "{{ power.state }}"
            at: "{{ power.read_at }}"
      delegate_to: exch1
  rescue:
    - name: Go on without
      continuity.identity_failover.fence_source:
        run: "{{ failover.run }}"
        services: [W3SVC]
        accept_unfenced: The site is read only, at worst some users see yesterday's pages
      delegate_to: exch1

- name: Let the source start again, as a step of a failback
  continuity.identity_failover.fence_source:
    state: released
    run: "{{ failback.run }}"
    revert_run: "{{ failback.reverts }}"
    services: [W3SVC]
  delegate_to: exch1
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
      sample: service MSExchangeIS
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
      sample: {state: Running, start_mode: auto}
    after:
      description: What is there now, as read back.
      type: raw
      sample: {state: Stopped, start_mode: disabled}
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
diff:
  description: What changed, item by item.
  returned: always
  type: dict
  sample: {before: {service MSExchangeIS: {state: Running, start_mode: auto}}, after: {service MSExchangeIS: {state: Stopped, start_mode: disabled}}}
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
grade:
  description: How sure it is that the source cannot serve. V(0) for states other than V(fenced).
  returned: when the source was looked at
  type: int
  sample: 2
grade_name:
  description: The name of that grade.
  returned: when O(state=fenced) and the source was looked at
  type: str
  sample: services_disabled
evidence:
  description: What shows it, both what was read here and what O(evidence) gave.
  returned: when the source was looked at
  type: list
  elements: dict
  sample:
    - {grade: 2, kind: read_back, observed: "MSExchangeIS, MSExchangeTransport stopped and disabled, DNS registration off", at: "2026-11-22T18:30:00.000Z"}
accepted:
  description: The reason of O(accept_unfenced) or O(ignore:accept_failure), where it was needed.
  returned: when the source was looked at
  type: str
  sample: ""
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.fence_source import fence_source, fence_source_spec


def arguments() -> ArgumentSpec:
    return fence_source_spec().merge(connection_spec()).merge(hosts_spec()).merge(run_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), fence_source)


if __name__ == "__main__":
    main()
