# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A Windows host over WinRM: implements ``_session.Session``."""

from __future__ import annotations

import functools
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.continuity.identity_failover.plugins.module_utils import _settings
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, Deadline, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionLost, NotFound, ProtocolError
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import winrm_connection, winrm_shell
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Instance, ShellResult, Value
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import cim, envelopes, faults, markup, wql as wire_wql

Keys = t.Mapping[str, Value]
T = t.TypeVar("T")
Build = t.Callable[[envelopes.Header, envelopes.Form], bytes]


class WinrmSession:
    """One host, one connection, one thread. Nothing is sent before the first call.

    ``requests`` counts the WS-Management messages sent; the steps of a logon are not in it.
    """

    def __init__(self, settings: _settings.ConnectionSettings, clock: Clock | None = None, connection: winrm_connection.Connection | None = None) -> None:
        self.name = settings.name
        self.settings = settings
        self.clock = clock or SystemClock()
        self.before_change: t.Callable[[], None] | None = None
        self._connection = connection or winrm_connection.Connection(settings, self.clock)
        self._shell = winrm_shell.Shell(self._ask, settings, self._connection.where)
        #: The URI form that a class was last answered in.
        self._forms: dict[tuple[str, str], envelopes.Form] = {}

    @property
    def requests(self) -> int:
        return self._connection.requests

    def identify(self, timeout: float) -> Instance:
        body = self._ask(lambda header: envelopes.identify(), Deadline(self.clock, timeout), "identify the service", repeatable=True)
        answer = markup.find(body, "IdentifyResponse")
        if answer is None:
            raise ProtocolError(f"{self._connection.where} did not identify itself; check that this port is WinRM's", host=self.name)
        return cim.decode(answer)

    def get(self, namespace: str, class_name: str, keys: Keys, timeout: float) -> Instance:
        resource = envelopes.Resource(namespace, class_name, keys)
        body = self._in_either_form(
            resource, lambda header, form: envelopes.get(header, resource, form), Deadline(self.clock, timeout), f"read {_label(resource)}", repeatable=True
        )
        return self._understood(lambda: cim.instance(body, class_name))

    def enumerate(self, namespace: str, class_name: str, timeout: float) -> list[Instance]:
        resource = envelopes.Resource(namespace, class_name)
        return self._all_pages(
            resource,
            lambda header, form: envelopes.enumerate_instances(header, resource, form),
            lambda form: (resource.uri(form), resource.selectors(form)),
            class_name,
            timeout,
        )

    def query(self, namespace: str, wql: str, timeout: float) -> list[Instance]:
        return self._all_pages(
            envelopes.Resource(namespace, "*"),
            lambda header, form: envelopes.query(header, namespace, wql, form),
            lambda form: (envelopes.query_uri(namespace), envelopes.query_selectors(namespace, form)),
            wire_wql.class_of(wql),
            timeout,
        )

    def invoke(
        self,
        namespace: str,
        class_name: str,
        method: str,
        arguments: t.Mapping[str, Value],
        timeout: float,
        *,
        keys: Keys | None = None,
        idempotent: bool = False,
    ) -> Instance:
        resource = envelopes.Resource(namespace, class_name, keys or {})
        body = self._in_either_form(
            resource,
            lambda header, form: envelopes.invoke(header, resource, method, arguments, form),
            Deadline(self.clock, timeout),
            f"call {class_name}.{method}",
            repeatable=idempotent,
        )
        return self._understood(lambda: cim.output(body, class_name, method))

    def put(self, namespace: str, class_name: str, keys: Keys, properties: t.Mapping[str, Value], timeout: float) -> Instance:
        """Sends the keys and the given properties; an empty answer means what was sent."""
        resource = envelopes.Resource(namespace, class_name, keys)
        whole = {**keys, **properties}
        body = self._in_either_form(
            resource,
            lambda header, form: envelopes.put(header, resource, whole, form),
            Deadline(self.clock, timeout),
            f"change {_label(resource)}",
            repeatable=False,
        )
        return self._understood(lambda: cim.instance(body, class_name)) if len(body) else dict(whole)

    def create(self, namespace: str, class_name: str, properties: t.Mapping[str, Value], timeout: float) -> Instance:
        """The new instance's keys, as far as the host names them, over what was sent."""
        resource = envelopes.Resource(namespace, class_name)
        body = self._in_either_form(
            resource,
            lambda header, form: envelopes.create(header, resource, properties, form),
            Deadline(self.clock, timeout),
            f"create {class_name}",
            repeatable=False,
        )
        created = markup.find(body, "ResourceCreated")
        reference: Value = None if created is None else self._understood(lambda: cim.decode_value(created, "ResourceCreated"))
        return {**properties, **(reference.keys if isinstance(reference, cim.Reference) else {})}

    def delete(self, namespace: str, class_name: str, keys: Keys, timeout: float) -> None:
        resource = envelopes.Resource(namespace, class_name, keys)
        self._in_either_form(
            resource,
            lambda header, form: envelopes.delete(header, resource, form),
            Deadline(self.clock, timeout),
            f"delete {_label(resource)}",
            repeatable=False,
        )

    def run(self, command: str, arguments: t.Sequence[str], stdin: bytes, timeout: float) -> ShellResult:
        """Through cmd.exe, which interprets its own special characters; a full path to an .exe starts without cmd.exe."""
        return self._shell.run(command, arguments, stdin, Deadline(self.clock, timeout))

    def close(self) -> None:
        self._shell.close(Deadline(self.clock, 2.0))
        self._connection.drop()

    def _ask(
        self, build: t.Callable[[envelopes.Header], bytes], deadline: Deadline, what: str, *, repeatable: bool, operation_timeout: float | None = None
    ) -> ET.Element:
        """One message: the answer's Body. Raises RemoteError for a fault, OperationTimedOut among them."""
        deadline.check(f"could not {what} on {self._connection.where}: it", self.name)
        left = deadline.remaining()
        header = envelopes.Header(self.settings.endpoint, left if operation_timeout is None else min(operation_timeout, left))
        try:
            answer = self._connection.post(build(header), deadline, what, repeatable=repeatable)
        except winrm_connection.HttpFailure as failure:
            return self._refused(failure, what)
        body = self._understood(lambda: markup.body(markup.parse(answer)))
        fault = faults.parse(body)
        if fault is not None:
            raise faults.error_of(fault, what, self._connection.where, self.name)
        return body

    def _refused(self, failure: winrm_connection.HttpFailure, what: str) -> t.NoReturn:
        """A SOAP fault, or an HTTP status that says it all."""
        where = self._connection.where
        fault = None
        if failure.body.lstrip()[:1] == b"<":
            try:
                fault = faults.parse(markup.body(markup.parse(failure.body)))
            except ProtocolError:
                fault = None
        if fault is not None:
            raise faults.error_of(fault, what, where, self.name) from failure
        if failure.status == 400 and failure.sealed:
            lost = f"{where} no longer knows the connection (HTTP 400) on which it should {what}; try again"
            raise ConnectionLost(lost, host=self.name, http_status=400) from failure
        hints = {
            404: "no WS-Management service answers there; check port and address",
            413: "the request is larger than the service takes; raise MaxEnvelopeSizekb there",
            500: "the service takes no message like this; use https, or message encryption",
            503: "the service is not available; look at the WinRM service there",
        }
        hint = hints.get(failure.status, "look at the WinRM service there, and at proxies on the way")
        raise ProtocolError(f"could not {what} on {where}: HTTP status {failure.status}; {hint}", host=self.name, http_status=failure.status) from failure

    def _understood(self, read: t.Callable[[], T]) -> T:
        try:
            return read()
        except ProtocolError as error:
            raise ProtocolError(f"{self._connection.where}: {error.message}", host=self.name, **error.details) from error

    def _in_either_form(self, resource: envelopes.Resource, build: Build, deadline: Deadline, what: str, *, repeatable: bool) -> ET.Element:
        if not repeatable and self.before_change is not None:
            self.before_change()
        return self._with_form(resource, build, deadline, what, repeatable=repeatable)[0]

    def _with_form(self, resource: envelopes.Resource, build: Build, deadline: Deadline, what: str, *, repeatable: bool) -> tuple[ET.Element, envelopes.Form]:
        """In Microsoft's URI form; where the host does not know the resource, and asking twice does no harm, in the DMTF's."""
        key = (resource.namespace.lower(), resource.class_name.lower())
        form = self._forms.get(key, envelopes.Form.WMI)
        try:
            return self._ask(lambda header: build(header, form), deadline, what, repeatable=repeatable), form
        except NotFound as error:
            if not repeatable or not error.details.get("no_such_resource") or key in self._forms:
                raise
            other = envelopes.Form.CIM
            try:
                body = self._ask(lambda header: build(header, other), deadline, what, repeatable=repeatable)
            except NotFound:
                raise error from None
            self._forms[key] = other
            return body, other

    def _all_pages(
        self,
        resource: envelopes.Resource,
        build: Build,
        address: t.Callable[[envelopes.Form], tuple[str, Keys]],
        class_name: str,
        timeout: float,
    ) -> list[Instance]:
        """Every item. When the connection is lost between pages the whole enumeration starts anew, once: the server's place in it is gone."""
        deadline = Deadline(self.clock, timeout)
        what = f"list {class_name or 'the query'}"

        def read() -> list[Instance]:
            body, form = self._with_form(resource, build, deadline, what, repeatable=True)
            page = self._understood(lambda: cim.page(body, class_name))
            items = list(page.items)
            uri, selectors = address(form)
            while page.context:
                body = self._ask(functools.partial(envelopes.pull, uri=uri, selectors=selectors, context=page.context), deadline, what, repeatable=False)
                page = self._understood(functools.partial(cim.page, body, class_name))
                items += page.items
            return items

        try:
            return read()
        except ConnectionLost:
            return read()


def _label(resource: envelopes.Resource) -> str:
    keys = ", ".join(f"{name}={cim.scalar(value)}" for name, value in resource.keys.items())
    return f"{resource.class_name}{f' ({keys})' if keys else ''}"
