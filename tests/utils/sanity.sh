#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# sanity.sh CORE [ARGUMENT...]: ansible-test sanity. No ignore lines, and a test that did not run counts as failed.
set -euo pipefail
cd "$(dirname "$0")/../.."
core=$1
shift
if git ls-files -co --exclude-standard 'tests/sanity/ignore-*.txt' | grep .; then
    echo "Sanity findings are mended, not ignored." >&2
    exit 1
fi
mkdir -p build/logs
log=$PWD/build/logs/sanity-$core.txt
tests/utils/in_tree.sh "$core" ansible-test sanity --color no "$@" 2>&1 | tee "$log"
# Python 3.14 is not part of what is tested yet.
if grep -E 'All targets skipped|Skipping sanity test' "$log" | grep -v ' on Python 3.14 because'; then
    echo "A sanity test of ansible-core $core did not run." >&2
    exit 1
fi
