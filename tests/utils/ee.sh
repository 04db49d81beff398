#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The execution environment's files lead to what the collection needs: ansible-builder makes a context of the built archive and reads them back.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"
export PATH="$ROOT/.venv/bin:$PATH"

work=$ROOT/build/ee
rm -rf "$work"
mkdir -p "$work/ansible_collections/$NAMESPACE/$NAME"
cp -r meta "$work/ansible_collections/$NAMESPACE/$NAME/"
cp galaxy.yml "$work/ansible_collections/$NAMESPACE/$NAME/"
cat >"$work/execution-environment.yml" <<EOF
---
version: 3
images:
  base_image:
    name: registry.example.com/ansible/base:latest
dependencies:
  ansible_core: {package_pip: "ansible-core>=2.16"}
  ansible_runner: {package_pip: ansible-runner}
  galaxy:
    collections:
      - name: $NAMESPACE.$NAME
EOF
ansible-builder create --file "$work/execution-environment.yml" --context "$work/context" --output-filename Containerfile
ansible-builder introspect "$work" --write-pip "$work/pip.txt" --write-bindep "$work/bindep.txt"
sed 's/[>=<#[:space:]].*//' meta/ee-requirements.txt | sort -u | while read -r package; do
    if [ -n "$package" ] && ! grep -qi "^$package" "$work/pip.txt"; then
        echo "ansible-builder does not find $package of meta/ee-requirements.txt." >&2
        exit 1
    fi
done
