#!/usr/bin/env bash
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# real_servers.sh: the tests against real name servers, in a network and among processes of their own, so that fixed addresses disturb nobody and
# a killed run leaves no server behind; with the newest dnspython, then with the oldest that is supported.
# real_servers.sh PYTEST ARGUMENT...: only that, with the newest. real_servers.sh --packages: Debian's packages of the servers, as root.
# real_servers.sh --install: these, and what the tests need of Python outside of .venv.
# real_servers.sh --command COMMAND...: something else than the tests in such a network. Ends with 77 where a process is given no such network.
set -euo pipefail
# shellcheck source=tests/utils/environment.sh
source "$(dirname "$0")/environment.sh"

OLDEST=2.3.0
PACKAGES=(bind9 bind9-dnsutils knot pdns-server pdns-backend-sqlite3 sqlite3 iproute2 krb5-kdc krb5-admin-server krb5-user libkrb5-dev gcc libc6-dev
    samba samba-dsdb-modules samba-vfs-modules samba-ad-provision)

packages() {
    local package missing=()
    for package in "${PACKAGES[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # The servers are started by the tests alone, never by the system.
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
    fi
}

if [ "${1:-}" = --packages ]; then
    packages
    exit 0
fi
if [ "${1:-}" = --install ]; then
    packages
    # The oldest dnspython that is supported; the environment has the newest.
    [ -e ".cache/dnspython-$OLDEST" ] || .venv/bin/uv pip install --quiet --python .venv/bin/python --target ".cache/dnspython-$OLDEST" "dnspython==$OLDEST"
    # gssapi has no wheel for Linux: it is built, and kept outside of the environment, because users may lack it.
    [ -e .cache/gssapi ] || .venv/bin/uv pip install --quiet --python .venv/bin/python --target .cache/gssapi gssapi
    exit 0
fi

if [ -z "${CONTINUITY_PRIVATE_NETWORK:-}" ]; then
    options=(--net --mount --pid --fork --kill-child --mount-proc)
    [ "$(id -u)" -eq 0 ] || options+=(--user --map-root-user)
    if ! unshare "${options[@]}" true 2>/dev/null; then
        echo "This system gives no private network to a process (unshare): the tests against real name servers can't run here." >&2
        exit 77
    fi
    export CONTINUITY_PRIVATE_NETWORK=1
    exec unshare "${options[@]}" "$ROOT/tests/utils/real_servers.sh" "$@"
fi

ip=$(command -v ip || echo /usr/sbin/ip)
"$ip" link set lo up
# BIND listens only on addresses that an interface carries.
for number in 1 2 3 4 5 6 7 10; do
    "$ip" address add "127.0.53.$number/8" dev lo
    [ ! -e /proc/net/if_inet6 ] || "$ip" address add "fd00:53::$number/128" dev lo nodad
done
export PYTHONPATH=$ROOT/.cache/gssapi
if [ "${1:-}" = --command ]; then
    shift
    exec "$@"
fi
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest -q "$@"; fi

.venv/bin/python -m pytest -q tests/real_servers
if [ -e ".cache/dnspython-$OLDEST" ]; then
    echo "The same with dnspython $OLDEST:"
    CONTINUITY_DNSPYTHON=$OLDEST PYTHONPATH=$ROOT/.cache/dnspython-$OLDEST:$PYTHONPATH .venv/bin/python -m pytest -q tests/real_servers
else
    echo "Skipped: the same with dnspython $OLDEST: no .cache/dnspython-$OLDEST; tests/utils/real_servers.sh --install brings it"
    [ "${CONTINUITY_FORBID_SKIPS:-}" != 1 ] || exit 1
fi
