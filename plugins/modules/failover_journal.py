#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_journal
short_description: Prints, verifies, exports or prunes the journal of an identity
version_added: 1.0.0
description:
  - The journal says everything that was decided and changed. Each of its lines names the hash of the line before, so that a line that was
    edited, dropped, repeated or reordered shows; the store and the mirror hold it against each other.
  - It looks at every event of every copy, from the first one on, where a run reads from the last checkpoint on only.
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
    support: none
  idempotent:
    support: full
options:
  identity:
    description: The name of the identity.
    type: str
    required: true
  state:
    description:
      - V(read) returns the events. What does not verify is a warning, and the events before it are returned all the same.
      - V(verified) fails with what does not verify, the first event that can't be believed, the last one that can, and what is safe to do.
      - V(exported) verifies and writes every event to O(export). An export that is there already is continued, never shortened.
      - V(pruned) verifies, and removes from the store the events that O(export) has. It is allowed only while the identity is protected and no
        run is open. The journal then begins with a checkpoint that cites the event it follows from. The mirror keeps every event, and the
        store keeps the file as it was, with C(.pruned) behind its name, until the next pruning.
    type: str
    choices: [read, verified, exported, pruned]
    default: read
  export:
    description:
      - A file on the controller that the journal is exported to, or that has the events that are pruned.
      - Needed for O(state=exported) and O(state=pruned).
    type: path
  last:
    description: Return only so many events, the newest. V(0) returns all of them.
    type: int
    default: 0
  of_run:
    description: Return only the events of the run with this id.
    type: str
  by:
    description: Who prunes, for the journal. The user and host of the controller where it is not given.
    type: str
seealso:
  - module: continuity.identity_failover.failover_status
"""

EXAMPLES = r"""
- name: Keep the journal of the mail servers in order
  hosts: exch2
  gather_facts: false
  module_defaults:
    continuity.identity_failover.failover_journal:
      identity: mail
      mirror: /var/lib/failover/mirror
      export: /var/lib/failover/exports/mail.jsonl
  tasks:
    - name: Verify every event of store and mirror
      continuity.identity_failover.failover_journal:
        state: verified

    - name: Export it
      continuity.identity_failover.failover_journal:
        state: exported

    - name: Remove from the store what was exported
      continuity.identity_failover.failover_journal:
        state: pruned
"""

RETURN = r"""
msg:
  description: What there is to say, or what went wrong, in one sentence.
  returned: always
  type: str
  sample: 'the journal of mail in C:\ProgramData\continuity\identity_failover on exch2: 2 of 812 events shown, up to event 812'
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
      sample: store
    status:
      description: V(done), V(already), V(predicted), V(skipped), V(unconfirmed), V(failed) or V(not_tried).
      type: str
      sample: already
    changed:
      description: Whether it was changed, or may have been.
      type: bool
      sample: false
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
      sample: 812
    after:
      description: What is there now.
      type: raw
      sample: 1
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 0, already: 2, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
timing:
  description: Seconds by part of the work.
  returned: always
  type: dict
  sample: {}
details:
  description:
    - Facts about a failure. For a journal that does not verify RV(ignore:details.what) is V(unreadable), V(newer_version), V(missing),
      V(repeated), V(reordered), V(miscounted), V(edited), V(unexplained_start), V(truncated), V(rewound) or V(replaced),
      RV(ignore:details.seq) the first event that can't be believed, RV(ignore:details.trusted) the last one that can, and
      RV(ignore:details.safe) what is safe to do, as words (V(read_status), V(use_newer_version), V(restore_from_mirror), V(rewrite_mirror),
      V(from_observation)). V(mirror_is_read) and V(tail_is_read) say that status and runs do not meet it, since they read the mirror, or the store
      from its last checkpoint on only. V(export_again) is said of an export. RV(ignore:details.next) is the command to type, where there is one.
  returned: on failure, where there are any
  type: dict
  sample: {what: edited, seq: 42, trusted: 40, safe: [read_status, restore_from_mirror, from_observation]}
events:
  description: The events, oldest first.
  returned: success
  type: list
  elements: dict
  sample:
    - {seq: 1, at: "2026-11-22T20:00:00.000Z", kind: armed, step: "", host: exch1, by: ops, run: "", text: "baseline of exch1, exch2"}
table:
  description: The events as lines of text, below a heading.
  returned: success
  type: list
  elements: str
  sample:
    - "  seq  at                   kind         step            by       what"
    - "    1  2026-11-22 20:00:00  armed                        ops      baseline of exch1, exch2"
copies:
  description: The copies of the journal that were looked at, the store's and the mirror's.
  returned: success
  type: list
  elements: dict
  contains:
    of:
      description: V(store) or V(mirror).
      type: str
      sample: store
    place:
      description: Where it lies.
      type: str
      sample: 'C:\ProgramData\continuity\identity_failover on exch2'
    first:
      description: The number of its first event, V(0) where it is empty.
      type: int
      sample: 1
    last:
      description: The number of the last event that verifies.
      type: int
      sample: 812
    hash:
      description: The hash of that event's line.
      type: str
      sample: 0d4f...
    events:
      description: How many events verify.
      type: int
      sample: 812
    checkpoints:
      description: How many of them are checkpoints.
      type: int
      sample: 4
    verifies:
      description: Whether all of it verifies.
      type: bool
      sample: true
    finding:
      description: What does not verify, with the facts that RV(details) has; null where there is nothing.
      type: dict
      sample: {}
head:
  description: The end of the journal's chain.
  returned: success
  type: dict
  sample: {seq: 812, hash: 0d4f...}
read_from:
  description: Which copy the events are from. The mirror where it knows more than the store, or where the store is silent.
  returned: success
  type: str
  sample: 'C:\ProgramData\continuity\identity_failover on exch2'
export:
  description: The export, empty unless O(state=exported).
  returned: success
  type: dict
  sample: {path: /var/lib/failover/exports/mail.jsonl, first: 1, last: 812, hash: 0d4f..., sha256: 5e1c...}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_journal import failover_journal, failover_journal_spec


def arguments() -> ArgumentSpec:
    return failover_journal_spec().merge(connection_spec()).merge(hosts_spec()).merge(store_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), failover_journal)


if __name__ == "__main__":
    main()
