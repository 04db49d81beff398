# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares WS-Management messages by what they mean."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import markup


def meaning(message: bytes) -> dict[str, t.Any]:
    """A message without what may differ: prefixes, message id, times, sizes, language, options, order of headers, white space."""
    root = markup.parse(message)
    header = markup.find(root, "Header")
    assert header is not None
    selectors = markup.find(header, "SelectorSet")
    return {
        "action": markup.text(markup.find(header, "Action")),
        "uri": markup.text(markup.find(header, "ResourceURI")),
        "selectors": {markup.attribute(item, "Name"): item.text or "" for item in (selectors if selectors is not None else ())},
        "body": [tree(child) for child in markup.body(root)],
    }


def tree(element: ET.Element) -> t.Any:
    children = [tree(child) for child in element]
    return (element.tag, sorted(element.attrib.items()), children or (element.text or "").strip())


def options(message: bytes) -> dict[str, str]:
    return {markup.attribute(item, "Name") or "": (item.text or "").lower() for item in markup.every(markup.parse(message), "Option")}
