#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The documentation site, from the modules' and roles' own documentation and docs/docsite, without a network: build/docs/html.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"
export PATH="$ROOT/.venv/bin:$PATH"
umask 022

site=$ROOT/build/docs
rm -rf "$site"
mkdir -p "$site/rst"
antsibull-docs lint-collection-docs --plugin-docs --skip-rstcheck .
python tests/utils/label_inventory.py "$site/ansible_devel.inv"
cp docs/conf/conf.py docs/conf/antsibull-docs.cfg "$site/"
antsibull-docs --config-file "$site/antsibull-docs.cfg" collection --use-current --squash-hierarchy --fail-on-error --dest-dir "$site/rst" "$NAMESPACE.$NAME"
sphinx-build -b html -W -n --keep-going -q -c "$site" "$site/rst" "$site/html"
echo "The site is in build/docs/html."
