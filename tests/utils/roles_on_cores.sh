#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# roles_on_cores.sh CORE...: the whole sequence of playbooks (tests/playbooks/sequence.txt) on a lab of its own, with each ansible-core.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"
use_powershell
for core in "$@"; do .venv/bin/python tests/utils/playbook_sequence.py --bin ".cache/core/$core/bin" --lab ".cache/lab-roles-$core"; done
