# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Ansible loads this package before the first of its actions, and with that before all that an action imports.

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.plugin_utils._compiled import keep_compiled

keep_compiled()
