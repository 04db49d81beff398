# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This fragment is private to the collection: no other documentation may rely on it.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  run:
    description:
      - The run that this step is part of, as M(continuity.identity_failover.failover_run) returned it.
      - Without it the module works alone. It then keeps no record, and changes nothing that an open run holds.
    type: dict
    suboptions:
      id:
        description: The run's id.
        type: str
        required: true
      identity:
        description: The name of the identity.
        type: str
        required: true
      kind:
        description: What the run does.
        type: str
        choices: [failover, failback, drill]
        required: true
      mode:
        description: With V(plan) each step records what it would change, and changes nothing. V(undo) is a run that is being put back.
        type: str
        choices: [execute, plan, undo]
        default: execute
      epoch:
        description: The number of the lease. A higher one in the journal means that another controller took over.
        type: int
        required: true
      holder:
        description: The random id of the lease's holder.
        type: str
        required: true
      by:
        description: Who opened the run, for the journal.
        type: str
      data_state:
        description: What people approved to happen to data that the target has received but not applied.
        type: str
      without_mirror:
        description: Why the run goes on although its mirror can not be written. Empty where it has one.
        type: str
      lease_seconds:
        description: How long the lease lasts without being renewed.
        type: float
        required: true
      store:
        description: Where the identity's journal lies.
        type: dict
        suboptions:
          kind:
            description:
              - V(target) keeps the journal on a Windows host, where any controller finds it again.
              - V(directory) keeps it in a directory of the controller.
            type: str
            choices: [target, directory]
            default: target
          host:
            description: The inventory host that holds the journal, for O(run.store.kind)=V(target). Without it, it is the host that the task works on.
            type: str
          path:
            description: The directory of the journal. For O(run.store.kind)=V(target) there is a default below C(%ProgramData%).
            type: str
      mirror:
        description: A directory on the controller that gets a copy of each journal entry before the act that the entry announces.
        type: path
      machines:
        description: The machines of the run by their inventory name, each with C(uuid) and C(name). Another machine is left alone.
        type: dict
      predictions:
        description: The file on the controller in which the tasks of a plan keep what they predicted. Only with O(run.mode=plan).
        type: path
  revert_run:
    description: The id of the run whose changes are taken back, by the state V(reverted).
    type: str
  on_item_failure:
    description: Whether to go on with the next item after one has failed. The task fails either way.
    type: str
    choices: [continue, stop]
    default: continue
  accept_failure:
    description:
      - A reason to go on although items of this step failed. It is recorded, and printed first in the report.
      - Within a O(run) it holds when the step is run again, in the same direction.
    type: str
  details:
    description: With V(counts) the result lists only the items that went wrong, beside the counts of all, and has a diff only where the task is asked for it.
    type: str
    choices: [all, counts]
    default: all
  machine:
    description: The machine that must answer at the host's address. Another one is left alone. Inside a O(run) it comes from there.
    type: dict
    suboptions:
      uuid:
        description: The UUID of the machine's firmware, as C(Win32_ComputerSystemProduct) tells it.
        type: str
      name:
        description: The computer name.
        type: str
"""
