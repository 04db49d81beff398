# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lock in whole playbooks: between failover and failback the source can't take its names back, and nothing of it is left afterwards."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.tests.chaos.killing import Watched
from ansible_collections.continuity.identity_failover.tests.demo.project import EXAMPLE, Project
from ansible_collections.continuity.identity_failover.tests.lab.ldap import realm
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.active_directory import (
    NAMES,
    changes,
    descriptors,
    lock,
    locked,
    project,
    registered,
    registrations,
    started,
)
from ansible_collections.continuity.identity_failover.tests.needs import needed

pytestmark = needed(realm.missing())

EVERYWHERE = {"dns1": sorted(NAMES), "dns2": sorted(NAMES)}
NOWHERE: dict[str, list[str]] = {"dns1": [], "dns2": []}


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> Iterator[Lab]:
    with started(tmp_path / "lab") as made:
        yield made


def decided(lab: Lab, mail: Project) -> None:
    lab.kill("exch1")
    mail.run("ack", failover_decision="proceed", failover_reason="exch1 has no power", failover_by="duty officer")


def addresses(lab: Lab) -> set[str]:
    """What both name servers answer for the names, by its last two numbers."""
    return {value.split(".", 2)[2] for server in lab.state()["dns"].values() for name in NAMES for value in server["records"][name]}


def read(mail: Project) -> dict[str, str]:
    """Domain controller -> how the journal's last step of the lock read it."""
    lines = (mail.folder / "mirror" / "mail.mirror").read_text(encoding="utf-8").splitlines()
    ended = [event for event in map(json.loads, lines) if event["kind"] == "step_outcome" and event["step"] == "dns_lock"]
    return {server: facts["status"] for server, facts in ended[-1]["data"]["evidence"].items()}


def comes_back(lab: Lab) -> dict[str, str]:
    """The source has power again and registers by itself what it owns; what it was answered for each name."""
    since = seen = lab.status()["records"]
    lab.return_("exch1")
    while not (answers := registered(lab, since)).keys() >= set(NAMES):
        seen = lab.awaited(seen, "effect")[-1]["number"]
    return {name: answers[name] for name in NAMES}


def dies_once_it_has_locked(mail: Project) -> None:
    """SIGKILL for the playbook and all that it started, behind its second task of update_dns that was not skipped."""
    ended: list[str] = []

    def dies(kind: str, task: str) -> bool:
        ended.extend([task] if (kind, task) == ("after", "update_dns") else [])
        return len(ended) == 2

    with Watched(mail, "failover", {}) as watched:
        assert watched.until(dies) is None, watched.log.read_text(encoding="utf-8")


def test_from_the_failover_to_the_failback_the_source_is_kept_out_and_then_nothing_is_left(lab: Lab, tmp_path: pathlib.Path) -> None:
    mail, before = project(lab, tmp_path / "project", static=True), descriptors(lab)
    mail.run("arm")
    mail.run("drill")
    assert changes(lab) == [] and descriptors(lab) == before
    decided(lab, mail)
    dies_once_it_has_locked(mail)
    assert locked(lab) == EVERYWHERE
    once = changes(lab)
    assert comes_back(lab) == dict.fromkeys(NAMES, "REFUSED") and addresses(lab) == {"20.22"}
    lab.kill("exch1")
    mail.run("failover", failover_take_over="the first controller died")
    assert changes(lab) == once and len(set(once)) == len(once)
    assert locked(lab) == EVERYWHERE and read(mail) == {"dns1.example.com": "locked", "dns2.example.com": "locked"}
    mail.run("failback", failover_data_restored="nothing was written")
    assert descriptors(lab) == before and addresses(lab) == {"20.21"}
    assert registrations(lab) == {"exch1.example.com": "NOERROR", **dict.fromkeys(NAMES, "NOERROR")}


def stopping(mail: Project, hook: str) -> str:
    """The example's hooks, and one that fails."""
    hooks = mail.folder / "hooks-of-the-test"
    shutil.copytree(EXAMPLE / "hooks", hooks)
    (hooks / f"{hook}.yml").write_text(json.dumps([{"name": "Stop here", "ansible.builtin.fail": {"msg": "stopped by the test"}}]), encoding="utf-8")
    return str(hooks)


def test_what_one_domain_controller_did_not_say_is_not_claimed_and_an_undo_unlocks(lab: Lab, tmp_path: pathlib.Path) -> None:
    mail, before = project(lab, tmp_path / "project"), descriptors(lab)
    mail.run("arm")
    lab.control("dns_zone", {"name": "example.com", "updates": "any"})
    said = " ".join(mail.run("preflight", expect=None).split())
    assert "zone example.com takes updates that nobody signs" in said and "dns_lock_impossible" in said
    lab.control("dns_zone", {"name": "example.com", "updates": "signed"})
    decided(lab, mail)
    lab.control("ldap_fault", {"server": "dns2", "kind": "refused"})
    said = " ".join(mail.run("failover", expect=2, site_hooks_dir=stopping(mail, "after_dns")).split())
    assert "stopped by the test" in said
    assert "domain controller dns2.example.com could not be read, so it is not known what it denies" in said
    assert read(mail) == {"dns1.example.com": "locked", "dns2.example.com": "unreachable"}
    assert {server for server, _name in changes(lab)} == {"dns1"}
    lab.control("ldap_heal", {"server": "dns2"})
    mail.run("undo", failover_discard="the test wrote nothing")
    assert locked(lab) == NOWHERE and descriptors(lab) == before


def test_a_repair_that_locks_while_a_failback_opens_takes_its_lock_away(lab: Lab, tmp_path: pathlib.Path) -> None:
    """No message to a directory carries the run's condition: so the journal is asked behind the lock too."""
    mail = project(lab, tmp_path / "project")
    mail.run("arm")
    decided(lab, mail)
    mail.run("failover")
    assert lock(lab, "unlocked").changed and locked(lab)["dns1"] == [NAMES[1]], "somebody took one of them away"
    seen: list[dict[str, list[str]]] = []

    def a_failback_opens(kind: str, task: str) -> bool:
        if (kind, task) == ("after", "update_dns") and not seen:
            seen.append(locked(lab))
            mail.run("failback", expect=2, failover_data_restored="nothing was written", site_hooks_dir=stopping(mail, "before_quiesce"))
        return False

    with Watched(mail, "repair_dns", {}) as watched:
        assert watched.until(a_failback_opens) == 2
    said = " ".join(watched.log.read_text(encoding="utf-8").split())
    assert seen == [EVERYWHERE] and locked(lab) == NOWHERE, said
    assert "mail is failing_back" in said and "The names were locked again before that could be seen" in said
    mail.run("failback", failover_data_restored="nothing was written")
    assert locked(lab) == NOWHERE and addresses(lab) == {"20.21"}
