# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.post_script import check_path, launch


@pytest.mark.parametrize(
    ("path", "program", "line"),
    [
        (r"D:\dr\a.PS1", "powershell.exe", r"-NoProfile -NonInteractive -ExecutionPolicy Bypass -File D:\dr\a.PS1 -Role \"Prim ary\""),
        (r"D:\dr a\a.cmd", "cmd.exe", r'/d /s /c ""D:\dr a\a.cmd" "-Role" "Prim ary""'),
        (r"\\files\dr\a.vbs", "cscript.exe", r'//B //Nologo \\files\dr\a.vbs -Role "Prim ary"'),
        (r"C:\x\tool.exe", r"C:\x\tool.exe", '-Role "Prim ary"'),
    ],
)
def test_a_file_is_started_by_its_kind(path: str, program: str, line: str) -> None:
    how = launch(path, ["-Role", "Prim ary"])
    assert (how.program, how.arguments) == (program, line.replace(r"\"", '"'))


def split(line: str) -> list[str]:
    """A command line taken apart by the rules of the C runtime (documentation: Parsing C++ command-line arguments)."""
    words, word, quoted, begun, at = [], "", False, False, 0
    while at < len(line):
        slashes = len(line[at:]) - len(line[at:].lstrip("\\"))
        if slashes:
            at += slashes
            begun = True
            if line[at : at + 1] == '"':
                word += "\\" * (slashes // 2)
                if slashes % 2:
                    word, at = word + '"', at + 1
            else:
                word += "\\" * slashes
        elif line[at] == '"':
            quoted, begun, at = not quoted, True, at + 1
        elif line[at] in " \t" and not quoted:
            words, word, begun, at = [*words, word] if begun else words, "", False, at + 1
        else:
            word, begun, at = word + line[at], True, at + 1
    return [*words, word] if begun else words


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))))
def test_arguments_arrive_as_they_stand(arguments: list[str]) -> None:
    assert split(launch(r"C:\x\tool.exe", arguments).arguments) == arguments
    assert subprocess.list2cmdline(arguments) == launch(r"C:\x\tool.exe", arguments).arguments


@given(st.text())
def test_cmd_is_never_given_what_it_would_take_apart(argument: str) -> None:
    try:
        line = launch(r"D:\dr\a.bat", [argument]).arguments
    except InvalidInput:
        assert any(character in argument for character in '&|<>^%!"\r\n\0')
    else:
        assert not any(character in argument for character in '&|<>^%!"\r\n\0') and line.endswith(f'"{argument}""')


@pytest.mark.parametrize("path", ["", "a.ps1", r"dr\a.ps1", r"\a.ps1", "/a.ps1", r"D:a.ps1", r"\\files", 'D:\\a".ps1', "D:\\a*.ps1", "D:\\a\n.ps1"])
def test_what_is_no_whole_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="whole Windows path"):
        check_path(path)
