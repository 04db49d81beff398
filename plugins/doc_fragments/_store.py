# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This fragment is private to the collection: no other documentation may rely on it.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
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
        description: The inventory host that holds the journal, for O(store.kind)=V(target). Without it, it is the host that the task works on.
        type: str
      path:
        description: The directory of the journal. For O(store.kind)=V(target) there is a default below C(%ProgramData%).
        type: str
  mirror:
    description: A directory on the controller that gets a copy of each journal entry before the act that the entry announces.
    type: path
"""
