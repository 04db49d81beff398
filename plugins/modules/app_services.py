#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: app_services
short_description: Starts and stops services in order
version_added: 1.0.0
description:
  - Brings services of a Windows host into the wanted state, one after the other in the order given, and sets how they start.
  - Where the dependencies that Windows knows contradict the order given, they win. Stopping goes the other way round.
  - All names are looked up before the first service is touched. An unknown one fails the task.
  - A start is done when the service runs, and still runs as the same process O(settle) seconds later. The second look is taken at all
    services together, after the last of them was started; with O(on_item_failure=stop) each is looked at before the next one is started.
  - Only listed services are stopped. Services that depend on one of them and run are named, and never stopped along with it.
    C(MSExchangeIS) depends on C(LanmanServer), so a cascade would take the mailbox store down.
  - It asks C(Win32_Service) over WinRM. No process is started on the host, except C(sc.exe) to set or clear a delayed start.
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
      - V(started) makes all services run, V(stopped) stops them.
      - V(reverted) puts back the state and the start mode that O(revert_run) found. It needs O(run).
    type: str
    choices: [started, stopped, reverted]
    default: started
  services:
    description: The services, in the order in which they start.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The key name of the service such as V(MSExchangeIS), not the name that is displayed. Letter case does not matter.
        type: str
        required: true
      start_mode:
        description:
          - How the service starts when Windows boots. Without it the start mode stays as it is.
          - It is set before a service is started, and before it is stopped.
        type: str
        choices: [auto, delayed, manual, disabled]
      timeout:
        description: Seconds that the service may take to start or to stop.
        type: float
        default: 120.0
  from_baseline:
    description:
      - Take the state and the start mode of each service from the baseline of the identity, as they were in peace time. It needs O(run).
      - Services that were stopped then are stopped, whatever O(state) says.
    type: bool
    default: false
  settle:
    description: Seconds, at least, between the two looks at a service that was started. With V(0) there is one look.
    type: float
    default: 1.0
seealso:
  - module: continuity.identity_failover.fence_source
  - module: continuity.identity_failover.mount_databases
  - module: ansible.windows.win_service
    description: Everything else about services. It has no time limit of its own for a start.
"""

EXAMPLES = r"""
- name: Start the mail services
  continuity.identity_failover.app_services:
    services:
      - name: MSExchangeADTopology
      - name: MSExchangeIS
        timeout: 300
      - name: MSExchangeTransport
        start_mode: auto

- name: Start what the inventory says of this host
  continuity.identity_failover.app_services:
    services: "{{ application_services }}"
    settle: 5

- name: See what stopping would do
  continuity.identity_failover.app_services:
    state: stopped
    services: "{{ application_services }}"
  check_mode: true
  diff: true
  register: forecast

- name: Stop the services, and say which one did not stop
  block:
    - name: Stop and keep them from starting at boot
      continuity.identity_failover.app_services:
        state: stopped
        on_item_failure: stop
        services:
          - name: MSExchangeTransport
            start_mode: disabled
          - name: MSExchangeIS
            start_mode: disabled
      register: stopped
  rescue:
    - name: Show those that are not as wanted
      ansible.builtin.debug:
        msg: "{{ stopped.outcomes | rejectattr('status', 'in', ['done', 'already']) }}"

- name: Start them as they ran in peace time, as a step of a failback
  continuity.identity_failover.app_services:
    run: "{{ failback.run }}"
    from_baseline: true
    services: "{{ application_services }}"
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
      sample: MSExchangeIS
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
      sample: {state: Stopped, start_mode: manual}
    after:
      description: What is there now, as read back.
      type: raw
      sample: {state: Running, start_mode: auto}
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
diff:
  description: What changed, item by item.
  returned: always
  type: dict
  sample: {before: {MSExchangeIS: {state: Stopped, start_mode: manual}}, after: {MSExchangeIS: {state: Running, start_mode: auto}}}
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
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.app_services import app_services, app_services_spec


def arguments() -> ArgumentSpec:
    return app_services_spec().merge(connection_spec()).merge(hosts_spec()).merge(run_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), app_services)


if __name__ == "__main__":
    main()
