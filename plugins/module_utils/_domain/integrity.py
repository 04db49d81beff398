# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What can be wrong with a journal's chain, and what is safe to do next. Pure.

Every finding says the first event that can't be believed and the last one that can, in words of its own for a program.
"""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import option
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import JournalBroken, JournalRewound

#: what -> the sentence's middle. The first words of the sentence name the event and the place.
WHAT = {
    "unreadable": "is no event",
    "newer_version": "is of a kind that this version does not know",
    "missing": "is missing",
    "repeated": "stands there twice",
    "reordered": "does not stand where it belongs",
    "miscounted": "does not have as many events before it as its number says",
    "edited": "does not follow from the event before it: one of the two was changed",
    "unexplained_start": "is the first one, and no pruning says what was before it",
    "truncated": "is missing, and it had been written: the journal was shortened or set back",
    "rewound": "is missing, and the mirror has it: the store was set back (a snapshot, a restore)",
    "replaced": "is not the one that was written",
}
#: What is safe to do, as a word for programs and as a clause for people.
SAFE = {
    "read_status": "the status playbook changes nothing",
    "use_newer_version": "use the version of this collection that wrote it",
    "restore_from_mirror": "put the journal's file back from its mirror or from an export that the journal playbook verifies",
    "mirror_is_read": "go on, while the mirror stays where it is",
    "tail_is_read": "go on",
    "export_again": "remove that file or name another, and export again",
    "rewrite_mirror": "while the store verifies, the next run keeps this file aside and writes the mirror again from the store",
    "from_observation": "or begin a new journal from what is there with " + option("failover_from_observation", "say why"),
}


def broken(what: str, seq: int, trusted: int, place: str, cause: str = "") -> JournalBroken:
    """The error for a chain that does not verify. ``trusted``: the last event that does, 0 for none."""
    safe = ["use_newer_version"] if what == "newer_version" else ["read_status", "restore_from_mirror", "from_observation"]
    return JournalBroken(_sentence(what, seq, trusted, place, safe, cause), what=what, seq=seq, trusted=trusted, safe=safe)


def of_mirror(error: JournalBroken, place: str) -> JournalBroken:
    """The same finding where it is the mirror's: the store's journal is the one that counts."""
    found, safe = error.details, ["rewrite_mirror"]
    sentence = _sentence(found["what"], found["seq"], found["trusted"], place, safe, "")
    return JournalBroken(sentence, what=found["what"], seq=found["seq"], trusted=found["trusted"], safe=safe)


def of_export(error: JournalBroken | JournalRewound, place: str, again: str) -> JournalBroken | JournalRewound:
    """The same finding where it is an export's, which is written again from the journal. ``again``: the command."""
    found, safe = error.details, ["export_again"]
    sentence = _sentence(found["what"], found["seq"], found["trusted"], place, safe, "", "The journal itself is not concerned. ")
    return type(error)(sentence, **{**found, "safe": safe, "next": again})


def not_met(error: JournalBroken, place: str, again: str, *, mirror: str = "", verifies: int = 0, checkpoint: int = 0) -> JournalBroken:
    """The same finding where status and runs do not meet it: they read ``mirror``, which verifies up to event ``verifies``, or begin with ``checkpoint``.
    ``again``: the command that looks once more."""
    found = error.details
    reads = (
        f"read {mirror}, which verifies up to event {verifies}, and of the store only what came after that"
        if mirror
        else f"read from checkpoint {checkpoint} on, and from there on it verifies"
    )
    safe = ["mirror_is_read" if mirror else "tail_is_read", "restore_from_mirror"]
    sentence = _sentence(found["what"], found["seq"], found["trusted"], place, safe, "", f"Status and runs do not meet it: they {reads}. ")
    return JournalBroken(sentence, what=found["what"], seq=found["seq"], trusted=found["trusted"], safe=safe, next=again)


def rewound(what: str, seq: int, trusted: int, place: str, **facts: t.Any) -> JournalRewound:
    """The error for a store that lost or exchanged what had been written."""
    safe = ["read_status", "restore_from_mirror", "from_observation"]
    return JournalRewound(_sentence(what, seq, trusted, place, safe, ""), what=what, seq=seq, trusted=trusted, safe=safe, **facts)


def torn_mirror(seq: int, place: str) -> str:
    """The warning for half a line at the end of a mirror, which was to be event ``seq``. A line is mirrored once the store has it."""
    return (
        f"event {seq} of the journal in {place} was only half written, as after a crash; the half was taken out. "
        "Safe now: go on, since the store took the event first, and the next task that appends or catches up mirrors it again"
    )


def torn(behind: int, place: str) -> str:
    """The warning for half a line at the end of a journal, behind event ``behind``. Its writer was never told that it stands, so nothing was done on it."""
    return (
        f"event {behind + 1} of the journal in {place} was only half written, as after a crash; it was set aside in a .torn file. Whoever wrote it was not "
        f"told that it stands, and did nothing on the strength of it. Safe now: go on, since the journal ends with event {behind}, which is whole"
        if behind
        else f"the first event of the journal in {place} was only half written, as after a crash; it was set aside in a .torn file. Safe now: begin again"
    )


def _sentence(what: str, seq: int, trusted: int, place: str, safe: t.Sequence[str], cause: str, beside: str = "") -> str:
    verifies = f"events up to {trusted} verify" if trusted else "no event before it verifies"
    found = f"event {seq} of the journal in {place} {WHAT[what]}" + (f" ({cause})" if cause else "")
    return f"{found}; {verifies}. Nothing was changed. {beside}Safe now: {'; '.join(SAFE[one] for one in safe)}"
