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
  - Clears the DNS resolver cache of every client in one task, many side by side, with one WinRM session each, and looks into the cache
    afterwards.
  - Before a client's cache is cleared, the DNS server that this client asks must give every value of O(expect). A cache that is
    cleared earlier only takes the old value again. Each DNS server is asked once for all of its clients.
  - Uses the method C(Clear) of the CIM class C(MSFT_DNSClientCache), and C(ipconfig /flushdns) only on a host that has no such class.
    A client that denies the right is not asked in another way.
  - A client that gives no answer is tried once more after all others, a client that refuses is not. When several clients refuse the logon and
    none takes it, the rest is not tried, lest the account be locked. When 200 clients give no answer and none gives one, the rest is not tried.
    When 50 clients stay silent at the second try and none speaks, the rest is not tried a second time.
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
      - The records as each client's DNS server must give them before the client's cache is cleared. A wildcard among them is not asked for;
        wildcards alone are refused.
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
        choices: [A, AAAA, CNAME, MX, PTR, SRV, TXT]
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
      - Looks into each cache after it was cleared, in the same session, for the names of O(expect). A client whose cache holds another value
        again is V(unconfirmed). The reason is V(hosts_file) where the client's hosts file gives the name another address, V(negative_entry)
        where the cache says that there is no such name or record, else V(stale_cache).
      - Windows keeps the lines of the hosts file in the same cache. CIM does not show what is in that file, so it is read by cmd.exe, and only on
        a client whose cache holds another value. A line that gives the right address is not seen.
      - Of MX, SRV and TXT records only a V(negative_entry) is seen. On a client that was cleared by C(ipconfig) nothing is read back.
      - Costs one more request for each client. Without it, the host's own return value is the evidence.
    type: bool
    default: true
  details:
    description: Without it, it is V(all) for up to 100 clients and V(counts) for more.
    default: null
notes:
  - Which DNS server a client asks comes from its variable C(failover_resolver). Without it the client is asked, which costs one more request,
    and a second session where that server does not have the new values yet. The servers of each of its adapters count in the order in which Windows
    has them, IPv4 before IPv6. A silent one is passed over for the next of its adapter; one that gives another value holds the client back.
  - An adapter that is silent, or whose server knows nothing of the names, is passed over where another adapter gives the new values.
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
msg:
  description: What went wrong, in one sentence. Empty when everything is as wanted.
  returned: always
  type: str
  sample: ""
roll_call:
  description: Who answered. Every client is counted once.
  returned: when the clients were worked on, or would be in check mode
  type: dict
  contains:
    expected:
      description: How many clients the task names.
      type: int
    answered:
      description: How many cleared their cache and held nothing else of O(expect) in it afterwards.
      type: int
    failed:
      description: The others, each with C(name), C(reason), C(msg) and C(tries).
      type: list
      elements: dict
    skipped:
      description: How many were not worked on, because of check mode or because the task stopped before.
      type: int
    not_read_back:
      description: Those of the answered clients whose cache was not looked into afterwards, by name.
      type: list
      elements: str
    last_after:
      description: Seconds until the last of the answered clients.
      type: float
  sample:
    expected: 1000
    answered: 999
    failed:
      - name: ws117
        reason: unreachable
        msg: "ws117 (10.2.0.117:5986) does not answer within 5 s; check that it runs, and that a firewall lets this port through"
        tries: 2
    skipped: 0
    not_read_back: []
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
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {host: exch2, code: 14}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.flush_dns_clients import flush_dns_clients, flush_dns_clients_spec


def arguments() -> ArgumentSpec:
    return flush_dns_clients_spec()


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), flush_dns_clients)


if __name__ == "__main__":
    main()
