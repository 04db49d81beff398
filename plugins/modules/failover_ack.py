#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_ack
short_description: Records what a person decides about an incident or a planned move
version_added: 1.0.0
description:
  - Writes one decision into the journal of an identity. A decision binds to the intent, which is the identity, the kind of run,
    the fence level, the consent about data and the incident. It does not bind to a plan, so that a new plan does not void it.
  - A decision expires, is consumed when a run opens, and is void when the source answers again.
  - Each person counts once, with the newest decision, in whatever spelling. O(people) and O(domains) say which names are one person's.
    Whoever says the same again under the same name changes nothing. Under another name or with another key of the same person it is refused.
  - How a person is known stands beside every decision. V(asserted) is the name that the controller states, and whoever may run the
    job may state any. V(windows_logon) is the account that logged on to the target. V(signature) is proven with an SSH key, and works
    while the directory is down.
  - All this guards against haste and mistakes, not against administrators of the target who mean harm.
  - A failback asks for no votes. It asks for the word that the data are back.
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
      - A planned move is declined as soon as somebody has voted for it. Without an incident and without such a vote there is nothing to decline.
      - V(acknowledge) says that a person has looked at a source that came back by itself.
      - Not needed with O(signature), where the signed statement says it.
    type: str
    choices: [proceed, decline, withdraw, acknowledge]
  reason:
    description: Why. It is kept in the journal and shown in every report. Not needed with O(signature).
    type: str
  by:
    description:
      - Who decides. Without it, the user that runs Ansible. With O(how=signature) the key must be this person's.
      - A slash between domain and user is read as a backslash. A blank name, a list (also one with a comma or a semicolon), a switch such as
        V(true), a name without a letter or a digit, and a name with control characters or characters that nobody can see
        are refused. In C(-e name=value) Ansible decodes a backslash. Write the variable as JSON there, with two backslashes.
    type: str
  how:
    description:
      - How the person is known.
      - V(asserted) takes the name of O(by).
      - V(windows_logon) takes the account that is logged on to the target, by name and SID, as Windows on the target says it in the very
        transaction that records the decision. It needs a journal on the target. Without O(logon), it is the connection's own account.
      - V(signature) takes a statement that the person signed with an SSH key of O(people). Without O(signature) and O(signing_key) the
        task only writes the statement, and the person signs it on a machine of their own.
    type: str
    choices: [asserted, windows_logon, signature]
    default: asserted
  data_state:
    description:
      - What happens to data that the target has received but not applied.
      - V(apply_queues) applies them first, V(discard_queues) drops them, V(revert_to_snapshot) goes back to a good snapshot where the
        target's data are bad.
    type: str
    choices: [apply_queues, discard_queues, revert_to_snapshot]
    default: apply_queues
  data_at_risk:
    description: Which data may be lost. Required to proceed with V(discard_queues) or V(revert_to_snapshot) in O(data_state).
    type: str
  fence_minimum:
    description: The grade of evidence that the source cannot serve any more, which this decision is about.
    type: int
    default: 2
  required:
    description: How many different people must decide to proceed.
    type: int
    default: 1
  minimum:
    description:
      - The weakest way in which a person may be known who proceeds or withdraws, from V(asserted) over V(windows_logon) to V(signature).
      - To decline and to acknowledge, a name is enough. To withdraw takes no more than the decision took that is withdrawn.
    type: str
    choices: [asserted, windows_logon, signature]
    default: asserted
  expires:
    description: Seconds until the decision expires. A signed statement expires as it says, and that may be no later than this.
    type: float
    default: 3600.0
  people:
    description: Who may decide by signature, and which names belong to one person, as C(approvals.people) of a definition.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The person.
        type: str
        required: true
      accounts:
        description: Further names and SIDs of the person, such as V(CORP\\chief).
        type: list
        elements: str
        default: []
      keys:
        description: SSH public keys, each a line as in a C(.pub) file.
        type: list
        elements: str
        default: []
  domains:
    description:
      - The names of each Windows domain, as C(approvals.domains) of a definition.
      - Of one user name, only two domains that are both listed make two persons. A domain that is not listed, or none, tells nobody apart.
    type: list
    elements: dict
    default: []
    suboptions:
      netbios:
        description: Its NetBIOS name, such as V(CORP).
        type: str
        required: true
      dns:
        description: Its DNS name and further UPN suffixes.
        type: list
        elements: str
        default: []
  logon:
    description: The person's own logon to the target, for O(how=windows_logon). The account must be an administrator there.
    type: dict
    suboptions:
      user:
        description: The account.
        type: str
        required: true
      password:
        description: Its password.
        type: str
        required: true
  statement:
    description:
      - A file of the controller. It gets the statement to sign; with O(signature) it is the statement that was signed.
      - Without it, O(signature) without its ending C(.sig) is the statement, as C(ssh-keygen) names its files.
    type: path
  statement_only:
    description: Only write the statement, record nothing.
    type: bool
    default: false
  signature:
    description: A file of the controller with the signature of O(statement), as C(ssh-keygen -Y sign -n continuity-identity-failover) writes it.
    type: path
  signing_key:
    description:
      - Sign on the controller with this key. The path of a private key without passphrase, or of the C(.pub) file of a key in C(ssh-agent).
    type: path
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

    - name: Decide under one's own logon to the target
      continuity.identity_failover.failover_ack:
        identity: mail
        decision: proceed
        reason: The site in Berlin has no power, ticket 4711
        how: windows_logon
        logon: "{{ failover_credentials.chief }}"

    - name: Write the statement that the duty chief signs on another machine
      continuity.identity_failover.failover_ack:
        identity: mail
        decision: proceed
        reason: The site in Berlin has no power, ticket 4711
        by: Duty Chief
        how: signature
        people: "{{ failover_identities.mail.approvals.people }}"
        statement: "{{ playbook_dir }}/mail.statement"

    # There, type: ssh-keygen -Y sign -f ~/.ssh/id_ed25519 -n continuity-identity-failover mail.statement
    - name: Record what was signed
      continuity.identity_failover.failover_ack:
        identity: mail
        how: signature
        people: "{{ failover_identities.mail.approvals.people }}"
        signature: "{{ playbook_dir }}/mail.statement.sig"
"""

RETURN = r"""
msg:
  description: What there is to say, or what went wrong, in one sentence.
  returned: always
  type: str
  sample: mail is approved; 2 of 2 needed say proceed
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
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {}
state:
  description: The state of the identity.
  returned: success
  type: str
  sample: approved
votes:
  description: The decisions that count now, with C(how) each person is known.
  returned: success
  type: list
  elements: dict
  sample:
    - {by: duty officer, how: asserted, decision: proceed, reason: ticket 4711, expires_at: "2026-11-22T21:00:00.000Z"}
statement:
  description: The statement to sign, or the one that was signed. Empty where nothing is signed.
  returned: success
  type: str
  sample: ""
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
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack, failover_ack_spec


def arguments() -> ArgumentSpec:
    return failover_ack_spec().merge(connection_spec()).merge(hosts_spec()).merge(store_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), failover_ack)


if __name__ == "__main__":
    main()
