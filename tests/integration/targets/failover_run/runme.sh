#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A run: armed, armed again with nothing to do, opened, stopped, resumed, undone; adopted, disarmed; and what is refused.
set -eux
# shellcheck source=tests/integration/targets/setup_lab/lab.sh
source ../setup_lab/lab.sh
play test.yml "$@"
