#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Reads the code: every check that runs nothing of it. `lint.sh CHECK...` runs some of them.
set -uo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"
export PATH="$ROOT/.venv/bin:$PATH"

check() {
    case $1 in
        ruff) ruff check . && ruff format --check . ;;
        yamllint) yamllint --strict . ;;
        mypy) mypy ;;
        shell) git ls-files -co --exclude-standard -z '*.sh' .ci/run | xargs -0 shellcheck --external-sources ;;
        licences) reuse lint --quiet || reuse lint ;;
        changelog) antsibull-changelog lint ;;
        ansible-lint) ansible-lint --offline ;;
        *) echo "There is no check $1." >&2 && return 2 ;;
    esac
}

[ $# -gt 0 ] || set -- ruff yamllint mypy shell licences changelog ansible-lint
status=0
for name in "$@"; do
    echo "== $name"
    check "$name" || status=1
done
exit $status
