# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SOAP envelopes: a request parsed leniently (as Windows does), an answer written with the prefixes that Windows writes (s a x e n w rsp p)."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, ParseError, fromstring

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names

_PREFIXES = {
    "s": names.SOAP,
    "a": names.ADDRESSING,
    "x": names.TRANSFER,
    "e": "http://schemas.xmlsoap.org/ws/2004/08/eventing",
    "n": names.ENUMERATION,
    "w": names.WSMAN,
    "rsp": names.SHELL,
    "p": names.MICROSOFT,
}
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DEFAULT_ENVELOPE = 512000
DEFAULT_TIMEOUT = 60.0


def escape(text: str) -> str:
    """Text for an element or a quoted attribute; characters that XML cannot carry are left out."""
    if "&" in text or "<" in text or ">" in text or '"' in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text if text.isprintable() else _NOT_XML.sub("", text)


@dataclass
class Request:
    """One parsed request. timeout in seconds; max_envelope in bytes; body: the first child of s:Body."""

    action: str
    resource: str = ""
    message_id: str = ""
    to: str = ""
    selectors: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    timeout: float = DEFAULT_TIMEOUT
    max_envelope: int = DEFAULT_ENVELOPE
    body: Element | None = None


def duration(text: str) -> float:
    """Seconds of an xs:duration; the fault that Windows answers when it is none."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise CimFault(2150858767, "a:InvalidMessageInformationHeader", f"The time-out {text} is not a valid duration.", detail="InvalidValue")
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def bad_xml(message: str) -> CimFault:
    """A body that cannot be read as the SOAP message it should be."""
    return CimFault(2150858819, "w:SchemaValidationError", message)


def parse(data: bytes) -> Request:
    """Read an envelope. Unknown headers, missing namespaces of attributes and constant To addresses are accepted; a DOCTYPE never is."""
    if b"<!DOCTYPE" in data:
        raise bad_xml("A document type declaration is not allowed.")
    try:
        envelope = fromstring(data)
    except (ParseError, ValueError, LookupError):
        raise bad_xml("The request is no well-formed XML.") from None
    header = envelope.find(f"{{{names.SOAP}}}Header")
    body = envelope.find(f"{{{names.SOAP}}}Body")
    if envelope.tag != f"{{{names.SOAP}}}Envelope" or body is None:
        raise bad_xml("The request is no SOAP envelope.")
    request = Request(action="", body=next(iter(body), None))
    for element in header if header is not None else ():
        _take_header(request, element)
    return request


def _take_header(request: Request, element: Element) -> None:
    local = element.tag.rpartition("}")[2]
    text = (element.text or "").strip()
    if local == "Action":
        request.action = text
    elif local == "ResourceURI":
        request.resource = text
    elif local == "MessageID":
        request.message_id = text
    elif local == "To":
        request.to = text
    elif local == "SelectorSet":
        request.selectors = {child.get("Name", ""): child.text or "" for child in element}
    elif local == "OptionSet":
        request.options = {child.get("Name", ""): child.text or "" for child in element}
    elif local == "OperationTimeout":
        request.timeout = duration(text)
    elif local == "MaxEnvelopeSize":
        request.max_envelope = int(text) if text.isdigit() else DEFAULT_ENVELOPE


def _opening(prefixes: str) -> str:
    return '<s:Envelope xml:lang="en-US" ' + " ".join(f'xmlns:{prefix}="{_PREFIXES[prefix]}"' for prefix in prefixes.split()) + "><s:Header><a:Action>"


_OPENINGS = {prefixes: _opening(prefixes) for prefixes in ("s a n w", "s a x w p", "s a x w rsp p", "s a w rsp p", "s a x e n w p", "s a w p")}


def new_id() -> str:
    """A fresh identifier in Windows' upper-case form."""
    return str(uuid.uuid4()).upper()


def envelope(prefixes: str, action: str, relates_to: str, body: str) -> bytes:
    """An answer: the prefixes to declare (one of the sets Windows uses), its action, the request's MessageID, the Body's content."""
    relates = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f"{_OPENINGS[prefixes]}{escape(action)}</a:Action><a:MessageID>uuid:{new_id()}</a:MessageID><a:To>{names.ANONYMOUS}</a:To>{relates}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def identify_response() -> bytes:
    """The answer to Identify, as a Windows Server 2019 names itself ([MS-WSMV] 3.1.4.8)."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{names.SOAP}"><s:Header/><s:Body><wsmid:IdentifyResponse xmlns:wsmid="{names.IDENTITY}">'
        f"<wsmid:ProtocolVersion>{names.WSMAN}</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        "<wsmid:ProductVersion>OS: 10.0.17763 SP: 0.0 Stack: 3.0</wsmid:ProductVersion></wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()
