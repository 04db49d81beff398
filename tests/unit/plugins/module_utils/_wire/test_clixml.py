# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import clixml

START = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
PROGRESS = START + '<Obj S="progress" RefId="0"><MS><I64 N="SourceId">1</I64></MS></Obj></Objs>'


def document(*records: tuple[str, str]) -> str:
    return START + "".join(f'<S S="{stream}">{text}</S>' for stream, text in records) + "</Objs>"


def escaped(text: str) -> str:
    """As PowerShell writes: UTF-16 units that XML lacks, and every _x that could be taken for an escape."""
    units = text.replace("_x", "_x005F_x").encode("utf-16-le", "surrogatepass")
    out = ""
    for index in range(0, len(units), 2):
        code = int.from_bytes(units[index : index + 2], "little")
        plain = 32 <= code < 127 and chr(code) not in "<>&"
        out += chr(code) if plain else f"_x{code:04X}_"
    return out


def test_only_errors_are_kept() -> None:
    text = "#< CLIXML\r\n" + document(("Error", "one_x000D__x000A_"), ("warning", "no"), ("Error", "two")) + PROGRESS
    assert clixml.errors_of(text.encode()) == "one\r\ntwo"


def test_progress_alone_is_silence() -> None:
    assert clixml.errors_of(("#< CLIXML\r\n" + PROGRESS).encode()) == ""


def test_several_documents_and_text_of_native_programs() -> None:
    text = "#< CLIXML\r\n" + document(("Error", "a\u00fc")) + "\r\nraw text\r\n#< CLIXML\r\n" + PROGRESS + document(("Error", "b"))
    assert clixml.errors_of(text.encode()) == "a\u00fcraw text\r\n\r\nb"


def test_plain_text_stays_plain() -> None:
    assert clixml.errors_of(b"Access is denied.\r\n") == "Access is denied.\r\n"
    assert clixml.errors_of(b"\xff<Objs>") == "\ufffd<Objs>"


def test_a_broken_document_is_shown_as_it_is() -> None:
    assert clixml.errors_of(b"#< CLIXML\r\n<Objs><S></Objs>") == "<Objs><S></Objs>"


@given(st.text())
def test_any_error_text_comes_back(text: str) -> None:
    assert clixml.unescape(escaped(text)) == text
    shown = clixml.errors_of(("#< CLIXML\r\n" + document(("Error", escaped(text)))).encode())
    assert shown == text
