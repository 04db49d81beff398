# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Argument specs that carry their own rules and can be joined, and the options that many modules share."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import TRANSPORTS

Options = dict[str, dict[str, t.Any]]


@dataclasses.dataclass(frozen=True)
class ArgumentSpec:
    """Options and the rules between them, named as ``AnsibleModule`` names them."""

    argument_spec: Options = dataclasses.field(default_factory=dict)
    mutually_exclusive: t.Sequence[t.Sequence[str]] = ()
    required_together: t.Sequence[t.Sequence[str]] = ()
    required_one_of: t.Sequence[t.Sequence[str]] = ()
    required_if: t.Sequence[t.Sequence[t.Any]] = ()
    required_by: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict)

    def merge(self, other: ArgumentSpec) -> ArgumentSpec:
        """Both together, as a new spec. Raises ValueError when an option stands in both: that is a bug of ours."""
        clash = sorted(self.argument_spec.keys() & other.argument_spec.keys())
        if clash:
            raise ValueError(f"the option {clash[0]!r} stands in both argument specs that are to be merged")
        required_by = dict(self.required_by)
        for option, needed in other.required_by.items():
            required_by[option] = [*required_by.get(option, ()), *needed]
        return ArgumentSpec(
            argument_spec={**self.argument_spec, **other.argument_spec},
            mutually_exclusive=[*self.mutually_exclusive, *other.mutually_exclusive],
            required_together=[*self.required_together, *other.required_together],
            required_one_of=[*self.required_one_of, *other.required_one_of],
            required_if=[*self.required_if, *other.required_if],
            required_by=required_by,
        )

    def to_kwargs(self) -> dict[str, t.Any]:
        """Keyword arguments for ``AnsibleModule``, in copies of their own."""
        return {
            "argument_spec": copy.deepcopy(self.argument_spec),
            "mutually_exclusive": [list(rule) for rule in self.mutually_exclusive],
            "required_together": [list(rule) for rule in self.required_together],
            "required_one_of": [list(rule) for rule in self.required_one_of],
            "required_if": [list(rule) for rule in self.required_if],
            "required_by": {option: list(needed) for option, needed in self.required_by.items()},
        }


def _connection_options() -> Options:
    return {
        "name": {"type": "str"},
        "host": {"type": "str"},
        "port": {"type": "int"},
        "scheme": {"type": "str", "choices": ["http", "https"]},
        "user": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "transport": {"type": "list", "elements": "str", "choices": list(TRANSPORTS)},
        "validate_certs": {"type": "bool", "default": True},
        "ca_file": {"type": "path"},
        "certificate_pem": {"type": "path"},
        "certificate_key_pem": {"type": "path", "no_log": False},
        "message_encryption": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "connect_timeout": {"type": "float", "default": 5.0},
        "operation_timeout": {"type": "float", "default": 20.0},
    }


def connection_spec() -> ArgumentSpec:
    """The host that a task works on; the action fills these from the host's winrm or psrp settings."""
    return ArgumentSpec(argument_spec=_connection_options())


def hosts_spec() -> ArgumentSpec:
    """``hosts``: every inventory host that another option names. Only the secret leaves are ``no_log``: on the whole
    it would make a secret of every host name, and mask all results."""
    entry = _connection_options()
    entry["name"]["required"] = True
    entry["host"]["required"] = True
    entry["resolver"] = {"type": "str"}
    return ArgumentSpec(argument_spec={"hosts": {"type": "list", "elements": "dict", "default": [], "options": entry}})


def _store_options() -> Options:
    return {
        "kind": {"type": "str", "choices": ["target", "directory"], "default": "target"},
        "host": {"type": "str"},
        "path": {"type": "str"},
    }


def accounts_option() -> dict[str, t.Any]:
    """Accounts that a definition names and does not hold, for modules that ask its databases."""
    account = {"name": {"type": "str", "required": True}, "user": {"type": "str"}, "password": {"type": "str", "no_log": True}}
    return {"type": "list", "elements": "dict", "default": [], "options": account}


def store_spec() -> ArgumentSpec:
    """Where the journal of an identity lies, for modules that work on it outside a run."""
    return ArgumentSpec(
        argument_spec={
            "store": {"type": "dict", "options": _store_options()},
            "mirror": {"type": "path"},
        }
    )


def run_spec() -> ArgumentSpec:
    """What a step module takes so that it can be part of a run."""
    run: Options = {
        "id": {"type": "str", "required": True},
        "identity": {"type": "str", "required": True},
        "kind": {"type": "str", "choices": ["failover", "failback", "drill"], "required": True},
        "mode": {"type": "str", "choices": ["execute", "plan", "undo"], "default": "execute"},
        "epoch": {"type": "int", "required": True},
        "holder": {"type": "str", "no_log": False, "required": True},
        "lease_seconds": {"type": "float", "required": True},
        "store": {"type": "dict", "options": _store_options()},
        "mirror": {"type": "path"},
        "machines": {"type": "dict"},
        "by": {"type": "str"},
        "data_state": {"type": "str"},
        "predictions": {"type": "path"},
        "without_mirror": {"type": "str"},
    }
    return ArgumentSpec(
        argument_spec={
            "run": {"type": "dict", "options": run},
            "revert_run": {"type": "str"},
            "on_item_failure": {"type": "str", "choices": ["continue", "stop"], "default": "continue"},
            "accept_failure": {"type": "str"},
            "details": {"type": "str", "choices": ["all", "counts"], "default": "all"},
            "machine": {"type": "dict", "options": {"uuid": {"type": "str"}, "name": {"type": "str"}}},
        }
    )
