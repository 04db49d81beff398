# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection: no other code may rely on it.

"""A module's work inside Ansible's own worker process, instead of a Python process for each call.

Ansible forks a worker for every task anyway, so a bug or a kill stays there. What a process of its own would cost is saved: a start
of Python, and compiling the module's code, which its zip carries without bytecode (tests/bench/module_call.py has the figures).
Arguments and results pass through JSON as they would on their way to and from a process, so that a module can't tell the difference.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import gc
import io
import json
import os
import traceback
import typing as t
from collections.abc import Mapping

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import ModuleFunction, bound, guarded
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import Secrets
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import kerberos


@dataclasses.dataclass(frozen=True)
class Work:
    """What a module consists of: its argument spec, and the function that does it. ``libraries`` are loaded with the action, before Ansible forks:
    each worker would else spend a tenth of a second on them."""

    arguments: t.Callable[[], ArgumentSpec]
    function: ModuleFunction
    libraries: t.Sequence[str] = ("winrm", "requests_ntlm")

    def __post_init__(self) -> None:
        for library in self.libraries:
            with contextlib.suppress(ImportError):  # a module says which package is missing, when it needs it
                __import__(library)


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a task is asked for beside its arguments: ``check_mode`` and ``diff``; ``folder`` is where relative paths begin, ``environment`` its own."""

    check_mode: bool
    diff: bool
    folder: str
    environment: t.Mapping[str, str]


def run_here(name: str, work: Work, args: t.Mapping[str, t.Any], asked: Asked, secrets: Secrets | None = None) -> dict[str, t.Any]:
    """The result of the module ``name``, as its own process would give it; ``args`` are ``plain``.

    ``secrets`` learn those of the arguments. They are masked but for those in texts of Ansible's own about wrong arguments, and of a bug in what
    surrounds the work.
    """
    if not gc.get_freeze_count():  # once, so that what earlier items of a loop left can be collected
        gc.freeze()  # what Ansible has loaded stays: to look for garbage in it takes a tenth of a second, and copies the pages that the fork shares
    try:
        return _run(name, work, args, asked, secrets)
    except Exception as error:  # core would print its text unmasked
        msg = f"{name} met an error that it should not have: {type(error).__name__}: {error}. Please report it with the traceback."
        return {"failed": True, "msg": msg, "reason": "bug", "exception": traceback.format_exc()}


def _run(name: str, work: Work, args: t.Mapping[str, t.Any], asked: Asked, secrets: Secrets | None) -> dict[str, t.Any]:
    spec = work.arguments().to_kwargs()
    validation = ArgumentSpecValidator(**spec).validate(args)
    if validation.error_messages:
        error = validation.errors[0]
        kind = f"Unsupported parameters for ({name}) module: " if isinstance(error, UnsupportedError) else ""
        return {"failed": True, "msg": kind + error.msg + _of_which_entry(spec, args, error.msg)}
    params = validation.validated_parameters
    with _surroundings(asked.folder, asked.environment):
        answer, warnings = guarded(name, spec["argument_spec"], params, bound(work.function, params, asked.check_mode), secrets, diff=asked.diff)
    result: dict[str, t.Any] = json.loads(json.dumps(answer))
    return {**result, "warnings": warnings} if warnings else result


def _of_which_entry(spec: t.Mapping[str, t.Any], args: t.Mapping[str, t.Any], msg: str) -> str:
    """ " (records entry 4711: mail.example.com)" for a sentence of Ansible's about one dictionary of a list, which leaves open which one it is."""

    def meets(option: str, entries: t.Sequence[t.Any]) -> bool:
        return bool(ArgumentSpecValidator(**spec).validate({**args, option: list(entries)}).error_messages[:1] == [msg])

    for option, entries in args.items():
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries) or meets(option, []) or not meets(option, entries):
            continue
        low, high = 0, len(entries)  # the first one is there; by halves, because there may be thousands
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if meets(option, entries[low:middle]) else (middle, high)
        name = next((f": {entries[low][key]}" for key in ("name", "address") if isinstance(entries[low].get(key), str)), "")
        return f" ({option} entry {low + 1}{name})"
    return ""


@contextlib.contextmanager
def _surroundings(folder: str, environment: t.Mapping[str, str]) -> t.Iterator[None]:
    """The working directory and the environment of the task; as before afterwards, because a loop's next item has the same worker.

    What a library prints is dropped: nobody could mask it.
    """
    before, here = dict(os.environ), os.getcwd()
    os.environ.update(environment)
    os.chdir(folder)
    nowhere = io.StringIO()
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            yield
    finally:
        kerberos.forget_tickets()  # a worker ends without running what is registered for the end of a process
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)


def plain(value: t.Any) -> t.Any:
    """The value as JSON would bring it to a process: Ansible marks texts and numbers with classes of its own."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(entry) for entry in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)  # a value from a vault, which decrypts itself
