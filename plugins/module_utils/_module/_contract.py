# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The vocabulary of a step: what the driver asks of each, and what each answers (architecture, section 5)."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.machine import Machine

JSON = t.Any


@dataclasses.dataclass(frozen=True)
class Change:
    """One change to one item. ``deadline``: seconds that apply and verify may last together. ``detail`` is for apply. ``waits``: it is there already,
    and only has to be seen where it is not seen yet."""

    name: str
    do: str
    before: JSON
    after: JSON
    grade: str = "predicted"
    deadline: float = 60.0
    detail: JSON = None
    waits: bool = False


@dataclasses.dataclass(frozen=True)
class Applied:
    """What apply says of one change. ``reason`` is machine-readable where ``ok`` is false."""

    ok: bool
    msg: str = ""
    reason: str = ""
    evidence: JSON = None
    skipped: bool = False


@dataclasses.dataclass(frozen=True)
class Seen:
    """What verify read back."""

    confirmed: bool
    image: JSON
    msg: str = ""
    reason: str = ""


class Holding(t.Protocol):
    """The lease of the run. Both raise LeaseLost."""

    def still_ours(self) -> None:
        """Asks the store only where the lease may have run out here."""

    def beat(self) -> None:
        """Asks the store."""


@dataclasses.dataclass(frozen=True)
class Fence:
    """Proof of the run for messages that can carry it: scripts on the target, DNS updates. ``lease``: whom to ask whether it still holds."""

    identity: str
    run: str
    epoch: int
    lease: Holding = dataclasses.field(compare=False, repr=False)


class Step(t.Protocol):
    """One kind of thing that a run changes. Only the driver calls these, in this order.

    A step may have some more: ``peace_prevails`` is true where a failback brings back what peace time is like, whatever the failover found; ``undo_begun``
    is set where an earlier try of the same undo may have put back what is there; ``fenced(fence)`` gives it the run's fence before it looks, where it may
    change things; ``recall_images(images)`` tells it before it looks what the run that is put back recorded; ``look_again(confirmed) -> dict[str, Seen]``
    takes a second look at all that was confirmed, after the last group; ``conclude(result)`` adds what belongs to the whole, may fail it, and returns
    ``{what, reason}`` where an option of the step's own accepts what is amiss; ``on_the_way(aim, there) -> list[image]`` tells what lies between two images
    of an item, which a death there leaves behind; ``takes_back(outcomes) -> bool`` says whether nothing more is tried and what was done is put back, by
    ``inverse`` (``_step_rollback``), which ``taking_back()`` tells it before it looks; ``touches(change) -> list[str]`` names the machines, beside
    ``host``, on which a change is made, as a plan tells them; ``announces`` is true where the task only says what a hook is about to do, and another task
    of the same step reads back what it did.
    """

    key: str
    """The name of the step in the journal, with the host: ``services@exch2``. A failback does one kind of step on two hosts."""

    host: str
    """The inventory name of the host that is changed; empty where there is none."""

    def check_machine(self, expected: Machine | None) -> None:
        """Raises WrongMachine unless the host is the expected machine; ``None`` expects nothing."""

    def observe(self) -> dict[str, JSON]:
        """What is there: item -> image, in the order asked; ``None`` where the item does not exist."""

    def changes(self, before: dict[str, JSON]) -> list[Change]:
        """Pure: before + wanted -> what to change, in the order to change it. Empty: nothing to do."""

    def groups(self, changes: list[Change]) -> list[list[Change]]:
        """Changes that one ``apply`` makes together, in order; ``one_by_one`` unless the host can do better."""

    def apply(self, group: list[Change], fence: Fence | None) -> dict[str, Applied]:
        """Makes the changes; safe to repeat after a crash between apply and the record."""

    def verify(self, group: list[Change]) -> dict[str, Seen]:
        """Reads back until every change is seen or its deadline has passed."""

    def inverse(self, name: str, before: JSON, after: JSON, now: JSON) -> Change | None:
        """The change that puts ``before`` back where ``after`` is still there; ``None`` where it is back already.
        Raises WrongState where somebody else changed it since."""


def one_by_one(changes: list[Change]) -> list[list[Change]]:
    return [[change] for change in changes]
