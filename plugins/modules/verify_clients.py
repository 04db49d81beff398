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
  - Asks every client of a sample to do what its users' programs do. It resolves a name through its own cache, connects to a port, and reads
    the first line that the server says or asks it for a page.
  - Where O(expect[].spn) is given, it also looks at Kerberos tickets for that name, once on each client that is there. Kerberos has a curve of
    its own, and a client need not pass it.
  - At the end it looks, once, for what keeps clients at the old server, and names it with what would help in RV(stubborn). It tells what it saw
    there, the client's cache, its hosts file, open connections and tickets. What a program keeps for itself without a connection is not seen.
  - Looks again every two seconds at the clients that are not there yet, until O(share) of them is, or O(verify_timeout) has passed.
  - Changes nothing, but that the client's computer account may get a Kerberos ticket. Each look costs a client one PowerShell process, so give a
    sample, not all clients.
  - A client counts as there when it passes everything that O(expect) can prove for it.
attributes:
  check_mode:
    support: full
    details: Looks once, tells how it is, and does not fail. Asks for no Kerberos tickets.
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
          - A word that the right server's first line, or its page, holds, such as its host name. It counts as a whole word, without regard to letter
            case.
          - Without it the result can not prove which server answers.
        type: str
      addresses:
        description: The addresses that the name may resolve to. Without any, every address will do.
        type: list
        elements: str
        default: []
      old_addresses:
        description: Where the name led before. A client's open connections to them are named in RV(stubborn).
        type: list
        elements: str
        default: []
      protocol:
        description:
          - Where the server says who it is, in the first line that it sends by itself (V(banner)), or in its answer to a request for O(expect[].path).
          - With V(https) the client judges the certificate for the name, as its browsers do, with TLS 1.2.
          - Status, headers and body of a page count. One with a status of 500 or more identifies nobody.
        type: str
        choices: [banner, http, https]
        default: banner
      path:
        description: The path of the page.
        type: str
        default: /
      spn:
        description:
          - The service principal name that users ask a Kerberos ticket for, such as V(http/mail.example.com).
          - A logon over WinRM can't get a ticket for itself, as it has no ticket-granting ticket. So the client's computer account asks for one
            (C(klist)), and the other logons of the client are looked at, which an administrator may do.
        type: str
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
  moved_at:
    description:
      - When the names moved, as V(2026-03-01T12:00:00Z). A Kerberos ticket that was issued before proves nothing.
      - Without it, no ticket from before this task does.
    type: str
notes:
  - A client is proven in the curve V(kerberos) when its computer account holds a ticket for the name that was issued since the move, and no logon
    on it holds an older one. Whoever still has a ticket from before presents it, for up to ten hours, to a server that can't read it.
    That the server takes a ticket is not shown by this.
  - RV(stubborn) and the messages name accounts that are logged on at the sample's clients and programs that run there, and so does the journal of a run.
  - The words of C(klist) were taken from its documentation, and tried in the lab only.
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

- name: Do they, by https, and who holds a Kerberos ticket of the old server?
  continuity.identity_failover.verify_clients:
    clients: [ws001, ws117]
    expect:
      - name: mail.example.com
        port: 443
        protocol: https
        path: /owa/healthcheck.htm
        identity: exch2
        spn: http/mail.example.com
        old_addresses: [10.0.0.21]
    moved_at: "2026-03-01T12:00:00Z"

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
msg:
  description: How many clients are there, or what went wrong, in one sentence.
  returned: always
  type: str
  sample: 8 of 8 clients arrive, which is enough
curves:
  description:
    - How the sample converged, for each stage by itself. V(resolve), V(tcp) and V(identity) are what a client passes through. V(kerberos) is
      proven for itself.
    - C(p50), C(p95) and C(p100) are the seconds after which that share of all clients had passed the stage, null where it never had.
      C(reached) is how many of C(of) are past it now, C(unproven) for how many nothing was looked at, or, of V(kerberos), nothing was proven.
      C(old_sessions) counts the logons with a ticket from before the move, or of unknown age.
  returned: when the clients were asked
  type: dict
  sample:
    resolve: {reached: 8, of: 8, p50: 0.4, p95: 0.9, p100: 0.9, unproven: 0}
    tcp: {reached: 8, of: 8, p50: 0.4, p95: 2.9, p100: 2.9, unproven: 0}
    identity: {reached: 8, of: 8, p50: 0.4, p95: 2.9, p100: 2.9, unproven: 0}
    kerberos: {reached: 7, of: 8, p50: 0.9, p95: null, p100: null, unproven: 1, old_sessions: 1}
stubborn:
  description:
    - What keeps clients at the old server, by what was seen on them. C(kind) is V(open_connection), V(old_ticket), V(hosts_file), V(stale_cache) or
      V(negative_entry), C(help) what would help.
  returned: when the clients were asked
  type: list
  elements: dict
  sample:
    - name: ws117
      kind: open_connection
      evidence: OUTLOOK.EXE (process 4120) holds a connection to 10.0.0.21 port 443, the old address
      help: restart Outlook
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
      msg: >-
        mail.example.com is 10.0.0.21, not 10.0.1.21; its hosts file has 10.0.0.21 mail.example.com: take the line out of its hosts file
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
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {host: exch2, code: 14}
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
