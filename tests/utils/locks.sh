#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Writes requirements/*.txt from requirements/*.in. A lock names packages, versions and hashes, never where they were found.
set -euo pipefail
cd "$(dirname "$0")/../.."
export UV_PYTHON_DOWNLOADS=never

compile() { # compile NAME PYTHON OPTION...
    local name=$1 python=$2
    shift 2
    .venv/bin/uv pip compile --quiet --python-version "$python" --no-emit-index-url --no-annotate --no-header "$@" \
        --output-file "requirements/$name.txt" "requirements/$name.in"
    if grep -n '://' "requirements/$name.txt"; then
        echo "requirements/$name.txt names an address: take it out." >&2
        exit 1
    fi
}

compile test 3.10 --universal --generate-hashes "$@"
compile dev 3.12 --universal --generate-hashes "$@"
compile importer 3.12 "$@"
compile core-2.16 3.10 "$@"
compile core-2.18 3.11 "$@"
compile core-2.20 3.13 "$@"
compile core-2.21 3.12 "$@"
