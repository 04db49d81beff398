# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.tests.lab.powershell.command_line import PowerShellLine, powershell, program_name, split, without_cmd


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\x00\n\r"), max_size=12), min_size=1, max_size=5))
def test_what_the_c_run_time_quotes_is_taken_apart_again(words: list[str]) -> None:
    assert split(subprocess.list2cmdline(words)) == words


@pytest.mark.parametrize(("word", "name"), [("ipconfig", "ipconfig"), ("C:\\Windows\\System32\\IPCONFIG.EXE", "ipconfig"), ("PowerShell", "powershell")])
def test_programs_are_known_by_their_bare_name(word: str, name: str) -> None:
    assert program_name(word) == name


@pytest.mark.parametrize("line", ["cmd /c ipconfig /flushdns", "cmd.exe /d /c ipconfig /flushdns", 'cmd /c "ipconfig /flushdns"', "ipconfig /flushdns"])
def test_cmd_is_looked_through(line: str) -> None:
    assert without_cmd(split(line)) == ["ipconfig", "/flushdns"]


def test_the_options_of_powershell_may_be_short() -> None:
    encoded = base64.b64encode("1 + 1".encode("utf-16-le")).decode()
    for option in ("-EncodedCommand", "-enc", "-e", "-ec"):
        assert powershell(["-NoP", "-NonI", "-ExecutionPolicy", "Bypass", option, encoded]) == PowerShellLine(text="1 + 1")


def test_commands_files_and_standard_input() -> None:
    assert powershell(["-Command", "ipconfig", "/flushdns"]) == PowerShellLine(text="ipconfig /flushdns")
    assert powershell(["-NoProfile", "-File", "D:\\x.ps1", "-A", "1"]) == PowerShellLine(path="D:\\x.ps1", arguments=("-A", "1"))
    assert powershell(["-NoProfile", "-Command", "-"]) == PowerShellLine(stdin=True)
    assert powershell(["-Nonsense"]).wrong
    assert powershell(["-EncodedCommand", "???"]).wrong
