# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows console program, as scripts in the engine start it: asks the lab, prints what it says, ends with its code. Standard library only."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys


def end_tree(number: int) -> None:
    """taskkill /T /F: the process and everything that it started."""
    children = [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and parent_of(entry) == number]
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        pass
    for child in children:
        end_tree(child)


def parent_of(entry: str) -> int:
    try:
        with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as status:
            return int(status.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def main() -> int:
    if sys.argv[1] == "taskkill":
        end_tree(int(sys.argv[-1]))
        return 0
    host, _colon, port = os.environ["LAB_CALLBACK"].partition(":")
    asked = {"token": os.environ["LAB_TOKEN"], "verb": "program", "arguments": {"name": sys.argv[1], "arguments": sys.argv[2:]}}
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(json.dumps(asked).encode() + b"\n")
        answer = json.loads(connection.makefile("rb").readline())
    if not answer["ok"]:
        sys.stderr.write(answer["error"]["message"] + "\n")
        return 1
    sys.stdout.write(answer["value"]["stdout"].replace("\r\n", "\n"))
    sys.stderr.write(answer["value"]["stderr"].replace("\r\n", "\n"))
    return int(answer["value"]["rc"])


if __name__ == "__main__":
    sys.exit(main())
