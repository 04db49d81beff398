#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The watch: a source that answers, then one that is dead; counted down once, and not a second time.
set -eux
# shellcheck source=tests/integration/targets/setup_lab/lab.sh
source ../setup_lab/lab.sh
play test.yml "$@"
