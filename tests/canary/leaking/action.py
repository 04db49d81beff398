# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.modules.canary_leak import arguments, leak  # copied there
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._controller import ControllerActionBase
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._in_process import Work


class ActionModule(ControllerActionBase):
    WORK = Work(arguments, leak)
    TARGET = "required"
    HOST_OPTIONS = ("clients[]", "vantage_points.host", "run.store.host")
