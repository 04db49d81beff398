# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The hosts file of a Windows host: the names that no name server answers for it.

CIM knows the file (CIM_DataFile) and not what is in it, so cmd.exe types it. It is where Windows looks unless DataBasePath below Tcpip\\Parameters
leads elsewhere (reference: Microsoft, TCP/IP registry values), which is not looked at.
"""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Session

PATH = r"%SystemRoot%\System32\drivers\etc\hosts"


def read_hosts_file(session: Session, timeout: float) -> dict[str, list[str]]:
    """Name in small letters -> the addresses that the file gives it. Raises RemoteError where there is no such file, or no right to it."""
    ran = session.run("type", [PATH], b"", timeout)
    if ran.rc != 0:
        raise RemoteError(f"{session.name} did not show its hosts file: type ended with code {ran.rc}", host=session.name, code=ran.rc)
    return addresses_by_name(ran.stdout)


def addresses_by_name(content: bytes) -> dict[str, list[str]]:
    """What the lines say; a comment begins with #, the address stands before its names."""
    found: dict[str, list[str]] = {}
    for line in content.decode("utf-8-sig", "replace").splitlines():
        address, *names = line.partition("#")[0].split() or [""]
        for name in names:
            found.setdefault(name.rstrip(".").lower(), []).append(address)
    return found
