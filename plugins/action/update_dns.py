# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.modules.update_dns import arguments
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._controller import ControllerActionBase
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._in_process import Work


class ActionModule(ControllerActionBase):
    #: Without the libraries for Windows, which only a run's store needs: the other tasks of a run have loaded them.
    WORK = Work(arguments, update_dns, libraries=())
    TARGET = "none"
    HOST_OPTIONS = ("run.store.host",)
