# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""CIM values as XML and back: what a request's parameters look like, and what an answer's elements mean."""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import markup, value_types

WMI_PREFIX = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
CIM_PREFIX = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"
CIM_NAMESPACE = "__cimnamespace"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DMTF = re.compile(r"(\d{14})\.(\d{6})([+-]\d{3})")


@dataclasses.dataclass(frozen=True)
class Embedded:
    """An embedded instance for a parameter or property."""

    namespace: str
    class_name: str
    properties: t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Reference:
    """A reference to an instance, in requests and in answers. ``namespace`` is "" where an answer does not say."""

    namespace: str
    class_name: str
    keys: t.Mapping[str, t.Any]


def wmi_uri(namespace: str, class_name: str) -> str:
    """The URI form of Microsoft's documentation ([MS-WSMV] 4.1.4)."""
    return f"{WMI_PREFIX}{namespace.strip('/')}/{class_name}"


def cim_uri(class_name: str) -> str:
    """The URI form of the DMTF's binding; the namespace travels in the selector ``__cimnamespace`` ([MS-WSMV] 4.11.2)."""
    return CIM_PREFIX + class_name


def check_name(name: str) -> str:
    """A CIM identifier, unchanged. Raises InvalidInput: names become element names and parts of addresses."""
    if _NAME.fullmatch(name) is None:
        raise InvalidInput(f"{name!r} cannot be the name of a CIM class, method, property or key")
    return name


def scalar(value: t.Any) -> str:
    """One value as plain text, not yet escaped: for selectors and within elements."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise InvalidInput(f"the date-time {value.isoformat()} has no time zone")
        return value.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    raise InvalidInput(f"a value of type {type(value).__name__} cannot be sent to a host")


def elements(values: t.Mapping[str, t.Any], prefix: str = "p") -> str:
    """Parameters or properties as elements of one namespace, in the mapping's order.

    None becomes xsi:nil, a list (also bytes: a list of uint8) repeated elements, an empty list nothing.
    """
    return "".join(_element(prefix, check_name(name), value) for name, value in values.items())


def _element(prefix: str, name: str, value: t.Any) -> str:
    if isinstance(value, (list, tuple, bytes)):
        return "".join(_element(prefix, name, item) for item in value)
    if value is None:
        return f'<{prefix}:{name} xmlns:xsi="{markup.XSI}" xsi:nil="true"/>'
    if isinstance(value, datetime.datetime):
        return f'<{prefix}:{name}><cim:Datetime xmlns:cim="{markup.CIM}">{scalar(value)}</cim:Datetime></{prefix}:{name}>'
    if isinstance(value, Reference):
        return f"<{prefix}:{name}>{_reference(value)}</{prefix}:{name}>"
    if isinstance(value, Embedded):
        uri = markup.escape(wmi_uri(value.namespace, check_name(value.class_name)))
        inner = elements(value.properties, "e")
        return f'<{prefix}:{name} xmlns:xsi="{markup.XSI}" xmlns:e="{uri}" xsi:type="e:{value.class_name}_Type">{inner}</{prefix}:{name}>'
    return f"<{prefix}:{name}>{markup.escape(scalar(value))}</{prefix}:{name}>"


def _reference(value: Reference) -> str:
    uri = wmi_uri(value.namespace, check_name(value.class_name))
    return (
        f'<a:Address xmlns:a="{markup.ADDRESSING}">{markup.ANONYMOUS}</a:Address><a:ReferenceParameters xmlns:a="{markup.ADDRESSING}" xmlns:w="{markup.WSMAN}">'
        f"<w:ResourceURI>{markup.escape(uri)}</w:ResourceURI>{selector_set(value.keys)}</a:ReferenceParameters>"
    )


def selector_set(keys: t.Mapping[str, t.Any]) -> str:
    """``w:SelectorSet``, or nothing without keys."""
    if not keys:
        return ""
    inner = "".join(f'<w:Selector Name="{check_name(name)}">{markup.escape(scalar(value))}</w:Selector>' for name, value in keys.items())
    return f"<w:SelectorSet>{inner}</w:SelectorSet>"


def decode(element: ET.Element, owner: str = "") -> dict[str, t.Any]:
    """An instance, ``w:XmlFragment`` or ``…_OUTPUT``: its children by name, repeated ones as a list.

    ``owner`` is the class, or ``class.method``, for ``value_types``; by default the class that the element's namespace names.
    """
    owner = owner or markup.namespace(element).rpartition("/")[2]
    found: dict[str, t.Any] = {}
    repeated: set[str] = set()
    for child in element:
        name = markup.local(child)
        value = decode_value(child, name)
        if name in repeated:
            found[name].append(value)
        elif name in found:
            found[name] = [found[name], value]
            repeated.add(name)
        elif value_types.is_list(name, owner) and value is not None:
            found[name] = [value]
            repeated.add(name)
        else:
            found[name] = value
    return found


def decode_value(element: ET.Element, name: str) -> t.Any:
    """One element's value: None for xsi:nil, ISO text for date-times, a Reference, a nested dict, or a scalar."""
    if (markup.attribute(element, "nil") or "").lower() in ("true", "1"):
        return None
    children = list(element)
    if children:
        kinds = [markup.local(child).lower() for child in children]
        if kinds[0] in ("datetime", "date", "time", "interval"):
            return utc(markup.text(children[0]))
        if "referenceparameters" in kinds:
            return _decode_reference(children[kinds.index("referenceparameters")])
        if kinds == ["endpointreference"]:
            return decode_value(children[0], name)
        return decode(element, _class_of(element))
    return _decode_text(element.text or "", name, (markup.attribute(element, "type") or "").rpartition(":")[2].lower())


def _class_of(element: ET.Element) -> str:
    """The class of an embedded instance: its xsi:type is ``p:Class_Type``."""
    kind = (markup.attribute(element, "type") or "").rpartition(":")[2]
    return kind[: -len("_Type")] if kind.endswith("_Type") else markup.namespace(element[0]).rpartition("/")[2]


def _decode_reference(parameters: ET.Element) -> Reference:
    uri = markup.text(markup.find(parameters, "ResourceURI"))
    keys = {markup.attribute(selector, "Name") or "": selector.text or "" for selector in markup.every(parameters, "Selector")}
    namespace = keys.pop(CIM_NAMESPACE, "")
    path, _slash, class_name = uri.rpartition("/")
    if path.lower().startswith(WMI_PREFIX):
        namespace = namespace or path[len(WMI_PREFIX) :]
    return Reference(namespace, class_name, keys)


def _decode_text(text: str, name: str, kind: str) -> t.Any:
    """``kind`` is the local name of xsi:type in small letters, "" where the answer has none."""
    if "string" in kind or value_types.is_string(name):
        return utc(text) if _DMTF.fullmatch(text) else text
    if kind and any(part in kind for part in ("real", "double", "float")):
        return float(text)
    lowered = text.strip().lower()
    if lowered in ("true", "false") and (not kind or "bool" in kind):
        return lowered == "true"
    if _INTEGER.fullmatch(text.strip()):
        return int(text)
    return utc(text) if _DMTF.fullmatch(text) else text


def utc(text: str) -> str:
    """A date-time in ISO 8601 UTC with Z; an interval, a date without time or anything else as it stands."""
    dmtf = _DMTF.fullmatch(text)
    try:
        if dmtf is not None:
            local = datetime.datetime.strptime(dmtf[1] + dmtf[2], "%Y%m%d%H%M%S%f")
            moment = (local - datetime.timedelta(minutes=int(dmtf[3]))).replace(tzinfo=datetime.timezone.utc)
        elif re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d:\d\d", text):
            moment = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z" if "." in text else "%Y-%m-%dT%H:%M:%S%z").astimezone(datetime.timezone.utc)
        else:
            return text
    except (ValueError, OverflowError):
        return text
    return moment.isoformat().replace("+00:00", "Z")


def output(body: ET.Element, class_name: str, method: str) -> dict[str, t.Any]:
    """A method's out parameters. Windows names the element ``<Method>_OUTPUT``, OMI ``<Class>_OUTPUT``; without ReturnValue it is 0."""
    for child in body:
        if markup.local(child).lower().endswith("_output"):
            found = {"ReturnValue" if name.lower() == "returnvalue" else name: value for name, value in decode(child, f"{class_name}.{method}").items()}
            return {**found, "ReturnValue": found.get("ReturnValue") if found.get("ReturnValue") is not None else 0}
    if len(body) == 0:
        return {"ReturnValue": 0}
    raise ProtocolError(f"the answer to {class_name}.{method} holds {markup.local(body[0])} where an _OUTPUT element was expected")


def instance(body: ET.Element, class_name: str) -> dict[str, t.Any]:
    """The one instance in an answer to Get or Put."""
    if len(body) == 0:
        raise ProtocolError(f"the answer holds no instance of {class_name}")
    return decode(body[0])


@dataclasses.dataclass(frozen=True)
class Page:
    """One answer to Enumerate or Pull. ``context`` is "" when there is nothing more to pull."""

    items: list[dict[str, t.Any]]
    context: str


def page(body: ET.Element, class_name: str = "") -> Page:
    """Items of an Enumerate or Pull answer; a projection's fragments have no class, so the caller names it."""
    response = body[0] if len(body) else None
    if response is None or markup.local(response) not in ("EnumerateResponse", "PullResponse"):
        raise ProtocolError("the answer holds no EnumerateResponse or PullResponse")
    items = markup.find(response, "Items")
    rows = [decode(_item(item), class_name if markup.local(item) == "XmlFragment" else "") for item in (items if items is not None else ())]
    ended = markup.find(response, "EndOfSequence") is not None
    return Page(rows, "" if ended else markup.text(markup.find(response, "EnumerationContext")))


def _item(item: ET.Element) -> ET.Element:
    """Some servers wrap an item with its address: ``w:Item`` around instance and EndpointReference."""
    return item[0] if markup.local(item) == "Item" and len(item) else item
