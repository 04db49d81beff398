# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the real servers run: on addresses that an interface carries, and in a place that takes them along when it ends."""

from __future__ import annotations

import pathlib
import re
import signal
import socket
import subprocess
import sys

from ansible_collections.continuity.identity_failover.tests.real_servers.servers import HAS_IPV6, ipv6

HERE = pathlib.Path(__file__).parent
SCRIPT = HERE.parents[1] / "tests" / "utils" / "real_servers.sh"
ADDRESS = re.compile(r"127\.0\.53\.\d+")
ADDRESS_6 = re.compile(r"fd00:53::\d+")


def test_every_address_of_a_server_is_on_an_interface() -> None:
    """BIND starts without it, and hears nothing."""
    used = {address for path in HERE.glob("*.py") for address in ADDRESS.findall(path.read_text(encoding="utf-8"))}
    carried = subprocess.run(["/usr/sbin/ip", "-o", "address", "show", "lo"], capture_output=True, text=True, check=True, timeout=10).stdout
    assert used and used <= set(ADDRESS.findall(carried))
    assert not HAS_IPV6 or {ipv6(address) for address in used} <= set(ADDRESS_6.findall(carried))


def test_a_killed_run_leaves_no_server_behind() -> None:
    """The script's own options: a server that ignores everything but SIGKILL ends with them."""
    found = re.search(r"options=\((.*)\)", SCRIPT.read_text(encoding="utf-8"))
    assert found is not None
    with socket.create_server(("127.0.53.1", 0)) as listener:
        port = listener.getsockname()[1]
        child = (
            "import signal, socket; [signal.signal(one, signal.SIG_IGN) for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]; "
            f"kept = socket.create_connection(('127.0.53.1', {port})); kept.recv(1)"
        )
        parent = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {child!r}])"
        # The network of the test itself, so that the child reaches the listener.
        options = [option for option in found.group(1).split() if option != "--net"]
        listener.settimeout(30)
        with subprocess.Popen(["unshare", *options, sys.executable, "-c", parent]) as run:
            try:
                connection, _peer = listener.accept()
                with connection:
                    connection.settimeout(30)
                    run.send_signal(signal.SIGKILL)
                    run.wait(30)
                    assert connection.recv(1) == b"", "the kernel closed it when the server died"
            finally:
                run.kill()  # leaving the block waits for it
