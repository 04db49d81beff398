# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: no other code may rely on it.

"""Keeps the compiled code of our module_utils and plugin_utils beside their source, as Python does with all else, and Ansible with action plug-ins.

Ansible's own loader of collections compiles each file anew whenever a playbook starts (``_AnsibleCollectionPkgLoaderBase.get_code``): 0.2 s of CPU
for the 144 that ``update_dns`` needs. Where nothing can be written beside the source, nothing is kept, and it is as before.
"""

from __future__ import annotations

import sys
import typing as t
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader

OURS = tuple(f"ansible_collections.continuity.identity_failover.plugins.{folder}." for folder in ("module_utils", "plugin_utils"))

#: Private to ansible-core: where it has another name one day, nothing is kept.
ANSIBLES = "_AnsibleCollectionFinder"


class CompiledFinder:
    """Finds our packages where Ansible found the one that holds them; all else is left to the finders behind it."""

    def __init__(self) -> None:
        self._folders: dict[str, FileFinder] = {}

    def find_spec(self, fullname: str, path: t.Sequence[str] | None = None, target: t.Any = None) -> ModuleSpec | None:
        if not fullname.startswith(OURS):
            return None
        for folder in path or ():
            if folder not in self._folders:
                self._folders[folder] = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))
            found = self._folders[folder].find_spec(fullname)
            if found is not None:
                return found
        return None


def keep_compiled() -> None:
    """From now on, for this process: right in front of Ansible's finder of collections, and behind all that stands before that. Once is enough."""
    if any(isinstance(finder, CompiledFinder) for finder in sys.meta_path):
        return
    place = next((number for number, finder in enumerate(sys.meta_path) if type(finder).__name__ == ANSIBLES), None)
    if place is not None:
        sys.meta_path.insert(place, CompiledFinder())
