# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a failback puts back where the failover recorded no before-image: what the baseline knows, or what the definition says of peace time.

Somebody may have moved an item before the failover, or instead of it. What nobody knows is said: after an adoption as a
failure of the item, since the failback would leave it where it is; after a failover of ours in a word only, since it was so when that began.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import JSON, Step
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome


class KnowsPeace(t.Protocol):
    """What a step adds that can tell what its items are like while the source serves."""

    def at_peace(self, name: str, now: JSON, baseline: t.Mapping[str, t.Any]) -> tuple[bool, JSON]:
        """(known, image) of an item that leads to the stand-in now; ``(True, now)`` where it is not the identity's doing."""


def without_image(
    step: Step, recorded: t.Container[str], now: t.Mapping[str, JSON], baseline: t.Mapping[str, t.Any], *, adopted: bool
) -> tuple[dict[str, dict[str, JSON]], list[Outcome]]:
    """(item -> image as a run would have recorded it, what nobody knows) for the items that are not ``recorded``."""
    images: dict[str, dict[str, JSON]] = {}
    unknown: list[Outcome] = []
    ask: KnowsPeace | None = t.cast("KnowsPeace", step) if hasattr(step, "at_peace") else None
    for name, image in now.items():
        if name in recorded:
            continue
        known, before = ask.at_peace(name, image, baseline) if ask is not None else (False, None)
        if known:
            images[name] = {"before": before, "after": image}
        elif adopted:
            msg = f"nobody recorded what {name} was before people moved it, and no baseline knows it: put it right by hand, then accept this with a reason"
            unknown.append(Outcome(name, "failed", grade="unknown", msg=msg, reason="no_image", host=step.host, before=image, after=image))
        else:
            msg = "the failover found it as it is, and nobody recorded what it was before: it is left as it is"
            unknown.append(Outcome(name, "already", grade="unknown", msg=msg, reason="no_image", host=step.host, before=image, after=image))
    return images, unknown
