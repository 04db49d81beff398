#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The state: read with and without the definition, from the mirror where the target is silent; nothing is written.
set -eux
# shellcheck source=tests/integration/targets/setup_lab/lab.sh
source ../setup_lab/lab.sh
play test.yml "$@"
