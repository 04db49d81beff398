# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's endpoint (tests/lab/wsman, daemon, network) and its model (tests/lab/model) ask of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

JSON = Any
LOGON = "LAB_LOGON"
"""In a process's environment: the account that WinRM logged on, by its own name."""
Raw = Any
"""An argument as it stands in the SOAP body: str | None (xsi:nil) | list[Raw] (a repeated element) | dict[str, Raw] (an embedded instance)."""


class CimFault(Exception):
    """A WS-Management fault that a provider asks the endpoint to send.

    code: WSManFault code (design: the table of faults), 0 = none; subcode: "a:DestinationUnreachable", "w:InvalidSelectors", ... with Windows' prefix;
    cim_status: a number makes the answer a MSFT_WmiError detail with this CIMStatusCode (1 failed, 2 access denied, 4 invalid parameter, 5 invalid class,
    6 not found, 11 already exists, 16 method unavailable, 17 method not found); message: the localised sentence; detail: the last part of w:FaultDetail.
    """

    def __init__(self, code: int, subcode: str, message: str = "", *, cim_status: int | None = None, detail: str = "", error_code: int = 0) -> None:
        super().__init__(message or f"WSManFault {code}")
        self.code = code
        self.subcode = subcode
        self.cim_status = cim_status
        self.message = message
        self.detail = detail
        self.error_code = error_code
        """MSFT_WmiError's error_Code (0x8004....), used only with cim_status."""


def class_not_found(name: str) -> CimFault:
    """Windows has no such class or namespace."""
    return CimFault(2150858752, "a:DestinationUnreachable", f"The service cannot process the request: no class {name}.", detail="InvalidResourceURI")


def instance_not_found(name: str) -> CimFault:
    """The selectors name no instance."""
    return CimFault(2150858752, "a:DestinationUnreachable", f"The service cannot process the request: no instance {name}.", detail="InvalidResourceURI")


def method_not_found(name: str) -> CimFault:
    """The class has no such method."""
    return CimFault(2150858753, "a:ActionNotSupported", f"The WS-Management service cannot process the request: no method {name}.", detail="InvalidAction")


def selectors_missing(name: str) -> CimFault:
    """A key property has no selector."""
    return CimFault(2150858842, "w:InvalidSelectors", f"The request lacks the selector {name}.", detail="InsufficientSelectors")


def selectors_unexpected(name: str) -> CimFault:
    """A selector names no key property."""
    return CimFault(2150858843, "w:InvalidSelectors", f"The request has an unexpected selector {name}.", detail="UnexpectedSelectors")


def bad_query(text: str) -> CimFault:
    """WQL that cannot be parsed, or names an unknown class or property."""
    return CimFault(2150858778, "n:CannotProcessFilter", f"The WS-Management service cannot process the filter: {text}.")


def invalid_parameter(name: str) -> CimFault:
    """An argument's name is unknown, its type is wrong, or a required one is missing (WBEM_E_INVALID_PARAMETER)."""
    return CimFault(0, "w:InternalError", f"Invalid parameter {name}.", cim_status=4, error_code=2147749896)


def access_denied(what: str) -> CimFault:
    """The user may not do that."""
    return CimFault(5, "w:AccessDenied", f"Access is denied: {what}.")


@dataclass
class CimValue:
    """One property or out parameter.

    type: a CIM type's name ("string", "boolean", "uint32", "datetime", "reference", "instance", ...), without brackets; array: value is a list (or None).
    value: None = null; bool for boolean; int for integers; str for string and for datetime ("20260131120000.000000+000" or "2026-01-31T12:00:00Z";
    it is sent as cim:Datetime in the second form; an interval "00000001020304.000000:000" is sent as cim:Interval);
    CimObject for instance and reference.
    """

    type: str
    value: Any
    array: bool = False


@dataclass
class CimObject:
    """One instance. keys: the names of its key properties, in the class' order."""

    namespace: str
    class_name: str
    properties: dict[str, CimValue]
    keys: tuple[str, ...] = ()


class CimProvider(Protocol):
    """The classes of one host. get and enumerate are plain; query, invoke, put, create and delete are coroutines (they wait until the effect is really there).

    Names are compared without regard to letter case; answers use the class' own spelling.
    """

    def get(self, ns: str, class_name: str, keys: Mapping[str, str]) -> CimObject:
        pass

    def enumerate(self, ns: str, class_name: str) -> list[CimObject]:
        pass

    async def query(self, ns: str, wql: str) -> tuple[list[CimObject], bool]:
        """Awaited, because Win32_PingStatus asks DNS and the network. The rows, and whether the query named its columns (answered as w:XmlFragment then)."""

    async def invoke(self, ns: str, class_name: str, method: str, keys: Mapping[str, str] | None, arguments: Mapping[str, Raw]) -> dict[str, CimValue]:
        """keys is None for a call without selectors. Checks names and types against the class' facts. Returns the out parameters, ReturnValue too."""

    async def put(self, ns: str, class_name: str, keys: Mapping[str, str], properties: Mapping[str, Raw]) -> CimObject:
        pass

    async def create(self, ns: str, class_name: str, properties: Mapping[str, Raw]) -> CimObject:
        pass

    async def delete(self, ns: str, class_name: str, keys: Mapping[str, str]) -> None:
        pass


class Process(Protocol):
    """One started program. communicate is called once: at once with b"" when wants_stdin is false, else when the client has sent the end of stdin."""

    wants_stdin: bool
    """The program reads its standard input (powershell -Command -, an encoded command that reads $input or [Console]::In). Nothing runs before its end came."""

    async def communicate(self, stdin: bytes) -> tuple[bytes, bytes, int]:
        """stdout, stderr, exit code (0..2**32-1)."""

    def terminate(self) -> None:
        """End it now; communicate then returns soon."""


class HostModel(Protocol):
    """One Windows host."""

    @property
    def name(self) -> str:
        """inventory name, "exch1"."""

    @property
    def computer_name(self) -> str:
        """NetBIOS name, "EXCH1"."""

    @property
    def uuid(self) -> str:
        pass

    @property
    def powered(self) -> bool:
        pass

    @property
    def management_address(self) -> str:
        """127.x.y.z; the endpoint listens there on 5986 and 5985."""

    @property
    def user(self) -> str:
        pass

    @property
    def password(self) -> str:
        pass

    @property
    def users(self) -> Mapping[str, str]:
        """Every local account that may log on over WinRM, name → password; holds `user`."""

    @property
    def cim(self) -> CimProvider:
        pass

    def start_process(self, command: str, arguments: Sequence[str], environment: Mapping[str, str], *, skip_cmd_shell: bool = False) -> Process:
        """arguments as they came: pywinrm and Ansible send all of them as one text in one element, so join with the command and split as Windows does.

        Raises FileNotFoundError when there is no such program (only with skip_cmd_shell; else cmd's own sentence and exit code 1 come from communicate).
        """

    @property
    def addresses(self) -> tuple[str, ...]:
        """What the host owns now beside its management address (application addresses)."""


class Estate(Protocol):
    """All hosts; made by tests/lab/model/estate.py: load_estate(source, *, clients, seed, network, trace, drop=0.0, lag=None) -> Estate."""

    @property
    def hosts(self) -> Mapping[str, HostModel]:
        pass

    async def start(self) -> None:
        """DNS servers, application listeners (through network), timers."""

    async def stop(self) -> None:
        pass

    async def control(self, verb: str, arguments: Mapping[str, JSON]) -> JSON:
        """Verbs of the model: kill, return, state, ask, ... {"host": ...}. Raises LabError with one sentence when refused."""

    def description(self) -> dict[str, JSON]:
        """The model's part of lab.json: {"dns": ..., "application_port": n, "clients": [...], "clients_dns": ..., "groups": {group: [host, ...]},
        "hosts": {name: {"addresses": [...], ...}}}. The endpoint adds management, user, password, uuid, computer_name, ca, control."""


class LabError(Exception):
    """One sentence for the person at the command line."""


@dataclass
class ServedConnection:
    """What an application listener's handler is told."""

    host: str
    address: str
    port: int
    peer: str
    extra: dict[str, JSON] = field(default_factory=dict)


class Handler(Protocol):
    """Serves one TCP connection; reader and writer are asyncio's; the network closes the writer afterwards."""

    async def __call__(self, reader: Any, writer: Any, connection: ServedConnection) -> None:
        pass


class Network(Protocol):
    """Owns every TCP listener of the lab, and the cuts."""

    octet: int
    """The lab's own second octet: all addresses are 127.<octet>.y.z."""

    def address(self, y: int, z: int) -> str:
        """127.<octet>.<y>.<z>."""

    async def listen(self, host: str, address: str, port: int, handler: Handler) -> None:
        """Serve address:port for a host. LabError when somebody else in the lab already owns it (a duplicate address)."""

    async def close(self, host: str, address: str | None = None, port: int | None = None) -> None:
        """Close the host's listeners (all, or those of an address, or one) and reset their connections."""

    def owner(self, address: str) -> str | None:
        """The host that serves something on this address, None = nobody."""

    async def power(self, host: str, on: bool) -> None:
        """Off: the host's management endpoint and every other listener close at once. On: the management endpoint opens again (the model opens its own)."""

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """No traffic from a to b (and back unless one_way). Places: host names, "controller", DNS servers' names."""

    def join(self, a: str, b: str) -> None:
        pass

    def reachable(self, a: str, b: str) -> bool:
        """Does what a sends arrive at b now? One direction; looks at cuts and power, not at listeners."""

    async def connect(self, place: str, address: str, port: int, *, timeout: float = 5.0) -> tuple[Any, Any]:
        """A TCP connection as `place` makes it (asyncio's reader, writer). TimeoutError when cut or powered off, ConnectionRefusedError when nobody listens."""

    def powered(self, host: str) -> bool:
        """False after power(host, False); names that are no hosts are always powered."""

    def register_place(self, name: str, address: str) -> None:
        """The source address that a place's own connections come from (connect binds it where it is given)."""

    def place_of(self, peer: str) -> str:
        """Who connects from this address; "controller" for 127.0.0.1 and everything unknown."""


class Trace(Protocol):
    def add(self, kind: str, host: str, **data: JSON) -> int:
        """One numbered record; returns its number. Kinds: "wsman", "process", "dns", "effect", "connect", "fault", "control". Never give it a secret."""
