# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This fragment is private to the collection: no other documentation may rely on it.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  hosts:
    description:
      - How to reach the inventory hosts that other options name.
      - The action fills it in from the inventory. Give it only when the module is used without a host in the inventory.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The host's name in the inventory, by which other options and results call it.
        type: str
        required: true
      host:
        description: The address or name to connect to.
        type: str
        required: true
      port:
        description: The port of the WinRM service. The default is V(5985) with O(hosts[].scheme)=V(http) and V(5986) otherwise.
        type: int
      scheme:
        description: Whether to use TLS. The default is V(http) with O(hosts[].port)=V(5985) and V(https) otherwise.
        type: str
        choices: [http, https]
      user:
        description: The account to log on with, as C(user@DOMAIN), C(DOMAIN\user) or a local account's name.
        type: str
      password:
        description: The password of O(hosts[].user).
        type: str
      transport:
        description:
          - The authentication methods, in the order to try them.
          - The default is V(certificate) with O(hosts[].certificate_pem). Otherwise it is V(kerberos) for a O(hosts[].user) with an C(@),
            then V(ntlm), then V(basic) where TLS is used.
          - V(plaintext) and V(ssl) mean the same as V(basic).
        type: list
        elements: str
        choices: [basic, plaintext, ssl, certificate, ntlm, kerberos, credssp]
      validate_certs:
        description: Whether the host's certificate must be valid and match its name.
        type: bool
        default: true
      ca_file:
        description: A file with the certificates of the authorities to trust, instead of those that the system trusts.
        type: path
      certificate_pem:
        description: The client certificate to log on with, a file on the controller.
        type: path
      certificate_key_pem:
        description: The private key of O(hosts[].certificate_pem), a file on the controller.
        type: path
      message_encryption:
        description:
          - Whether to encrypt messages with the keys of the authentication.
          - V(auto) does so where TLS is not used. V(never) sends them readable over the network when TLS is not used.
        type: str
        choices: [auto, always, never]
        default: auto
      connect_timeout:
        description: Seconds to wait until a connection stands.
        type: float
        default: 5.0
      operation_timeout:
        description: Seconds after which the host's WinRM service answers that a request is not finished yet.
        type: float
        default: 20.0
      resolver:
        description: The name server that this host itself asks, from the host's variable C(failover_resolver).
        type: str
"""
