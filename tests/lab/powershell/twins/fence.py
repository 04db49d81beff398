# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scripts' Use-Lease answers. The lab does one thing at a time, so there is no mutex."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.continuity.identity_failover.tests.lab.model.host import Host


def still_ours(host: Host, lease: Any) -> bool:
    """False where the lease's file has another epoch than ``lease``, ``{file, epoch}`` or None."""
    if lease is None or not host.files.exists(str(lease["file"])):
        return True
    return int(json.loads(host.files.read(str(lease["file"])))["epoch"]) == int(lease["epoch"])
