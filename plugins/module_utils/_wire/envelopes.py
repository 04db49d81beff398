# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Every request that we send, as bytes.

One ``Resource`` describes a class, instance or method in both URI forms that Windows takes: Microsoft's
(``…/wbem/wsman/1/wmi/<namespace>/<Class>``) and the DMTF's (``…/cim-schema/2/<Class>`` with the selector ``__cimnamespace``).
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import typing as t
import uuid

from ansible_collections.continuity.identity_failover.plugins.module_utils._wire import cim, markup

WQL_DIALECT = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
COMMAND_SHELL = markup.SHELL + "/cmd"
#: Items in one answer; the host also ends an answer at MaxEnvelopeSize.
MAX_ELEMENTS = 32000
#: Bytes of an answer that we accept; the service's own default limit is 500 KiB.
MAX_ENVELOPE_SIZE = 512000

Values = t.Mapping[str, t.Any]


class Form(enum.Enum):
    WMI = "wmi"
    CIM = "cim"


@dataclasses.dataclass(frozen=True)
class Header:
    """What every request carries. ``timeout`` is OperationTimeout in seconds; the host answers with a fault when it has passed."""

    to: str
    timeout: float = 20.0
    message_id: str = dataclasses.field(default_factory=lambda: "uuid:" + str(uuid.uuid4()))


@dataclasses.dataclass(frozen=True)
class Resource:
    """A class (no keys) or one of its instances."""

    namespace: str
    class_name: str
    keys: Values = dataclasses.field(default_factory=dict)

    def uri(self, form: Form) -> str:
        name = cim.check_name(self.class_name)
        return cim.wmi_uri(self.namespace, name) if form is Form.WMI else cim.cim_uri(name)

    def selectors(self, form: Form) -> Values:
        return dict(self.keys) if form is Form.WMI else {cim.CIM_NAMESPACE: self.namespace, **self.keys}


def envelope(header: Header, action: str, uri: str, body: str = "", selectors: Values | None = None, options: Values | None = None) -> bytes:
    """The whole message. ``body`` is markup already; everything else is escaped here."""
    option_set = "".join(f'<w:Option Name="{markup.escape(name)}">{markup.escape(cim.scalar(value))}</w:Option>' for name, value in (options or {}).items())
    if option_set:
        option_set = f'<w:OptionSet s:mustUnderstand="true">{option_set}</w:OptionSet>'
    message = (
        f'<s:Envelope xmlns:s="{markup.SOAP}" xmlns:a="{markup.ADDRESSING}" xmlns:w="{markup.WSMAN}" xmlns:p="{markup.MICROSOFT_WSMAN}"><s:Header>'
        f"<a:To>{markup.escape(header.to)}</a:To>"
        f'<w:ResourceURI s:mustUnderstand="true">{markup.escape(uri)}</w:ResourceURI>'
        f'<a:ReplyTo><a:Address s:mustUnderstand="true">{markup.ANONYMOUS}</a:Address></a:ReplyTo>'
        f'<a:Action s:mustUnderstand="true">{markup.escape(action)}</a:Action>'
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{MAX_ENVELOPE_SIZE}</w:MaxEnvelopeSize>'
        f"<a:MessageID>{markup.escape(header.message_id)}</a:MessageID>"
        f'<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>'
        f"<w:OperationTimeout>{duration(header.timeout)}</w:OperationTimeout>"
        f"{option_set}{cim.selector_set(selectors or {})}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
    return message.encode("utf-8")


def duration(seconds: float) -> str:
    """xs:duration with milliseconds."""
    return f"PT{max(0.001, seconds):.3f}S"


def identify() -> bytes:
    """Asks what answers here; needs no class and no OperationTimeout."""
    return f'<s:Envelope xmlns:s="{markup.SOAP}" xmlns:i="{markup.IDENTITY}"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>'.encode("ascii")


def get(header: Header, resource: Resource, form: Form = Form.WMI) -> bytes:
    return envelope(header, markup.TRANSFER + "/Get", resource.uri(form), selectors=resource.selectors(form))


def delete(header: Header, resource: Resource, form: Form = Form.WMI) -> bytes:
    return envelope(header, markup.TRANSFER + "/Delete", resource.uri(form), selectors=resource.selectors(form))


def put(header: Header, resource: Resource, properties: Values, form: Form = Form.WMI) -> bytes:
    return envelope(header, markup.TRANSFER + "/Put", resource.uri(form), _instance(resource, properties, form), resource.selectors(form))


def create(header: Header, resource: Resource, properties: Values, form: Form = Form.WMI) -> bytes:
    return envelope(header, markup.TRANSFER + "/Create", resource.uri(form), _instance(resource, properties, form), resource.selectors(form))


def _instance(resource: Resource, properties: Values, form: Form) -> str:
    name = resource.class_name
    return f'<p:{name} xmlns:p="{markup.escape(resource.uri(form))}">{cim.elements(properties)}</p:{name}>'


def invoke(header: Header, resource: Resource, method: str, arguments: Values, form: Form = Form.WMI) -> bytes:
    """Without arguments the DMTF form has an empty body, as Microsoft's MI client sends it; the other has an empty ``_INPUT``."""
    uri = resource.uri(form)
    name = cim.check_name(method) + "_INPUT"
    body = f'<p:{name} xmlns:p="{markup.escape(uri)}">{cim.elements(arguments)}</p:{name}>' if arguments or form is Form.WMI else ""
    return envelope(header, f"{uri}/{method}", uri, body, resource.selectors(form))


def enumerate_instances(header: Header, resource: Resource, form: Form = Form.WMI, max_elements: int = MAX_ELEMENTS) -> bytes:
    """The first items ride on the answer (OptimizeEnumeration), so that small classes need one request."""
    return envelope(header, markup.ENUMERATION + "/Enumerate", resource.uri(form), _enumerate("", max_elements), resource.selectors(form))


def query(header: Header, namespace: str, wql: str, form: Form = Form.WMI, max_elements: int = MAX_ELEMENTS) -> bytes:
    """WQL goes to ``<namespace>/*`` in either form; the DMTF form names the namespace in the selector too."""
    body = _enumerate(f'<w:Filter Dialect="{WQL_DIALECT}">{markup.escape(wql)}</w:Filter>', max_elements)
    return envelope(header, markup.ENUMERATION + "/Enumerate", query_uri(namespace), body, query_selectors(namespace, form))


def query_uri(namespace: str) -> str:
    return cim.wmi_uri(namespace, "*")


def query_selectors(namespace: str, form: Form) -> Values:
    return {} if form is Form.WMI else {cim.CIM_NAMESPACE: namespace}


def _enumerate(filter_markup: str, max_elements: int) -> str:
    return f'<n:Enumerate xmlns:n="{markup.ENUMERATION}"><w:OptimizeEnumeration/><w:MaxElements>{max_elements:d}</w:MaxElements>{filter_markup}</n:Enumerate>'


def pull(header: Header, uri: str, selectors: Values, context: str, max_elements: int = MAX_ELEMENTS) -> bytes:
    body = f'<n:Pull xmlns:n="{markup.ENUMERATION}">{_context(context)}<n:MaxElements>{max_elements:d}</n:MaxElements></n:Pull>'
    return envelope(header, markup.ENUMERATION + "/Pull", uri, body, selectors)


def release(header: Header, uri: str, selectors: Values, context: str) -> bytes:
    return envelope(header, markup.ENUMERATION + "/Release", uri, f'<n:Release xmlns:n="{markup.ENUMERATION}">{_context(context)}</n:Release>', selectors)


def _context(context: str) -> str:
    return f"<n:EnumerationContext>{markup.escape(context)}</n:EnumerationContext>"


def create_shell(header: Header, options: Values | None = None) -> bytes:
    """``options`` as Windows names them: WINRS_CODEPAGE, WINRS_NOPROFILE."""
    body = f'<rsp:Shell xmlns:rsp="{markup.SHELL}"><rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>'
    return envelope(header, markup.TRANSFER + "/Create", COMMAND_SHELL, body, options=options)


def command(header: Header, shell_id: str, program: str, arguments: t.Sequence[str], options: Values | None = None) -> bytes:
    given = "".join(f"<rsp:Arguments>{markup.escape(argument)}</rsp:Arguments>" for argument in arguments)
    body = f'<rsp:CommandLine xmlns:rsp="{markup.SHELL}"><rsp:Command>{markup.escape(program)}</rsp:Command>{given}</rsp:CommandLine>'
    return envelope(header, markup.SHELL + "/Command", COMMAND_SHELL, body, {"ShellId": shell_id}, options)


def send(header: Header, shell_id: str, command_id: str, data: bytes, end: bool) -> bytes:
    encoded, last = base64.b64encode(data).decode("ascii"), cim.scalar(end)
    stream = f'<rsp:Stream Name="stdin" CommandId="{markup.escape(command_id)}" End="{last}">{encoded}</rsp:Stream>'
    return envelope(header, markup.SHELL + "/Send", COMMAND_SHELL, f'<rsp:Send xmlns:rsp="{markup.SHELL}">{stream}</rsp:Send>', {"ShellId": shell_id})


def receive(header: Header, shell_id: str, command_id: str) -> bytes:
    """The option lets the host answer with the time-out fault, and so keeps the connection alive while a program is silent."""
    stream = f'<rsp:DesiredStream CommandId="{markup.escape(command_id)}">stdout stderr</rsp:DesiredStream>'
    body = f'<rsp:Receive xmlns:rsp="{markup.SHELL}">{stream}</rsp:Receive>'
    return envelope(header, markup.SHELL + "/Receive", COMMAND_SHELL, body, {"ShellId": shell_id}, {"WSMAN_CMDSHELL_OPTION_KEEPALIVE": True})


def signal(header: Header, shell_id: str, command_id: str, code: str = "ctrl_c") -> bytes:
    """``terminate`` gives the command's slot back, ``ctrl_c`` asks the program to stop."""
    inner = f"<rsp:Code>{markup.SHELL}/signal/{markup.escape(code)}</rsp:Code>"
    body = f'<rsp:Signal xmlns:rsp="{markup.SHELL}" CommandId="{markup.escape(command_id)}">{inner}</rsp:Signal>'
    return envelope(header, markup.SHELL + "/Signal", COMMAND_SHELL, body, {"ShellId": shell_id})


def delete_shell(header: Header, shell_id: str) -> bytes:
    return envelope(header, markup.TRANSFER + "/Delete", COMMAND_SHELL, selectors={"ShellId": shell_id})
