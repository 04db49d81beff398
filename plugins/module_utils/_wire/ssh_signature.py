# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""An SSH signature as ``ssh-keygen -Y sign`` writes it: which key it says it is of. Pure.

Format: OpenSSH, PROTOCOL.sshsig. Nothing is verified here.
"""

from __future__ import annotations

import base64
import binascii

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_MAGIC = b"SSHSIG"


def signing_key(armoured: str) -> str:
    """The public key as ``type base64``. Raises InvalidInput for what is no signature."""
    text = armoured.strip()
    if not text.startswith(BEGIN) or not text.endswith(END):
        raise InvalidInput(f"signature: it must begin with {BEGIN} and end with {END}, as ssh-keygen -Y sign writes it")
    try:
        blob = base64.b64decode("".join(text[len(BEGIN) : -len(END)].split()), validate=True)
    except binascii.Error as error:
        raise InvalidInput(f"signature: what stands between its first and last line is no base64: {error}") from error
    if not blob.startswith(_MAGIC):
        raise InvalidInput("signature: it is no SSH signature")
    key = _string(blob, len(_MAGIC) + 4)
    return f"{_string(key, 0).decode('ascii', 'replace')} {base64.b64encode(key).decode('ascii')}"


def _string(blob: bytes, start: int) -> bytes:
    """A string with its length before it: RFC 4251, section 5."""
    length = int.from_bytes(blob[start : start + 4], "big")
    found = blob[start + 4 : start + 4 + length]
    if len(blob) < start + 4 or len(found) != length:
        raise InvalidInput("signature: it ends in the middle")
    return found
