# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a later step of a plan would find once the earlier ones were done. Pure.

A plan changes nothing, so a step that follows another would observe a world in which that has not happened. Where an earlier prediction
says what an item will be, that counts, and the prediction that rests on it is no more than ``predicted``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction

JSON = t.Any

#: Kind of step -> the kinds whose effect it needs: a service may need its moved address, a database its started service, users the new records.
NEEDS = {
    "services": ("identity", "spns", "fence", "data"),
    "databases": ("services", "identity", "data"),
    "script": ("databases", "services", "identity", "dns"),
    "dns_lock": ("dns",),
    "clients": ("dns",),
    "verify": ("dns", "services", "identity"),
}
#: Steps that show the same thing under another name: (step, prefix of its items, step that finds the thing, prefix there).
SHARED = (("fence", "service ", "services", ""), ("services", "", "fence", "service "))


def carried(step: str, observed: t.Mapping[str, JSON], earlier: t.Sequence[Prediction]) -> tuple[dict[str, JSON], set[str]]:
    """``observed`` (item -> image) as it will be after the ``earlier`` predictions of the plan, and the items that differ for it."""
    after: dict[str, JSON] = {}
    for prediction in earlier:
        for item, image in _seen_by(step, prediction).items():
            after[item.lower()] = image
    result, moved = dict(observed), set()
    for item in observed:
        if item.lower() in after:
            result[item] = _merged(observed[item], after[item.lower()])
            moved.add(item)
    return result, moved


def _merged(now: JSON, after: JSON) -> JSON:
    """A predicted image may say less than an observed one (that a database is mounted, not its GUID)."""
    return {**now, **after} if isinstance(now, dict) and isinstance(after, dict) else after


def _seen_by(step: str, prediction: Prediction) -> dict[str, JSON]:
    """Item, as ``step`` calls it -> the image that ``prediction`` leaves."""
    changed = {change["name"]: change["after"] for change in prediction.changes}
    if prediction.step == step:
        return changed
    kind, _at, host = step.partition("@")
    other, _at, place = prediction.step.partition("@")
    if host != place:
        return {}
    for theirs, their_prefix, ours, our_prefix in SHARED:
        if (other, kind) == (theirs, ours):
            return {our_prefix + item[len(their_prefix) :]: image for item, image in changed.items() if item.startswith(their_prefix)}
    return {}


def grade(step: str, stated: str, *, moved: bool, looked: bool, earlier: t.Sequence[Prediction]) -> str:
    """How sure a change of ``step`` is. ``stated``: the step's own word; ``moved``: its before-image is an earlier prediction;
    ``looked``: the step reads anything before it changes it. Never surer than what it rests on."""
    if stated == "unknown":
        return "unknown"
    kind, _at, host = step.partition("@")
    rests = any(one.changes and one.step.partition("@")[0] in NEEDS.get(kind, ()) and (not host or not one.host or one.host == host) for one in earlier)
    return "predicted" if moved or rests or not looked else "probed"
