#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Builds the archive from what git knows, installs it where nothing else of ours is, verifies it and lets Galaxy's importer judge it.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"

work=$ROOT/build/collection
rm -rf "$work"
mkdir -p "$work/installed" build/logs
tests/utils/in_tree.sh 2.21 ansible-galaxy collection build --force --output-path "$work"
archive=$(echo "$work"/"$NAMESPACE-$NAME"-*.tar.gz)
tar -tzf "$archive" | sort >"$work/contents.txt"
if grep -E '^(tests|requirements|build|\.)' "$work/contents.txt"; then
    echo "The archive holds files that no user needs: see build_ignore in galaxy.yml." >&2
    exit 1
fi

# The importer's environment does not have the work tree linked in, so this is the archive alone.
export ANSIBLE_COLLECTIONS_PATH=$work/installed
export PATH=$ROOT/.cache/importer/bin:$ROOT/.venv/bin:/usr/local/bin:/usr/bin:/bin
ansible-galaxy collection install --offline --collections-path "$work/installed" "$archive"
ansible-galaxy collection verify --offline "$NAMESPACE.$NAME"
for kind in module filter role; do ansible-doc --list --type "$kind" "$NAMESPACE.$NAME"; done

# Without its ansible-lint: tests/utils/lint.sh ansible-lint reads the same files, and more, with the same profile.
cat >"$work/importer.cfg" <<'CFG'
[galaxy-importer]
RUN_ANSIBLE_LINT = False
CHECK_REQUIRED_TAGS = True
CHECK_CHANGELOG = True
CFG
cd "$work"
status=0
GALAXY_IMPORTER_CONFIG=$work/importer.cfg python -m galaxy_importer.main "$archive" >importer.txt 2>&1 || status=$?
cat importer.txt
# It exits with 0 for most of what it finds.
if [ $status -ne 0 ] || grep -qE '^(WARNING|ERROR)' importer.txt; then
    echo "The importer complains." >&2
    exit 1
fi
