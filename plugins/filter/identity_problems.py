# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_problems
author: The continuity.identity_failover contributors (@continuity)
version_added: 1.0.0
short_description: Says everything that is wrong with the definition of an identity
description:
  - Looks at one entry of C(failover_identities) and returns one sentence for each thing that is wrong with it.
  - Every sentence names the whole path of the key, and what may have been meant. Nothing is connected to.
  - The rules between keys are only looked at once every key by itself is right.
positional: identity
options:
  _input:
    description: All definitions, C(failover_identities).
    type: dict
    required: true
  identity:
    description: The name of the identity.
    type: str
    required: true
  groups:
    description:
      - The groups of the inventory with their hosts, the magic variable C(groups).
      - The hosts of its group V(all) are those that a definition may name.
    type: dict
    required: true
  credentials:
    description: The known credentials, C(failover_credentials), or only their names. Without it credentials are not checked.
    type: raw
  addresses:
    description:
      - The connection address of each host, to find those that belong to the identity. The magic variable C(hostvars) will do.
      - A host that is not in there is reached by its name.
    type: dict
    default: {}
seealso:
  - plugin: continuity.identity_failover.identity_definition
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Refuse a definition that is wrong
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: >-
      {{ failover_identities | continuity.identity_failover.identity_problems(
           failover_identity, groups=groups, credentials=failover_credentials | default({}), addresses=hostvars) }}
"""

RETURN = r"""
_value:
  description: One sentence for each problem. Empty where the definition is right.
  type: list
  elements: str
  sample: ["failover_identities.mail.dns.tll is no key of a definition; did you mean 'ttl'?"]
"""

import collections.abc
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import problems


def identity_problems(definitions: t.Any, identity: str, groups: t.Any, credentials: t.Any = None, addresses: t.Any = None) -> list[str]:
    """See DOCUMENTATION."""
    if not isinstance(groups, collections.abc.Mapping):
        raise AnsibleFilterError("identity_problems needs groups, a dictionary of the inventory's groups: groups=groups")
    if not isinstance(identity, str):
        raise AnsibleFilterError("identity_problems needs the name of the identity, a string")
    members = {str(name): [str(host) for host in hosts] for name, hosts in groups.items()}
    hosts = set(members.get("all", ())).union(*members.values())
    names = None if credentials is None else [str(name) for name in credentials]
    return problems(definitions, identity, hosts, members, names, _connection_addresses(definitions, identity, addresses))


def _connection_addresses(definitions: t.Any, identity: str, addresses: t.Any) -> dict[str, str]:
    """Those of the two servers: the other hosts' variables need not be templated."""
    found: dict[str, str] = {}
    definition = definitions.get(identity) if isinstance(definitions, collections.abc.Mapping) else None
    for side in ("source", "target"):
        server = definition.get(side) if isinstance(definition, collections.abc.Mapping) else None
        host = server.get("host") if isinstance(server, collections.abc.Mapping) else None
        if addresses and isinstance(host, str) and host in addresses:
            value = addresses[host]
            value = value.get("ansible_host") if isinstance(value, collections.abc.Mapping) else value
            found[host] = str(value or host)
    return found


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"identity_problems": identity_problems}
