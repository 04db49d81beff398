#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# A mailbox database and a SQL Server database: mounted on the target, seen by the lab, not mounted twice, dismounted.
set -eux
# shellcheck source=tests/integration/targets/setup_lab/lab.sh
source ../setup_lab/lab.sh
lab kill exch1 # its files are in use as long as the source replicates into them
play test.yml "$@"
