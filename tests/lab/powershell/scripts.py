# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own scripts: which one a text is, and what its Python twin is.

A script is a constant SCRIPT of a file in plugins/module_utils/_powershell; its twin is the file of the same name in twins, with
``async def run(host, data, calls)`` that returns what the script returns, or raises TwinError.
"""

from __future__ import annotations

import base64
import binascii
import functools
import importlib
import importlib.util
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from ansible_collections.continuity.identity_failover.plugins.module_utils import _powershell as _package
from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.bootstrap import BOOTSTRAP
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON
from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host
from ansible_collections.continuity.identity_failover.tests.lab.powershell.call_error import CallError
from ansible_collections.continuity.identity_failover.tests.lab.powershell.calls import LabCalls

MARK = "continuity:"
Twin = Callable[[Host, Any, LabCalls], Awaitable[JSON]]


class TwinError(Exception):
    """What the script's error record says: FullyQualifiedErrorId, HRESULT as a signed number, category."""

    def __init__(self, message: str, id: str = "", hresult: int = -2146233087, *, category: str = "OperationStopped", native: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.id = id
        self.hresult = hresult
        self.category = category
        self.native = native


@functools.lru_cache(maxsize=1)
def known_scripts() -> dict[str, str]:
    """Text → name of every script of the collection."""
    found: dict[str, str] = {}
    for folder in _package.__path__:
        for path in sorted(Path(folder).glob("*.py")):
            if path.stem in ("__init__", "bootstrap"):
                continue
            module = importlib.import_module(f"{_package.__name__}.{path.stem}")
            for name, text in vars(module).items():
                if name.endswith("SCRIPT") and isinstance(text, str):
                    found[text] = path.stem if name == "SCRIPT" else f"{path.stem}_{name.removesuffix('_SCRIPT').lower()}"
    return found


def is_bootstrap(text: str) -> bool:
    return text.strip() == BOOTSTRAP.strip()


def sent(stdin: bytes) -> tuple[str, Any] | None:
    """Script text and data of the bootstrap's standard input; None when that is something else."""
    try:
        content = json.loads(base64.b64decode(stdin.strip().lstrip(b"\xef\xbb\xbf")))
        return str(content["script"]), content["data"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None


def name_of(script: str) -> str:
    return known_scripts().get(script, "unknown")


def twin_of(name: str) -> Twin | None:
    package = __package__ + ".twins." + name
    if importlib.util.find_spec(package) is None:
        return None
    run: Twin = importlib.import_module(package).run
    return run


async def run_twin(host: Host, stdin: bytes, calls: LabCalls) -> tuple[str, str, int]:
    """Name of the script, the one line that the bootstrap would print, and the exit code."""
    content = sent(stdin)
    if content is None:
        return "unknown", _line({"ok": False, "error": _error(TwinError("the input is no JSON in base64", "FormatException"))}), 0
    name = name_of(content[0])
    twin = twin_of(name) if name != "unknown" else None
    if twin is None:
        return name, "", 1
    try:
        answer: JSON = {"ok": True, "value": await twin(host, content[1], calls)}
    except TwinError as error:
        answer = {"ok": False, "error": _error(error)}
    except CallError as error:
        answer = {"ok": False, "error": _error(TwinError(error.message, error.id, native=error.code or None))}
    return name, _line({**answer, "language_mode": "FullLanguage"}), 0


def _error(error: TwinError) -> JSON:
    return {"message": error.message, "id": error.id, "hresult": error.hresult, "native": error.native, "category": error.category, "line": 1}


def _line(answer: JSON) -> str:
    return MARK + json.dumps(answer, separators=(",", ":")) + "\r\n"
