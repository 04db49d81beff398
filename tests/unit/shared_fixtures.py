# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the recordings lie that are not part of this repository: ``shared/fixtures`` beside it, or $CONTINUITY_SHARED.

Tests that need them skip elsewhere, with the reason.
"""

from __future__ import annotations

import os
import pathlib

import pytest


def shared_folder() -> pathlib.Path | None:
    named = os.environ.get("CONTINUITY_SHARED")
    if named:
        return pathlib.Path(named)
    for parent in pathlib.Path(__file__).resolve().parents:
        if (parent / "shared" / "fixtures").is_dir():
            return parent / "shared"
    return None


def fixtures(*parts: str) -> pathlib.Path:
    """A folder or file below shared/fixtures; skips the test (or module) when it is not there."""
    shared = shared_folder()
    if shared is None:
        pytest.skip("the shared recordings are not here: set CONTINUITY_SHARED to their folder", allow_module_level=True)
    path = shared.joinpath("fixtures", *parts)
    if not path.exists():
        pytest.skip(f"the shared recordings lack {'/'.join(parts)}", allow_module_level=True)
    return path


def needs_shared(*parts: str) -> pytest.MarkDecorator:
    """As ``fixtures``, for a decorator: names no path when it is absent."""
    shared = shared_folder()
    there = shared is not None and shared.joinpath("fixtures", *parts).exists()
    return pytest.mark.skipif(not there, reason=f"the shared recordings ({'/'.join(parts)}) are not here: set CONTINUITY_SHARED to their folder")


def engine() -> pathlib.Path | None:
    """The PowerShell engine for tests: $LAB_PWSH, or where the lab unpacks it."""
    named = os.environ.get("LAB_PWSH")
    path = pathlib.Path(named) if named else pathlib.Path.home() / ".cache" / "continuity-lab" / "pwsh" / "pwsh"
    return path if path.exists() else None


#: Skipped where there is none, and left out with ``-m "not engine"``: see tests/conftest.py.
needs_engine = pytest.mark.engine
