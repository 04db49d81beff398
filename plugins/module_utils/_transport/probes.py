# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A TCP connection as a probe: does anything listen there?"""

from __future__ import annotations

import socket


def tcp_answers(address: str, port: int, timeout: float) -> tuple[bool, str]:
    """(whether a connection could be made within ``timeout`` seconds, why not)."""
    try:
        with socket.create_connection((address, port), timeout):
            return True, ""
    except ConnectionRefusedError:
        return False, f"port {port} of {address} is closed"
    except OSError as error:
        return False, f"port {port} of {address} did not answer: {error.strerror or type(error).__name__}"
