# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hook before_source_joins calls in the crash runs: the source gets power, and its services run when this ends.

Else it would depend on how loaded the machine is whether the failback finds them started, and no place of a death would be the same twice.
"""

from __future__ import annotations

import pathlib
import sys

from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

SOURCE = "exch1"


def main() -> None:
    lab = Lab(pathlib.Path(sys.argv[1]))
    seen = lab.status()["records"]
    lab.return_(SOURCE)
    while any(one["start_mode"] == "Auto" and one["state"] != "Running" for one in lab.state(SOURCE)["services"].values()):
        seen = lab.awaited(seen, "effect")[-1]["number"]


if __name__ == "__main__":
    main()
