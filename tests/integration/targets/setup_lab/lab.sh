# shellcheck shell=bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Sourced by the targets' runme.sh: one lab for the target, stopped when the target ends, however it ends.
# Gives $LAB (its folder), $COLLECTION, lab COMMAND..., play PLAYBOOK ARGUMENT...

COLLECTION=${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/continuity/identity_failover
LAB=$(mktemp -d)

lab() { python "$COLLECTION/tests/lab/lab.py" "$@" --dir "$LAB"; }

play() { ansible-playbook --inventory "$LAB/inventory.yml" "$@"; }

stop_lab() {
    local status=$?
    if [ -f "$LAB/lab.json" ]; then lab stop; fi
    if [ $status -ne 0 ] && [ -f "$LAB/lab.log" ]; then tail -n 40 "$LAB/lab.log" >&2; fi
    rm -rf "$LAB"
    return $status
}

trap stop_lab EXIT
lab start --idle-minutes 10
