# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A controller that dies between two calls to a FakeSession: forwards, then backwards, and what is there at the end."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession


class Killed(BaseException):
    """Nothing catches it, as nothing catches the end of a process."""


@contextlib.contextmanager
def killed_at(session: FakeSession, call: int) -> t.Iterator[None]:
    """The process dies instead of making its ``call``-th call (the first is 0); what it did before stays."""
    record, left = session._record, [call]

    def count(timeout: float, *what: t.Any) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        record(timeout, *what)

    session._record = count  # type: ignore[method-assign]
    try:
        with contextlib.suppress(Killed):
            yield
    finally:
        session._record = record  # type: ignore[method-assign]


def there_and_back(
    session: FakeSession, forward: t.Callable[[], Result], back: t.Callable[[], Result], look: t.Callable[[], t.Any], first: int, second: int
) -> Result:
    """Goes forward and dies at call ``first``, goes back and dies at call ``second``, goes back for good; what ``look`` sees must be as before."""
    before = look()
    with killed_at(session, first):
        forward()
    with killed_at(session, second):
        back()
    result = back()
    assert not result.failed, result.msg
    assert look() == before
    assert not back().changed
    return result
