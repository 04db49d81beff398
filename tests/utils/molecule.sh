#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every molecule scenario on one lab, which the scenario "default" starts and stops.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"
use_powershell
export PATH="$ROOT/.venv/bin:$PATH"
# A run that was killed leaves a record of a lab that is gone, with which the next one would begin.
stop_lab() { [ ! -f .cache/lab-molecule/lab.pid ] || .venv/bin/python tests/lab/lab.py stop --dir .cache/lab-molecule; }
stop_lab
rm -rf .cache/lab-molecule
molecule reset --scenario-name default >/dev/null 2>&1
trap stop_lab EXIT
# Only the exit code tells: the recap calls a run successful whose idempotence step failed.
molecule test --all "$@"
