# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command and every ``-e`` that the pages and the messages say, parsed as a shell and Ansible do: no word is lost, every name exists."""

from __future__ import annotations

import ast
import functools
import json
import pathlib
import re
import shlex
import typing as t

import pytest
import yaml
from ansible.parsing.splitter import parse_kv
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.extra_variables import FREE_TEXTS, option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import command

ROOT = pathlib.Path(__file__).parents[2]
PAGES = sorted(path for name in ("docs", "roles", "examples") for suffix in ("rst", "md", "txt") for path in (ROOT / name).rglob(f"*.{suffix}"))
PAGES += [ROOT / "README.md", ROOT / "tests/playbooks/sequence.txt"]
TASKS = sorted(path for name in ("roles", "playbooks", "examples", "extensions") for path in (ROOT / name).rglob("*.yml"))
CODE = sorted(path for name in ("plugins", "tests/demo") for path in (ROOT / name).rglob("*.py"))
#: Stands for what the code puts in.
VALUE = "VALUE"
WORD = r"""(?:[^\s'"\\`,;]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+"""
OPTION = re.compile(rf"(?<![\w-])-e\s+({WORD})")
PLAYED = re.compile(r"ansible-playbook\s+(continuity\.identity_failover\.\w+|\w+\.yml\b)")


def texts_of(path: pathlib.Path) -> list[str]:
    """What a reader of this file, or of what it prints, may see in one piece."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [piece for node in ast.walk(ast.parse(text)) for piece in literal(node)]
    if path.suffix == ".yml":
        # The texts within expressions are pieces of a command; what stands around them is one with holes.
        inside = [piece for found in re.findall(r"\{\{(.*?)\}\}", text, re.S) for piece in re.findall(r"""'([^'\n]*)'|"([^"\n]*)\"""", found)]
        return [re.sub(r"\{\{.*?\}\}", VALUE, text, flags=re.S), *(one for pair in inside for one in pair)]
    return [re.sub(r"\\\n\s*", "", text)]


def literal(node: ast.AST) -> t.Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def extra(word: str) -> dict[str, t.Any]:
    """The variables that ``-e`` makes of one word of a shell."""
    (said,) = shlex.split(word)
    if said.startswith("{"):
        return t.cast("dict[str, t.Any]", json.loads(said))
    return dict(parse_kv(said))


def faults(text: str) -> list[str]:
    """What is wrong with the commands and the options in a text."""
    found = []
    for playbook in PLAYED.findall(text):
        *home, name = playbook.rstrip(".").removesuffix(".yml").rsplit(".", 1)
        folder = {("continuity.identity_failover",): "playbooks", (): "examples/project"}.get(tuple(home))
        if VALUE not in name and (folder is None or not (ROOT / folder / f"{name}.yml").is_file()):
            found.append(f"there is no playbook {playbook}")
    for word in OPTION.findall(text):
        if not word.lstrip("'\"").startswith(("failover_", "{")):
            continue
        try:
            variables = extra(word)
        except ValueError as error:
            found.append(f"{word}: {error}")
            continue
        found += [f"{word}: there is no variable {name}" for name in variables if name.startswith("failover_") and name not in known()]
        found += [f"{word}: words get lost" for name in variables if name == "_raw_params"]
        found += [f"{word}: {name} is free text, and goes as JSON" for name in set(variables) & FREE_TEXTS if not word.startswith("'{")]
    return found


@functools.cache
def known() -> set[str]:
    """The variables of all roles, and those that the shared tasks of the other playbooks read."""
    specs = [yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"] for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")]
    named = {name for spec in specs for entry in spec.values() for name in entry.get("options") or {}}
    for path in [*(ROOT / "roles").glob("*/tasks/**/*.yml"), *(ROOT / "roles").glob("*/vars/*.yml"), *(ROOT / "playbooks").glob("*.yml")]:
        for expression in re.findall(r"\{\{(.*?)\}\}", path.read_text(encoding="utf-8"), re.S):
            named |= set(re.findall(r"(?<![\w'\"=])failover_\w+", expression))
    return named


@pytest.mark.parametrize("path", [*PAGES, *TASKS, *CODE], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_said_can_be_typed(path: pathlib.Path) -> None:
    assert [fault for text in texts_of(path) for fault in faults(text)] == []


def test_commands_are_found_where_they_are_said() -> None:
    pages = "".join(text for path in PAGES for text in texts_of(path))
    messages = "".join(text for path in [*TASKS, *CODE] for text in texts_of(path))
    assert len(PLAYED.findall(pages)) >= 30 and len(OPTION.findall(pages)) >= 50
    assert len(PLAYED.findall(messages)) >= 8 and "failover_discard" in "".join(OPTION.findall(messages))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ansible-playbook continuity.identity_failover.ack -e failover_reason='exch1 has no power'", "words get lost"),
        ("say so with -e failover_discard='why'", "free text"),
        ("-e failover_take_over=REASON", "free text"),
        ("""-e 'failover_reason="no power in Berlin"'""", "free text"),
        ("""-e '{"failover_reason": "no power}'""", "Unterminated"),
        ("-e failover_identitty=mail", "there is no variable failover_identitty"),
        ("ansible-playbook continuity.identity_failover.move -e failover_identity=mail", "there is no playbook"),
        ("ansible-playbook move.yml", "there is no playbook"),
    ],
)
def test_what_cannot_be_typed_is_found(text: str, fault: str) -> None:
    assert any(fault in found for found in faults(text))


@given(st.dictionaries(st.sampled_from(sorted(FREE_TEXTS) + ["failover_plan", "failover_accept"]), st.text(st.characters(exclude_categories=("Cs",)))))
def test_whatever_is_said_reaches_ansible_whole(variables: dict[str, str]) -> None:
    words = shlex.split(command("ack", "mail", **variables))
    assert words[:4] == ["ansible-playbook", "continuity.identity_failover.ack", "-e", "failover_identity=mail"]
    assert set(words[4::2]) <= {"-e"}
    arrived = [extra(shlex.quote(word)) for word in words[5::2]]
    assert {name: value for one in arrived for name, value in one.items()} == variables


def test_a_plain_word_stays_readable_and_a_free_text_shows_its_quotes_even_as_a_placeholder() -> None:
    assert option("failover_decision", "proceed") == "-e failover_decision=proceed"
    assert option("failover_reason", "...") == """-e '{"failover_reason": "..."}'"""
