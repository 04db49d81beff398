# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""An echo request that a Windows host sends for us: ``Win32_PingStatus`` needs no process and no program there."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import wql


def answers(session: Session, address: str, wait: float, timeout: float) -> bool:
    """Did ``address`` (or a name) answer an echo request of this host within ``wait`` seconds?

    StatusCode 0 is a reply; null is a name that could not be resolved (documentation of Win32_PingStatus).
    """
    query = wql.select("Win32_PingStatus", ["StatusCode"], {"Address": address, "Timeout": int(wait * 1000)})
    return any(values.field(row, "StatusCode") == 0 for row in session.query("root/cimv2", query, timeout))
