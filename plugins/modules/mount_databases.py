#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mount_databases
short_description: Mounts and dismounts databases
version_added: 1.0.0
description:
  - Brings databases of a Windows host up or takes them down. These are mailbox databases of Exchange, databases of SQL Server, and any other
    that three commands of yours can mount, dismount and ask.
  - All databases are looked up before the first one is touched. An unknown one fails the task, and so does one that only a person may touch.
  - Databases of one Exchange server or one SQL Server instance go in one call, in the order given. Dismounting goes the other way round.
  - Exchange is asked by server, never by an identity, and changed by GUID, because Exchange takes an unknown identity for every database.
    Neither C(-Force) nor C(-AcceptDataLoss) is ever used. A database whose file is missing stays down.
  - SQL Server databases are brought online from C(OFFLINE), and from C(RESTORING) and standby with C(RESTORE DATABASE ... WITH RECOVERY).
    Those that are C(SUSPECT), C(EMERGENCY) or C(RECOVERY_PENDING) are left to a person, and so are members of an availability group, a mirror
    or log shipping that would have to be recovered.
  - Dismounting a SQL Server database sets it offline and ends the work of its users.
  - This is believed of Windows from its documentation and was tried against a simulator only.
author:
  - The continuity.identity_failover contributors (@continuity)
extends_documentation_fragment:
  - continuity.identity_failover._attributes
  - continuity.identity_failover._attributes.controller
  - continuity.identity_failover._attributes.targeted_step
  - continuity.identity_failover._connection
  - continuity.identity_failover._hosts
  - continuity.identity_failover._run
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - V(mounted) makes the databases serve, V(dismounted) takes them down.
      - V(reverted) puts back what O(revert_run) found. It needs O(run). A SQL Server database that was restoring goes offline, since a
        restore sequence cannot be taken up again.
    type: str
    choices: [mounted, dismounted, reverted]
    default: mounted
  databases:
    description: The databases, in the order in which they are mounted.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the database, which results use. It must not be empty.
        type: str
        required: true
      kind:
        description: What kind of database it is.
        type: str
        choices: [exchange, sqlserver, command]
        required: true
      database:
        description: The name that the engine knows, where that is not O(databases[].name).
        type: str
      instance:
        description: The SQL Server instance. Without it, the default instance V(MSSQLSERVER).
        type: str
      server:
        description: The Exchange server that owns the database. Without it, the host itself.
        type: str
      user:
        description:
          - The account for the engine. For Exchange a domain account with the role C(Databases), for SQL Server a SQL login.
          - A WinRM logon cannot be passed on, and Exchange writes to the directory. So without it Exchange works only where the connection
            delegates credentials, with CredSSP for example.
          - Without it SQL Server sees the WinRM logon itself, which must be C(sysadmin).
        type: str
      password:
        description: The password of O(databases[].user).
        type: str
      timeout:
        description: Seconds that mounting or dismounting may take. Databases that go in one call share the sum of their times.
        type: float
        default: 300.0
      command:
        description: The programs of a database of the kind V(command), each as a list of the program and its arguments.
        type: dict
        suboptions:
          mount:
            description: Mounts it. It must end with exit code 0.
            type: list
            elements: str
            required: true
          dismount:
            description: Dismounts it. It must end with exit code 0.
            type: list
            elements: str
            required: true
          query:
            description: Ends with exit code 0 where it is mounted, with 1 where it is not, and with another one where it cannot tell.
            type: list
            elements: str
            required: true
seealso:
  - module: continuity.identity_failover.app_services
  - module: continuity.identity_failover.run_post_script
"""

EXAMPLES = r"""
- name: Mount a mailbox database on the stand-in
  continuity.identity_failover.mount_databases:
    databases:
      - name: DB01-DR
        kind: exchange
        user: EXAMPLE\exchange-admin
        password: "{{ exchange_password }}"

- name: Mount what the inventory says of this host
  continuity.identity_failover.mount_databases:
    databases: "{{ application_databases }}"

- name: See what is mounted and what would be
  continuity.identity_failover.mount_databases:
    databases: "{{ application_databases }}"
  check_mode: true
  diff: true
  register: forecast

- name: Bring databases of three kinds up, and name those that a person must look at
  block:
    - name: Mount
      continuity.identity_failover.mount_databases:
        databases:
          - name: ERP
            kind: sqlserver
          - name: Archive
            kind: sqlserver
            instance: OLD
            timeout: 900
          - name: billing
            kind: command
            command:
              mount: ['C:\pg\bin\pg_ctl.exe', promote, '-D', 'D:\pg\data']
              dismount: ['C:\pg\bin\pg_ctl.exe', stop, '-D', 'D:\pg\data']
              query: ['D:\dr\is_primary.cmd']
      register: databases
  rescue:
    - name: Show those that are not mounted
      ansible.builtin.debug:
        msg: "{{ databases.outcomes | rejectattr('status', 'in', ['done', 'already']) }}"

- name: Take a database down, as a step of a failback
  continuity.identity_failover.mount_databases:
    state: dismounted
    run: "{{ failback.run }}"
    databases:
      - name: ERP
        kind: sqlserver
"""

RETURN = r"""
msg:
  description: What went wrong, in one sentence. Empty when everything is as wanted.
  returned: always
  type: str
  sample: ""
reason:
  description: Why it failed, as a word that does not change with languages. Empty when it did not.
  returned: always
  type: str
  sample: ""
outcomes:
  description: What happened to each item, in the order asked.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The item.
      type: str
      sample: ERP
    status:
      description:
        - V(done), V(already) where nothing was to do, V(predicted) in check mode and in plans, V(skipped), V(failed), V(not_tried),
          or V(unconfirmed) where it was done but could not be read back.
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
      description: The host concerned, by its name in the inventory.
      type: str
      sample: exch2
    before:
      description: What was there. Nothing where it did not exist.
      type: raw
      sample: {mounted: false, state: RESTORING, standby: false}
    after:
      description: What is there now, as read back.
      type: raw
      sample: {mounted: true, state: ONLINE, standby: false}
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
diff:
  description: What changed, item by item.
  returned: always
  type: dict
  sample: {before: {ERP: {mounted: false, state: RESTORING, standby: false}}, after: {ERP: {mounted: true, state: ONLINE, standby: false}}}
timing:
  description: Seconds for each part of the work.
  returned: always
  type: dict
  sample: {observe: 0.21, apply: 0.05, verify: 1.32, total: 1.63}
details:
  description: Facts about a failure, such as codes. Never a secret.
  returned: on failure, where there are any
  type: dict
  sample: {host: exch2, code: 14}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.mount_databases import mount_databases, mount_databases_spec


def arguments() -> ArgumentSpec:
    return mount_databases_spec().merge(connection_spec()).merge(hosts_spec()).merge(run_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), mount_databases)


if __name__ == "__main__":
    main()
