# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CIM values to XML and back, in the shapes recorded from Windows: xsi:nil, cim:Datetime, repeated elements, null and empty arrays left out, w:XmlFragment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimObject, CimValue, Raw
from ansible_collections.continuity.identity_failover.tests.lab.wsman import names
from ansible_collections.continuity.identity_failover.tests.lab.wsman.soap import escape

_DMTF = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.(\d{6})([+-])(\d{3})")
_INTERVAL = re.compile(r"(\d{8})(\d\d)(\d\d)(\d\d)\.(\d{6}):000")
_NIL = f"{{{names.XSI}}}nil"
_TYPE = f"{{{names.XSI}}}type"
_NAMESPACES = f'xmlns:xsi="{names.XSI}"'


def _datetime(text: str, prefix: str) -> str:
    found = _INTERVAL.fullmatch(text)
    if found:
        days, hours, minutes, seconds, micro = found.groups()
        fraction = f".{micro}" if int(micro) else ""
        return f"<{prefix}Interval>P{int(days)}DT{int(hours)}H{int(minutes)}M{int(seconds)}{fraction}S</{prefix}Interval>"
    found = _DMTF.fullmatch(text)
    if found:
        year, month, day, hour, minute, second, micro, sign, offset = found.groups()
        fraction = ("." + micro).rstrip("0").rstrip(".")
        zone = "Z" if int(offset) == 0 else f"{sign}{int(offset) // 60:02}:{int(offset) % 60:02}"
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}{zone}"
    return f"<{prefix}Datetime>{escape(text)}</{prefix}Datetime>"


def reference(obj: CimObject, address: str) -> str:
    """The content of an endpoint reference to an instance."""
    selectors = "".join(f'<w:Selector Name="{escape(key)}">{escape(str(obj.properties[key].value))}</w:Selector>' for key in obj.keys)
    return (
        f"<a:Address>{escape(address)}</a:Address><a:ReferenceParameters><w:ResourceURI>{names.WMI_PREFIX}{escape(obj.namespace)}/{obj.class_name}"
        f'</w:ResourceURI><w:SelectorSet><w:Selector Name="__cimnamespace">{escape(obj.namespace)}</w:Selector>{selectors}</w:SelectorSet>'
        "</a:ReferenceParameters>"
    )


def _one(name: str, kind: str, value: object, prefix: str) -> str:
    if value is None:
        return f'<{prefix}{name} xsi:nil="true"/>'
    if isinstance(value, CimObject):
        if kind == "reference":
            return f"<{prefix}{name}>{reference(value, names.ANONYMOUS)}</{prefix}{name}>"
        uri = f"{names.WMI_PREFIX}{value.namespace}/{value.class_name}"
        return f'<{prefix}{name} xmlns:m="{escape(uri)}" xsi:type="m:{value.class_name}_Type">{_sorted(value.properties, "m:")}</{prefix}{name}>'
    if value is True or value is False:
        text = "true" if value else "false"
    elif kind == "datetime":
        text = _datetime(str(value), "cim:" if prefix else "")
    else:
        text = escape(str(value))
    return f"<{prefix}{name}>{text}</{prefix}{name}>"


def element(name: str, value: CimValue, prefix: str) -> str:
    """One property as XML; arrays are repeated elements, an empty or null array is nothing."""
    if value.array:
        return "".join([_one(name, value.type, item, prefix) for item in value.value or ()])
    return _one(name, value.type, value.value, prefix)


def _sorted(properties: Mapping[str, CimValue], prefix: str) -> str:
    return "".join([element(name, properties[name], prefix) for name in sorted(properties, key=str.lower)])


def instance(obj: CimObject, uri: str) -> str:
    """An instance as Get and `SELECT *` answer it. uri: the class' resource URI in the form that was asked."""
    return (
        f'<p:{obj.class_name} {_NAMESPACES} xmlns:p="{escape(uri)}" xmlns:cim="{names.CIM}" xsi:type="p:{obj.class_name}_Type">'
        f"{_sorted(obj.properties, 'p:')}</p:{obj.class_name}>"
    )


def fragment(obj: CimObject) -> str:
    """A row of a projection: elements without a namespace."""
    return f'<w:XmlFragment {_NAMESPACES} xmlns:w="{names.WSMAN}">{_sorted(obj.properties, "")}</w:XmlFragment>'


def output(method: str, uri: str, values: Mapping[str, CimValue]) -> str:
    """The <Method>_OUTPUT element of an Invoke."""
    content = "".join([element(name, value, "p:") for name, value in values.items()])
    return f'<p:{method}_OUTPUT {_NAMESPACES} xmlns:p="{escape(uri)}" xmlns:cim="{names.CIM}" xsi:type="p:{method}_OUTPUT_Type">{content}</p:{method}_OUTPUT>'


def raw(node: Element) -> Raw:
    """An argument as the provider gets it: text, None, a dict for an embedded instance ("__class" is its class) or reference ("__selectors", "__resource")."""
    if node.get(_NIL) in ("true", "1"):
        return None
    children = list(node)
    if not children:
        return node.text or ""
    local = children[0].tag.rpartition("}")[2]
    if len(children) == 1 and local.lower() in ("datetime", "date", "interval", "cim_datetime"):
        return (children[0].text or "").strip()
    if local == "Address" or local == "ReferenceParameters":
        return _reference(node)
    result = raw_children(node)
    if kind := node.get(_TYPE):
        result["__class"] = kind.rpartition(":")[2].removesuffix("_Type")
    return result


def _reference(node: Element) -> dict[str, Raw]:
    resource = node.find(f".//{{{names.WSMAN}}}ResourceURI")
    selectors = node.findall(f".//{{{names.WSMAN}}}Selector")
    uri = (resource.text or "").strip() if resource is not None else ""
    return {"__resource": uri, "__selectors": {one.get("Name", ""): one.text or "" for one in selectors}}


def raw_children(node: Element | None) -> dict[str, Raw]:
    """The children of a *_INPUT or instance element by local name; a repeated one becomes a list."""
    result: dict[str, Raw] = {}
    repeated: set[str] = set()
    for child in node if node is not None else ():
        name = child.tag.rpartition("}")[2]
        value = raw(child)
        if name in repeated:
            result[name].append(value)
        elif name in result:
            result[name] = [result[name], value]
            repeated.add(name)
        else:
            result[name] = value
    return result
