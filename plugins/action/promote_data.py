# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._module.promote_data import promote_data
from ansible_collections.continuity.identity_failover.plugins.modules.promote_data import arguments
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._controller import ControllerActionBase
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._in_process import Work


class ActionModule(ControllerActionBase):
    WORK = Work(arguments, promote_data)
    TARGET = "required"
    HOST_OPTIONS = ("run.store.host",)
