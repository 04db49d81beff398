# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adoption: what people did by hand is recorded, unless the world says otherwise."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.states import STATES, step_state
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, LeaseHeld, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import _run_adoption as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_status import failover_status
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._module.test_failover_run import Estate, estate, opened

__all__ = ["estate"]


def observed(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    evidence = [{"kind": "dns", "of": "dns1", "name": "mail.example.com A", "values": ["10.0.1.21"], "says": word if word != "unknown" else "unreachable"}]
    monkeypatch.setattr(module, "observe_owner", lambda definition, hosts, clock: (word, evidence))


@pytest.mark.parametrize("word", ["target", "unknown"])
def test_an_identity_that_people_moved_is_failed_over_and_the_evidence_is_kept(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    estate.run("armed")
    estate.fail()
    observed(monkeypatch, word)
    result = estate.run("adopted", owner="target", reason="moved by hand")
    assert (result.changed, result.extra["state"], result.extra["owner_afterwards"]) == (True, "failed_over", "target")
    assert result.extra["next"].endswith("""failback -e failover_identity=mail -e '{"failover_data_restored": "..."}'""")
    assert bool(result.warnings) == (word == "unknown")
    assert "moved by hand" in result.extra["timeline"][-1]["text"]
    assert not estate.run("adopted", owner="target", reason="again").changed


@pytest.mark.parametrize("word", ["source", "both", "none"])
def test_what_a_name_server_contradicts_is_not_recorded(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    estate.run("armed")
    observed(monkeypatch, word)
    with pytest.raises(WrongState, match=r"dns1: mail\.example\.com A 10\.0\.1\.21"):
        estate.run("adopted", owner="target", reason="moved by hand")
    assert estate.do(failover_status).extra["state"] == "protected"


@pytest.mark.parametrize("word", ["source", "both", "none"])
def test_what_a_name_server_contradicts_is_recorded_with_a_reason(estate: Estate, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    estate.run("armed")
    observed(monkeypatch, word)
    with pytest.raises(WrongState) as refused:
        estate.run("adopted", owner="target", reason="by hand")
    assert refused.value.reason == "owner_not_confirmed"
    assert "owner_not_confirmed" in refused.value.details["next"] and "failover_owner=target" in refused.value.details["next"]
    result = estate.run("adopted", owner="target", reason="by hand", accept={"owner_not_confirmed": "the secondary is down"})
    assert (result.extra["state"], result.extra["observed"]) == ("failed_over", word)
    assert "the secondary is down" in result.warnings[0] and "is accepted" in result.msg
    (entry,) = estate.do(failover_status).extra["accepted"]
    assert (entry["finding"], entry["reason"], entry["by"]) == ("owner_not_confirmed", "the secondary is down", "ops")
    estate.run("adopted", owner="source", reason="back by hand", accept={"owner_not_confirmed": "the zone is slow"} if word != "source" else {})
    assert len(estate.do(failover_status).extra["accepted"]) == (1 if word == "source" else 2)


def test_what_is_accepted_of_an_open_run_stands_in_that_run(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    observed(monkeypatch, "source")
    estate.run("adopted", owner="target", reason="by hand", accept={"owner_not_confirmed": "the zone is slow"})
    assert [entry["reason"] for entry in estate.do(failover_status).extra["runs"][0]["accepted"]] == ["the zone is slow"]


def test_two_servers_that_hold_an_address_are_accepted_for_no_reason(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run("armed")
    holders = (("exch1", "source"), ("exch2", "target"))
    both = [{"kind": "address", "of": host, "name": "10.0.0.50", "values": ["Preferred"], "says": says} for host, says in holders]
    monkeypatch.setattr(module, "observe_owner", lambda definition, hosts, clock: ("both", both))
    with pytest.raises(WrongState, match="both servers have an address") as refused:
        estate.run("adopted", owner="target", reason="by hand", accept={"owner_not_confirmed": "whatever"})
    assert "next" not in refused.value.details
    assert estate.do(failover_status).extra["state"] == "protected"


def test_what_the_journal_says_already_is_looked_at_all_the_same(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run("armed")
    observed(monkeypatch, "target")
    with pytest.raises(WrongState, match="lead to the target, not to the source"):
        estate.run("adopted", owner="source", reason="somebody says that it is back")
    observed(monkeypatch, "source")
    assert not estate.run("adopted", owner="source", reason="it is").changed


def test_a_failback_after_an_adoption_reverts_no_older_failover(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(estate).extra["run"]
    estate.run("closed", run=first)
    estate.dead.clear()
    estate.run("closed", run=estate.run("opened", kind="failback").extra["run"])
    observed(monkeypatch, "target")
    estate.run("adopted", owner="target", reason="moved by hand")
    reverts = estate.run("opened", kind="failback").extra["reverts"]
    assert reverts.startswith("adopted-") and reverts != first["id"]


def test_an_open_run_ends_as_adopted_and_its_images_lead_the_failback(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    observed(monkeypatch, "target")
    assert f"run {run['id']} is ended as adopted" in estate.run("adopted", owner="target", reason="finished by hand").msg
    status = estate.do(failover_status).extra
    assert (status["state"], status["active_run"], status["runs"][0]["ended"]) == ("failed_over", None, "adopted")
    assert estate.run("opened", kind="failback").extra["reverts"] == run["id"]


def test_an_identity_that_people_took_back_is_protected_and_its_incident_is_over(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    run = opened(estate).extra["run"]
    estate.run("stopped", run=run)
    observed(monkeypatch, "source")
    result = estate.run("adopted", owner="source", reason="the source was repaired, the names never left it")
    assert (result.extra["state"], estate.do(failover_status).extra["incident"]) == ("protected", None)


def test_a_controller_at_work_keeps_its_run(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(estate)
    observed(monkeypatch, "target")
    with pytest.raises(LeaseHeld):
        estate.run("adopted", owner="target", reason="by hand")


def test_check_mode_predicts_and_records_nothing(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    estate.run("armed")
    observed(monkeypatch, "target")
    result = estate.run("adopted", owner="target", reason="by hand", check_mode=True)
    assert (result.changed, result.outcomes[0].status, result.extra["state"]) == (True, "predicted", "protected")


def test_an_adoption_needs_a_reason(estate: Estate) -> None:
    estate.run("armed")
    with pytest.raises(InvalidInput, match="reason"):
        estate.run("adopted", owner="target", reason=" ")


@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_from_every_state_an_adoption_leads_to_its_owner(state: str) -> None:
    there: dict[str, t.Any] = {owner: step_state(state, f"adopted_{owner}") for owner in ("source", "target")}
    assert there["target"] == (None if state == "failed_over" else "failed_over")
    assert there["source"] == (None if state in ("protected", "unarmed") else "protected")
