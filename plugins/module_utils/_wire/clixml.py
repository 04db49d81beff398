# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""stderr of Windows PowerShell over WinRM: CLIXML documents, of which only error records are worth keeping."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

MARK = "#< CLIXML"
_DOCUMENT = re.compile(r"<Objs\b.*?(?:</Objs>|/>)", re.DOTALL)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescape(text: str) -> str:
    """``_xHHHH_`` is one UTF-16 unit: also half of a pair, and ``_x005F_`` for the underscore itself."""
    units = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def errors_of(stderr: bytes) -> str:
    """Plain text: the error records of all documents, and what stands outside of documents (native programs write there)."""
    text = stderr.decode("utf-8", "replace")
    if MARK not in text:
        return text
    kept: list[str] = []
    rest = 0
    for found in _DOCUMENT.finditer(text):
        kept.append(_outside(text[rest : found.start()]))
        kept.append(_records(found[0]))
        rest = found.end()
    kept.append(_outside(text[rest:]))
    return "".join(kept)


def _outside(text: str) -> str:
    without = text.replace("\ufeff", "").replace(MARK, "")
    return without.lstrip("\r\n") if without.strip() else ""


def _records(document: str) -> str:
    try:
        root = ET.fromstring(document)
    except ET.ParseError:
        return document
    return "".join(unescape(element.text or "") for element in root.iter() if element.tag.rpartition("}")[2] == "S" and element.get("S") == "Error")
