# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test needs of the machine beside the locked Python packages."""

from __future__ import annotations

import pytest


def needed(missing: str) -> pytest.MarkDecorator:
    """``missing``: what is not there and what brings it; "" where all is there."""
    # A developer's machine may lack a name server, a KDC or a PowerShell engine, and a test of one can't run without: each is told with its reason at the
    # end of the run. .ci/run installs them all, and fails for any test that was skipped (CONTINUITY_FORBID_SKIPS, in tests/conftest.py).
    return pytest.mark.skipif(bool(missing), reason=missing)
