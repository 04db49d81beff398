# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: no other code may rely on it.

"""The base of all our actions: the module runs on the controller, aimed by the inventory's winrm or psrp settings.

It reads the settings of the play's (or the delegated) host and of every inventory host that the task's options name,
hands them to the module's work in this process (``failover_own_process``: to a process of its own, over a pipe, never in a file),
and masks every secret in what comes back.
"""

from __future__ import annotations

import typing as t

from ansible import constants as C
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import Secrets
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._in_process import Asked, Work, plain, run_here
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._inventory import Inventory, connection_arguments, shared_password
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._redact import redact, secrets_of

#: Not typed by ansible-core.
_constants: t.Any = C

#: A vantage point that is no host of the inventory: the machine that runs Ansible.
CONTROLLER = "controller"


class ControllerActionBase(ActionBase):
    """What an action of ours says of itself is its two class attributes; everything else is here."""

    #: ``required``: the task works on the play's host. ``none``: it has no host of its own.
    TARGET: t.ClassVar[str] = "required"
    #: What the module does. Every action of ours has one.
    WORK: t.ClassVar[Work | None] = None
    #: Options that name inventory hosts, by their path; ``[]`` at the end: a list, which takes groups too.
    HOST_OPTIONS: t.ClassVar[tuple[str, ...]] = ()

    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        if self._task.async_val:
            return _refusal(
                f"{self._task.action} can't run with async: Ansible would write its arguments, with passwords, to disk. "
                "Remove async and poll; the module keeps to time limits of its own."
            )
        super().run(tmp, task_vars)
        variables = task_vars or {}
        self._secrets = Secrets()
        try:
            args = self._arguments(variables)
        except InvalidInput as error:
            return t.cast("dict[str, t.Any]", redact(_refusal(error.message), self._secrets))
        self._move_to_controller()
        if self.WORK is None or boolean(self._templar.template(variables.get("failover_own_process", False)), strict=False):
            result = self._execute_module(module_args=args, task_vars=self._on_controller(variables))
            result.pop("invocation", None)  # ansible-core up to 2.20 puts the arguments into it
        else:
            result = self._in_this_process(self.WORK, args)
        return t.cast("dict[str, t.Any]", redact(_complete(result), self._secrets))

    def _in_this_process(self, work: Work, args: dict[str, t.Any]) -> dict[str, t.Any]:
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        text = {str(key): str(value) for key, value in environment.items()}
        asked = Asked(bool(self._task.check_mode), bool(self._task.diff), str(self._loader.get_basedir()), text)
        return run_here(str(self._task.action), work, args, asked, self._secrets)

    def host_options(self, args: t.Mapping[str, t.Any]) -> tuple[str, ...]:
        """The options that name hosts, for these arguments: where they differ with the arguments an action says how."""
        return self.HOST_OPTIONS

    def _arguments(self, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The module's arguments. The task's own win, and stay as they are: a retry builds these again."""
        args: dict[str, t.Any] = plain(self._task.args)
        for secret, user in secrets_of(args):
            self._secrets.add(secret, user)
        if self.TARGET == "required":
            args = {**self._target(variables), **args}
        hosts = self._hosts(args, variables)
        if hosts:
            args["hosts"] = [*args.get("hosts", ()), *hosts]
        for secret, user in secrets_of([{"user": args.get("user"), "password": args.get("password")}, hosts]):
            self._secrets.add(secret, user)
        return args

    def _target(self, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The connection details that the executor resolved for the play's host, or for the host delegated to."""
        found = connection_arguments(self._connection)
        if found is not None:
            return {"name": str(self._task.delegate_to or variables.get("inventory_hostname") or found["host"]), **found}
        if self._task.args.get("host"):
            return {}
        hint = "remove delegate_to, or give" if self._task.delegate_to else "use such a host, or give"
        raise InvalidInput(
            f"{self._task.action} runs on the controller and reaches the host through its winrm or psrp settings, "
            f"but the connection here is {self._connection.transport}: {hint} 'host', 'user' and 'password'."
        )

    def _hosts(self, args: dict[str, t.Any], variables: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        """An entry for each inventory host that an option names, once each. Groups in ``args`` become their hosts."""
        delegated = (variables.get("ansible_delegated_vars") or {}).get(self._task.delegate_to)
        task: t.Any = self._task
        keys = {**task.dump_attrs(), "timeout": self._play_context.timeout}
        keys["password"] = shared_password(self._play_context.password, delegated if delegated is not None else variables)
        for unwanted in ("retries", *(("password",) if keys["password"] is None else ())):
            keys.pop(unwanted, None)  # ``retries`` means the task's there, and the connection's to the plug-in
        inventory = Inventory(variables, keys, task.connection or _constants.DEFAULT_TRANSPORT, self._templar, self._new_connection)

        given = {str(entry.get("name")) for entry in args.get("hosts") or () if isinstance(entry, t.Mapping)}
        named: dict[str, str] = {}
        for path in self.host_options(args):
            for name, place in _resolve_names(args, path.removesuffix("[]").split("."), path.endswith("[]"), inventory, self._task.args):
                named.setdefault(name, place)
        return [inventory.settings(name, place) for name, place in named.items() if name not in given]

    def _clean_context(self) -> t.Any:
        """The play's context without what the play's host says of its shell."""
        play_context: t.Any = self._play_context
        context = play_context.copy()
        context.shell = None  # ansible_shell_type
        context.executable = _constants.DEFAULT_EXECUTABLE  # ansible_shell_executable
        return context

    def _new_connection(self, name: str) -> ConnectionBase | None:
        loader: t.Any = self._shared_loader_obj
        return t.cast("ConnectionBase | None", loader.connection_loader.get(name, self._clean_context()))

    def _move_to_controller(self) -> None:
        """Swap in a local connection that inherits nothing meant for the Windows side."""
        local = self._new_connection("ansible.builtin.local")
        if local is None:
            raise AssertionError("ansible-core brings its local connection along")
        # Pipelining: arguments go through stdin, so that no password is ever in a file.
        local.set_options(var_options={}, direct={"pipelining": True})
        local._shell.set_options(var_options={})
        self._play_context = self._clean_context()  # the shell's executable is taken from here
        self._connection = local

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        """Always, also under ANSIBLE_KEEP_REMOTE_FILES, which would leave the arguments on disk."""
        return module_style == "new"

    def _on_controller(self, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The interpreter that runs Ansible, whatever the target's variables say, and nothing to syslog."""
        pinned = {"ansible_python_interpreter": variables["ansible_playbook_python"], "ansible_no_target_syslog": True}
        result = {**variables, **pinned}
        if host := self._task.delegate_to:  # with delegation core looks for the interpreter there
            delegated = variables.get("ansible_delegated_vars") or {}
            result["ansible_delegated_vars"] = {**delegated, host: {**delegated.get(host, {}), **pinned}}
        return result

    def _low_level_execute_command(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Masks the module's raw answer: from 2.21 on core takes warnings out of it before an action sees the result."""
        answer: t.Any = super()._low_level_execute_command(*args, **kwargs)
        for stream in ("stdout", "stderr"):
            if isinstance(answer.get(stream), str):
                answer[stream] = self._secrets.redact_json(answer[stream])
                answer[f"{stream}_lines"] = answer[stream].splitlines()
        return answer


def _resolve_names(
    value: t.Any, path: list[str], many: bool, inventory: Inventory, args: t.Mapping[str, t.Any], place: str = ""
) -> t.Iterator[tuple[str, str]]:
    """Every (host, place) that ``path`` leads to in the arguments; lists on the way are walked through, with an index.

    Where many are taken, the list in the arguments is replaced by the hosts that it means.
    """
    if isinstance(value, (list, tuple)):
        for index, entry in enumerate(value):
            yield from _resolve_names(entry, path, many, inventory, args, f"{place}[{index}]")
        return
    if not isinstance(value, t.Mapping) or not value.get(path[0]):
        return
    found, here = value[path[0]], f"{place}.{path[0]}".lstrip(".")
    if len(path) > 1:
        yield from _resolve_names(found, path[1:], many, inventory, args, here)
    elif many:
        entries = found.split(",") if isinstance(found, str) else found
        if isinstance(entries, (list, tuple)):
            label = _label(here, args)
            hosts = list(dict.fromkeys(host for entry in entries for host in inventory.expand(str(entry).strip(), label)))
            t.cast("dict[str, t.Any]", value)[path[0]] = hosts
            yield from ((host, label) for host in hosts)
    elif not (str(found) == CONTROLLER and place.partition("vantage_points")[1]):
        yield inventory.host(str(found), _label(here, args)), _label(here, args)


def _label(place: str, args: t.Mapping[str, t.Any]) -> str:
    """How a message names an option; parts of a definition also as they stand in the inventory of the roles."""
    top, _dot, rest = place.partition(".")
    if top == "definition" and args.get("identity"):
        return f"'{place}' (failover_identities.{args['identity']}.{rest})"
    return f"'{place}'"


def _complete(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """The keys that every result has, also where the module ended before it could give them: on an argument that
    Ansible itself refused, or by a crash: core then keeps the raw output (2.18), or only the exception (2.19)."""
    crashed = "module_stderr" in result or "msg" not in result
    if "reason" not in result and result.get("failed"):
        result["reason"] = "bug" if crashed else InvalidInput.reason
    common = Result().as_dict()
    if result.get("failed") and "msg" not in result:
        del common["msg"]  # core makes it from the exception, after us
    return {**common, **result}


def _refusal(message: str) -> dict[str, t.Any]:
    """A failure before anything was touched, with the keys that every result has."""
    return Result(failed=True, msg=message, reason=InvalidInput.reason).as_dict()
