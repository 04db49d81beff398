# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Sourced by the scripts beside it: where things are, and how to find an interpreter. Leaves the caller in the collection's root.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$ROOT" || exit 1
export NAMESPACE=continuity NAME=identity_failover
export UV_PYTHON_DOWNLOADS=never
# Without compiled modules every start of Ansible takes three times as long.
unset PYTHONDONTWRITEBYTECODE
# A user's own settings must not change what the tests see.
unset PYTHONPATH PYTHONHOME ANSIBLE_COLLECTIONS_PATH
export ANSIBLE_CONFIG=$ROOT/tests/ansible.cfg

# The interpreter's real path if it is Python $2.$3 or newer and can make environments. A pyenv shim without its version fails here.
usable_python() { # usable_python COMMAND MAJOR MINOR
    "$1" -c 'import ensurepip, sys, venv
if sys.version_info[:2] < (int(sys.argv[1]), int(sys.argv[2])): sys.exit(1)
print(sys.executable)' "$2" "$3" 2>/dev/null
}

find_python() { # find_python MINIMUM VERSION...  prints a real interpreter: the first of the versions, else any that is new enough
    local minimum=$1 version candidate
    shift
    for version in "$@"; do
        for candidate in "$HOME"/.pyenv/versions/"$version".*/bin/python "$(command -v "python$version" || true)" "/usr/bin/python$version" "/usr/local/bin/python$version"; do
            if [ -n "$candidate" ] && usable_python "$candidate" "${minimum%.*}" "${minimum#*.}"; then return; fi
        done
    done
    for candidate in python3 python; do
        if usable_python "$candidate" "${minimum%.*}" "${minimum#*.}"; then return; fi
    done
    return 1
}

# The engine that runs the collection's PowerShell scripts in the lab, where the lab looks for it; without one the lab uses its Python twins.
use_powershell() {
    local shared=${CONTINUITY_SHARED:-} cache=$HOME/.cache/continuity-lab folder
    [ -z "${LAB_PWSH:-}" ] || return 0
    if [ ! -x "$cache/pwsh/pwsh" ] && [ "$(uname -sm)" = "Linux x86_64" ]; then
        for folder in "$ROOT/.." "$ROOT/../.."; do [ -n "$shared" ] || [ ! -d "$folder/shared/tools" ] || shared=$folder/shared; done
        if [ -f "$shared/tools/pwsh/pwsh-linux-x64.tar.xz" ]; then
            mkdir -p "$cache"
            folder=$(mktemp -d "$cache/new.XXXXXX")
            .venv/bin/python -W ignore -m tarfile -e "$shared/tools/pwsh/pwsh-linux-x64.tar.xz" "$folder"
            # Another run may have been faster: then its copy stays.
            mv -nT "$folder/pwsh" "$cache/pwsh" 2>/dev/null || true
            rm -rf "$folder"
        fi
    fi
    if [ -x "$cache/pwsh/pwsh" ]; then export LAB_PWSH=$cache/pwsh/pwsh; fi
}
