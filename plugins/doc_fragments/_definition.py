# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made by tests/utils/generate.py from plugins/module_utils/_domain/definition_schema.py.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  definition:
    description:
      - The definition of the identity. Names credentials, holds none. Times are seconds.
    type: dict
    suboptions:
      source:
        description:
          - The server that normally owns the identity.
        type: dict
        required: true
        suboptions:
          host:
            description:
              - The source, by its name in the inventory.
              - Its connection address must not belong to the identity.
            type: str
            required: true
          site:
            description:
              - The site it stands in, for judging which vantage points are independent.
            type: str
      target:
        description:
          - Its stand-in.
        type: dict
        required: true
        suboptions:
          host:
            description:
              - The target, by its name in the inventory.
              - Its connection address must not belong to the identity.
            type: str
            required: true
          site:
            description:
              - The site it stands in, for judging which vantage points are independent.
            type: str
      engine:
        description:
          - What keeps the data of the two alike.
        type: dict
        suboptions:
          kind:
            description:
              - V(native) replication of the application, which mounting its databases brings up to what has arrived.
              - V(none) where both servers reach one copy, or there are no data.
              - V(double_take) and V(other) are told what to do by the hook V(data).
            type: str
            default: native
            choices:
              - native
              - none
              - double_take
              - other
          job:
            description:
              - The id of the engine's job, for the commands that a plan prints.
            type: str
      baseline:
        description:
          - What the source looks like in peace time.
        type: dict
        suboptions:
          max_age:
            description:
              - How old the baseline may be before the preflight tells.
              - Arm on a schedule, at least this often.
              - It is at least 1.
            type: float
            default: 2592000
      monitor:
        description:
          - How the source is watched.
        type: dict
        suboptions:
          interval:
            description:
              - Time between two rounds of probes.
              - It is at least 0.1.
            type: float
            default: 5
          missed:
            description:
              - Rounds without any reply until the source counts as failed.
              - It is at least 1.
            type: int
            default: 5
          trigger:
            description:
              - Whether all vantage points must miss the source (V(all)) or one is enough (V(one)).
            type: str
            default: all
            choices:
              - all
              - one
          vantage_points:
            description:
              - The places from which the source is probed.
            type: list
            elements: dict
            default: []
            suboptions:
              host:
                description:
                  - A host of the inventory, or V(controller).
                type: str
                required: true
          probes:
            description:
              - What is asked of the source in every round.
              - Without any, its management endpoint is asked to identify itself.
            type: list
            elements: dict
            default: []
            suboptions:
              kind:
                description:
                  - V(tcp) connects to a port, V(wsman) asks the WinRM listener to identify itself, V(service) looks whether services run.
                type: str
                required: true
                choices:
                  - tcp
                  - wsman
                  - service
              port:
                description:
                  - The port of a V(tcp) probe.
                  - It is at least 1 and at most 65535.
                type: int
              names:
                description:
                  - The services of a V(service) probe.
                type: list
                elements: str
                default: []
              address:
                description:
                  - Probe this address instead of the source's management address.
                type: str
      approvals:
        description:
          - Who decides.
        type: dict
        suboptions:
          required:
            description:
              - How many different people must decide to proceed.
              - It is at least 1.
            type: int
            default: 1
          identity:
            description:
              - The weakest way in which a person may be known who approves.
              - V(asserted) takes the name that the controller's job states, V(windows_logon) is an account that logged on to the target, V(signature)
                is proven by an SSH key of C(approvals.people).
            type: str
            default: asserted
            choices:
              - asserted
              - windows_logon
              - signature
          expires:
            description:
              - How long an approval holds.
              - It is at least 1.
            type: float
            default: 3600
          exclude_requester:
            description:
              - Who opens the run may not be among its approvers.
            type: bool
            default: false
          people:
            description:
              - Who may decide by signature, and which names belong to one person, so that nobody counts twice.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description:
                  - The person.
                type: str
                required: true
              accounts:
                description:
                  - Further names and SIDs of the person, such as V(CORP\\chief).
                  - A name without a domain belongs to the first domain.
                type: list
                elements: str
                default: []
              keys:
                description:
                  - SSH public keys, each a line as in a C(.pub) file.
                type: list
                elements: str
                default: []
          domains:
            description:
              - The names of each Windows domain.
              - Only two domains that are both listed here make two persons of one user name.
              - A domain that is not listed, or none, tells nobody apart.
            type: list
            elements: dict
            default: []
            suboptions:
              netbios:
                description:
                  - Its NetBIOS name, such as V(CORP).
                type: str
                required: true
              dns:
                description:
                  - Its DNS name and further UPN suffixes.
                type: list
                elements: str
                default: []
      fence:
        description:
          - How sure it must be that the source is out.
        type: dict
        suboptions:
          minimum:
            description:
              - The grade of evidence that the source cannot serve any more.
              - 4 powered off, 3 isolated, 2 services disabled, 1 unreachable, 0 none.
            type: int
            default: 2
            choices:
              - 0
              - 1
              - 2
              - 3
              - 4
          services:
            description:
              - Services of the source that are stopped and disabled.
              - Without any, those of C(services).
            type: list
            elements: str
            default: []
          accept_unfenced:
            description:
              - Go on with less evidence, for this reason, which should name the data at risk.
            type: str
      directory:
        description:
          - How the directory is reached.
        type: dict
        suboptions:
          domain_controllers:
            description:
              - Domain controllers that are asked, in this order.
            type: list
            elements: str
            required: true
      spns:
        description:
          - Service principal names that move.
        type: list
        elements: dict
        default: []
        suboptions:
          from:
            description:
              - The account that holds them while the source serves, such as V(EXCH1$).
            type: str
            required: true
          to:
            description:
              - The account that holds them while the target serves.
            type: str
            required: true
          values:
            description:
              - The service principal names, such as V(http/mail.example.com).
            type: list
            elements: str
            required: true
      addresses:
        description:
          - IP addresses that move.
        type: list
        elements: dict
        default: []
        suboptions:
          address:
            description:
              - The IP address that moves.
            type: str
            required: true
          prefix_length:
            description:
              - Length of the network's prefix.
              - It is at least 0 and at most 128.
            type: int
            required: true
          interface:
            description:
              - Name of the adapter on the target.
              - Without it, the adapter whose network holds the address.
            type: str
          policy_store:
            description:
              - V(active) lasts until the next boot, V(persistent) is there again after a boot.
            type: str
            default: persistent
            choices:
              - active
              - persistent
          skip_as_source:
            description:
              - Never use the address for outgoing connections, nor register it in DNS.
            type: bool
            default: true
      names:
        description:
          - Alternate server names that move.
        type: list
        elements: str
        default: []
      shares:
        description:
          - Shares that move.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description:
              - The name of the share.
            type: str
            required: true
          path:
            description:
              - The folder on the target.
            type: str
            required: true
          description:
            description:
              - What users read beside its name.
            type: str
          security_descriptor:
            description:
              - Who may use it, as SDDL.
              - Without it, what the baseline recorded.
            type: str
      services:
        description:
          - Services of the workload, in the order they start.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description:
              - The service's key name, not the displayed one.
            type: str
            required: true
          start_mode:
            description:
              - How it starts while its host serves.
              - Without it, what the baseline recorded.
            type: str
            choices:
              - auto
              - delayed
              - manual
              - disabled
          timeout:
            description:
              - How long it may take to start or stop.
              - It is at least 1.
            type: float
            default: 120
      databases:
        description:
          - Databases of the workload, in the order they are mounted.
        type: list
        elements: dict
        default: []
        suboptions:
          kind:
            description:
              - V(exchange) mailbox database, V(sqlserver) database, or V(command) for anything that a command mounts.
            type: str
            required: true
            choices:
              - exchange
              - sqlserver
              - command
          name:
            description:
              - The database, where it has the same name on both servers.
            type: str
          from:
            description:
              - The database on the source, together with C(databases[].to).
            type: str
          to:
            description:
              - The database on the target.
            type: str
          instance:
            description:
              - The SQL Server instance.
            type: str
          server:
            description:
              - The Exchange server to ask.
              - Without it, the host itself.
            type: str
          credential:
            description:
              - The credential for the second hop, which a WinRM logon does not have.
            type: str
          timeout:
            description:
              - How long it may take.
              - It is at least 1.
            type: float
            default: 300
          command:
            description:
              - The programs of a V(command) database, each a list of the program and its arguments.
              - Exit code 0 is success.
            type: dict
            suboptions:
              mount:
                description:
                  - Mounts it.
                type: list
                elements: str
                required: true
              dismount:
                description:
                  - Dismounts it.
                type: list
                elements: str
                required: true
              query:
                description:
                  - Exit code 0 where it is mounted, 1 where it is not.
                type: list
                elements: str
                required: true
      post_script:
        description:
          - Your own script, run once on the target in every run.
        type: dict
        suboptions:
          path:
            description:
              - The script on the target.
            type: str
            required: true
          arguments:
            description:
              - Its arguments, passed as they stand.
            type: list
            elements: str
            default: []
          timeout:
            description:
              - How long it may run.
              - It is at least 1.
            type: float
            default: 600
          working_directory:
            description:
              - Where it starts.
            type: str
          repeatable:
            description:
              - It may run again when nobody knows whether it ended.
            type: bool
            default: false
      dns:
        description:
          - The names that users connect to.
        type: dict
        suboptions:
          servers:
            description:
              - Name servers that take updates, in the order they are tried.
            type: list
            elements: dict
            required: true
            suboptions:
              address:
                description:
                  - Address of the name server.
                type: str
                required: true
              port:
                description:
                  - Its port.
                  - It is at least 1 and at most 65535.
                type: int
                default: 53
              name:
                description:
                  - Its name, for messages and for Kerberos.
                type: str
          verify_servers:
            description:
              - Further name servers that must show the change too.
            type: list
            elements: dict
            default: []
            suboptions:
              address:
                description:
                  - Address of the name server.
                type: str
                required: true
              port:
                description:
                  - Its port.
                  - It is at least 1 and at most 65535.
                type: int
                default: 53
              name:
                description:
                  - Its name, for messages and for Kerberos.
                type: str
          discover:
            description:
              - Read back from the name servers that each zone names itself (NS records, MNAME) too.
            type: bool
            default: false
          resolvers:
            description:
              - Resolvers that clients ask, which have to have the change too where C(dns.require) is V(reachable) or V(all).
            type: list
            elements: dict
            default: []
            suboptions:
              address:
                description:
                  - Address of the name server.
                type: str
                required: true
              port:
                description:
                  - Its port.
                  - It is at least 1 and at most 65535.
                type: int
                default: 53
              name:
                description:
                  - Its name, for messages and for Kerberos.
                type: str
          credential:
            description:
              - Who signs the updates, a TSIG key (C(name), C(secret)) or a Kerberos account (C(principal)).
            type: str
          repoint:
            description:
              - Every address record of a name is moved from the source's addresses to the target's.
            type: dict
            suboptions:
              from:
                description:
                  - Addresses while the source serves.
                type: list
                elements: str
                required: true
              to:
                description:
                  - Addresses while the target serves, one for each of C(dns.repoint.from), in the same order.
                type: list
                elements: str
                required: true
              names:
                description:
                  - The names that move.
                type: list
                elements: str
                required: true
              ptr:
                description:
                  - Move the reverse records too.
                type: bool
                default: false
          records:
            description:
              - Further records as they stand while the target serves.
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description:
                  - The fully qualified name.
                type: str
                required: true
              type:
                description:
                  - The record type, such as V(A), V(CAA), or C(TYPE) and a number.
                type: str
                required: true
              values:
                description:
                  - The values while the target serves.
                type: list
                elements: str
                required: true
              ttl:
                description:
                  - Time to live of these records.
                  - It is at least 1 and at most 2147483647.
                type: int
              zone:
                description:
                  - The zone, where it cannot be found by asking.
                type: str
              expect:
                description:
                  - Only change what has these values now.
                type: list
                elements: str
          ttl:
            description:
              - Time to live of the records that are written.
              - It is at least 1 and at most 2147483647.
            type: int
            default: 60
          ttl_ahead:
            description:
              - Time to live that the playbook lower_ttl gives the records ahead of a planned move.
              - It is at least 1 and at most 2147483647.
            type: int
            default: 60
          lock:
            description:
              - Keep a source that comes back from registering its names again, in Active Directory.
              - Needs a Kerberos account.
            type: dict
            suboptions:
              account:
                description:
                  - The account of the source in the directory, such as V(EXCH1$), or its SID where it is of another domain.
                type: str
                required: true
              domain_controllers:
                description:
                  - The domain controllers on which it is denied to write the names.
                type: list
                elements: dict
                required: true
                suboptions:
                  address:
                    description:
                      - Address of the domain controller.
                    type: str
                    required: true
                  port:
                    description:
                      - Its port for LDAP.
                      - It is at least 1 and at most 65535.
                    type: int
                    default: 389
                  name:
                    description:
                      - Its full host name, for Kerberos.
                      - Without it, what it says itself.
                    type: str
          static:
            description:
              - Take the address records of the names out of ageing, so that scavenging spares them.
              - Needs C(dns.lock).
            type: bool
            default: false
          require:
            description:
              - Which name servers must show the change, V(all), all that are V(reachable), the V(primary) only, or a number of them.
            type: str
            default: reachable
          verify_timeout:
            description:
              - How long the name servers have for that.
              - It is at least 1.
            type: float
            default: 60
          protected_names:
            description:
              - Names that must never be changed.
            type: list
            elements: str
            default: []
          allow_wildcards:
            description:
              - Names may be wildcards, such as C(*.example.com).
            type: bool
            default: false
      clients:
        description:
          - The users' machines.
        type: dict
        suboptions:
          flush:
            description:
              - Hosts and groups whose resolver caches are cleared.
            type: list
            elements: str
            default: []
          sample:
            description:
              - Hosts and groups that prove that users arrive.
            type: list
            elements: str
            default: []
          port:
            description:
              - The port that the sample connects to.
              - It is at least 1 and at most 65535.
            type: int
          resolver_port:
            description:
              - The port of the clients' DNS servers.
              - It is at least 1 and at most 65535.
            type: int
            default: 53
          max_failures:
            description:
              - How many clients may fail.
              - Below 1 a share of them, else a number.
              - It is at least 0.
            type: float
            default: 0.0
          share:
            description:
              - The share of the sample that must arrive.
              - It is at least 0 and at most 1.
            type: float
            default: 1.0
          expect:
            description:
              - What the sample looks for.
              - Without it, C(dns.repoint) and C(clients.port).
            type: list
            elements: dict
            default: []
            suboptions:
              name:
                description:
                  - The name that users connect to.
                type: str
                required: true
              port:
                description:
                  - The port they connect to.
                  - It is at least 1 and at most 65535.
                type: int
              identity:
                description:
                  - The word that the right server's first line, or its page, holds, its host name for example.
                type: str
              addresses:
                description:
                  - The addresses that the name must resolve to.
                type: list
                elements: str
                default: []
              protocol:
                description:
                  - Whether the server says who it is in its first line (V(banner)) or in a page (V(http), V(https)).
                type: str
                default: banner
                choices:
                  - banner
                  - http
                  - https
              path:
                description:
                  - The path of that page.
                  - Without it, the root.
                type: str
              spn:
                description:
                  - The service principal name that users ask a Kerberos ticket for.
                  - Without it, the one in C(spns) that ends in the name, if any.
                type: str
      store:
        description:
          - Where the journal lies.
        type: dict
        suboptions:
          kind:
            description:
              - Whether the journal lies on a Windows host or in a folder of the controller.
            type: str
            default: target
            choices:
              - target
              - directory
          host:
            description:
              - The host of a V(target) store.
              - Without it, the target.
            type: str
          path:
            description:
              - Its folder.
            type: str
      mirror:
        description:
          - A folder of the controller that holds a copy of the journal.
        type: str
      hooks:
        description:
          - Your own task files before and after a step.
        type: dict
        suboptions:
          dir:
            description:
              - The folder that holds them.
            type: str
          timeouts:
            description:
              - Hook, such as V(before_dns), to the longest time that all of its tasks together may take; V(600) for one that is not there.
              - Where it took longer, nothing more is done until the run is resumed.
              - A task with C(until) has to end in time by itself, for which there is C(failover_hook_ends).
            type: dict
            default: {}
          plan_safe:
            description:
              - Hooks, such as V(before_dns), that only look and change nothing, so that a plan may run them.
            type: list
            elements: str
            default: []
      drill:
        description:
          - How each step is shadowed in a drill.
        type: dict
        suboptions:
          dns:
            description:
              - Drill names that lead to the target.
              - The word V(skip) leaves the step out of drills.
              - The dictionary has the keys C(names), C(ttl).
            type: raw
            default: skip
          clients:
            description:
              - Clients that take part in drills only.
              - The word V(skip) leaves the step out of drills.
              - The dictionary has the keys C(flush), C(sample), C(share), C(max_failures).
            type: raw
            default: skip
          databases:
            description:
              - Copies of the databases.
              - The word V(skip) leaves the step out of drills.
              - The dictionary has the keys C(databases).
            type: raw
            default: skip
          services:
            description:
              - Services that serve drills only.
              - The word V(skip) leaves the step out of drills.
              - The dictionary has the keys C(services).
            type: raw
            default: skip
          script:
            description:
              - What runs instead of C(post_script).
              - The word V(skip) leaves the step out of drills.
              - The dictionary has the keys C(path), C(arguments), C(timeout), C(working_directory), C(repeatable).
            type: raw
            default: skip
          addresses:
            description:
              - Addresses of the drill.
              - The word V(skip) leaves the step out of drills.
              - The dictionary has the keys C(addresses).
            type: raw
            default: skip
          spns:
            description:
              - Service principal names of the drill.
              - The word V(skip) leaves the step out of drills.
              - The dictionary has the keys C(spns).
            type: raw
            default: skip
          fence:
            description:
              - A drill never fences; the word says so.
            type: str
            default: skip
            choices:
              - skip
      accept:
        description:
          - Finding of the preflight, by its id, to the reason for accepting it.
        type: dict
        default: {}
"""
