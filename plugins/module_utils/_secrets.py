# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Keeps secrets out of what leaves a module: finds them by the argument spec, and masks them in every common form.

``no_log`` alone does not: ansible-core masks values of results, but not warnings, exceptions, keys or encoded forms.
"""

from __future__ import annotations

import base64
import json
import typing as t
import urllib.parse
import xml.sax.saxutils
from collections.abc import Mapping  # typing's own takes ten times as long to ask

try:  # ansible-core 2.22 and later
    from ansible.module_utils.secrets import register_secret as _register_secret  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    _register_secret = None

#: What ansible-core 2.22 prints too.
MASK = "$REDACTED$"

#: Encoded forms shorter than this occur by chance, so they are left alone.
SHORTEST_FRAGMENT = 8

#: Forms are found by this many first characters, so that a thousand passwords cost no more than one.
_KEY_LENGTH = 4

#: Texts in which nothing was found are known by themselves: a result has each name and value several times, and is masked twice.
_LONGEST_KEPT, _MOST_KEPT = 256, 0x8000

#: Keys that every result has: a password that is such a word must not rename them.
KEYS_KEPT = frozenset("changed failed msg reason outcomes counts diff before after timing exception warnings deprecations rc skipped details".split())


def register_secret(value: str) -> None:
    """Tells ansible-core that this text is secret, where it can be told (2.22)."""
    if _register_secret is not None and value:
        _register_secret(value)


def collect_secrets(options: t.Mapping[str, t.Any], params: t.Any) -> t.Iterator[tuple[str, str]]:
    """Every (secret, user) in ``params`` that the spec's ``options`` mark ``no_log``, at any depth.

    ``user`` is the option of that name beside the secret, or empty.
    """
    if not isinstance(params, Mapping):
        return
    for name, option in options.items():
        value = params.get(name)
        if value is None:
            continue
        if option.get("no_log"):
            user = params.get("user") if isinstance(params.get("user"), str) else ""
            yield from ((leaf, str(user or "")) for leaf in _leaves(value))
        elif option.get("options"):
            for entry in value if isinstance(value, (list, tuple)) else [value]:
                yield from collect_secrets(option["options"], entry)


def _leaves(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for entry in value:
            yield from _leaves(entry)
    elif value is not None and not isinstance(value, bool) and str(value):
        yield str(value)


def derived_forms(secret: str, user: str = "") -> set[str]:
    """The ways in which a secret may show itself: as it is, escaped, URL-quoted, Base64, inside a Basic header."""
    forms = {
        secret,
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote(secret),
        urllib.parse.quote_plus(secret),
        xml.sax.saxutils.escape(secret),
        xml.sax.saxutils.escape(secret, {'"': "&quot;", "'": "&apos;"}),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.replace("'", "''"),
    }
    raw = secret.encode("utf-8", "surrogatepass")
    encoded = {base64.b64encode(f"{user}:".encode("utf-8", "surrogatepass") + raw).decode()} if user else set()
    for data in (raw, secret.encode("utf-16-le", "surrogatepass")):
        encoded.add(base64.b64encode(data).decode())
        encoded.update(_inside_base64(data))
    encoded |= {text.replace("+", "-").replace("/", "_") for text in encoded}
    return forms | {form for form in encoded if len(form.rstrip("=")) >= SHORTEST_FRAGMENT}


def _inside_base64(data: bytes) -> t.Iterator[str]:
    """What is left of ``data`` in the Base64 of any longer text, at each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        last_is_shared = (before + len(data)) % 3 != 0
        yield encoded[(0, 2, 3)[before] : len(encoded) - (1 if last_is_shared else 0)]


class Secrets:
    """The secrets of one task, and how to mask them in texts and structures."""

    def __init__(self, found: t.Iterable[tuple[str, str]] = ()) -> None:
        self._short: set[str] = set()
        self._forms: dict[str, set[str]] = {}
        self._seen: set[tuple[str, str]] = set()
        self._clean: set[str] = set()
        for secret, user in found:
            self.add(secret, user)

    def add(self, secret: str, user: str = "") -> None:
        if not secret or (secret, user) in self._seen:
            return
        self._seen.add((secret, user))
        self._clean.clear()
        register_secret(secret)
        for form in derived_forms(secret, user):
            if len(form) < _KEY_LENGTH:
                self._short.add(form)
            else:
                self._forms.setdefault(form[:_KEY_LENGTH], set()).add(form)

    def found_in(self, text: str) -> list[str]:
        """The forms that occur in a text, the longest first, so that no half of one is left over."""
        if text in self._clean:
            return []
        found = {form for form in self._short if form in text}
        if self._forms:
            for start in range(len(text) - _KEY_LENGTH + 1):
                for form in self._forms.get(text[start : start + _KEY_LENGTH], ()):
                    if text.startswith(form, start):
                        found.add(form)
        if not found and len(text) <= _LONGEST_KEPT and len(self._clean) < _MOST_KEPT:
            self._clean.add(str.__str__(text))
        return sorted(found, key=len, reverse=True)

    def redact_text(self, text: str, shortest: int = 1) -> str:
        """The text with every secret masked; with ``shortest``, only forms of at least that many characters."""
        for form in self.found_in(text):
            if len(form) >= shortest:
                text = text.replace(form, MASK)
        return text

    def redact_json(self, text: str) -> str:
        """A JSON text with every secret masked that can't be a word or a number of JSON, nor a key of every result."""
        for form in self.found_in(text):
            if len(form) > len("false") and not form.isdigit() and form not in KEYS_KEPT:
                text = text.replace(form, MASK)
        return text

    def redact(self, value: t.Any) -> t.Any:
        """A copy without secrets, also not in keys, and of JSON's types only: anything else becomes its text."""
        if isinstance(value, str):
            return self.redact_text(value)
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, Mapping):
            return {self._redact_key(key): self.redact(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.redact(entry) for entry in value]
        return self.redact_text(value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value))

    def _redact_key(self, key: t.Any) -> t.Any:
        return key if not isinstance(key, str) or key in KEYS_KEPT else self.redact_text(key, _KEY_LENGTH)
