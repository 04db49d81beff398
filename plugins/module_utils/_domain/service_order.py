# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""In which order services start and stop: as they were listed, unless their dependencies say otherwise.

A dependency graph is a mapping of a service's name to the names that it needs; it may name services that are not
listed, and a listed service may need another one by way of them. Letter case of names does not matter.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

Graph = t.Mapping[str, t.Iterable[str]]


def start_order(listed: t.Sequence[str], needs: Graph) -> list[str]:
    """The listed names, as they were listed, but each one after every listed name that it needs.

    Raises InvalidInput for a name that is listed twice and for services that need each other in a circle.
    """
    refuse_duplicates(listed)
    wanted = {name.lower(): name for name in listed}
    graph = _lowered(needs)
    order: list[str] = []
    done: set[str] = set()
    for name in wanted:
        _visit(name, graph, done, [], order)
    return [wanted[name] for name in order if name in wanted]


def stop_order(listed: t.Sequence[str], needs: Graph) -> list[str]:
    """The reverse of the order in which they start."""
    return list(reversed(start_order(listed, needs)))


def dependants(name: str, needs: Graph) -> list[str]:
    """Every service that needs this one, directly or by way of others, sorted."""
    graph = _lowered(needs)
    spelt = {known.lower(): known for known in needs}
    found: set[str] = set()
    waiting = [name.lower()]
    while waiting:
        current = waiting.pop()
        for other, required in graph.items():
            if current in required and other not in found:
                found.add(other)
                waiting.append(other)
    found.discard(name.lower())
    return sorted(spelt[other] for other in found)


def refuse_duplicates(listed: t.Sequence[str]) -> None:
    """Raises InvalidInput when a name is empty or listed twice; Windows takes no notice of letter case."""
    seen: set[str] = set()
    for name in listed:
        if not name.strip():
            raise InvalidInput("the list of services has an entry without a name: give the service's short name, such as MSExchangeIS")
        if name.lower() in seen:
            raise InvalidInput(f"the service {name} is listed twice: list each service once")
        seen.add(name.lower())


def _lowered(needs: Graph) -> dict[str, list[str]]:
    graph: dict[str, list[str]] = {}
    for name, required in needs.items():
        graph.setdefault(name.lower(), []).extend(other.lower() for other in required)
    return graph


def _visit(name: str, graph: t.Mapping[str, t.Sequence[str]], done: set[str], path: list[str], order: list[str]) -> None:
    if name in path:
        circle = " -> ".join([*path[path.index(name) :], name])
        raise InvalidInput(f"the services need each other in a circle ({circle}), so no order can start them: mend their dependencies")
    if name in done:
        return
    for other in graph.get(name, ()):
        _visit(other, graph, done, [*path, name], order)
    done.add(name)
    order.append(name)
