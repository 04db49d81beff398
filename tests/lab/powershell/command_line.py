# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Command lines as Windows takes them apart."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

_VALUED = ("executionpolicy", "inputformat", "outputformat", "windowstyle", "version", "psconsolefile", "configurationname", "workingdirectory")
_PLAIN = ("noprofile", "noninteractive", "nologo", "noexit", "sta", "mta")
_COMMANDS = ("encodedcommand", "command", "file")
#: Backslashes with the quotation mark behind them, a quotation mark, blanks, anything else.
_PIECES = re.compile(r"""(\\+)("?)|(")|([ \t]+)|([^\\" \t]+)""")


def split(line: str) -> list[str]:
    """The C run-time's rules: blanks part, quotation marks join, a backslash counts only before a quotation mark."""
    words: list[str] = []
    word, quoted, any_of_it = "", False, False
    for slashes, quote, mark, blanks, text in _PIECES.findall(line):
        if blanks and not quoted:
            if any_of_it:
                words.append(word)
            word, any_of_it = "", False
            continue
        any_of_it = True
        if mark or (quote and len(slashes) % 2 == 0):
            quoted = not quoted
        literal = '"' if quote and len(slashes) % 2 else ""
        word += "\\" * (len(slashes) // 2 if quote else len(slashes)) + literal + blanks + text
    return [*words, word] if any_of_it else words


def program_name(word: str) -> str:
    """``C:\\Windows\\System32\\IPCONFIG.EXE`` → ``ipconfig``."""
    return word.replace("/", "\\").rpartition("\\")[2].lower().removesuffix(".exe").removesuffix(".com")


def without_cmd(words: Sequence[str]) -> list[str]:
    """What ``cmd /c`` would run; cmd's own options are dropped."""
    rest = list(words)
    while rest and program_name(rest[0]) == "cmd":
        rest = rest[1:]
        while rest and rest[0].startswith("/"):
            option = rest.pop(0).lower()
            if option in ("/c", "/k") and len(rest) == 1 and " " in rest[0]:
                rest = split(rest[0])
    return rest


@dataclass(frozen=True)
class PowerShellLine:
    """powershell.exe's options. text: the commands; path: a script file; stdin: the commands come on standard input."""

    text: str = ""
    path: str = ""
    arguments: tuple[str, ...] = ()
    stdin: bool = False
    wrong: str = ""


def powershell(words: Sequence[str]) -> PowerShellLine:
    """Options may be shortened, as powershell.exe takes them."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        option = word.lstrip("-/").lower() if word.startswith(("-", "/")) and word != "-" else ""
        if not option:
            return _command([word, *rest])
        name = next((each for each in (*_PLAIN, *_VALUED, *_COMMANDS) if each.startswith(option)), "")
        name = {
            "ep": "executionpolicy",
            "ex": "executionpolicy",
            "e": "encodedcommand",
            "ec": "encodedcommand",
            "nop": "noprofile",
            "noni": "noninteractive",
        }.get(option, name)
        if not name:
            return PowerShellLine(wrong=f"The argument '{word}' is not recognized as the name of a script file or an option.")
        if name in _VALUED:
            del rest[:1]
        elif name == "encodedcommand":
            return _encoded(rest[0] if rest else "")
        elif name == "command":
            return _command(rest)
        elif name == "file":
            return PowerShellLine(path=rest[0] if rest else "", arguments=tuple(rest[1:]))
    return PowerShellLine(stdin=True)


def _command(rest: list[str]) -> PowerShellLine:
    return PowerShellLine(stdin=True) if rest == ["-"] else PowerShellLine(text=" ".join(rest))


def _encoded(text: str) -> PowerShellLine:
    try:
        return PowerShellLine(text=base64.b64decode(text, validate=True).decode("utf-16-le"))
    except (binascii.Error, UnicodeDecodeError):
        return PowerShellLine(wrong="Cannot process the command because the value specified with -EncodedCommand is not properly encoded.")
