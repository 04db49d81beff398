# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: no other code may rely on it.

"""Masks secrets in what an action hands to ansible-core, which has classes of its own for errors and warnings."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import KEYS_KEPT, Secrets

#: Arguments of our modules that hold a secret, at any depth. Actions know no argument spec.
SECRET_ARGUMENTS = ("password", "secret")


def secrets_of(args: t.Any) -> t.Iterator[tuple[str, str]]:
    """Every (secret, user) in a task's arguments, by the arguments' names; ``user`` is the one beside it, or empty."""
    if isinstance(args, Mapping):
        user = str(args.get("user") or "")
        for name, value in args.items():
            if name in SECRET_ARGUMENTS and isinstance(value, (str, int)) and str(value):
                yield str(value), user
            else:
                yield from secrets_of(value)
    elif isinstance(args, (list, tuple)):
        for value in args:
            yield from secrets_of(value)


def redact(value: t.Any, secrets: Secrets) -> t.Any:
    """A copy without secrets. Unlike ``Secrets.redact`` it keeps every type, and looks into dataclasses."""
    if isinstance(value, str):
        masked = secrets.redact_text(value)
        return value if masked == value else masked
    if isinstance(value, dict):
        return {key if key in KEYS_KEPT else redact(key, secrets): redact(entry, secrets) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(redact(entry, secrets) for entry in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _redact_dataclass(value, secrets)
    return value


def _redact_dataclass(value: t.Any, secrets: Secrets) -> t.Any:
    changes = {}
    for field in dataclasses.fields(value):
        if field.init:
            old = getattr(value, field.name)
            new = redact(old, secrets)
            if new != old:
                changes[field.name] = new
    return dataclasses.replace(value, **changes) if changes else value
