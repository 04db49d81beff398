# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""One command of a plan on paper."""

from __future__ import annotations

import typing as t


class Line(t.NamedTuple):
    """What is typed, what it answers, and in which shell where that is not Windows PowerShell as administrator."""

    text: str
    answer: str
    shell: str = ""
