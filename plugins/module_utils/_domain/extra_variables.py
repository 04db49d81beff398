# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Extra variables as they are typed into a shell, so that Ansible gets them whole. Pure."""

from __future__ import annotations

import json
import re
import shlex
import typing as t

#: What a person writes in words of their own. Ansible splits key=value at blanks and keeps the first word, so it goes as JSON, a placeholder too.
FREE_TEXTS = frozenset(
    f"failover_{name}"
    for name in ("reason", "data_restored", "data_at_risk", "discard", "take_over", "break_glass", "script_reason", "from_observation", "arm_reason", "by")
)


def option(name: str, value: t.Any) -> str:
    """One extra variable as it is typed into a shell: ``-e '{"failover_reason": "exch1 has no power"}'``, and ``-e name=value`` for one plain word."""
    plain = isinstance(value, str) and re.fullmatch(r"[\w@%+:,./-]+", value, re.ASCII) and name not in FREE_TEXTS
    return f"-e {name}={value}" if plain else f"-e {shlex.quote(json.dumps({name: value}))}"
