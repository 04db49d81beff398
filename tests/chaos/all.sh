#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# all.sh: every crash, in this order; each prints JSON into build/chaos/. Ends with 1 where one ended otherwise than without a death.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
status=0
chaos() { # chaos NAME SCRIPT ARGUMENT...
    local name=$1 script=$2
    shift 2
    .venv/bin/python -W ignore "tests/chaos/$script" "$@" >"build/chaos/$name.json" || status=1
    echo "build/chaos/$name.json"
}
chaos every-boundary crash_matrix.py --every
chaos undone crash_matrix.py --undo
chaos repeatable-script crash_matrix.py --acts failover --repeatable
for outage in target dc dns mirror; do chaos "outage-$outage" crash_matrix.py --outage "$outage"; done
chaos processes crash_processes.py "$@"
exit $status
