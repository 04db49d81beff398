#!/usr/bin/python
# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_post_script
short_description: Runs your own script once in every run
version_added: 1.0.0
description:
  - Runs a script or program on a Windows host and tells how it ended. In a run it is started once, however often the playbook is run again.
  - Before the start it writes a marker on the host, and after the end another one with the exit code. A marker of a start without one of an end
    means that nobody knows what the script did. Then it is not started again, and the task fails with RV(reason)=V(unknown_outcome), unless
    O(repeatable) or O(unknown) says otherwise.
  - Without O(run) there are no markers. Then it runs each time.
  - A C(.ps1) file runs in Windows PowerShell, C(.cmd) and C(.bat) in C(cmd.exe), C(.vbs) and C(.js) in C(cscript.exe), C(.exe) and C(.com) by
    themselves. The file must be on the host already.
  - It runs within the WinRM session, as the account of the connection, which cannot reach other machines with that logon. If the connection
    is lost, Windows ends the script.
  - Exit code 0 is success. The account, the times, the exit code and the SHA-256 of the file are kept in the journal, arguments and output are not.
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
    details: It only looks whether the file and the markers are there. Nobody can tell what a script would do.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Inside a O(run) the script is started once. Without O(run) it is started each time.
options:
  path:
    description: The whole path of the script or program on the host.
    type: str
    required: true
  arguments:
    description:
      - Its arguments, passed as they stand. They are visible in the list of processes on the host, so do not pass secrets.
      - For C(.cmd) and C(.bat) no argument may hold C(& | < > ^ % !) or quotes.
    type: list
    elements: str
    default: []
  working_directory:
    description: The folder in which it starts. Without it, the one of the WinRM session.
    type: str
  run_timeout:
    description: Seconds that it may run. After that it is ended with everything it has started, and the task fails.
    type: float
    default: 600.0
  repeatable:
    description: It may run again in the same run, after it failed or when nobody knows how it ended.
    type: bool
    default: false
  unknown:
    description:
      - What to do when it was started in this run and nobody knows how it ended.
      - V(stop) fails, V(rerun) starts it again, V(skip) takes it as done. Both need O(reason_for_unknown).
      - V(rerun) starts it again also when it is known to have failed.
    type: str
    choices: [stop, rerun, skip]
    default: stop
  reason_for_unknown:
    description: What you found out about its last run.
    type: str
  keep_output:
    description:
      - Return the last 4000 characters that it wrote to each stream, and keep them in the marker on the host.
      - A script's output may hold secrets, so it is not kept by default.
    type: bool
    default: false
seealso:
  - module: continuity.identity_failover.mount_databases
  - module: ansible.windows.win_powershell
    description: Runs a script from the playbook rather than one that lies on the host.
"""

EXAMPLES = r"""
- name: Run the post-failover script
  continuity.identity_failover.run_post_script:
    path: D:\dr\post_failover.ps1
    arguments: ['-Role', Primary]

- name: Run the script that the inventory names, and show what it printed
  continuity.identity_failover.run_post_script:
    path: "{{ post_failover_script }}"
    working_directory: D:\dr
    run_timeout: 1800
    keep_output: true
  register: post_failover

- name: See whether the script is there
  continuity.identity_failover.run_post_script:
    path: "{{ post_failover_script }}"
  check_mode: true

- name: Run it once in this run
  block:
    - name: Run
      continuity.identity_failover.run_post_script:
        run: "{{ failover.run }}"
        path: D:\dr\post_failover.ps1
        unknown: "{{ 'skip' if script_was_checked_by is defined else 'stop' }}"
        reason_for_unknown: "{{ ('its work is done, checked by ' ~ script_was_checked_by) if script_was_checked_by is defined else omit }}"
      register: script
  rescue:
    - name: Say what to do
      ansible.builtin.fail:
        msg: Look on the host whether the script did its work, then run again with -e script_was_checked_by=YOU.
      when: script.reason == 'unknown_outcome'
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
      sample: 'D:\dr\post_failover.ps1'
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
      sample: null
    after:
      description: What is there now, as read back.
      type: raw
      sample: {state: done, exit_code: 0}
counts:
  description: How many outcomes there are of each status.
  returned: always
  type: dict
  sample: {done: 1, already: 0, predicted: 0, skipped: 0, unconfirmed: 0, failed: 0, not_tried: 0}
diff:
  description: What changed, item by item.
  returned: always
  type: dict
  sample: {before: {'D:\dr\post_failover.ps1': null}, after: {'D:\dr\post_failover.ps1': {state: done, exit_code: 0}}}
timing:
  description: Seconds for each part of the work.
  returned: always
  type: dict
  sample: {observe: 0.21, apply: 0.05, verify: 1.32, total: 1.63}
details:
  description:
    - Facts about a failure, such as codes. Never a secret.
    - Where somebody has to say what is to become of a script that was started in the run, RV(ignore:details.next) is the command for it.
  returned: on failure, where there are any
  type: dict
  sample: {host: exch2, code: 14}
script:
  description: How the script ended. In check mode only what is known of its file.
  returned: when the file was found
  type: dict
  contains:
    exit_code:
      description: Its exit code. Nothing when it was ended after O(run_timeout), or has not run.
      type: int
      sample: 0
    started:
      description: When it was started, by the host's clock, in UTC.
      type: str
      sample: "2026-11-22T18:31:02.117Z"
    ended:
      description: When it ended.
      type: str
      sample: "2026-11-22T18:31:09.480Z"
    sha256:
      description: The SHA-256 of the file that was run.
      type: str
      sample: a3c09fb53d39cb40fc85cd17be350e2a2cbc2f6398a255ccdba7c29755d17ecc
    account:
      description: The account that it ran as.
      type: str
      sample: EXAMPLE\failover
    stdout_tail:
      description: The end of what it wrote to its standard output. Empty without O(keep_output).
      type: str
      sample: ""
    stderr_tail:
      description: The end of what it wrote to its standard error. Empty without O(keep_output).
      type: str
      sample: ""
evidence:
  description: What the journal keeps of it.
  returned: when the file was found
  type: dict
  sample:
    exit_code: 0
    started: "2026-11-22T18:31:02.117Z"
    ended: "2026-11-22T18:31:09.480Z"
    sha256: a3c09fb53d39cb40fc85cd17be350e2a2cbc2f6398a255ccdba7c29755d17ecc
    account: EXAMPLE\failover
    pid: 4711
    timed_out: false
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec, hosts_spec, run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import run_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.run_post_script import run_post_script, run_post_script_spec


def arguments() -> ArgumentSpec:
    return run_post_script_spec().merge(connection_spec()).merge(hosts_spec()).merge(run_spec())


def main() -> None:
    run_module(AnsibleModule(supports_check_mode=True, **arguments().to_kwargs()), run_post_script)


if __name__ == "__main__":
    main()
