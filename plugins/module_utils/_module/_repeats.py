# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Asking again where an answer was lost: for reads, and for calls that do no harm when they are made twice."""

from __future__ import annotations

import math
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, DeadlineExceeded

#: An answer that was lost says nothing of what was asked. A host that can not be reached at all is another matter.
UNDECIDED = (ConnectionLost, DeadlineExceeded)

#: Seconds before each repeat.
PAUSES = (0.2, 1.0)

Read = t.TypeVar("Read")


def repeated(read: t.Callable[[], Read], clock: Clock, *, within: float = math.inf) -> Read:
    """A read, tried again where its answer was lost; nothing was changed by it.

    ``within``: seconds after which no further try begins. All tries together last at most that and the last try.
    """
    begun = clock.monotonic()
    for pause in PAUSES:
        try:
            return read()
        except UNDECIDED:
            if clock.monotonic() - begun + pause > within:
                raise
            clock.sleep(pause)
    return read()
