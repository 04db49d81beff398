# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Checkpoints: what a journal amounts to, as an event of its own, so that a run reads on from there. Pure.

``fold.replay`` begins at a checkpoint where its events do, and passes over one that stands among them: what it says
follows from the events before it. Order matters in a fold (an undo takes the last change first) and canonical JSON
sorts keys, so whatever has an order is a list of pairs here.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, copied
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event

#: A checkpoint is due behind this many events. Fewer would repeat the images of old runs for little, more would be read at each step.
EVENTS = 200


def as_json(fold: Fold) -> dict[str, t.Any]:
    """The data of a checkpoint; ``fold.restored`` reads it back without loss. ``fold`` as ``replay`` gave it, nothing expired."""
    data = {field.name: getattr(fold, field.name) for field in dataclasses.fields(fold)}
    return t.cast("dict[str, t.Any]", copied({"fold": {**data, "runs": [_run(record) for record in fold.runs.values()]}}))


def _run(record: RunRecord) -> dict[str, t.Any]:
    data = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    images = [[step, [[name, image] for name, image in items.items()]] for step, items in record.images.items()]
    return {**data, "images": images, "steps": [[step, facts] for step, facts in record.steps.items()]}


def complete(data: t.Mapping[str, t.Any]) -> bool:
    """Whether a checkpoint knows what this version folds; one of another version may lack what its events said."""
    runs = all(run.keys() == {field.name for field in dataclasses.fields(RunRecord)} for run in data["fold"]["runs"])
    return runs and data["fold"].keys() == {field.name for field in dataclasses.fields(Fold)}


def due(events: t.Sequence[Event]) -> bool:
    """Whether so many events stand behind the last checkpoint that the next one is worth its lines."""
    since = next((behind for behind, event in enumerate(reversed(events)) if event.kind == "checkpoint"), len(events))
    return since >= EVENTS
