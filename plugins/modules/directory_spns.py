#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: directory_spns
short_description: Moves service principal names between accounts
version_added: 1.0.0
description:
  - Moves service principal names from the account of a failed server to the account of its stand-in, so that Kerberos clients get tickets that
    the stand-in can read.
  - A script on a domain controller does it, on the first one that answers. It looks for the holders in the whole forest where that
    controller has a global catalogue, takes the names from one account and gives them to the other on the same controller, and reads them back.
  - The directory refuses a name that another account holds. So it is taken away first. If it cannot be given to the new account, it goes back
    to the old one.
  - A name that a third account holds, or that two accounts hold, fails the task before anything is touched.
  - The account of the connection to the domain controller needs the right to write C(servicePrincipalName) on both accounts. Membership in the
    validated write is not enough, since it allows a computer's own names only.
  - Other domain controllers learn of the change by replication, and clients keep tickets for up to ten hours. Neither is waited for.
author:
  - The continuity.identity_failover contributors (@continuity)
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.step
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
      - V(moved) gives each name to its new account, also where nobody holds it now.
      - V(reverted) puts back what O(revert_run) found. It needs O(run).
    type: str
    choices: [moved, reverted]
    default: moved
  spns:
    description: The names, by the accounts between which they move.
    type: list
    elements: dict
    required: true
    suboptions:
      from:
        description: The account that holds them, by its C(sAMAccountName). A computer's ends with C($).
        type: str
        required: true
      to:
        description: The account that gets them.
        type: str
        required: true
      values:
        description:
          - The service principal names.
          - Names of the classes C(RestrictedKrbHost), C(TERMSRV) and C(WSMAN) are refused. They belong to the machine, and moving them
            breaks managing it.
        type: list
        elements: str
        required: true
  domain_controllers:
    description: Domain controllers in the inventory, or groups of them, in the order in which they are tried. The first that answers does all the work.
    type: list
    elements: str
    required: true
seealso:
  - module: continuity.identity_failover.server_identity
  - module: microsoft.ad.computer
    description: Everything else about computer accounts.
"""

EXAMPLES = r"""
- name: Give the mail names to the stand-in
  continuity.identity_failover.directory_spns:
    spns:
      - from: EXCH1$
        to: EXCH2$
        values:
          - http/mail.example.com
          - http/autodiscover.example.com
    domain_controllers: [dc1]

- name: Move what the inventory lists, on any domain controller of the group
  continuity.identity_failover.directory_spns:
    spns: "{{ application_spns }}"
    domain_controllers: [domain_controllers]

- name: See who holds them
  continuity.identity_failover.directory_spns:
    spns: "{{ application_spns }}"
    domain_controllers: [dc1]
  check_mode: true
  diff: true

- name: Move, and tell which right is missing
  block:
    - name: Move the names of a SQL Server service account
      continuity.identity_failover.directory_spns:
        spns:
          - from: svc-sql1
            to: svc-sql2
            values: ['MSSQLSvc/erp.example.com:1433', 'MSSQLSvc/erp.example.com']
        domain_controllers: [dc1, dc2]
      register: spns
  rescue:
    - name: Tell
      ansible.builtin.fail:
        msg: Delegate "Write servicePrincipalName" on both accounts to the failover account first.
      when: spns.reason == 'access_denied'

- name: Give them back, as a step of a failback
  continuity.identity_failover.directory_spns:
    state: reverted
    run: "{{ failback.run }}"
    revert_run: "{{ failback.reverts }}"
    spns: "{{ application_spns }}"
    domain_controllers: [dc1]
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
      sample: http/mail.example.com
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
      sample: {account: EXCH1$}
    after:
      description: What is there now, as read back.
      type: raw
      sample: {account: EXCH2$}
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
diff:
  description: What changed, item by item.
  returned: always
  type: dict
  sample: {before: {http/mail.example.com: {account: EXCH1$}}, after: {http/mail.example.com: {account: EXCH2$}}}
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
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.directory_spns import directory_spns, directory_spns_spec


def arguments() -> ArgumentSpec:
    return directory_spns_spec().merge(hosts_spec()).merge(run_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), directory_spns)


if __name__ == "__main__":
    main()
