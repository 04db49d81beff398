# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Cells side by side, for a terminal. Pure."""

from __future__ import annotations

import textwrap
import typing as t

#: Columns of a terminal that every table fits into.
WIDTH = 100


def row(widths: t.Sequence[int], cells: t.Sequence[str], indent: str = "") -> str:
    """Cells side by side, each wrapped in its own column."""
    wrapped = [textwrap.wrap(str(cell), width, break_on_hyphens=False) or [""] for cell, width in zip(cells, widths, strict=True)]
    lines = []
    for number in range(max(map(len, wrapped))):
        parts = [(cell[number] if number < len(cell) else "").ljust(width) for cell, width in zip(wrapped, widths, strict=True)]
        lines.append((indent + " ".join(parts)).rstrip())
    return "\n".join(lines)
