# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WQL, as far as administrators use it: SELECT * or columns FROM class WHERE conditions.

Operators = <> != < > <= >= LIKE, IS [NOT] NULL, AND, OR, NOT, parentheses (reference: Microsoft, WQL). Everything else is a bad query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim.values import moment_of
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault, bad_query

Test = Callable[[Mapping[str, Any]], bool | None]
"""True, False, or None where a null makes it neither."""

MAX_TERMS = 60
"""More give WBEM_E_QUOTA_VIOLATION; where exactly Windows draws the line is not published."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<sign><>|!=|<=|>=|[=<>(),*]))"""
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    ">": lambda a, b: bool(a > b),
    "<=": lambda a, b: bool(a <= b),
    ">=": lambda a, b: bool(a >= b),
}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass
class Query:
    class_name: str
    columns: tuple[str, ...]
    """Empty = all."""
    where: _Node | None

    def equalities(self) -> dict[str, Any]:
        """Properties (in small letters) that the query ties to one value, as far as they are joined by AND."""
        found: dict[str, Any] = {}
        _collect(self.where, found)
        return found

    def names(self) -> list[str]:
        """Every property that the conditions name."""
        found: list[str] = []
        _names(self.where, found)
        return found

    def test(self, types: Mapping[str, str]) -> Test:
        """types: property in small letters → CIM type. Raises a bad query for a comparison that cannot be."""
        return (lambda row: True) if self.where is None else _build(self.where, types)


@dataclass
class _Node:
    kind: str
    """"and", "or", "not", "compare", "like", "null"."""
    parts: tuple[Any, ...]


def parse(text: str) -> Query:
    """Raises the fault of a bad query."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0
        self._terms = 0

    def _bad(self) -> CimFault:
        return bad_query(self._text[:200])

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _next(self, kind: str | None = None, text: str | None = None) -> str:
        found = self._peek()
        if (kind is not None and found[0] != kind) or (text is not None and found[1].lower() != text):
            raise self._bad()
        self._at += 1
        return found[1]

    def _is(self, word: str) -> bool:
        kind, text = self._peek()
        return kind in ("word", "sign") and text.lower() == word

    def query(self) -> Query:
        self._next("word", "select")
        columns: list[str] = []
        if self._is("*"):
            self._next()
        else:
            columns.append(self._next("word"))
            while self._is(","):
                self._next()
                columns.append(self._next("word"))
        self._next("word", "from")
        class_name = self._next("word")
        where = None
        if self._is("where"):
            self._next()
            where = self._or()
        if self._peek()[0] != "end":
            raise self._bad()
        return Query(class_name, tuple(columns), where)

    def _or(self) -> _Node:
        parts = [self._and()]
        while self._is("or"):
            self._next()
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else _Node("or", tuple(parts))

    def _and(self) -> _Node:
        parts = [self._not()]
        while self._is("and"):
            self._next()
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _Node("and", tuple(parts))

    def _not(self) -> _Node:
        if self._is("not"):
            self._next()
            return _Node("not", (self._not(),))
        if self._is("("):
            self._next()
            inner = self._or()
            self._next("sign", ")")
            return inner
        return self._term()

    def _term(self) -> _Node:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise CimFault(0, "w:InternalError", "Quota violation ", cim_status=1, error_code=0x8004106C)
        kind, text = self._peek()
        if kind in ("string", "number") or text.lower() in ("true", "false"):
            constant = self._constant()
            operator = self._operator()
            return _Node("compare", (self._next("word"), _MIRRORED.get(operator, operator), constant))
        name = self._next("word")
        if self._is("is"):
            self._next()
            negated = self._is("not")
            if negated:
                self._next()
            self._next("word", "null")
            node = _Node("null", (name,))
            return _Node("not", (node,)) if negated else node
        if self._is("like") or self._is("not"):
            negated = self._is("not")
            if negated:
                self._next()
            self._next("word", "like")
            pattern = _Node("like", (name, _unquoted(self._next("string"), self._text)))
            return _Node("not", (pattern,)) if negated else pattern
        operator = self._operator()
        if self._is("null"):
            self._next()
            node = _Node("null", (name,))
            if operator not in ("=", "<>", "!="):
                raise self._bad()
            return node if operator == "=" else _Node("not", (node,))
        return _Node("compare", (name, operator, self._constant()))

    def _operator(self) -> str:
        text = self._next("sign")
        if text not in _COMPARE:
            raise self._bad()
        return text

    def _constant(self) -> Any:
        kind, text = self._peek()
        self._at += 1
        if kind == "string":
            return _unquoted(text, self._text)
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "word" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise self._bad()


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise bad_query(text[:200])
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _unquoted(literal: str, query: str) -> str:
    """A backslash stands before a backslash or a quotation mark, nowhere else."""
    if re.search(r"\\[^\\'\"]", re.sub(r"\\\\", "", literal)):
        raise bad_query(query[:200])
    return re.sub(r"\\(.)", r"\1", literal[1:-1])


def _collect(node: _Node | None, found: dict[str, Any]) -> None:
    if node is not None and node.kind == "and":
        for part in node.parts:
            _collect(part, found)
    elif node is not None and node.kind == "compare" and node.parts[1] == "=":
        found[node.parts[0].lower()] = node.parts[2]


def _names(node: _Node | None, found: list[str]) -> None:
    if node is None:
        return
    if node.kind in ("and", "or", "not"):
        for part in node.parts:
            _names(part, found)
    else:
        found.append(node.parts[0])


def _build(node: _Node, types: Mapping[str, str]) -> Test:
    if node.kind == "not":
        inner = _build(node.parts[0], types)
        return lambda row: None if (result := inner(row)) is None else not result
    if node.kind in ("and", "or"):
        tests = [_build(part, types) for part in node.parts]
        return _all_of(tests) if node.kind == "and" else _any_of(tests)
    name = node.parts[0].lower()
    if node.kind == "null":
        return lambda row: row.get(name) is None
    kind = types.get(name)
    if kind is None or kind.endswith("[]") or kind in ("instance", "reference"):
        raise bad_query(f"{node.parts[0]} cannot be compared")
    if node.kind == "like":
        return _like(name, kind, node.parts[1])
    return _compare(name, kind, node.parts[1], node.parts[2])


def _all_of(tests: list[Test]) -> Test:
    def both(row: Mapping[str, Any]) -> bool | None:
        results = [test(row) for test in tests]
        return False if False in results else None if None in results else True

    return both


def _any_of(tests: list[Test]) -> Test:
    def either(row: Mapping[str, Any]) -> bool | None:
        results = [test(row) for test in tests]
        return True if True in results else None if None in results else False

    return either


def _like(name: str, kind: str, pattern: str) -> Test:
    if kind != "string":
        raise bad_query(f"LIKE on {name}")
    compiled = re.compile("".join(_pattern_part(part) for part in re.findall(r"\[\^?[^\]]*\]|.", pattern, re.DOTALL)), re.IGNORECASE | re.DOTALL)
    return lambda row: None if row.get(name) is None else compiled.fullmatch(str(row[name])) is not None


def _pattern_part(part: str) -> str:
    if part == "%":
        return ".*"
    if part == "_":
        return "."
    if part.startswith("[") and len(part) > 2:
        negated = part.startswith("[^")
        inside = re.sub(r"[\\\[\]^&~|]", lambda found: "\\" + found[0], part[2 if negated else 1 : -1]).replace("=", "-")
        return f"[{'^' if negated else ''}{inside}]"
    return re.escape(part)


def _compare(name: str, kind: str, operator: str, constant: Any) -> Test:
    wanted = _constant_of(name, kind, constant)
    decide = _COMPARE[operator]

    def test(row: Mapping[str, Any]) -> bool | None:
        actual = row.get(name)
        if actual is None:
            return None
        if kind == "datetime":
            actual = moment_of(str(actual))
        elif kind == "string":
            actual = str(actual).lower()
        return None if actual is None else decide(actual, wanted)

    return test


def _constant_of(name: str, kind: str, constant: Any) -> Any:
    """The constant as the property's type; WMI turns a quoted number into a number."""
    if kind == "string":
        if not isinstance(constant, str):
            raise bad_query(f"{name} is a string")
        return constant.lower()
    if kind == "datetime":
        moment = moment_of(constant) if isinstance(constant, str) else None
        if moment is None:
            raise bad_query(f"{name} is a date")
        return moment
    if kind == "boolean":
        known = {True: True, False: False, "true": True, "false": False}
        found = known.get(constant.lower() if isinstance(constant, str) else constant)
        if found is None:
            raise bad_query(f"{name} is true or false")
        return found
    if isinstance(constant, bool):
        raise bad_query(f"{name} is a number")
    try:
        return constant if not isinstance(constant, str) else int(constant)
    except ValueError:
        raise bad_query(f"{name} is a number") from None
