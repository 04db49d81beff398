# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Two baselines side by side. Pure."""

from __future__ import annotations

import typing as t

#: Facts of a baseline that change by themselves and say nothing of the identity.
VOLATILE = ("taken_at",)


def differences(before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> dict[str, tuple[t.Any, t.Any]]:
    """``services.exch2.MSExchangeIS.state`` -> (before, after) for each leaf that differs; None where it is absent."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    return {path: (old.get(path), new.get(path)) for path in sorted(old.keys() | new.keys()) if old.get(path) != new.get(path)}


def content(baseline: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What was found, without when: two looks at an unchanged estate have the same."""
    return {key: value for key, value in baseline.items() if key not in VOLATILE}


def _leaves(node: t.Any, path: str) -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            if path or key not in VOLATILE:
                yield from _leaves(value, f"{path}.{key}" if path else str(key))
    else:
        yield path, node
