# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module's ``main`` in this process, with given arguments, on every supported ansible-core."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t
from unittest import mock

from ansible.module_utils import basic

try:  # ansible-core 2.19 and later, which also needs a profile for the serialization
    from ansible.module_utils.testing import patch_module_args
except ImportError:
    patch_module_args = None  # type: ignore[assignment,unused-ignore]


@contextlib.contextmanager
def module_arguments(args: t.Mapping[str, t.Any], *, check_mode: bool = False, diff: bool = False) -> t.Iterator[None]:
    """``AnsibleModule`` made inside gets these arguments."""
    given = {**args, "_ansible_check_mode": check_mode, "_ansible_diff": diff, "_ansible_no_log": True, "_ansible_remote_tmp": "/tmp"}
    if patch_module_args is not None:
        with patch_module_args(given):
            yield
    else:
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()):
            yield


class Answer(t.NamedTuple):
    """What a module printed: ``text`` as it stands, ``result`` decoded."""

    text: str
    result: dict[str, t.Any]


def run_main(main: t.Callable[[], t.Any], args: t.Mapping[str, t.Any], *, check_mode: bool = False, diff: bool = False) -> Answer:
    """Calls ``main`` until it exits, as a process of its own would."""
    printed = io.StringIO()
    with module_arguments(args, check_mode=check_mode, diff=diff), contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        main()
    text = printed.getvalue()
    return Answer(text, json.loads(text))
