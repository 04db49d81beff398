# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: no other code may rely on it.

"""How a host of the inventory is reached: the options of its own winrm or psrp plug-in, read without connecting."""

from __future__ import annotations

import typing as t

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

try:  # ansible-core 2.19 and later say so by an exception, older ones by a value
    from ansible.errors import AnsibleValueOmittedError as Omitted
except ImportError:

    class Omitted(Exception):  # type: ignore[no-redef]
        """Never raised here."""


#: Our option -> the plug-in's. winrm keeps most of its settings as extras: variables without a definition.
_SHARED = {"host": "remote_addr", "port": "port", "user": "remote_user", "password": "remote_password"}
OPTIONS: dict[str, dict[str, str]] = {
    "winrm": {
        **_SHARED,
        "scheme": "scheme",
        "transport": "transport",
        "validate_certs": "server_cert_validation",
        "ca_file": "ca_trust_path",
        "certificate_pem": "cert_pem",
        "certificate_key_pem": "cert_key_pem",
        "message_encryption": "message_encryption",
        "operation_timeout": "operation_timeout_sec",
    },
    "psrp": {
        **_SHARED,
        "scheme": "protocol",
        "transport": "auth",
        "validate_certs": "cert_validation",
        "ca_file": "ca_cert",
        "certificate_pem": "certificate_pem",
        "certificate_key_pem": "certificate_key_pem",
        "message_encryption": "message_encryption",
        "operation_timeout": "operation_timeout",
    },
}

#: psrp's ``auth`` in pywinrm's words. ``negotiate`` has no twin there: it is Kerberos, else NTLM.
PSRP_AUTH = {"negotiate": ["kerberos", "ntlm"]}

#: The variable that names the server which a host itself asks for names.
RESOLVER_VARIABLE = "failover_resolver"

#: Not typed by ansible-core.
_config: t.Any = C.config

#: With one of these set for the play's host, core's copy of the connection password is that host's own.
_PASSWORD_VARIABLES = C.MAGIC_VARIABLE_MAPPING["password"]


def connection_arguments(connection: ConnectionBase) -> dict[str, t.Any] | None:
    """The connection options of our modules, from a plug-in whose options are set; None for any but winrm and psrp."""
    names = OPTIONS.get(connection.transport)
    if names is None:
        return None
    definitions = connection.option_definitions
    extras = connection.get_option("_extras") if connection.allow_extras else {}
    found: dict[str, t.Any] = {}
    for ours, theirs in names.items():
        if theirs in definitions:
            value = connection.get_option(theirs)
        else:
            value = extras.get(f"ansible_{connection.transport}_{theirs}")
        if value is not None:
            found[ours] = _plain(value)
    return _in_our_words(found, connection.transport)


def _plain(value: t.Any) -> t.Any:
    """Without ansible-core's marks on the value (2.19 and later): a plain str, int, bool or list of them."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value if entry is not None]
    return str(value)


def _in_our_words(found: dict[str, t.Any], plugin: str) -> dict[str, t.Any]:
    if "validate_certs" in found:
        found["validate_certs"] = found["validate_certs"] != "ignore"
    if found.get("ca_file") == "legacy_requests":  # pywinrm's word for: what the requests library trusts
        del found["ca_file"]
    if "transport" in found:
        given = found["transport"] if isinstance(found["transport"], list) else [found["transport"]]
        found["transport"] = [method for name in given for method in (PSRP_AUTH.get(name, [name]) if plugin == "psrp" else [name])]
        if not found["transport"]:
            del found["transport"]
    return found


class Inventory:
    """The inventory as one task sees it. Connection plug-ins are made once each and serve every host in turn."""

    def __init__(
        self,
        task_vars: t.Mapping[str, t.Any],
        task_keys: t.Mapping[str, t.Any],
        default_connection: str,
        templar: t.Any,
        new_connection: t.Callable[[str], ConnectionBase | None],
    ) -> None:
        self._task_vars = task_vars
        self._groups: t.Mapping[str, t.Sequence[str]] = task_vars.get("groups") or {}
        self._hosts = set(self._groups.get("all") or ())
        self._keys = dict(task_keys)
        self._default_connection = default_connection
        self._templar = templar.copy_with_new_env(available_variables={})
        self._new_connection = new_connection
        self._plugins: dict[str, tuple[ConnectionBase | None, tuple[str, ...]]] = {}

    def expand(self, value: str, option: str) -> list[str]:
        """The hosts of a group, or the one host of that name. Raises InvalidInput."""
        if value in self._hosts:
            return [value]
        if value not in self._groups:
            raise InvalidInput(f"'{value}' in {option} is neither a host nor a group of the inventory: add it there, or correct the name.")
        if not self._groups[value]:
            raise InvalidInput(f"the group '{value}' in {option} has no hosts: add hosts to it in the inventory, or name another.")
        return list(self._groups[value])

    def host(self, value: str, option: str) -> str:
        """The name itself, where one host is needed. Raises InvalidInput."""
        if value in self._hosts:
            return value
        kind = "is a group, and one host is needed" if value in self._groups else "is not a host of the inventory"
        raise InvalidInput(f"'{value}' in {option} {kind}: name a host of the inventory.")

    def settings(self, name: str, option: str) -> dict[str, t.Any]:
        """One entry of the modules' ``hosts``: the connection options of that host, resolved as core does for its own
        tasks, from the inventory alone: a play's or task's ``vars`` mean the play's host. Raises InvalidInput."""
        shared = {key: self._task_vars[key] for key in ("hostvars", "groups", "omit") if key in self._task_vars}
        variables = {**self._task_vars["hostvars"].raw_get(name), **shared}
        self._templar.available_variables = variables
        try:
            found, plugin = self._resolve(variables)
            resolver = self._value(variables, RESOLVER_VARIABLE)
        except AnsibleError as error:
            raise InvalidInput(f"could not read the connection settings of '{name}', which {option} names: {error}", host=name) from None
        if found is None:
            raise InvalidInput(
                f"'{name}' in {option} has the connection '{plugin}' in the inventory, and only winrm and psrp reach it from here: "
                "set ansible_connection for that host or its group.",
                host=name,
            )
        return {"name": name, **found, **({"resolver": str(resolver)} if resolver else {})}

    def _resolve(self, variables: dict[str, t.Any]) -> tuple[dict[str, t.Any] | None, str]:
        name = str(self._value(variables, "ansible_connection") or self._default_connection)
        if name not in self._plugins:
            made = self._new_connection(name)
            self._plugins[name] = (made, tuple(_config.get_plugin_vars("connection", made._load_name)) if made else ())
        connection, option_variables = self._plugins[name]
        if connection is None or connection.transport not in OPTIONS:
            return None, name
        connection.set_options(task_keys=self._keys, var_options=self._variables_of(connection, option_variables, variables))
        return connection_arguments(connection), name

    def _variables_of(self, connection: ConnectionBase, option_variables: tuple[str, ...], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The variables that the plug-in takes, templated in the host's own scope."""
        found = {name: self._value(variables, name) for name in option_variables if name in variables}
        extras: dict[str, t.Any] = {}
        if connection.allow_extras:
            prefix = f"ansible_{connection.extras_prefix}_"
            extras = {name: self._value(variables, name) for name in variables if name.startswith(prefix) and name not in found}
            extras = {name: value for name, value in extras.items() if value is not None}
        return {**{name: value for name, value in found.items() if value is not None}, "_extras": extras}

    def _value(self, variables: dict[str, t.Any], name: str) -> t.Any:
        """A variable's value; None when it has none or is ``omit``."""
        value = variables.get(name)
        if value is None:
            return None
        try:
            # Most values of thousands of hosts are plain words, in which there is nothing to template.
            if not isinstance(value, (str, int)) or "{" in str(value):
                value = self._templar.template(value)
        except Omitted:
            return None
        return None if "omit" in variables and value == variables["omit"] else value


def shared_password(play_password: str | None, connection_variables: t.Mapping[str, t.Any]) -> str | None:
    """The password given once for all hosts (``--ask-pass`` and its like), for hosts that have none of their own.

    core keeps it where it also puts the play host's own ``ansible_password``. That one is for that host alone, so
    nothing is shared when the play's host has one.
    """
    if any(name in connection_variables for name in _PASSWORD_VARIABLES):
        return None
    return play_password or None
