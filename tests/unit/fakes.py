# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host made of dictionaries, for unit tests of everything above the transport.

    session = FakeSession("exch2", instances={("root/cimv2", "Win32_Service"): [{"Name": "Spooler", "State": "Running"}]})
    session.methods[("Win32_Service", "StopService")] = lambda session, keys, args: {"ReturnValue": 0}
    session.scripts = lambda script, data: {"found": True}        # what run_script's script returns
    session.failures["invoke"] = AccessDenied("…")                 # the next such call raises, once
    session.calls                                                  # [("invoke", "root/cimv2", "Win32_Service", "StopService", {...}, {...}), …]

Names of namespaces, classes, properties and keys are matched without case, as a host does. Time is a FakeClock's.
"""

from __future__ import annotations

import base64
import copy
import datetime
import json
import re
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, NotFound
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Instance, ShellResult, Value

Keys = t.Mapping[str, Value]
Method = t.Callable[["FakeSession", Keys, t.Mapping[str, Value]], Instance]
Program = t.Callable[[str, t.Sequence[str], bytes], ShellResult]
Script = t.Callable[[str, t.Any], t.Any]


class FakeClock(Clock):
    """Time that moves only when somebody sleeps or ``advance`` is called."""

    def __init__(self, start: datetime.datetime = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.timezone.utc)) -> None:
        self.start = start
        self.elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime.datetime:
        return self.start + datetime.timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.elapsed += seconds


class ScriptError(Exception):
    """Raised by a ``scripts`` handler: the script ends with this error record."""

    def __init__(self, message: str, *, id: str = "", hresult: int = 0, category: str = "NotSpecified") -> None:
        super().__init__(message)
        self.record = {"message": message, "id": id, "hresult": hresult, "category": category, "line": 1}


def _lower(keys: Keys) -> dict[str, Value]:
    return {name.lower(): value.lower() if isinstance(value, str) else value for name, value in keys.items()}


def matches(instance: Instance, keys: Keys) -> bool:
    have = _lower(instance)
    return all(have.get(name) == value for name, value in _lower(keys).items())


class FakeSession:
    """Implements Session over a model that the test owns and may look into."""

    def __init__(
        self,
        name: str = "host",
        instances: dict[tuple[str, str], list[Instance]] | None = None,
        methods: dict[tuple[str, str], Method] | None = None,
        scripts: Script | None = None,
        programs: Program | None = None,
    ) -> None:
        self.name = name
        self.before_change: t.Callable[[], None] | None = None
        self.instances = instances if instances is not None else {}
        self.methods = methods if methods is not None else {}
        self.scripts = scripts
        self.programs = programs
        self.failures: dict[str, FailoverError] = {}
        self.calls: list[tuple[t.Any, ...]] = []
        self.timeouts: list[float] = []
        self.closed = False

    def calls_of(self, kind: str) -> list[tuple[t.Any, ...]]:
        return [call for call in self.calls if call[0] == kind]

    def _record(self, timeout: float, *call: t.Any) -> None:
        if call[0] in ("invoke", "put", "create", "delete") and self.before_change is not None:
            self.before_change()
        self.calls.append(copy.deepcopy(call))
        self.timeouts.append(timeout)
        failure = self.failures.pop(call[0], None)
        if failure is not None:
            raise failure

    def _class(self, namespace: str, class_name: str) -> list[Instance]:
        for (known_namespace, known_class), found in self.instances.items():
            if known_namespace.lower() == namespace.lower() and known_class.lower() == class_name.lower():
                return found
        raise NotFound(f"{self.name} has no class {class_name} in {namespace}", host=self.name, wsman_code=2150858752)

    def _one(self, namespace: str, class_name: str, keys: Keys) -> Instance:
        for instance in self._class(namespace, class_name):
            if matches(instance, keys):
                return instance
        raise NotFound(f"{self.name} has no {class_name} {dict(keys)}", host=self.name, wsman_code=2150858752)

    def identify(self, timeout: float) -> Instance:
        self._record(timeout, "identify")
        version = "OS: 0.0.0 SP: 0.0 Stack: 3.0"
        return {"ProtocolVersion": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd", "ProductVendor": "Microsoft Corporation", "ProductVersion": version}

    def get(self, namespace: str, class_name: str, keys: Keys, timeout: float) -> Instance:
        self._record(timeout, "get", namespace, class_name, dict(keys))
        return copy.deepcopy(self._one(namespace, class_name, keys))

    def enumerate(self, namespace: str, class_name: str, timeout: float) -> list[Instance]:
        self._record(timeout, "enumerate", namespace, class_name)
        return copy.deepcopy(self._class(namespace, class_name))

    def query(self, namespace: str, wql: str, timeout: float) -> list[Instance]:
        self._record(timeout, "query", namespace, wql)
        return select_from(lambda class_name: self._class(namespace, class_name), wql)

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
        self._record(timeout, "invoke", namespace, class_name, method, dict(arguments), dict(keys or {}))
        for (known_class, known_method), function in self.methods.items():
            if known_class.lower() == class_name.lower() and known_method.lower() == method.lower():
                return {"ReturnValue": 0, **function(self, keys or {}, arguments)}
        raise NotFound(f"{self.name} has no method {class_name}.{method}", host=self.name, wsman_code=2150858753)

    def put(self, namespace: str, class_name: str, keys: Keys, properties: t.Mapping[str, Value], timeout: float) -> Instance:
        self._record(timeout, "put", namespace, class_name, dict(keys), dict(properties))
        instance = self._one(namespace, class_name, keys)
        spelt = {name.lower(): name for name in instance}
        instance.update({spelt.get(name.lower(), name): value for name, value in properties.items()})
        return copy.deepcopy(instance)

    def create(self, namespace: str, class_name: str, properties: t.Mapping[str, Value], timeout: float) -> Instance:
        self._record(timeout, "create", namespace, class_name, dict(properties))
        self._class(namespace, class_name).append(dict(properties))
        return dict(properties)

    def delete(self, namespace: str, class_name: str, keys: Keys, timeout: float) -> None:
        self._record(timeout, "delete", namespace, class_name, dict(keys))
        self._class(namespace, class_name).remove(self._one(namespace, class_name, keys))

    def run(self, command: str, arguments: t.Sequence[str], stdin: bytes, timeout: float) -> ShellResult:
        """A script of ours goes to ``scripts``, anything else to ``programs``."""
        self._record(timeout, "run", command, list(arguments), stdin)
        if self.scripts is not None and stdin:
            return _run_script(self.scripts, stdin)
        if self.programs is not None:
            return self.programs(command, arguments, stdin)
        raise AssertionError(f"the test gave no answer for {command} {list(arguments)}")

    def close(self) -> None:
        self.closed = True


def _run_script(scripts: Script, stdin: bytes) -> ShellResult:
    """Plays the bootstrap of ``_powershell/bootstrap.py``: one marked JSON line back."""
    sent = json.loads(base64.b64decode(stdin).decode("utf-8"))
    try:
        answer = {"ok": True, "value": scripts(sent["script"], sent["data"]), "language_mode": "FullLanguage"}
    except ScriptError as error:
        answer = {"ok": False, "error": error.record, "language_mode": "FullLanguage"}
    return ShellResult(0, ("continuity:" + json.dumps(answer) + "\r\n").encode("ascii"), "")


_SELECT = re.compile(r"\s*SELECT\s+(?P<what>.+?)\s+FROM\s+(?P<class>\w+)(?:\s+WHERE\s+(?P<where>.+?))?\s*$", re.IGNORECASE | re.DOTALL)
_TERM = re.compile(
    r"(?P<name>\w+)\s*(?P<sign>=|<>|!=|\bLIKE\b|\bIS\b|>=|<=|>|<)\s*(?P<value>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|-?\d+|TRUE|FALSE|NULL)", re.IGNORECASE
)


def select_from(instances_of: t.Callable[[str], list[Instance]], wql: str) -> list[Instance]:
    """The WQL that this collection writes: SELECT … FROM class [WHERE a = x AND/OR b = y], one kind of joint."""
    found = _SELECT.match(wql)
    if found is None:
        raise InvalidInput(f"not a query: {wql}")
    chosen = instances_of(found["class"])
    if found["where"]:
        joint = any if re.search(r"\sOR\s", found["where"], re.IGNORECASE) else all
        terms = [(term["name"], term["sign"].upper(), _value(term["value"])) for term in _TERM.finditer(found["where"])]
        chosen = [instance for instance in chosen if joint(_holds(instance, *term) for term in terms)]
    if found["what"].strip() == "*":
        return copy.deepcopy(chosen)
    names = [name.strip().lower() for name in found["what"].split(",")]
    return [{name: copy.deepcopy(value) for name, value in instance.items() if name.lower() in names} for instance in chosen]


def _value(text: str) -> Value:
    if text[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    words: dict[str, Value] = {"TRUE": True, "FALSE": False, "NULL": None}
    return words[text.upper()] if text.upper() in words else int(text)


def _holds(instance: Instance, name: str, sign: str, value: Value) -> bool:
    have = {known.lower(): known_value for known, known_value in instance.items()}.get(name.lower())
    if isinstance(have, str) and isinstance(value, str):
        have, value = have.lower(), value.lower()
    if sign in ("=", "IS"):
        return bool(have == value)
    if sign in ("<>", "!="):
        return bool(have != value)
    if sign == "LIKE":
        return re.fullmatch(re.escape(str(value)).replace("%", ".*").replace("_", "."), str(have), re.DOTALL) is not None
    return bool({">": have > value, "<": have < value, ">=": have >= value, "<=": have <= value}[sign])


class KeptLease:
    """A lease that nobody takes."""

    def still_ours(self) -> None:
        """It is."""

    def beat(self) -> None:
        """It stays so."""


class FakeHosts:
    """Implements Hosts over FakeSessions: FakeHosts(target=…, named=[…])."""

    def __init__(self, target: FakeSession | None = None, named: t.Iterable[FakeSession] = (), settings: t.Mapping[str, t.Any] | None = None) -> None:
        self._target = target
        self._named = {session.name: session for session in named}
        self._settings = dict(settings or {})
        self.closed = False

    def target(self) -> FakeSession:
        if self._target is None:
            raise InvalidInput("this task has no target host")
        return self._target

    def named(self, name: str) -> FakeSession:
        if name not in self._named:
            raise InvalidInput(f"no host {name}")
        return self._named[name]

    def names(self) -> list[str]:
        return list(self._named)

    def settings(self, name: str) -> t.Any:
        return self._settings[name]

    def close(self) -> None:
        self.closed = True
