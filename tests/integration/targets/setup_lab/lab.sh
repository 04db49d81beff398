# shellcheck shell=bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Sourced by the targets' runme.sh: one lab for the target and the example project aimed at it, both gone when the target ends, however it ends.
# Gives $LAB (the lab's folder), $PROJECT, $COLLECTION, lab COMMAND..., play PLAYBOOK ARGUMENT...

COLLECTION=${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/continuity/identity_failover
FOLDER=$(mktemp -d)
export COLLECTION LAB=$FOLDER/lab PROJECT=$FOLDER/project

# The engine does the same with a script on every ansible-core: the oldest one's targets have the scripts' twins in its place.
case $(python -c 'from ansible.release import __version__; print(__version__)') in 2.16.*) export LAB_PWSH=none ;; esac

lab() { python "$COLLECTION/tests/lab/lab.py" "$@" --dir "$LAB"; }

play() {
    ansible-playbook --inventory "$PROJECT/inventory/" --vault-password-file "$PROJECT/vault-password" \
        --extra-vars "@../setup_lab/look.yml" "$@"
}

stop_lab() {
    local status=$?
    if [ -f "$LAB/lab.json" ]; then lab stop; fi
    if [ $status -ne 0 ] && [ -f "$LAB/lab.log" ]; then tail -n 40 "$LAB/lab.log" >&2; fi
    rm -rf "$FOLDER"
    return $status
}

trap stop_lab EXIT
python "$COLLECTION/tests/utils/lab_project.py" start "$FOLDER"
