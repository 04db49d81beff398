# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This fragment is private to the collection: no other documentation may rely on it.

from __future__ import annotations


class ModuleDocFragment:
    # What each attribute means; a module adds its own support of the first three.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run with C(--check) and say what it would change, without changing anything.
  diff_mode:
    description: Returns what it changed, or in check mode would change, as before and after.
  idempotent:
    description:
      - When run again with the same options it finds nothing left to do, and says so.
      - This assumes that nobody else changes the same things in between.
"""

    # How all modules of this collection run: the action sees to it.
    CONTROLLER = r"""
options: {}
attributes:
  platform:
    description: The systems that the module works on.
    platforms: windows
    support: full
  connection:
    description: Uses the connection that the inventory configures for the host.
    details:
      - The module runs on the controller. It takes address, account and authentication from the host's
        P(ansible.builtin.winrm#connection) or P(ansible.builtin.psrp#connection) settings and connects by itself.
      - Other connections are refused, unless the connection options are given. A host that is down does not stop the task
        from starting, so use it with C(gather_facts=false).
      - It never reports a host as unreachable. A host that does not answer makes the task fail with RV(ignore:reason),
        so that C(rescue) and C(always) run.
    support: partial
  delegation:
    description: Works with C(delegate_to) and related keywords.
    details: The host delegated to becomes the target. It needs winrm or psrp settings itself.
    support: full
  async:
    description: Works with the C(async) keyword.
    details: Ansible would write the arguments, with passwords, to the controller's disk. The module keeps to time limits of its own.
    support: none
  become:
    description: Works with the become keywords.
    details: They are ignored. The account that the module logs on with needs the rights.
    support: none
"""

    # For modules that work on the play's host.
    TARGETED = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/continuity.identity_failover.connection) in C(module_defaults) to set defaults for the connection options.
    support: full
    membership:
      - continuity.identity_failover.connection
"""

    # For modules that are a step of a run and have no host of their own.
    STEP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/continuity.identity_failover.run) in C(module_defaults) to make all steps part of one run.
    support: full
    membership:
      - continuity.identity_failover.run
"""

    # For modules that are a step of a run and work on the play's host.
    TARGETED_STEP = r"""
options: {}
attributes:
  action_group:
    description:
      - Use C(group/continuity.identity_failover.connection) in C(module_defaults) to set defaults for the connection options.
      - Use C(group/continuity.identity_failover.run) in C(module_defaults) to make all steps part of one run.
    support: full
    membership:
      - continuity.identity_failover.connection
      - continuity.identity_failover.run
"""
