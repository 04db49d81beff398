# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions of tasks, worked out by Jinja alone."""

from __future__ import annotations

import json
import shlex
import typing as t

import jinja2


def _environment() -> jinja2.Environment:
    """With the filters of Ansible that tasks here use."""
    environment = jinja2.Environment(autoescape=False, undefined=jinja2.ChainableUndefined)
    environment.filters["difference"] = lambda these, those: [one for one in these if one not in those]  # as ansible.builtin's
    environment.filters["zip"] = lambda *these: list(zip(*these, strict=False))
    environment.filters["combine"] = lambda these, *those: {name: value for one in (these, *those) for name, value in one.items()}
    environment.filters["flatten"] = lambda these, levels: [one for inner in these for one in inner]
    environment.filters["quote"] = shlex.quote
    environment.filters["split"] = str.split
    environment.filters["to_json"] = json.dumps
    return environment


def worked_out(expression: str, **variables: t.Any) -> t.Any:
    return _environment().compile_expression(expression)(**variables)


def rendered(template: str, **variables: t.Any) -> str:
    """A text with expressions in it."""
    return _environment().from_string(template).render(**variables)
