#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# test.sh [PYTEST ARGUMENT...]: every test that this machine can run. With arguments: only pytest, with them.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"
use_powershell
export PATH="$ROOT/.venv/bin:$PATH"

mkdir -p build/logs
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi

failed=()
skipped=()
# Both beside the other tests, because most of their time they wait: for a name server, in a network of their own, and for the lab.
tests/utils/real_servers.sh >build/logs/real-servers.txt 2>&1 &
real_servers=$!
# ansible-test needs git for its copy of the tree, and runs on Linux only. In a session of its own, so that all of it can be ended at once.
integration=
if [ "$(uname -s)" != Linux ]; then
    skipped+=("integration targets: ansible-test runs on Linux only")
elif ! git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    skipped+=("integration targets: they run in a copy made by git, and this folder is not a clone")
else
    setsid tests/utils/integration.sh venv >build/logs/integration.txt 2>&1 &
    integration=$!
fi
# unshare lets no other signal end the servers; its --kill-child ends what runs within.
trap 'kill -KILL "$real_servers" 2>/dev/null || true; [ -z "$integration" ] || kill -TERM -- "-$integration" 2>/dev/null || true' EXIT
# One more than cores: whole playbooks wait a good part of their time. In the order of the folders, because xdist would else begin with the files of
# many short tests, and end with a few files of one long test each, one worker after the other.
processes=${CONTINUITY_TEST_PROCESSES:-$(.venv/bin/python -c 'import os; print(1 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()))')}
.venv/bin/python -m pytest --numprocesses "$processes" --dist loadfile --no-loadscope-reorder --durations 25 --durations-min 5 2>&1 |
    tee build/logs/pytest.txt || failed+=(pytest)

if [ -n "$integration" ]; then
    wait "$integration" || failed+=("integration")
    cat build/logs/integration.txt
fi
status=0
wait "$real_servers" || status=$?
trap - EXIT
cat build/logs/real-servers.txt
if [ $status -eq 77 ]; then skipped+=("real name servers: no private network for them"); elif [ $status -ne 0 ]; then failed+=("real name servers"); fi
[ -n "${LAB_PWSH:-}" ] || command -v pwsh >/dev/null || skipped+=("PowerShell itself: no engine in LAB_PWSH, nor pwsh; the lab used its Python twins")

echo
for reason in "${skipped[@]}"; do echo "Skipped: $reason"; done
if [ "${CONTINUITY_FORBID_SKIPS:-}" = 1 ] && [ ${#skipped[@]} -gt 0 ]; then failed+=("skips, which CONTINUITY_FORBID_SKIPS=1 forbids"); fi
if [ ${#failed[@]} -gt 0 ]; then
    printf 'Failed: %s\n' "${failed[@]}"
    exit 1
fi
echo "Passed: pytest$([ ${#skipped[@]} -gt 0 ] || echo ", integration") - $(tail -n 1 build/logs/pytest.txt | tr -d =)"
