#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# integration.sh ENVIRONMENT [TARGET...]: ansible-test integration against the lab. Without targets: all of them.
set -euo pipefail
cd "$(dirname "$0")/../.."
core=$1
shift
mkdir -p build/logs
log=$PWD/build/logs/integration-$core.txt
version=$(if [ "$core" = venv ]; then echo .venv/bin/python; else echo ".cache/core/$core/bin/python"; fi)
version=$("$version" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
# The targets start and stop the lab themselves: it lives beside the copy of the tree, apart from a developer's own.
tests/utils/in_tree.sh "$core" ansible-test integration --local --python "$version" --color no "$@" 2>&1 | tee "$log"
if grep -E 'All targets skipped|WARNING: Excluding|SKIPPED' "$log"; then
    echo "An integration target did not run." >&2
    exit 1
fi
