# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions under a person's own logon, over WinRM: the account is the one that the host saw, whatever is claimed."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import connection_spec, hosts_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ActorMismatch, BadCredentials
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._guard import build_hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack, failover_ack_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import filled

CLOCK = SystemClock()
DOMAINS = [{"netbios": "EXAMPLE", "dns": ["example.com"]}]


def options(lab: Lab, **given: t.Any) -> dict[str, t.Any]:
    """What the module gets for exch2."""
    entry = lab.info["hosts"]["exch2"]
    connection = {
        "name": "exch2",
        "host": entry["management"]["address"],
        "port": entry["management"]["https_port"],
        "user": entry["user"],
        "password": entry["password"],
        "transport": ["certificate"],
        "certificate_pem": lab.info["client_certificate"],
        "certificate_key_pem": lab.info["client_certificate_key"],
        "ca_file": lab.info["ca"],
    }
    spec = failover_ack_spec().merge(connection_spec()).merge(hosts_spec()).merge(store_spec())
    decision = {"identity": "mail", "decision": "proceed", "reason": "the site has no power", "domains": DOMAINS, "required": 2, "minimum": "windows_logon"}
    return filled(spec.argument_spec, {**connection, **decision, "how": "windows_logon", **given})


def ack(lab: Lab, user: str = "", password: str = "", **given: t.Any) -> Result:
    logon = {"user": user, "password": password or lab.info["hosts"]["exch2"]["accounts"][user]} if user else None
    params = options(lab, logon=logon, **given)
    hosts = build_hosts(params, CLOCK)
    try:
        return failover_ack(params, hosts, CLOCK, check_mode=False)
    finally:
        hosts.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    folder: Path = tmp_path_factory.mktemp("ack")
    with Lab.start(folder, clients=1) as made:
        params = options(made)
        hosts = build_hosts(params, CLOCK)
        known = open_journal("mail", None, None, hosts, CLOCK)
        known.append([known.draft("armed", data={}), known.draft("incident_opened", data={"class": "host"})])
        hosts.close()
        yield made


def test_two_people_decide_under_their_own_logons(lab: Lab) -> None:
    first = ack(lab, "chief")
    assert (first.extra["state"], [(v["by"], v["how"]) for v in first.extra["votes"]]) == ("pending", [("EXAMPLE\\chief", "windows_logon")])
    assert first.extra["votes"][0]["sid"].startswith("S-1-5-21-")
    again = ack(lab, ".\\CHIEF", lab.info["hosts"]["exch2"]["accounts"]["chief"])
    assert (again.changed, len(again.extra["votes"])) == (False, 1)
    assert ack(lab, "deputy").extra["state"] == "approved"
    assert ack(lab, "deputy", decision="withdraw").extra["state"] == "pending"


def test_a_wrong_password_is_no_decision(lab: Lab) -> None:
    with pytest.raises(BadCredentials):
        ack(lab, "chief", "no such password")


def test_the_store_does_not_take_a_vote_of_another_account(lab: Lab) -> None:
    hosts = build_hosts(options(lab, logon={"user": "deputy", "password": lab.info["hosts"]["exch2"]["accounts"]["deputy"]}), CLOCK)
    known = open_journal("mail", None, None, hosts, CLOCK)
    vote = known.read().votes[0]
    assert (vote["by"], known.account["name"]) == ("EXAMPLE\\chief", "EXAMPLE\\deputy")
    head = known.head
    for claimed in (vote, {**vote, "sid": ""}):
        with pytest.raises(ActorMismatch, match="EXAMPLE.deputy"):
            known.append([known.draft("decision", by=vote["by"], data=claimed)])
    known.read()
    assert known.head == head
    hosts.close()
