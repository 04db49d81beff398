# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quoting for people who type: what Windows PowerShell and the programs see is what was meant."""

from __future__ import annotations

import json
import re
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.powershell_text import program, program_argument, quoted, sql_name, sql_text
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, needs_engine


def literals(text: str) -> str:
    """A reader of our own for what ``quoted`` writes: the value that Windows PowerShell would see."""
    if text.startswith("("):
        pieces = re.findall(r"'((?:[^'\u2018\u2019\u201a\u201b]|['\u2018\u2019\u201a\u201b]{2})*)'|\[char\](\d+)", text)
        return "".join(chr(int(number)) if number else re.sub(r"(['\u2018\u2019\u201a\u201b])\1", r"\1", piece) for piece, number in pieces)
    assert text[0] == text[-1] == "'"
    inner = text[1:-1]
    assert not re.search(
        r"(?<!['\u2018\u2019\u201a\u201b])(?:(['\u2018\u2019\u201a\u201b])\1)*['\u2018\u2019\u201a\u201b](?!['\u2018\u2019\u201a\u201b])", inner
    )
    return re.sub(r"(['\u2018\u2019\u201a\u201b])['\u2018\u2019\u201a\u201b]", r"\1", inner)


TEXTS = st.text(alphabet=st.one_of(st.sampled_from("'\u2018\u2019\u201a\u201b\"$`;|&() \\\n\t"), st.characters(codec="utf-8")), max_size=20)


@given(TEXTS)
def test_a_quoted_text_is_one_line_and_reads_as_it_was(text: str) -> None:
    made = quoted(text)
    assert len(made.splitlines()) <= 1
    assert literals(made) == text


@needs_engine
@settings(max_examples=8, deadline=None)
@given(st.lists(TEXTS.filter(lambda text: "\0" not in text), min_size=1, max_size=40))
def test_the_engine_reads_a_quoted_text_as_it_was(texts: list[str]) -> None:
    script = "ConvertTo-Json -Compress -InputObject @(" + ",".join(quoted(text) for text in texts) + ")"
    done = subprocess.run([str(engine()), "-NoProfile", "-Command", "-"], input=script + "\n", capture_output=True, text=True, encoding="utf-8", check=False)
    assert json.loads(done.stdout) == texts, (script, done.stderr)


def c_runtime(line: str) -> list[str]:
    """How a program of the C runtime takes its command line apart (Microsoft, Parsing C command-line arguments)."""
    arguments, current, inside, place, begun = [], "", False, 0, False
    while place < len(line):
        slashes = len(re.match(r"\\*", line[place:]).group())  # type: ignore[union-attr]
        place += slashes
        if place < len(line) and line[place] == '"':
            current += "\\" * (slashes // 2)
            begun = True
            if slashes % 2:
                current += '"'
            else:
                inside = not inside
            place += 1
            continue
        current += "\\" * slashes
        begun = begun or bool(slashes)
        if place >= len(line):
            break
        if line[place].isspace() and not inside:
            if begun:
                arguments.append(current)
            current, begun = "", False
        else:
            current, begun = current + line[place], True
        place += 1
    return [*arguments, current] if begun else arguments


def windows_powershell(value: str) -> str:
    """What Windows PowerShell 5.1 puts on a program's command line for one argument: quotation marks around blanks, nothing guarded."""
    return f'"{value}"' if re.search(r"\s", value) else value


@given(st.lists(st.text(alphabet=st.sampled_from("ab\"\\ 'c"), max_size=8), min_size=1, max_size=4))
def test_a_program_gets_its_arguments_as_they_were(texts: list[str]) -> None:
    handed = [literals(program_argument(text)) for text in texts]
    assert c_runtime(" ".join(windows_powershell(value) for value in handed)) == texts


def test_names_in_transact_sql() -> None:
    assert sql_name("a]b") == "[a]]b]"
    assert sql_text("a'b") == "N'a''b'"
    assert program("D:\\my db\\up.exe", "a b") == "& 'D:\\my db\\up.exe' 'a b'"
