#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flush_dns_clients
version_added: 1.0.0
short_description: Clears the resolver caches of many Windows clients once their DNS server has the new values
author:
  - The continuity.identity_failover contributors (@continuity)
description:
  - Clears the DNS resolver cache of every client in one task, many side by side, with one WinRM request each.
  - Before a client's cache is cleared, the DNS server that this client asks must give every value of O(expect). A cache that is
    cleared earlier only takes the old value again. Each DNS server is asked once for all of its clients.
  - Uses the method C(Clear) of the CIM class C(MSFT_DNSClientCache), and C(ipconfig /flushdns) only on a host that has no such class.
  - A client that gives no answer is tried once more after all others. When several clients refuse the logon and none takes it, the rest is
    not tried, lest the account be locked.
  - Caches above the operating system (browsers, Java, connection pools) are not reached, nor do open connections move.
attributes:
  check_mode:
    support: full
    details: Connects to nothing.
  diff_mode:
    support: full
  idempotent:
    support: none
    details: A cache fills again at once, so it is cleared whenever the task runs. That does no harm.
options:
  clients:
    description: Hosts and groups of the inventory whose caches are cleared. Each host counts once.
    type: list
    elements: str
    required: true
  expect:
    description:
      - The records as each client's DNS server must give them before the client's cache is cleared.
      - Without any, the caches are cleared at once.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The fully qualified name.
        type: str
        required: true
      type:
        description: The record type.
        type: str
        choices: [A, AAAA, CNAME, PTR]
        default: A
      values:
        description: All values of the name and type, in any order.
        type: list
        elements: str
        required: true
  workers:
    description: How many clients are worked on side by side.
    type: int
    default: 50
  client_timeout:
    description: Seconds for everything that is done on one client.
    type: float
    default: 30.0
  resolver_timeout:
    description: Seconds that a DNS server has until it gives every value of O(expect).
    type: float
    default: 60.0
  max_failures:
    description:
      - How many clients may fail without failing the task. Below 1 it is a share of all clients, from 1 on a number of clients.
      - RV(roll_call) names them in any case.
    type: float
    default: 0.0
  dns_port:
    description: The port of the clients' DNS servers.
    type: int
    default: 53
  read_back:
    description:
      - Looks into each cache after it was cleared, and reports a client whose cache already holds another value than O(expect) as V(unconfirmed).
      - Costs one more request for each client. Without it, the host's own return value is the evidence.
    type: bool
    default: false
  details:
    description: Without it, it is V(all) for up to 100 clients and V(counts) for more.
    default: null
notes:
  - Which DNS server a client asks comes from its variable C(failover_resolver). Without it the client is asked, which costs one more request.
  - The account needs to be an administrator of the clients, or needs the rights to enable and to execute methods in C(root/StandardCimv2).
seealso:
  - module: continuity.identity_failover.update_dns
  - module: continuity.identity_failover.verify_clients
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.step
  - continuity.identity_failover._hosts
  - continuity.identity_failover._run
"""

EXAMPLES = r"""
- name: Clear the caches of all workstations
  continuity.identity_failover.flush_dns_clients:
    clients: [workstations]

- name: Clear them once their DNS server has the new address, one in twenty may be switched off
  continuity.identity_failover.flush_dns_clients:
    clients: [workstations]
    expect:
      - name: mail.example.com
        values: [10.0.1.21]
    max_failures: 0.05
  register: flushed

- name: Say who was not reached
  ansible.builtin.debug:
    msg: "{{ flushed.roll_call.failed | map(attribute='name') | join(', ') }}"
"""

RETURN = r"""
roll_call:
  description: Who answered. Every client is counted once.
  returned: when the clients were worked on, or would be in check mode
  type: dict
  contains:
    expected:
      description: How many clients the task names.
      type: int
    answered:
      description: How many cleared their cache.
      type: int
    failed:
      description: The others, each with C(name), C(reason) and C(msg).
      type: list
      elements: dict
    skipped:
      description: How many were not worked on, because of check mode or because the task stopped before.
      type: int
    last_after:
      description: Seconds until the last of the answered clients.
      type: float
  sample:
    expected: 1000
    answered: 999
    failed:
      - name: ws117
        reason: unreachable
        msg: "could not reach ws117 at 10.2.0.117 port 5986 within 5 s"
    skipped: 0
    last_after: 12.4
outcomes:
  description: One entry for each client, in the order asked, or for the failed ones only (see O(details)).
  returned: always
  type: list
  elements: dict
  sample:
    - {name: ws001, status: done, changed: true, grade: probed, msg: '', reason: '', host: '', before: null, after: cleared}
counts:
  description: How many clients have each status.
  returned: always
  type: dict
  sample: {done: 1000, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
reason:
  description: Why the task failed, in one word for machines. Empty where it did not.
  returned: always
  type: str
  sample: resolver_not_converged
timing:
  description: Seconds for the phases.
  returned: always
  type: dict
  sample: {resolvers: 5.1, clients: 12.4, total: 12.6}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.flush_dns_clients import flush_dns_clients, flush_dns_clients_spec


def main() -> None:
    module = AnsibleModule(supports_check_mode=True, **flush_dns_clients_spec().to_kwargs())
    run_module(module, flush_dns_clients)


if __name__ == "__main__":
    main()
