# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expressions of tasks, worked out by Jinja alone."""

from __future__ import annotations

import typing as t

import jinja2


def worked_out(expression: str, **variables: t.Any) -> t.Any:
    return jinja2.Environment(autoescape=False).compile_expression(expression)(**variables)
