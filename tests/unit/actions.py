# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions with real connection plug-ins, a real inventory and no playbook. Importable by the tests of each action."""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t
from unittest import mock

from ansible import errors
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugin_loader
from ansible.plugins.action import ActionBase
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

# ansible-core 2.19 and later know it by themselves.
OMIT = None if hasattr(errors, "AnsibleValueOmittedError") else "__omit_place_holder__0123456789"

NAMESPACE = "continuity.identity_failover."


class Plugins:
    """ansible-core's plug-ins, found by full name too: its own finder of collections isn't installed in unit tests."""

    @property
    def connection_loader(self) -> Plugins:
        return self

    def get(self, name: str, context: t.Any) -> t.Any:
        return plugin_loader.connection_loader.get(name.removeprefix("ansible.builtin."), context)


class Estate:
    """An inventory (in Ansible's YAML form) and the task that is about to run on one of its hosts."""

    def __init__(self, folder: pathlib.Path, inventory: t.Mapping[str, t.Any]) -> None:
        path = folder / "inventory.yml"
        path.write_text(json.dumps(inventory), encoding="utf-8")
        self.loader: t.Any = DataLoader()
        self.inventory: t.Any = InventoryManager(self.loader, [str(path)])
        self.variables: t.Any = VariableManager(self.loader, self.inventory)
        self.hostvars: t.Any = HostVars(self.inventory, self.variables, self.loader)

    def task_vars(self, host: str) -> dict[str, t.Any]:
        found: dict[str, t.Any] = dict(self.variables.get_vars(host=self.inventory.get_host(host), include_hostvars=False))
        if OMIT is not None:
            found["omit"] = OMIT
        return {**found, "hostvars": self.hostvars, "groups": self.inventory.get_groups_dict(), "ansible_playbook_python": sys.executable}

    def action(
        self,
        action_class: type[ActionBase],
        host: str,
        args: t.Mapping[str, t.Any],
        *,
        name: str = "failover_status",
        password: str | None = None,
        delegate_to: str | None = None,
    ) -> Started:
        """The action as the executor makes it: with the connection of the play's (or delegated) host, its options set."""
        task: t.Any = Task()
        task.action, task.args = NAMESPACE + name, dict(args)
        task.async_val = task.poll = 0
        task.delegate_to = delegate_to
        variables = self.task_vars(host)
        if delegate_to:
            variables["ansible_delegated_vars"] = {delegate_to: self.task_vars(delegate_to)}
        own = self.task_vars(delegate_to or host)
        context: t.Any = t.cast(t.Any, PlayContext)()
        context.password = own.get("ansible_password") or password
        templar: t.Any = Templar(loader=self.loader, variables=own)
        connection: t.Any = plugin_loader.connection_loader.get(own.get("ansible_connection", "ssh"), context)
        rendered = {key: templar.template(value) for key, value in own.items() if key.startswith("ansible_") and isinstance(value, (str, int, list))}
        extras = {key: value for key, value in rendered.items() if key.startswith(f"ansible_{connection.transport}_")}
        keys = {"password": context.password} if context.password else {}
        connection.set_options(task_keys=keys, var_options={**rendered, "inventory_hostname": delegate_to or host, "_extras": extras})
        made: t.Any = action_class(task, connection, context, self.loader, Templar(loader=self.loader, variables=variables), None)
        made._shared_loader_obj = Plugins()
        return Started(made, variables)


class Started:
    """An action that is ready to run, and what it handed to the module."""

    def __init__(self, action: t.Any, variables: dict[str, t.Any]) -> None:
        self.action = action
        self.variables = variables
        self.calls: list[dict[str, t.Any]] = []

    def run(self, answer: t.Mapping[str, t.Any] | None = None) -> dict[str, t.Any]:
        def execute_module(**kwargs: t.Any) -> dict[str, t.Any]:
            self.calls.append(kwargs)
            return dict(answer or {"changed": False})

        def in_this_process(_work: t.Any, args: dict[str, t.Any]) -> dict[str, t.Any]:
            return execute_module(module_args=args)

        with mock.patch.object(self.action, "_execute_module", execute_module), mock.patch.object(self.action, "_in_this_process", in_this_process):
            result: dict[str, t.Any] = self.action.run(task_vars=self.variables)
        return result

    def arguments(self) -> dict[str, t.Any]:
        """The module's arguments, after one run."""
        self.run()
        found: dict[str, t.Any] = self.calls[-1]["module_args"]
        return found

    def entries(self) -> dict[str, dict[str, t.Any]]:
        """The ``hosts`` that the module got, by name."""
        return {entry["name"]: entry for entry in self.arguments().get("hosts", [])}
