# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command, writes what it cost, and ends as it ended.

Usage: step_cost.py FILE COMMAND...

FILE then holds the seconds on the clock and those of the processors, of all that the command started and that has ended: "71.3 93.0"
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import resource
import sys
import time

PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def main(file: pathlib.Path, command: list[str]) -> int:
    if sys.platform == "linux":
        # Labs and engines leave their parents: they come to this process when they end, and are counted like the others.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    ended, status = os.wait()
    while ended != child:
        ended, status = os.wait()
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    file.write_text(f"{time.monotonic() - started:.1f} {used.ru_utime + used.ru_stime:.1f}\n", encoding="ascii")
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
