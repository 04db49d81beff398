# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Moments as other programs write them. Pure."""

from __future__ import annotations

import datetime
import re

_FRACTION = re.compile(r"[.,]([0-9]+)")


def parse_moment(text: str) -> datetime.datetime:
    """ISO 8601 with ``Z`` or an offset, or naive without; any number of digits in a second's fraction. Raises ValueError.

    PowerShell's round-trip format has seven digits; Python 3.10 reads three or six only, and no ``Z``.
    """
    fitted = _FRACTION.sub(lambda found: "." + found.group(1)[:6].ljust(6, "0"), text.strip(), count=1)
    return datetime.datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", fitted))


def moment(text: str) -> datetime.datetime:
    """A stamp of a journal's event."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def duration(seconds: float) -> str:
    """In the largest unit that leaves a number above one."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s" if seconds == round(seconds, 1) else f"{seconds:.0f} s"
