# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which share of the boundaries a run of the tests plays: another one for each commit, spread evenly, and the same one for the same seed."""

from __future__ import annotations

import math
import pathlib
import random
import secrets
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: The part of 1 that spreads numbers that follow one another most evenly.
GOLDEN = (math.sqrt(5) - 1) / 2


def of_this_commit() -> int:
    """Where there is no commit, as in an archive, one is drawn: whoever uses it prints it."""
    command = ["git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", "HEAD"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    except OSError:
        said = ""
    return int(said[:8], 16) if said else secrets.randbelow(2**32)


class Spread:
    """``next()`` is true for an even share of its calls; ``seed`` says where it begins, so that different seeds have different ones."""

    def __init__(self, share: float, seed: str) -> None:
        self._share = share
        self._at = random.Random(seed).random()

    def next(self) -> bool:
        before, self._at = math.floor(self._at), self._at + self._share
        return math.floor(self._at) > before

    def moved(self, number: int) -> Spread:
        """One of several that together are spread evenly too."""
        self._at = (self._at + number * GOLDEN) % 1.0
        return self
