# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failback puts back although no run recorded it: people moved it, before the failover or instead of it."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet, to_image
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import build_step
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module import test_app_services as services
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module import test_directory_spns as spns
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module import test_server_identity as identity

CLOCK = FakeClock()


def adopted(folder: pathlib.Path, baseline: dict[str, t.Any]) -> tuple[dict[str, t.Any], str]:
    """An identity that people moved to the target without us; a failback of it, and what that reverts."""
    journal = runs.journal(folder, CLOCK)
    journal.append([journal.draft("armed", by="test", data=baseline)])
    journal.append([journal.draft("adopted", by="ops", data={"owner": "target", "reason": "by hand", "observed": "target", "evidence": []})])
    run = runs.started(folder, CLOCK, run_id="back", kind="failback", baseline=baseline)
    return run, journal.fold().last_failover


def test_after_an_adoption_services_are_put_back_as_the_baseline_has_them(tmp_path: pathlib.Path) -> None:
    manager = services.Manager(services.service("A", "Running", mode="Auto"))
    host = manager.session.name
    run, reverts = adopted(tmp_path, {"services": {host: {"A": {"state": "Stopped", "start_mode": "manual"}}}})
    result = services.run(manager, services.params(services.entry("A"), state="reverted", run=run, revert_run=reverts), CLOCK)
    assert services.statuses(result) == [("A", "done")]
    assert (manager.find("A")["State"], manager.find("A")["StartMode"]) == ("Stopped", "Manual")


def test_what_nobody_knows_after_an_adoption_is_said_and_can_be_accepted(tmp_path: pathlib.Path) -> None:
    manager = services.Manager(services.service("A", "Running", mode="Auto"))
    run, reverts = adopted(tmp_path, {})
    given = services.params(services.entry("A"), state="reverted", run=run, revert_run=reverts)
    result = services.run(manager, given, CLOCK)
    assert (result.failed, result.reason, manager.find("A")["State"]) == (True, "no_image", "Running")
    assert not services.run(manager, {**given, "accept_failure": "stopped by hand"}, CLOCK).failed


def test_what_somebody_had_started_before_the_failover_is_put_back_too(tmp_path: pathlib.Path) -> None:
    manager = services.Manager(services.service("A", "Running", mode="Auto"))
    baseline = {"services": {manager.session.name: {"A": {"state": "Stopped", "start_mode": "manual"}}}}
    first = runs.started(tmp_path, CLOCK, baseline=baseline)
    assert services.statuses(services.run(manager, services.params(services.entry("A"), run=first), CLOCK)) == [("A", "already")]
    runs.ended(tmp_path, CLOCK, first)
    run = runs.started(tmp_path, CLOCK, run_id="back", kind="failback")
    services.run(manager, services.params(services.entry("A"), state="reverted", run=run, revert_run="run1"), CLOCK)
    assert manager.find("A")["State"] == "Stopped"


def test_an_undo_leaves_alone_what_its_run_did_not_touch(tmp_path: pathlib.Path) -> None:
    manager = services.Manager(services.service("A", "Running", mode="Auto"))
    run = runs.started(tmp_path, CLOCK, baseline={"services": {manager.session.name: {"A": {"state": "Stopped", "start_mode": "manual"}}}})
    services.run(manager, services.params(services.entry("A"), state="reverted", run=run, revert_run="run1"), CLOCK)
    assert manager.find("A")["State"] == "Running"


def test_service_principal_names_go_back_to_the_account_that_the_definition_names(tmp_path: pathlib.Path) -> None:
    forest = spns.Forest()
    forest.accounts["EXCH1$"].remove(spns.MAIL)
    forest.accounts["EXCH2$"].append(spns.MAIL)
    run, reverts = adopted(tmp_path, {})
    result = spns.run(forest, spns.params(spns.MAIL, state="reverted", run=run, revert_run=reverts), CLOCK)
    assert (result.failed, spns.MAIL in forest.accounts["EXCH1$"]) == (False, True)


def test_an_address_that_the_baseline_did_not_see_on_the_target_is_taken_from_it(tmp_path: pathlib.Path) -> None:
    host = identity.Identity()
    host.addresses.append(identity.address("10.0.0.21", SkipAsSource=True))
    run, reverts = adopted(tmp_path, {"addresses": {host.session.name: []}})
    given = identity.params(addresses=[identity.moving()], state="reverted", run=run, revert_run=reverts)
    assert not identity.run(host, given, CLOCK).failed
    assert [one for one in host.addresses if one["IPAddress"] == "10.0.0.21"] == []


@pytest.mark.parametrize(
    ("there", "known", "expected"),
    [
        (("10.0.1.21",), ("10.0.0.21",), (True, ("10.0.0.21",))),
        (("10.0.9.9",), ("10.0.0.21",), (True, ("10.0.9.9",))),
        (("10.0.1.21",), None, (False, None)),
    ],
)
def test_a_record_that_leads_to_the_target_goes_back_and_anybody_elses_stays(there: t.Any, known: t.Any, expected: t.Any) -> None:
    repoint = {"from": ["10.0.0.21"], "to": ["10.0.1.21"], "names": ["mail.example.com"]}
    key = {"name": "k", "secret": "c2VjcmV0"}
    given = {"state": "reverted", "repoint": repoint, "servers": [{"address": "127.0.0.1"}], "require": "primary", "verify_timeout": 1.0, "key": key}
    step = build_step(given, CLOCK)
    image = to_image(RecordSet(there, 60))
    baseline = {"records": {"mail.example.com A": to_image(RecordSet(known, 60))} if known else {}}
    found = step.at_peace(str(Item("mail.example.com", "A")), image, baseline)
    assert found == (expected[0], to_image(RecordSet(expected[1], 60)) if expected[1] else None)
    step.servers.close()
