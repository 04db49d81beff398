# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module made to leak on purpose, in each way that a mistake of ours could. It is copied beside the real modules."""

from __future__ import annotations

import base64
import os
import sys
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ConnectionRefused, StepFailed
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result

DOCUMENTATION = r"""
module: canary_leak
short_description: Leaks on purpose
description: For tests only.
author: the continuity.identity_failover contributors (@continuity-labs)
options: {}
"""


def forms(secret: str, user: str) -> list[str]:
    if not secret:
        return []
    return [
        secret,
        base64.b64encode(secret.encode()).decode(),
        base64.b64encode(secret.encode("utf-16-le")).decode(),
        "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode(),
        repr(secret),
    ]


def files_with(folder: str, wanted: list[str]) -> list[str]:
    """The files below a folder that hold one of the texts, while this module runs."""
    found = []
    for place, _folders, names in os.walk(folder):
        for name in names:
            if not os.path.isfile(os.path.join(place, name)):
                continue  # a socket of Ansible's
            with open(os.path.join(place, name), "rb") as stream:
                data = stream.read()
            if any(text.encode() in data for text in wanted):
                found.append(os.path.join(place, name))
    return found


def commands_with(wanted: list[str]) -> list[str]:
    """The ids of processes whose command line holds one of the texts."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as stream:
                command = stream.read()
        except OSError:
            continue  # it has ended
        if any(text.encode() in command for text in wanted):
            found.append(name)
    return found


def leak(params: t.Mapping[str, t.Any], hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
    secrets = forms(params["password"], params["user"])
    for name in hosts.names():
        settings = hosts.settings(name)
        secrets += forms(settings.password, settings.user)
    text = " ".join(secrets)
    way = params["way"]
    if way == "bug":
        try:
            raise KeyError(text)
        except KeyError as cause:
            raise RuntimeError(text) from cause
    if way == "error":
        raise ConnectionRefused(text, host=params["name"], answer=secrets, **{params["password"]: text})
    if way == "step":
        error = StepFailed(text)
        error.result = Result(changed=True, outcomes=[Outcome(text, "failed", msg=text, before={text: text})])
        raise error
    if way == "stderr":
        print(text, file=sys.stderr)
    if way == "stdout":
        print(text)
    return Result(
        changed=True,
        msg=text,
        outcomes=[Outcome(text, "predicted", changed=True, before=text, after={text: secrets})],
        diff={"before": text + "\n", "after": "other\n"},
        warnings=[text],
        extra={
            "on_disk": files_with(params["folder"], secrets),
            "in_processes": commands_with(secrets),
            "reached": {name: len(hosts.settings(name).password) for name in hosts.names()},
            "checked": check_mode,
            text: text,
        },
    )


def arguments() -> ArgumentSpec:
    mine = ArgumentSpec(
        argument_spec={
            "way": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "clients": {"type": "list", "elements": "str"},
            "vantage_points": {"type": "list", "elements": "dict"},
        }
    )
    return mine.merge(connection_spec()).merge(hosts_spec()).merge(run_spec())


def main() -> None:
    module = AnsibleModule(supports_check_mode=True, **arguments().to_kwargs())
    secret = module.params["password"]
    if module.params["way"] == "escape":
        raise RuntimeError(secret)
    if module.params["way"] == "object":
        try:
            raise ValueError(secret)
        except ValueError as error:
            module.fail_json(msg=secret, exception=str(error))
    if module.params["way"] == "warn":
        module.warn(secret)
        module.deprecate(secret, version="9.0.0", collection_name="continuity.identity_failover")
    run_module(module, leak)


if __name__ == "__main__":
    main()
