#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every molecule scenario, each on a lab of its own; the scenario "default" starts and stops them.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"
use_powershell
export PATH="$ROOT/.venv/bin:$PATH"
# A run that was killed leaves a record of labs that are gone, with which the next one would begin.
stop_labs() { for pid in .cache/lab-molecule/*/lab/lab.pid; do [ ! -f "$pid" ] || .venv/bin/python tests/lab/lab.py stop --dir "$(dirname "$pid")"; done; }
stop_labs
rm -rf .cache/lab-molecule
molecule reset --scenario-name default >/dev/null 2>&1
trap stop_labs EXIT
# Only the exit code tells: the recap calls a run successful whose idempotence step failed.
molecule test --all "$@"
