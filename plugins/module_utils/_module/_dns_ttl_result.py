# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What the result of a DNS task says of TTLs that are lowered: from the notes beside the records."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import dns_ttl
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, from_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result


def tell_ttls(result: Result) -> None:
    """Adds ``ttl``, and takes the outcomes of notes away that are not there: most names have none, which is nothing to be told."""
    result.outcomes = [one for one in result.outcomes if not _is_note(one) or one.status != "already" or one.before is not None]
    notes = [one for one in result.outcomes if _is_note(one)]
    result.extra["ttl"] = dns_ttl.told({Item.parse(one.name): from_image(one.after if one.changed else one.before) for one in notes})


def ttls_owed(result: Result) -> list[str]:
    """What is to be said of servers that may go on giving out the old TTLs, so that nobody counts on ``ttl.until``."""
    servers = ", ".join(dict.fromkeys(str(debt["server"]) for debt in result.extra["debts"]))
    until = result.extra["ttl"]["until"]
    if not servers or not until:
        return []
    return [f"{servers} may go on giving clients the old TTLs, so {until} holds only for those that ask others; look again with the same task before you move"]


def _is_note(outcome: Outcome) -> bool:
    return dns_ttl.is_note(Item.parse(outcome.name))
