#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_clients
version_added: 1.0.0
short_description: Proves from sample clients that users arrive at the right server
author:
  - The continuity.identity_failover contributors (@continuity)
description:
  - Asks every client of a sample to do what its users' programs do. It resolves a name through its own cache, connects to a port and reads
    the first line that the server says.
  - Looks again every two seconds at the clients that are not there yet, until O(share) of them is, or O(verify_timeout) has passed.
  - Changes nothing. Each look costs a client one PowerShell process, so give a sample, not all clients.
  - A client counts as there when it passes everything that O(expect) can prove for it.
attributes:
  check_mode:
    support: full
    details: Looks once, tells how it is, and does not fail.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  clients:
    description: Hosts and groups of the inventory that are the sample. Each host counts once.
    type: list
    elements: str
    required: true
  expect:
    description: What each client must reach.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name that users connect to.
        type: str
        required: true
      port:
        description: The port that they connect to. Without it the name is only resolved.
        type: int
      identity:
        description:
          - A word that the right server's first line holds, such as its host name. It counts as a whole word, without regard to letter case.
          - Without it the result can not prove which server answers.
        type: str
      addresses:
        description: The addresses that the name may resolve to. Without any, every address will do.
        type: list
        elements: str
        default: []
  workers:
    description: How many clients are asked side by side.
    type: int
    default: 50
  verify_timeout:
    description: Seconds until O(share) of the clients must be there. With V(0) each is looked at once.
    type: float
    default: 120.0
  share:
    description: The share of the clients that must be there.
    type: float
    default: 1.0
notes:
  - Whether a client also gets a Kerberos ticket for the name is not looked at. RV(curves) counts every client as unproven there.
seealso:
  - module: continuity.identity_failover.flush_dns_clients
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.step
  - continuity.identity_failover._hosts
  - continuity.identity_failover._run
"""

EXAMPLES = r"""
- name: Do users reach exch2?
  continuity.identity_failover.verify_clients:
    clients: [ws001, ws117]
    expect:
      - name: mail.example.com
        port: 25
        identity: exch2
        addresses: [10.0.1.21]

- name: Look once, and go on with what is there
  block:
    - name: Look
      continuity.identity_failover.verify_clients:
        clients: [workstations]
        expect:
          - name: mail.example.com
            addresses: [10.0.1.21]
        verify_timeout: 0
        share: 0.95
      register: seen
  rescue:
    - name: Who is late, and why
      ansible.builtin.debug:
        msg: "{{ ansible_failed_result.outcomes | selectattr('status', 'equalto', 'failed') | map(attribute='msg') }}"
"""

RETURN = r"""
curves:
  description:
    - How the sample converged, for each stage by itself. V(resolve), V(tcp) and V(identity) are what a client passes through. V(kerberos) is
      never proven.
    - C(p50), C(p95) and C(p100) are the seconds after which that share of all clients had passed the stage, null where it never had.
      C(reached) is how many of C(of) are past it now, C(unproven) for how many nothing was looked at.
  returned: when the clients were asked
  type: dict
  sample:
    resolve: {reached: 8, of: 8, p50: 0.4, p95: 0.9, p100: 0.9, unproven: 0}
    tcp: {reached: 8, of: 8, p50: 0.4, p95: 2.9, p100: 2.9, unproven: 0}
    identity: {reached: 8, of: 8, p50: 0.4, p95: 2.9, p100: 2.9, unproven: 0}
    kerberos: {reached: 0, of: 8, p50: null, p95: null, p100: null, unproven: 8}
outcomes:
  description:
    - One entry for each client, in the order asked. C(status) is V(already) for one that is there, V(failed) for one that is not, V(skipped)
      for one that is not and need not be. C(msg) says what would help, C(after) what the client met.
  returned: always
  type: list
  elements: dict
  sample:
    - name: ws001
      status: failed
      changed: false
      grade: probed
      msg: "mail.example.com is 10.0.0.21, not 10.0.1.21: flush the client's cache, wait out the record's TTL, or look into its hosts file"
      reason: not_there_resolve
      host: ws001
      before: null
      after: {}
counts:
  description: How many clients have each status.
  returned: always
  type: dict
  sample: {done: 0, already: 8, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
reason:
  description: V(clients_not_there) where too few are there, else empty.
  returned: always
  type: str
  sample: ""
timing:
  description: Seconds for the whole task.
  returned: always
  type: dict
  sample: {total: 3.1}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.verify_clients import verify_clients, verify_clients_spec


def arguments() -> ArgumentSpec:
    return verify_clients_spec()


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), verify_clients)


if __name__ == "__main__":
    main()
