# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""XML in and out: one parser that refuses a DOCTYPE, look-ups by local name, escaping that survives a round trip."""

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, ProtocolError

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ANONYMOUS = ADDRESSING + "/role/anonymous"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
MICROSOFT_WSMAN = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
IDENTITY = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CIM = "http://schemas.dmtf.org/wbem/wscim/1/common"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

#: What XML 1.0 cannot carry, not even escaped.
_UNSENDABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}


class _Builder(ET.TreeBuilder):
    def doctype(self, name: str, public: str | None, system: str | None) -> t.NoReturn:
        raise ProtocolError("the answer declares a DOCTYPE, which SOAP forbids; it was not read")


def parse(data: bytes) -> ET.Element:
    """The root element. Raises ProtocolError for anything that is not XML, or has a DOCTYPE."""
    parser = ET.XMLParser(target=_Builder())
    try:
        parser.feed(data)
        root = parser.close()
    except ET.ParseError as error:
        raise ProtocolError(f"the answer is not XML ({error})") from error
    except (LookupError, ValueError) as error:  # an unknown encoding in the declaration
        raise ProtocolError(f"the answer is not XML that can be read ({error})") from error
    return root


def escape(text: str) -> str:
    """Text or attribute value. White space is escaped too, because parsers normalise it. Raises InvalidInput for what XML lacks."""
    bad = _UNSENDABLE.search(text)
    if bad is not None:
        raise InvalidInput(f"a text for the host has the character U+{ord(bad[0]):04X}, which XML cannot carry: {text!r}")
    return re.sub('[&<>"\r\n\t]', lambda found: _ESCAPES[found[0]], text)


def local(element: ET.Element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def namespace(element: ET.Element) -> str:
    return element.tag.rpartition("}")[0].lstrip("{")


def find(element: ET.Element | None, *path: str) -> ET.Element | None:
    """The first descendant along local names, without case."""
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if local(child).lower() == name.lower()), None)
    return element


def every(element: ET.Element, name: str) -> list[ET.Element]:
    """All descendants of a local name, in document order."""
    return [found for found in element.iter() if local(found).lower() == name.lower()]


def text(element: ET.Element | None) -> str:
    """The element's own text without surrounding white space; "" for none."""
    return (element.text or "").strip() if element is not None else ""


def attribute(element: ET.Element, name: str) -> str | None:
    """An attribute by its local name, whatever its namespace."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2].lower() == name.lower():
            return value
    return None


def body(root: ET.Element) -> ET.Element:
    """The SOAP body. Raises ProtocolError when the root is no envelope."""
    found = find(root, "Body")
    if local(root) != "Envelope" or found is None:
        raise ProtocolError(f"the answer is no SOAP envelope: its root element is {local(root)}")
    return found
