# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  key:
    description: The TSIG key that may update the zones.
    type: dict
    suboptions:
      name:
        description: The name of the key, as the name server has it.
        type: str
        required: true
      secret:
        description: The secret in base64.
        type: str
        required: true
      algorithm:
        description:
          - The algorithm of the key, as the name server has it.
          - The truncated ones, such as V(hmac-sha256-128), are known to work with BIND only.
          - V(hmac-md5) and V(hmac-sha1) are there for old name servers. A new key is best one of V(hmac-sha256).
        type: str
        choices: [hmac-md5, hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha256-128, hmac-sha384, hmac-sha384-192, hmac-sha512, hmac-sha512-256]
        default: hmac-sha256
  kerberos:
    description:
      - The account that may update the zones, instead of O(key), for zones that take secure updates only (GSS-TSIG, RFC 3645).
      - Needs the Python package C(gssapi). Of O(kerberos.keytab), O(kerberos.password) and O(kerberos.cache) one may be given. Without any, the
        caller's own tickets are used.
      - Tested against BIND with an MIT KDC, and against Samba as the domain controller. No Windows DNS server was involved.
    type: dict
    suboptions:
      principal:
        description: The account as C(user@REALM).
        type: str
        required: true
      keytab:
        description: The path of a keytab that holds the account's key.
        type: path
      password:
        description: The account's password. It is used in memory only.
        type: str
      cache:
        description: The ticket cache to use, as V(FILE:/path) or a path.
        type: path
      server:
        description:
          - The host name of the name server, which is asked as C(DNS/host name). Without it, the primary that each server's own SOA record
            names, which in Active Directory is that server itself.
        type: str
"""
