#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes the environments. `setup.sh test`: .venv for the demo and the tests, on Python 3.10 or later. `setup.sh dev`: the same with every
# tool of development, on Python 3.12 or 3.13. `setup.sh all`: also one environment for each ansible-core that is tested, and the importer's.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"

install() { # install ENVIRONMENT LOCK OPTION...
    local venv=$1 lock=$2
    shift 2
    .venv/bin/uv pip install --quiet --compile-bytecode --python "$venv/bin/python" "$@" --requirement "$lock"
}

link() { # the collection into an environment, one link for each top-level entry, so that nothing recurses and edits are seen at once
    local site entry
    site=$("$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ansible_collections/$NAMESPACE/$NAME
    mkdir -p "$site"
    for entry in *; do
        case $entry in build | collections | *.tar.gz) continue ;; esac
        ln -sfn "$ROOT/$entry" "$site/$entry"
    done
    for entry in "$site"/*; do [ -e "$entry" ] || rm "$entry"; done
}

make_venv() { # make_venv MINIMUM VERSION...
    local python
    if [ -e .venv ] && ! usable_python .venv/bin/python "${1%.*}" "${1#*.}" >/dev/null; then
        echo "The environment .venv has no working Python $1 or later: making it anew." >&2
        rm -rf .venv
    fi
    [ ! -e .venv ] || return 0
    if [ -n "${PYTHON:-}" ]; then
        python=$(usable_python "$PYTHON" "${1%.*}" "${1#*.}") || python=
    else
        python=$(find_python "$@") || python=
    fi
    if [ -z "$python" ]; then
        echo "No Python $1 or later with its venv module was found: install one (on Debian and Ubuntu the packages python3 and python3-venv)," \
            "or name one with PYTHON=/path/to/python." >&2
        exit 1
    fi
    echo "Making .venv with $("$python" --version)." >&2
    "$python" -m venv .venv
}

install_uv() { # of the same version and by the same hash as in the lock
    [ -x .venv/bin/uv ] && return
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
        --requirement <(awk '/^uv==/{found=1} found{print} found&&!/\\$/{exit}' requirements/test.txt)
}

core_environments() {
    local core version python
    while read -r core version; do
        if ! usable_python ".cache/core/$core/bin/python" 3 10 >/dev/null; then
            if ! python=$(find_python "$version" "$version") || [ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" != "$version" ]; then
                echo "ansible-core $core is tested on Python $version, which this machine does not have." >&2
                exit 1
            fi
            .venv/bin/uv venv --quiet --clear --python "$python" ".cache/core/$core"
        fi
        install ".cache/core/$core" "requirements/core-$core.txt"
        link ".cache/core/$core"
    done <<<$'2.16 3.10\n2.18 3.11\n2.20 3.13\n2.21 3.12'
    [ -x .cache/importer/bin/python ] || .venv/bin/uv venv --quiet --python "$(find_python 3.12 3.12 3.13)" .cache/importer
    install .cache/importer requirements/importer.txt
}

seed_get_pip() { # ansible-test makes environments without pip and would fetch get-pip.py; never over a file that is there
    local folder=$HOME/.ansible/test/cache version
    mkdir -p "$folder"
    for version in 23_1_2 24_2 25_2; do
        [ -e "$folder/get_pip_$version.py" ] || cp tests/utils/get_pip.py "$folder/get_pip_$version.py"
    done
}

case ${1:-test} in
    test)
        make_venv 3.10 3.12 3.13 3.11 3.10
        install_uv
        install .venv requirements/test.txt --require-hashes
        ;;
    dev | all)
        make_venv 3.12 3.12 3.13
        install_uv
        install .venv requirements/dev.txt --require-hashes
        ;;
    *)
        echo "usage: setup.sh [test|dev|all]" >&2
        exit 2
        ;;
esac
link .venv
if [ "${1:-test}" = all ]; then
    core_environments
    seed_get_pip
fi
use_powershell
