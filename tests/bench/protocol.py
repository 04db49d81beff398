# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many transitions of the protocol's model are explored in a second of processor time; prints one JSON object."""

from __future__ import annotations

import sys

from ansible_collections.continuity.identity_failover.tests.model.explorer import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["--transitions", "200000"]))
