# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded conversations of real Windows and Microsoft's own client, where the build machine has them."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

SHARED = os.environ.get("CONTINUITY_SHARED") or Path(__file__).resolve().parents[4] / "shared"
FOLDER = Path(SHARED) / "fixtures" / "wsman"
needs_recordings = pytest.mark.skipif(not FOLDER.is_dir(), reason="the recorded WS-Management conversations are not on this machine")


def local(tag: str) -> str:
    """A tag without its namespace."""
    return tag.rpartition("}")[2]


def shape(node: Element, *, values: bool = False) -> object:
    """Names, attribute names and order of an element; with its text when asked."""
    text = (node.text or "") if values else ""
    return (node.tag, tuple(sorted(node.attrib)), text, tuple(shape(child, values=values) for child in node))
