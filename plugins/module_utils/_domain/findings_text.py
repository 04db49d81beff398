# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a preflight found, as a table for people. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.columns import WIDTH, row
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import KINDS

#: Columns: severity, id, where.
COLUMNS = (8, 27, 15)
INDENT = "  "


def findings_table(findings: t.Sequence[t.Mapping[str, t.Any]], width: int = WIDTH) -> str:
    """Severity, id, where, what, and how it is mended or why it was accepted; empty where nothing was found. ``findings`` as results and plans have them."""
    if not findings:
        return ""
    widths = (*COLUMNS, width - sum(COLUMNS) - len(COLUMNS) - len(INDENT))
    lines = ["FINDINGS", row(widths, ("severity", "finding", "where", "what, and how to mend it"), INDENT)]
    for finding in findings:
        lines.append(row(widths, (finding["severity"], finding["id"], finding.get("host") or "-", finding["msg"]), INDENT))
        lines.append(row(widths, ("", "", "", _then(finding)), INDENT))
    return "\n".join(lines)


def _then(finding: t.Mapping[str, t.Any]) -> str:
    """A finding of another version has an id that is not known here."""
    if finding.get("accepted"):
        return f"accepted: {finding['accepted']}"
    known = KINDS.get(finding["id"])
    return f"to mend it, {known.remedy}" if known else ""
