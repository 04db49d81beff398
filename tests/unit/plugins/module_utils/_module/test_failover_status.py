# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What status says to whoever looks next, from whatever controller."""

from __future__ import annotations

import pathlib

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_status as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.tests.unit.estate import Estate, make_estate


@pytest.fixture
def estate(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    monkeypatch.setattr(module, "observe_owner", lambda definition, hosts, clock: ("source", []))
    return make_estate(tmp_path, monkeypatch)


def test_a_quiet_identity_has_an_owner_and_nothing_else_to_tell(estate: Estate) -> None:
    estate.run("armed")
    status = estate.do(failover_status)
    assert (status.msg, status.extra["situation"]) == ("mail is protected; by the journal the owner is the source, observed is source", [])


def test_an_incident_is_told_until_it_is_decided_and_the_next_command_is_a_result_of_its_own(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    status = estate.do(failover_status)
    incident, decisions = status.extra["situation"]
    assert incident.startswith("incident 2, a host incident, since ") and decisions.startswith("decisions: 0 of 1 needed say proceed")
    assert ".ack " in status.extra["next"] and "ansible-playbook" not in status.msg
    estate.do(failover_ack)
    assert estate.do(failover_status).extra["situation"][1] == "decisions: 1 of 1 needed say proceed"


def test_a_run_is_told_with_its_lease_and_nobody_owns_the_identity_meanwhile(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    run = estate.run("opened").extra["run"]
    status = estate.do(failover_status)
    assert "it is being moved from the source to the target, and by the journal nobody owns it until that has ended" in status.msg
    assert status.extra["situation"][-1].endswith("holds the lease of this run, which is under way; it runs out in 60 s unless it is renewed")
    estate.run("stopped", run=run)
    opened, far, lease = estate.do(failover_status).extra["situation"][1:]
    assert opened.startswith(f"the failover run {run['id']} is open since ") and far.startswith("done: nothing yet; not done: fence on exch1 (not begun)")
    assert lease.startswith("nobody holds the lease of the run: it has stopped")


def test_the_kind_of_the_run_that_is_next_follows_the_state(estate: Estate) -> None:
    """A plan that nobody gave a kind is of that one."""
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    assert estate.do(failover_status).extra["next_kind"] == "failover"
    estate.run("closed", run=estate.run("opened").extra["run"], definition=None)
    assert estate.do(failover_status).extra["next_kind"] == "failback"


def test_by_a_mirror_nobody_knows_who_holds_the_lease(estate: Estate) -> None:
    estate.run("armed")
    estate.fail()
    estate.do(failover_ack)
    estate.run("opened")
    (pathlib.Path(estate.store["path"]) / "mail.journal").unlink()
    assert estate.do(failover_status).extra["situation"][-1] == "who holds the lease of the run is not known, as the store could not be asked"
