# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import ShellResult
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.hosts_file import addresses_by_name, read_hosts_file
from tests.unit.fakes import FakeSession

# As Windows ships the file (its comments shortened), and what people add to it.
CONTENT = (
    b"\xef\xbb\xbf# Copyright (c) 1993-2009 Microsoft Corp.\r\n#      102.54.94.97     rhino.acme.com          # source server\r\n"
    b"\r\n10.0.0.21\tMail.example.com. mail # moved in May\r\n10.0.0.22 mail.example.com\r\nfe80::1%4 printer\r\nlonely\r\n"
)


def test_lines_give_addresses_to_names() -> None:
    assert addresses_by_name(CONTENT) == {"mail.example.com": ["10.0.0.21", "10.0.0.22"], "mail": ["10.0.0.21"], "printer": ["fe80::1%4"]}


def test_one_program_reads_it() -> None:
    session = FakeSession("ws001", programs=lambda command, arguments, stdin: ShellResult(0, CONTENT, ""))
    assert read_hosts_file(session, 30)["mail"] == ["10.0.0.21"]
    assert session.calls_of("run") == [("run", "type", [r"%SystemRoot%\System32\drivers\etc\hosts"], b"")]


def test_a_file_that_is_not_shown_is_not_an_empty_one() -> None:
    session = FakeSession("ws001", programs=lambda command, arguments, stdin: ShellResult(1, b"", "Zugriff verweigert"))
    with pytest.raises(RemoteError, match="ws001 did not show its hosts file: type ended with code 1"):
        read_hosts_file(session, 30)
