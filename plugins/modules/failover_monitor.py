#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: failover_monitor
short_description: Counts down to an incident while a source does not answer
version_added: 1.0.0
description:
  - Probes the source from every vantage point, once or for a given time. When nothing has answered for
    O(interval) times O(missed) seconds, Time to Fail is zero and an incident is written to the journal of the identity.
    Nothing is moved, because manual intervention is required.
  - When the source of an open incident answers again, the incident is written down as recovered and the decisions are void.
  - After a quarter of Time to Fail without any reply the identity is V(suspect).
  - While the target owns the identity and O(definition) is given, nothing is counted down. It looks for what pulls the identity back
    instead, and records the state V(threatened), and V(failed_over) again once all of it is gone. See RV(threats).
  - Name servers that a run went on without are read again, see RV(debts).
author:
  - The continuity.identity_failover contributors (@continuity)
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.targeted
  - continuity.identity_failover._connection
  - continuity.identity_failover._hosts
  - continuity.identity_failover._store
  - continuity.identity_failover._definition
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details: An incident is opened once, and recovered once.
options:
  identity:
    description: The name of the identity.
    type: str
    required: true
  source:
    description: The inventory host that is watched.
    type: str
    required: true
  vantage_points:
    description: The places to probe from. Without any, the controller.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: An inventory host, or V(controller).
        type: str
        required: true
  probes:
    description: What is asked in every round. Without any, the management endpoint of the source is asked to identify itself.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description:
          - V(tcp) connects to a port from the controller, and asks other vantage points for an echo request, which is what Windows can do without a script.
          - V(wsman) asks the WinRM listener to identify itself, from the controller.
          - V(service) looks whether the services in O(probes[].names) run, from the controller.
        type: str
        choices: [tcp, wsman, service]
        required: true
      port:
        description: The port of a V(tcp) probe. Without it, the port of the management endpoint.
        type: int
      address:
        description: The address of a V(tcp) probe. Without it, the address of the management endpoint.
        type: str
      names:
        description: The services of a V(service) probe.
        type: list
        elements: str
        default: []
  interval:
    description: Seconds between two rounds.
    type: float
    default: 5.0
  missed:
    description: Rounds without any reply until the source counts as failed.
    type: int
    default: 5
  trigger:
    description: Whether V(all) vantage points must miss the source, or V(one) is enough.
    type: str
    choices: [all, one]
    default: all
  duration:
    description: For how many seconds to watch. V(0) makes one round. An incident ends the watch.
    type: float
    default: 0.0
seealso:
  - module: continuity.identity_failover.failover_status
"""

EXAMPLES = r"""
- name: Watch the mail server
  hosts: exch2
  gather_facts: false
  tasks:
    - name: Count down for up to ten minutes
      continuity.identity_failover.failover_monitor:
        identity: mail
        source: exch1
        vantage_points:
          - host: controller
          - host: exch2
        probes:
          - kind: tcp
            port: 445
          - kind: service
            names: [MSExchangeIS]
        interval: 5
        missed: 5
        duration: 600
      register: watch

    - name: Call somebody
      ansible.builtin.debug:
        msg: "{{ watch.incident }}"
      when: watch.state == 'pending'
"""

RETURN = r"""
msg:
  description: What there is to say, or what went wrong, in one sentence.
  returned: always
  type: str
  sample: mail is protected; Time to Fail 25 s
reason:
  description: Why it failed, as a word that does not change with languages. Empty when it did not.
  returned: always
  type: str
  sample: ""
outcomes:
  description: One entry for each thing that was looked at or changed.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What it is.
      type: str
      sample: controller tcp exch1
    status:
      description: V(done), V(already), V(predicted), V(skipped), V(unconfirmed), V(failed) or V(not_tried).
      type: str
      sample: done
    changed:
      description: Whether it was changed, or may have been.
      type: bool
      sample: true
    grade:
      description: How sure this is. V(probed), V(predicted) or V(unknown).
      type: str
      sample: probed
    msg:
      description: What there is to say about it.
      type: str
      sample: ""
    reason:
      description: Why it went wrong, as a word.
      type: str
      sample: ""
    host:
      description: The host concerned.
      type: str
      sample: ""
    before:
      description: What was there.
      type: raw
      sample: pending
    after:
      description: What is there now.
      type: raw
      sample: approved
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
timing:
  description: Seconds by part of the work.
  returned: always
  type: dict
  sample: {}
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {}
state:
  description: The state of the identity.
  returned: success
  type: str
  sample: pending
time_to_fail:
  description: Seconds that are left until the source counts as failed.
  returned: success
  type: float
  sample: 12.5
incident:
  description:
    - The open incident, null where there is none.
    - Its C(void_votes) names who had voted for a planned move when the source failed. Those votes count no more, for that was another intent.
  returned: success
  type: dict
  sample: {id: "3", opened_at: "2026-11-22T20:00:00.000Z", class: host}
observations:
  description: The last answer to every probe.
  returned: success
  type: list
  elements: dict
  sample:
    - {vantage_point: controller, probe: tcp, ok: false, msg: connection refused}
debts:
  description:
    - What name servers and clients' resolvers still owe, see M(continuity.identity_failover.failover_status). Each is read when the module
      begins, and what is right by then is noted in the journal, unless a run is open.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(name_server) or V(resolver).
      type: str
      sample: name_server
    server:
      description: Its name, or its address.
      type: str
      sample: dns2
    address:
      description: Its address. Empty where nobody knew it.
      type: str
      sample: 10.0.1.10
    port:
      description: Its port.
      type: int
      sample: 53
    why:
      description: Why nobody knows what it has.
      type: str
      sample: dns2 (10.0.1.10 port 53) can't be reached
    run:
      description: The run that went on without it.
      type: str
      sample: 5f0c8a1b
    since:
      description: When that was.
      type: str
      sample: "2026-03-01T12:00:00.000Z"
    records:
      description:
        - The record sets that it has to have, each with C(name), the C(wanted) values and TTL, and what was read C(now) (V(ok), V(wrong),
          V(unreachable) or V(not_authoritative)), with what was C(found) where that is wrong.
      type: list
      elements: dict
      sample:
        - name: mail.example.com A
          wanted: {values: [10.0.1.21], ttl: 60}
          now: unreachable
          found:
threats:
  description:
    - What pulls the identity back to the source while the target owns it. Empty in every other state.
    - Every record is read from every name server of the definition, and with C(dns.discover) of its zones, and held against what the
      failover left there, so that a source that registers its name again, a record that was scavenged, and a value that somebody set are seen.
    - For a record C(values) lists what the name server gives, nothing where it has no such record any more.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(dns), V(address), V(spn) or V(workload).
      type: str
      sample: dns
    of:
      description: The name server, the host or the directory that shows it.
      type: str
      sample: dns1
    name:
      description: The record, the address or the service principal name.
      type: str
      sample: mail.example.com A
    msg:
      description: What is there.
      type: str
      sample: dns1 leads mail.example.com A to the source (10.0.0.21)
    remedy:
      description: What to do about it.
      type: str
      sample: switch the source's registration off or take it off the network, then let the playbook repair_dns write the record again
    finding:
      description: V(dns_record_changed) for a record that is not as the failover left it.
      returned: for records
      type: str
      sample: dns_record_changed
    wanted:
      description: What the failover left there.
      returned: for records
      type: list
      elements: str
      sample: ["10.0.1.21"]
next:
  description: The next command to type, empty where there is nothing to do.
  returned: success
  type: str
  sample: >-
    ansible-playbook continuity.identity_failover.ack -e failover_identity=mail -e failover_decision=proceed -e '{"failover_reason": "..."}'
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_monitor import failover_monitor, failover_monitor_spec


def arguments() -> ArgumentSpec:
    return failover_monitor_spec().merge(connection_spec()).merge(hosts_spec()).merge(store_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), failover_monitor)


if __name__ == "__main__":
    main()
