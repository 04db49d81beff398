#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# sanity.sh CORE [ARGUMENT...]: ansible-test sanity. No ignore lines, and a test that did not run counts as failed. Without arguments every test of
# that core, with two limits of what would only be done again:
# - compile and import use this core's own Python, not each that is found: the cores have 3.10, 3.11, 3.12 and 3.13, so each Python has its turn.
# - pylint reads tests/ with the newest core's pylint alone: the archive that users and certification get holds no tests.
set -euo pipefail
cd "$(dirname "$0")/../.."
core=$1
shift
if git ls-files -co --exclude-standard 'tests/sanity/ignore-*.txt' | grep .; then
    echo "Sanity findings are mended, not ignored." >&2
    exit 1
fi
newest=$(printf '%s\n' .cache/core/* | sort -V | tail -n 1)
python=$(".cache/core/$core/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
mkdir -p build/logs
log=$PWD/build/logs/sanity-$core.txt
sanity() { tests/utils/in_tree.sh "$core" ansible-test sanity --color no --python "$python" "$@" 2>&1 | tee -a "$log"; }
: >"$log"
if [ $# -gt 0 ] || [ "$core" = "${newest##*/}" ]; then
    sanity "$@"
else
    sanity --skip-test pylint
    sanity --test pylint --exclude tests/
fi
if grep -E 'All targets skipped|Skipping sanity test' "$log"; then
    echo "A sanity test of ansible-core $core did not run." >&2
    exit 1
fi
