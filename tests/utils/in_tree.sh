#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# in_tree.sh ENVIRONMENT COMMAND...: runs the command in a copy of the work tree at .../ansible_collections/continuity/identity_failover, the only
# kind of place that ansible-test accepts, with the tools of an environment: 2.16, 2.18, 2.20, 2.21 (.cache/core/VERSION) or venv (.venv).
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"

core=$1
shift
case $core in venv) venv=$ROOT/.venv ;; *) venv=$ROOT/.cache/core/$core ;; esac
tree=$ROOT/.cache/tree/$core/ansible_collections/$NAMESPACE/$NAME
mkdir -p "$tree"
# One command at a time in a copy, which is made anew for each.
exec 8>"$ROOT/.cache/tree/$core.lock"
flock 8
find "$tree" -mindepth 1 -maxdepth 1 ! -name tests ! -name .git -exec rm -rf {} +
[ ! -d "$tree/tests" ] || find "$tree/tests" -mindepth 1 -maxdepth 1 ! -name output -exec rm -rf {} +
# With the repository's .git above it ansible-test would find every file ignored, test nothing and pass.
[ -d "$tree/.git" ] || git init --quiet "$tree"
comm -z -23 <(git ls-files -co --exclude-standard -z | LC_ALL=C sort -z) <(git ls-files -d -z | LC_ALL=C sort -z) | xargs -0 cp --parents --no-dereference -t "$tree"
# The interpreter's own folder instead of pyenv's shims, which fail for versions that are not chosen; no pwsh, which would start pslint.
interpreter=$("$venv/bin/python" -c 'import sys; print(sys.base_prefix)')/bin
export PATH=$venv/bin:$ROOT/.venv/bin:$interpreter:/usr/local/bin:/usr/bin:/bin
cd "$tree"
"$@" 8>&-
