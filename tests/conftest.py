# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test run does: hypothesis without a stopwatch, and the reason of every skipped test at the end.

With ``CONTINUITY_FORBID_SKIPS=1``, as .ci/run sets it, a skip whose reason is not in ALLOWED_SKIPS fails the run.
"""

from __future__ import annotations

import os
import re
import typing as t

import pytest
from hypothesis import settings

from ansible_collections.continuity.identity_failover.tests.needs import needed
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine

# Reasons (regular expressions) of tests that may be skipped even by .ci/run, each with a comment that says why.
ALLOWED_SKIPS: tuple[str, ...] = ()

# Machines are shared: a slow example is no failure.
settings.register_profile("collection", deadline=None, print_blob=True)
settings.load_profile("collection")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = "" if engine() else "no PowerShell engine: set LAB_PWSH, or start the lab once, which unpacks it"
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(needed(missing))


class SkipReport:
    """Collects what was skipped; runs in the process that reports, also under pytest-xdist."""

    def __init__(self) -> None:
        self.by_reason: dict[str, list[str]] = {}

    def note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.by_reason.setdefault(reason.removeprefix("Skipped: "), []).append(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.note(report)

    def forbidden(self) -> list[str]:
        if os.environ.get("CONTINUITY_FORBID_SKIPS") != "1":
            return []
        return [reason for reason in self.by_reason if not any(re.search(allowed, reason) for allowed in ALLOWED_SKIPS)]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.forbidden() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: t.Any) -> None:
        if not self.by_reason:
            return
        forbidden = self.forbidden()
        terminalreporter.section("skipped, and why")
        for reason, tests in sorted(self.by_reason.items()):
            more = f" and {len(tests) - 3} more" if len(tests) > 3 else ""
            terminalreporter.write_line(f"{len(tests)} x {reason}: {', '.join(tests[:3])}{more}")
        if forbidden:
            terminalreporter.write_line(f"CONTINUITY_FORBID_SKIPS=1: the run fails, {len(forbidden)} of these reasons are not allowed.", red=True)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipReport(), "continuity-skip-report")
