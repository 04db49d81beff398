# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""An entry in a Windows host's Application log, by ``eventcreate.exe``: ids 1 to 1000, and it makes its source by itself."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows import values

SOURCE = "continuity.identity_failover"


class Entry(t.NamedTuple):
    """``type`` is eventcreate's: INFORMATION, WARNING or ERROR."""

    id: int
    type: str
    text: str


#: kind -> what stands in the log. The names are put in; no other text is, since it would become part of a command line.
ENTRIES = {
    "incident_opened": Entry(101, "ERROR", "Identity {identity}: Time to Fail reached zero for {host}. Manual intervention is pending."),
    "incident_recovered": Entry(102, "WARNING", "Identity {identity}: {host} answers again. Decisions about its incident are void."),
    "threat": Entry(103, "WARNING", "Identity {identity}: something pulls it back to {host}, while the target owns it."),
    "repaired": Entry(104, "INFORMATION", "Identity {identity}: nothing pulls it back to {host} any more."),
}
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def write_event(session: Session, kind: str, identity: str, host: str, timeout: float) -> None:
    """Asks the host to write one entry. The program's own exit code is not seen; a refusal to start it raises."""
    entry = ENTRIES[kind]
    text = entry.text.format(identity=_UNSAFE.sub("?", identity), host=_UNSAFE.sub("?", host))
    command = f'eventcreate.exe /L APPLICATION /SO {SOURCE} /ID {entry.id} /T {entry.type} /D "{text}"'
    answer = session.invoke("root/cimv2", "Win32_Process", "Create", {"CommandLine": command}, timeout)
    code = values.number(answer, "ReturnValue")
    if code != 0:
        raise RemoteError(f"{session.name} did not start eventcreate.exe: Win32_Process.Create returned {code}", host=session.name, code=code)
