# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CIM values: from the text of a request to Python and from Python to the answer."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.cim.facts import ClassFacts
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import CimObject, CimValue, Raw, invalid_parameter

RANGES = {
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    **{f"sint{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
}
_DMTF = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?")
#: Windows' longest interval; "infinite" of an address' lifetime.
FOREVER = "99999999235959.999999:000"


def dmtf(seconds: float) -> str:
    """A moment as CIM writes it, in UTC."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y%m%d%H%M%S.%f") + "+000"


def moment_of(text: str) -> float | None:
    """Seconds since 1970 of a date in either spelling; None when it is none."""
    found = _DMTF.fullmatch(text)
    if found:
        day, micro, sign, offset = found.groups()
        try:
            parsed = datetime.datetime.strptime(day + micro, "%Y%m%d%H%M%S%f").replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            return None
        return parsed.timestamp() - 60.0 * int(sign + offset)
    found = _ISO.fullmatch(text)
    if found:
        fraction = (found[7] or "0")[:6].ljust(6, "0")
        zone = "+00:00" if found[8] in (None, "Z") else found[8]
        try:
            return datetime.datetime.fromisoformat(f"{text[:19]}.{fraction}{zone}").timestamp()
        except ValueError:
            return None
    return None


def typed(name: str, kind: str, raw: Raw) -> Any:
    """A parameter's text in its type. Raises the fault of a parameter of the wrong type."""
    if kind.endswith("[]"):
        if raw is None:
            return None
        return [typed(name, kind[:-2], each) for each in (raw if isinstance(raw, list) else [raw])]
    if isinstance(raw, list):
        raise invalid_parameter(name)
    if raw is None:
        return None
    if kind in ("instance", "reference"):
        if not isinstance(raw, dict):
            raise invalid_parameter(name)
        return raw
    if not isinstance(raw, str):
        raise invalid_parameter(name)
    return _scalar(name, kind, raw)


def _scalar(name: str, kind: str, text: str) -> Any:
    if kind == "string":
        return text
    if kind == "boolean":
        found = {"true": True, "false": False, "1": True, "0": False}.get(text.strip().lower())
        if found is None:
            raise invalid_parameter(name)
        return found
    if kind == "datetime":
        if moment_of(text) is None and not re.fullmatch(r"\d{14}\.\d{6}:000|P.*", text):
            raise invalid_parameter(name)
        return text
    low, high = RANGES[kind]
    try:
        number = int(text.strip(), 10)
    except ValueError:
        raise invalid_parameter(name) from None
    if not low <= number <= high or "_" in text:
        raise invalid_parameter(name)
    return number


def value(kind: str, content: Any) -> CimValue:
    """A Python value in the wrapping that the endpoint sends."""
    if kind.endswith("[]"):
        return CimValue(kind[:-2], None if content is None else list(content), True)
    return CimValue(kind, content)


def instance(facts: ClassFacts, row: Mapping[str, Any]) -> CimObject:
    """Every property of the class; null where the row has nothing."""
    properties = {name: value(kind, row.get(name)) for name, kind in facts.properties.items()}
    return CimObject(facts.namespace, facts.name, properties, facts.keys)
