# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The one edge between our functions and Ansible: results and errors become what a module returns, without secrets.

Nothing else calls ``exit_json``, ``fail_json``, ``warn`` or ``deprecate``. A host that does not answer is a failure
with a ``reason``, never ``unreachable``: that would take the play's host out and skip ``rescue`` and ``always``.
"""

from __future__ import annotations

import dataclasses
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import Secrets, collect_secrets
from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts


class ModuleFunction(t.Protocol):
    """What ``_module/<module>.py`` offers."""

    def __call__(self, params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
        pass


def run_module(module: AnsibleModule, function: ModuleFunction) -> t.NoReturn:
    """Calls ``function`` with the hosts that the parameters name, and returns its result to Ansible."""
    run_guarded(module, bound(function, module.params, module.check_mode))


def bound(function: ModuleFunction, params: t.Mapping[str, t.Any], check_mode: bool) -> t.Callable[[], Result]:
    """``function`` with the hosts that the parameters name, which are left again whatever happens."""

    def call() -> Result:
        clock = SystemClock()
        hosts = build_hosts(params, clock)
        try:
            return function(params, hosts, clock, check_mode=check_mode)
        finally:
            hosts.close()

    return call


def build_hosts(params: t.Mapping[str, t.Any], clock: Clock) -> WinrmHosts:
    """The target from the connection options, if there are any, and every entry of ``hosts``; those of ``clients`` as a crowd. Connects to nothing."""
    logon = params.get("logon")
    target = ConnectionSettings.from_params(_under(logon, params)) if params.get("host") else None
    clients = set(params.get("clients") or ())
    named = [ConnectionSettings.from_params(_under(logon, entry)) for entry in params.get("hosts") or ()]
    named = [dataclasses.replace(settings, bulk=True) if settings.name in clients else settings for settings in named]
    return WinrmHosts(target, named, clock)


def _under(logon: t.Mapping[str, t.Any] | None, settings: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """The same host under a person's own account: nothing that proves the usual account may be left."""
    if not logon:
        return settings
    transport = [method for method in settings.get("transport") or () if method != "certificate"]
    return {**settings, **logon, "transport": transport, "certificate_pem": None, "certificate_key_pem": None}


def run_guarded(module: AnsibleModule, function: t.Callable[[], Result]) -> t.NoReturn:
    """Ends the module: with the result, or with the failure that an exception means. No exception gets out."""
    answer, warnings = guarded(module._name, module.argument_spec, module.params, function, diff=module._diff)
    for warning in warnings:
        module.warn(warning)
    # Outside of any handler: fail_json would put the text of a pending exception into the result.
    if answer["failed"]:
        module.fail_json(**answer)
    module.exit_json(**answer)


def guarded(
    name: str,
    argument_spec: t.Mapping[str, t.Any],
    params: t.Mapping[str, t.Any],
    function: t.Callable[[], Result],
    known: Secrets | None = None,
    *,
    diff: bool,
) -> tuple[dict[str, t.Any], list[str]]:
    """What the module ``name`` returns, and its warnings. There is no secret in either. ``known``: the caller's secrets, which learn the module's.
    ``diff``: whether the task is asked for its diff."""
    secrets = known or Secrets()
    for secret, user in collect_secrets(argument_spec, params):
        secrets.add(secret, user)
    answer, warnings = _answer(name, lambda result: result.as_dict(str(params.get("details") or "all"), diff=diff), function)
    masked: dict[str, t.Any] = secrets.redact(answer)
    return masked, [secrets.redact_text(warning) for warning in warnings]


def _answer(name: str, shown: t.Callable[[Result], dict[str, t.Any]], function: t.Callable[[], Result]) -> tuple[dict[str, t.Any], list[str]]:
    try:
        result = function()
        return shown(result), result.warnings
    except FailoverError as error:
        so_far = _result_of(error)
        so_far.failed, so_far.msg, so_far.reason = True, error.message, error.reason
        facts = {"host": error.host, **error.details} if error.host else dict(error.details)
        return {**shown(so_far), "details": facts}, so_far.warnings
    except Exception as error:  # a bug: nothing may get out, because core would print its text unmasked
        so_far = _result_of(error)
        so_far.failed, so_far.reason = True, "bug"
        so_far.msg = f"{name} met an error that it should not have: {type(error).__name__}: {error}. Please report it with the traceback."
        return {**shown(so_far), "exception": traceback.format_exc()}, so_far.warnings


def _result_of(error: BaseException) -> Result:
    """What was done before the error, where the error says so."""
    result = getattr(error, "result", None)
    return result if isinstance(result, Result) else Result()
