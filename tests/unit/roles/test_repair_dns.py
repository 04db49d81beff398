# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that write records again, run by Ansible against embedded name servers: one part that is not whole keeps no other from its work."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t
from collections.abc import Iterator

import jinja2
import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.caching_resolver import CachingResolver
from ansible_collections.continuity.identity_failover.tests.unit.name_servers import MAIL, entry, task

#: Behind the repair, what the playbook tells of it; or of what stopped it.
PLAY = """
- hosts: exch2
  gather_facts: false
  vars: {ansible_connection: winrm, ansible_host: 127.0.0.1, ansible_user: nobody, ansible_password: is-asked} # the journal lies in a folder
  tasks:
    - block:
        - ansible.builtin.import_role:
            name: continuity.identity_failover.steps
            tasks_from: repair_dns
        - ansible.builtin.import_role:
            name: continuity.identity_failover.steps
            tasks_from: repaired
      rescue:
        - ansible.builtin.import_role:
            name: continuity.identity_failover.steps
            tasks_from: stopped
          vars:
            steps_doing: repair_dns
            steps_wrote: "{{ steps_repair_parts }}"
"""
TASKS = pathlib.Path(__file__).parents[3] / "roles" / "steps" / "tasks"
NOTE = "note.example.com"
CLOCK = SystemClock()
REPAIRS = [MAIL, {"name": NOTE, "type": "TXT", "values": []}]


@pytest.fixture
def dns1() -> Iterator[DnsServer]:
    made = example.primary()
    with background(made):
        yield made


def played(folder: pathlib.Path, dns1: DnsServer, status: t.Mapping[str, t.Any] | None = None, **dns: t.Any) -> str:
    """What Ansible says, in one line."""
    settings = {"servers": [entry(dns1)], "verify_servers": [], "discover": False, "resolvers": [], "ttl": 60, "require": "reachable", **dns}
    settings |= {"verify_timeout": 1.0, "protected_names": [], "allow_wildcards": False}
    given = {
        "failover_identity": "mail",
        "steps_status": {"state": "failed_over", "repairs": REPAIRS, "lock_lost": [], "doubt": "", **(status or {})},
        "steps_definition": {"dns": settings, "store": {"kind": "directory", "path": str(folder / "store")}},
        "steps_dns_key": {"name": "failover-key", "secret": example.SECRET},
        "steps_kind": "failover",
    }
    (folder / "play.yml").write_text(PLAY, encoding="utf-8")
    (folder / "given.json").write_text(json.dumps(given), encoding="utf-8")
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), "-i", "exch2,", "play.yml", "-e", "@given.json"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([*command, "-vv"], capture_output=True, text=True, cwd=folder, env=environment, timeout=120, check=False)
    return " ".join(f"{done.stdout}{done.stderr}".split())


def test_what_clients_resolvers_hold_still_keeps_no_other_part_from_its_work(dns1: DnsServer, tmp_path: pathlib.Path) -> None:
    with CachingResolver("127.0.53.8", dns1, lasts=60.0) as resolver:
        resolver.fill("mail.example.com", "A")
        said = played(tmp_path, dns1, resolvers=[resolver.entry("resolver1")])
    assert (dns1.lookup("mail.example.com", "A"), dns1.lookup(NOTE, "TXT")) == (["127.1.0.22"], []), said
    assert "failover_outcome: stopped" in said and "resolver1" in said
    assert "repair_dns of mail stopped on exch2" in said


def test_nothing_is_written_by_a_mirror_that_may_be_out_of_date(dns1: DnsServer, tmp_path: pathlib.Path) -> None:
    said = played(tmp_path, dns1, {"doubt": "another controller moved it since"})
    assert "another controller moved it since. Nothing was written or locked" in said
    assert (dns1.lookup("mail.example.com", "A"), dns1.lookup(NOTE, "TXT")) == (["127.1.0.21"], ['"a note"']), said


#: So far a lock gets with a TSIG key.
TRIED = "a lock in the directory is set by an account of the domain"


def locks_again(folder: pathlib.Path, dns1: DnsServer, repairs: list[dict[str, t.Any]]) -> str:
    lock = {"account": "EXCH1$", "domain_controllers": [{"address": "127.0.53.9"}]}
    repoint = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com"]}
    return played(folder, dns1, {"repairs": repairs, "lock_lost": ["mail.example.com"]}, lock=lock, static=False, repoint=repoint)


def failed_over(folder: pathlib.Path) -> None:
    runs.ended(folder / "store", CLOCK, runs.started(folder / "store", CLOCK, break_glass="nobody else is awake"))


def test_a_lock_that_was_taken_away_is_set_again_though_the_records_are_right(dns1: DnsServer, tmp_path: pathlib.Path) -> None:
    failed_over(tmp_path)
    said = locks_again(tmp_path, dns1, [])
    assert TRIED in said, said


def test_a_failback_that_opened_since_the_look_keeps_its_names_open(dns1: DnsServer, tmp_path: pathlib.Path) -> None:
    """It has not written its marker yet, so the record is written again all the same; the failback puts that back, but would not expect a lock."""
    failed_over(tmp_path)
    runs.started(tmp_path / "store", CLOCK, run_id="run2", kind="failback")
    said = locks_again(tmp_path, dns1, [MAIL])
    assert TRIED not in said and "so no name was locked against the source" in said, said
    assert "mail is failing_back" in said and "failover_outcome: stopped" in said, "and what was written is told"
    assert dns1.lookup("mail.example.com", "A") == ["127.1.0.22"]


def test_nothing_is_locked_where_the_journal_can_t_be_read_and_what_else_failed_is_told(dns1: DnsServer, tmp_path: pathlib.Path) -> None:
    failed_over(tmp_path)
    (journal,) = (tmp_path / "store").glob("*.journal")
    journal.write_text(journal.read_text(encoding="utf-8").replace("nobody else is awake", "everybody is awake"), encoding="utf-8")
    said = locks_again(tmp_path, dns1, [MAIL, {**MAIL, "name": "mail.example.org"}])
    assert TRIED not in said and "can't be read in" in said and "no name was locked against the source" in said, said
    assert "Beside that: " in said and "mail.example.org" in said.partition("Beside that: ")[2], said


@pytest.mark.parametrize(("identity", "stops"), [("mail", True), ("another", False)])
def test_where_a_run_writes_the_records_no_further_part_is_done(dns1: DnsServer, tmp_path: pathlib.Path, identity: str, stops: bool) -> None:
    """A failback that opened meanwhile lets the source register its names, which a lock would forbid."""
    dns1.replace("_failover-mail.example.com", "TXT", ['"run=r7 epoch=3"'], 60)
    key = {"name": "exch1-key", "secret": example.SECRET, "algorithm": "hmac-sha256"}  # it may not write this name
    repair = {"records": [{**MAIL, "name": "two.example.com"}], "on_conflict": "replace", "outside_runs_of": identity, "key": key}
    result = task([entry(dns1)], **repair)
    assert result.failed
    (gate,) = yaml.safe_load((TASKS / "repair_goes_on.yml").read_text(encoding="utf-8"))
    decides = jinja2.Environment(autoescape=False).compile_expression(gate["when"])
    assert decides(ansible_failed_result=result.as_dict()) is stops
