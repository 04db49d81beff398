# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The shape of a definition: unknown and missing keys, types, choices and ranges; and the definition with its defaults.

Values are taken as Ansible takes them: a number may be written as text, one string may stand for a list of strings
(parts separated by commas), ``yes`` and ``no`` are booleans.
"""

from __future__ import annotations

import difflib
import math
import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_option import Option
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_names import canonical_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_types import canonical_type
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

_TRUE = ("true", "yes", "on", "y", "t", "1")
_FALSE = ("false", "no", "off", "n", "f", "0")
_ARTICLES = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a dictionary",
    "raw": "the word skip or a dictionary",
}


def suggestion(word: t.Any, known: t.Iterable[str]) -> str:
    """``; did you mean x?`` where one of ``known`` is close, else what there is to choose from."""
    names = sorted(str(name) for name in known)
    close = difflib.get_close_matches(str(word).lower(), [name.lower() for name in names], n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{next(name for name in names if name.lower() == close[0])}'?"
    if not names:
        return "; there is none"
    shown = ", ".join(names[:20])
    return f"; there {'is' if len(names) == 1 else 'are'}: {shown}{', …' if len(names) > 20 else ''}"


def kind_of(value: t.Any) -> str:
    """What a value is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the string '{value}'" if value.strip() else "an empty string"
    if isinstance(value, t.Mapping):
        return "a dictionary"
    return "a list" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"


def shape_problems(options: t.Mapping[str, Option], value: t.Any, path: str) -> list[str]:
    """One sentence for each thing that does not fit, each with the whole path of its key."""
    if not isinstance(value, t.Mapping):
        return [f"{path} must be a dictionary, not {kind_of(value)}"]
    found = [f"{path}.{key} is no key of a definition{suggestion(key, options)}" for key in value if key not in options]
    for key, option in options.items():
        given = value.get(key)
        if given is not None:
            found += _value_problems(option, given, f"{path}.{key}")
        elif option.required:
            found.append(f"{path}.{key} is missing: {_first_sentence(option.description)}")
    return found


def _value_problems(option: Option, value: t.Any, path: str) -> list[str]:
    if option.skippable and value == "skip":
        return []
    if option.type == "list":
        return _list_problems(option, value, path)
    if option.type in ("dict", "raw"):
        return _dict_problems(option, value, path)
    converted = convert(option, value)
    if converted is None:
        return [f"{path} must be {_ARTICLES[option.type]}, not {kind_of(value)}"]
    if option.choices and converted not in option.choices:
        return [f"{path} must be one of {', '.join(str(choice) for choice in option.choices)}, not {kind_of(value)}"]
    if option.type == "str" and option.names != "text" and not str(converted).strip():
        return [f"{path} must not be empty"]
    return _range_problems(option, converted, path)


def _range_problems(option: Option, value: t.Any, path: str) -> list[str]:
    low, high = option.minimum, option.maximum
    if (low is None or value >= low) and (high is None or value <= high):
        return []
    bounds = " and ".join(([f"at least {low:.12g}"] if low is not None else []) + ([f"at most {high:.12g}"] if high is not None else []))
    return [f"{path} must be {bounds}, not {value}"]


def _list_problems(option: Option, value: t.Any, path: str) -> list[str]:
    of_dicts = option.elements == "dict"
    if not isinstance(value, (list, tuple)) and (of_dicts or not isinstance(value, str)):
        what = "a list of dictionaries" if of_dicts else "a list"
        return [f"{path} must be {what}, not {kind_of(value)}"]
    members = as_list(value)
    if option.required and not members:
        return [f"{path} must not be an empty list"]
    element = option.element()
    return [problem for number, member in enumerate(members) for problem in _value_problems(element, member, f"{path}[{number}]")]


def _dict_problems(option: Option, value: t.Any, path: str) -> list[str]:
    if not isinstance(value, t.Mapping):
        return [f"{path} must be {_ARTICLES[option.type]}, not {kind_of(value)}"]
    if option.options is not None:
        return shape_problems(option.options, value, path)
    if option.values is None:
        return []
    found = [f"{path} must not be empty"] if option.required and not value else []
    for key, member in value.items():
        found += _value_problems(option.values, member, f"{path}.{key}") if member is not None else [f"{path}.{key} must not be empty"]
    return found


def _first_sentence(text: str) -> str:
    """The start of a description, without the documentation's markup, to stand behind a colon."""
    plain = text.partition(". ")[0].rstrip(".")
    for letter in "OVMC":
        plain = plain.replace(f"{letter}(", "(")
    return plain[0].lower() + plain[1:]


def as_list(value: t.Any) -> list[t.Any]:
    """A list as Ansible takes it: one string is split at its commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return list(value)


def convert(option: Option, value: t.Any) -> t.Any:
    """The scalar as the option's type, None where it cannot be one."""
    if option.type == "str":
        return str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else None
    if option.type == "bool":
        return _boolean(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    if option.type == "float":
        return number
    return int(number) if number == int(number) else None


def _boolean(value: t.Any) -> bool | None:
    word = str(value).strip().lower()
    if isinstance(value, (bool, str, int)) and word in _TRUE:
        return True
    return False if isinstance(value, (bool, str, int)) and word in _FALSE else None


def with_defaults(options: t.Mapping[str, Option], value: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Every key of the table, with its value or default; None where there is neither. The value must have no shape problems.

    A key with choices is left out instead: Ansible takes null for a wrong choice, and what stands here goes on to modules.
    """
    filled = {key: _with_default(option, value.get(key)) for key, option in options.items()}
    return {key: found for key, found in filled.items() if found is not None or not options[key].choices}


def _with_default(option: Option, value: t.Any) -> t.Any:
    if value is None:
        if option.filled and option.options is not None:
            return with_defaults(option.options, {})
        return _copied(option.default)
    if option.skippable and value == "skip":
        return "skip"
    if option.type == "list":
        element = option.element()
        return [_with_default(element, member) for member in as_list(value)]
    if option.options is not None:
        return with_defaults(option.options, value)
    if option.type == "dict":
        return {str(key): convert(option.values, member) if option.values else member for key, member in value.items()}
    return _on_the_wire(option, convert(option, value))


def _on_the_wire(option: Option, value: t.Any) -> t.Any:
    """International names and types of records as name servers have them, so that everybody who asks for them asks for the same."""
    if option.names not in ("record_name", "record_type") or not isinstance(value, str):
        return value
    with contextlib.suppress(InvalidInput):  # what is no name has a sentence of its own
        if option.names == "record_type":
            return canonical_type(value, "")
        if not value.isascii():
            return canonical_name(value, "", wildcards=True)
    return value


def _copied(value: t.Any) -> t.Any:
    return value.copy() if isinstance(value, (list, dict)) else value
