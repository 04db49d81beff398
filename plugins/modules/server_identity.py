#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_identity
short_description: Gives a server the addresses, names and shares of another one, or takes them away
version_added: 1.0.0
description:
  - Adds IP addresses, alternate server names and SMB shares to a Windows host, or removes them.
  - All items are looked at first. What would hurt fails the task before anything is touched, such as an adapter that uses DHCP, an address
    that is there with another prefix, or a share that leads to another folder.
  - Adding goes addresses, names, shares. Removing goes the other way round.
  - An address counts as added when Windows has found nobody else that answers for it. If somebody does, the source is alive. Then the address
    is removed again and the task fails with RV(reason)=V(duplicate_address).
  - An address is removed by its full key only, from every store that holds it. The address that the task itself connects to is refused.
  - This is believed of Windows from its documentation and was tried against a simulator only.
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
      - Whether the items are there.
      - V(reverted) puts back what O(revert_run) found. It needs O(run).
    type: str
    choices: [present, absent, reverted]
    default: present
  addresses:
    description: IP addresses.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The IPv4 or IPv6 address.
        type: str
        required: true
      prefix_length:
        description: The length of the network's prefix. O(state=present) needs it.
        type: int
      interface:
        description:
          - The name or index of the adapter.
          - Without it, the only adapter that has an address in the same network already. If that is none or more than one, the task fails.
        type: str
      skip_as_source:
        description:
          - Do not use the address for outgoing connections, and do not register it in DNS.
          - With V(false) the host would add it to its own record.
        type: bool
        default: true
      policy_store:
        description:
          - V(persistent) adds the address to both stores, so that it survives a restart of the host.
          - V(active) lasts until the next boot. A host that restarts then cannot take the address back blindly.
          - It counts only when the address is added.
        type: str
        choices: [active, persistent]
        default: persistent
  names:
    description:
      - Further NetBIOS names that the Server service answers to, kept in the registry value C(OptionalNames) beside those that others put there.
      - With any name, C(DisableStrictNameChecking) is set too. Removing names leaves it as it is, only V(reverted) puts it back.
      - Both take effect when the Server service starts the next time. This module does not restart it, because that takes the mailbox
        store of an Exchange server down. Prepare names in peace time.
    type: list
    elements: str
    default: []
  shares:
    description:
      - SMB shares.
      - Removing a share cuts off its users at once, and what they had not saved is lost.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the share.
        type: str
        required: true
      path:
        description: The folder on the host. O(state=present) needs it. With O(state=absent) a share of another folder is left alone.
        type: str
      description:
        description: What users read beside the name. It counts only when the share is created.
        type: str
      security_descriptor:
        description:
          - Who may use the share, as SDDL. Only its C(D) part is compared.
          - Without it a new share lets everyone read, which is what Windows does. The rights on the files count beside it.
        type: str
seealso:
  - module: continuity.identity_failover.fence_source
  - module: continuity.identity_failover.update_dns
"""

EXAMPLES = r"""
- name: Take an address over
  continuity.identity_failover.server_identity:
    addresses:
      - address: 10.0.0.21
        prefix_length: 24

- name: Give the host what the inventory says of the failed server
  continuity.identity_failover.server_identity:
    addresses: "{{ hostvars['exch1'].service_addresses }}"
    names: [FILES1]
    shares:
      - name: data
        path: D:\data
        description: Data of FILES1
        security_descriptor: D:(A;;FA;;;BA)(A;;0x1301bf;;;AU)

- name: See what would change
  continuity.identity_failover.server_identity:
    addresses: "{{ hostvars['exch1'].service_addresses }}"
  check_mode: true
  diff: true

- name: Take the address over only if nobody else has it
  block:
    - name: Add it until the next boot
      continuity.identity_failover.server_identity:
        addresses:
          - address: 10.0.0.21
            prefix_length: 24
            interface: Ethernet
            policy_store: active
      register: identity
  rescue:
    - name: Tell that the source must be fenced
      ansible.builtin.fail:
        msg: The old server still answers for its address. Power it off first.
      when: identity.reason == 'duplicate_address'

- name: Give everything back
  continuity.identity_failover.server_identity:
    state: absent
    addresses:
      - address: 10.0.0.21
    names: [FILES1]
    shares:
      - name: data
        path: D:\data
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
      sample: address 10.0.0.21
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
      sample: null
    after:
      description: What is there now, as read back.
      type: raw
      sample: {interface: Ethernet, prefix_length: 24, skip_as_source: true}
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
diff:
  description: What changed, item by item.
  returned: always
  type: dict
  sample: {before: {address 10.0.0.21: null}, after: {address 10.0.0.21: {interface: Ethernet, prefix_length: 24, skip_as_source: true}}}
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
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.server_identity import server_identity, server_identity_spec


def arguments() -> ArgumentSpec:
    return server_identity_spec().merge(connection_spec()).merge(hosts_spec()).merge(run_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), server_identity)


if __name__ == "__main__":
    main()
