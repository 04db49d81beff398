# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get, Put, Create, Delete, Enumerate, Pull, Release and Invoke over a host's CIM classes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimFault, CimObject, CimProvider, CimValue
from ansible_collections.continuity.identity_failover.tests.lab.wsman import faults, names, values
from ansible_collections.continuity.identity_failover.tests.lab.wsman.soap import Request, bad_xml, envelope, new_id

CONTEXT_LIFE = 300.0
"""Seconds after which an enumeration that nobody pulls is forgotten."""


@dataclass
class Target:
    """A parsed resource URI: which class in which namespace, in which of the two forms, and the key selectors (None = none given)."""

    namespace: str
    class_name: str
    uri: str
    keys: dict[str, str] | None

    def uri_of(self, class_name: str) -> str:
        """The URI of a row's class in the form that was asked; an enumeration is polymorphic."""
        return self.uri if class_name.lower() == self.class_name.lower() else self.uri.rpartition("/")[0] + "/" + class_name


def target_of(request: Request) -> Target | None:
    """What a request is about; None when its URI names no CIM class."""
    selectors = dict(request.selectors)
    asked = next((selectors.pop(name) for name in list(selectors) if name.lower() == "__cimnamespace"), None)
    uri = request.resource
    lower = uri.lower()
    if lower.startswith(names.WMI_PREFIX):
        namespace, _slash, class_name = uri[len(names.WMI_PREFIX) :].rpartition("/")
    elif lower.startswith(names.CIM_PREFIX):
        namespace, class_name = asked or names.DEFAULT_CIM_NAMESPACE, uri[len(names.CIM_PREFIX) :]
    else:
        return None
    if not namespace or not class_name or "/" in class_name:
        return None
    return Target(namespace.replace("\\", "/"), class_name, uri, selectors or None)


@dataclass
class _Enumeration:
    items: list[str]
    position: int
    touched: float


class CimService:
    """The WMI plug-in of one host."""

    def __init__(
        self, provider: CimProvider, address: str, intercept: Callable[[str, str], dict[str, CimValue] | None], empty_output: Callable[[str, str], bool]
    ) -> None:
        """intercept(class, method): a faked result of Invoke that never reaches the provider; empty_output(class, method): leave the result out."""
        self._provider = provider
        self._address = address
        self._intercept = intercept
        self._empty_output = empty_output
        self._enumerations: dict[str, _Enumeration] = {}

    def reset(self) -> None:
        """Forget every open enumeration, as a restart does."""
        self._enumerations.clear()

    async def handle(self, request: Request, target: Target) -> bytes:
        """The answer to a request; CimFault for everything that Windows answers with a fault."""
        action = request.action
        if action == names.GET:
            return self._get(request, target)
        if action == names.ENUMERATE:
            return await self._enumerate(request, target)
        if action == names.PULL:
            return self._pull(request)
        if action == names.RELEASE:
            self._enumerations.pop(_context(request), None)
            return envelope("s a n w", names.RELEASE + "Response", request.message_id, "")
        if action in (names.PUT, names.CREATE, names.DELETE):
            return await self._write(request, target)
        return await self._invoke(request, target)

    def _get(self, request: Request, target: Target) -> bytes:
        obj = self._provider.get(target.namespace, target.class_name, target.keys or {})
        return _fitting(request, envelope("s a x w p", names.GET + "Response", request.message_id, values.instance(obj, target.uri)))

    async def _write(self, request: Request, target: Target) -> bytes:
        action, keys = request.action, target.keys or {}
        if action == names.DELETE:
            await self._provider.delete(target.namespace, target.class_name, keys)
            return envelope("s a x w p", names.DELETE + "Response", request.message_id, "")
        if request.body is None:
            raise bad_xml("The body lacks the instance.")
        properties = values.raw_children(request.body)
        if action == names.PUT:
            obj = await self._provider.put(target.namespace, target.class_name, keys, properties)
            return _fitting(request, envelope("s a x w p", names.PUT + "Response", request.message_id, values.instance(obj, target.uri)))
        obj = await self._provider.create(target.namespace, target.class_name, properties)
        created = f"<x:ResourceCreated>{values.reference(obj, self._address)}</x:ResourceCreated>"
        return envelope("s a x w p", names.CREATE + "Response", request.message_id, created)

    async def _invoke(self, request: Request, target: Target) -> bytes:
        uri, _slash, method = request.action.rpartition("/")
        if uri.lower() != target.uri.lower() or not method.isidentifier() or target.class_name == "*":
            raise faults.unsupported_action(request.action)
        arguments = values.raw_children(request.body)
        result = self._intercept(target.class_name, method)
        if result is None:
            call = self._provider.invoke(target.namespace, target.class_name, method, target.keys, arguments)
            try:
                result = await asyncio.wait_for(call, request.timeout)
            except asyncio.TimeoutError:
                raise faults.timed_out() from None
            if self._empty_output(target.class_name, method):
                result = {}
        return _fitting(request, envelope("s a w p", request.action + "Response", request.message_id, values.output(method, target.uri, result)))

    # -- enumerations ---------------------------------------------------------------------------------------------------------------------------------

    async def _enumerate(self, request: Request, target: Target) -> bytes:
        body = request.body
        if body is None or body.tag != f"{{{names.ENUMERATION}}}Enumerate":
            raise bad_xml("The body lacks n:Enumerate.")
        if _text(body, "EnumerationMode"):
            raise CimFault(2150858886, "w:UnsupportedFeature", "The WS-Management service does not support the enumeration mode.", detail="EnumerationMode")
        items = await self._items(target, body)
        now = time.monotonic()
        for name in [name for name, one in self._enumerations.items() if now - one.touched > CONTEXT_LIFE]:
            del self._enumerations[name]
        enumeration = _Enumeration(items, 0, now)
        page, done = [], False
        if _child(body, "OptimizeEnumeration") is not None:
            page = _page(request, enumeration, _number(_text(body, "MaxElements")))
            done = enumeration.position == len(items)
        context = "" if done else self._remember(enumeration)
        end = "<w:EndOfSequence/>" if done else ""
        inner = f"<w:Items>{''.join(page)}</w:Items>{end}" if _child(body, "OptimizeEnumeration") is not None else ""
        answer = f"<n:EnumerateResponse><n:EnumerationContext>{context}</n:EnumerationContext>{inner}</n:EnumerateResponse>"
        return envelope("s a n w", names.ENUMERATE + "Response", request.message_id, answer)

    async def _items(self, target: Target, body: Element) -> list[str]:
        filter_ = _child(body, "Filter")
        if filter_ is None:
            if target.class_name == "*":
                raise CimFault(2150858831, "n:FilteringRequired", "A filter is required for this resource URI.", detail="FilteringRequired")
            return [values.instance(one, target.uri_of(one.class_name)) for one in self._provider.enumerate(target.namespace, target.class_name)]
        if filter_.get("Dialect", "").lower() != names.WQL_DIALECT.lower():
            raise CimFault(2150858777, "n:FilterDialectRequestedUnavailable", "The filter dialect is not supported for this resource.")
        if target.class_name != "*":
            raise CimFault(2150859003, "a:DestinationUnreachable", "The resource URI of a WQL filter must not name a class.", detail="InvalidResourceURI")
        rows, projected = await self._provider.query(target.namespace, (filter_.text or "").strip())
        shape: Callable[[CimObject], str] = values.fragment if projected else lambda row: values.instance(row, target.uri_of(row.class_name))
        return [shape(row) for row in rows]

    def _remember(self, enumeration: _Enumeration) -> str:
        name = f"uuid:{new_id()}"
        self._enumerations[name] = enumeration
        return name

    def _pull(self, request: Request) -> bytes:
        body = request.body
        name = _context(request)
        enumeration = self._enumerations.get(name)
        if enumeration is None or body is None:
            raise CimFault(2150858779, "n:InvalidEnumerationContext", "The supplied enumeration context is invalid. ")
        enumeration.touched = time.monotonic()
        page = "".join(_page(request, enumeration, _number(_text(body, "MaxElements"))))
        if enumeration.position == len(enumeration.items):
            del self._enumerations[name]
            answer = f"<n:PullResponse><n:Items>{page}</n:Items><n:EndOfSequence/></n:PullResponse>"
        else:
            answer = f"<n:PullResponse><n:EnumerationContext>{name}</n:EnumerationContext><n:Items>{page}</n:Items></n:PullResponse>"
        return envelope("s a n w", names.PULL + "Response", request.message_id, answer)


def _child(body: Element, local: str) -> Element | None:
    return next((child for child in body if child.tag.rpartition("}")[2] == local), None)


def _text(body: Element, local: str) -> str:
    child = _child(body, local)
    return (child.text or "").strip() if child is not None else ""


def _number(text: str) -> int:
    """MaxElements; 1 when it is missing, as the recorded answers of Windows show."""
    return max(1, int(text)) if text.isdigit() else 1


def _context(request: Request) -> str:
    return _text(request.body, "EnumerationContext") if request.body is not None else ""


def _page(request: Request, enumeration: _Enumeration, limit: int) -> list[str]:
    """The next items, up to the limit and to what fits the envelope. Windows counts UTF-16: its recorded pages end at half of MaxEnvelopeSize in characters."""
    room = request.max_envelope // 2 - 2000
    page: list[str] = []
    while enumeration.position < len(enumeration.items) and len(page) < limit:
        item = enumeration.items[enumeration.position]
        if len(item) > room:
            if not page:
                raise faults.answer_too_large()
            break
        room -= len(item)
        page.append(item)
        enumeration.position += 1
    return page


def _fitting(request: Request, answer: bytes) -> bytes:
    if len(answer) > request.max_envelope:
        raise faults.answer_too_large()
    return answer
