# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""server_identity against the lab's addresses, registry and shares: an address that is taken over is really served."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.server_identity import server_identity, server_identity_spec
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import run_step, statuses

SHARE = {"name": "archive", "path": r"D:\archive", "description": "Mail archive", "security_descriptor": "D:(A;;FA;;;BA)(A;;0x1301bf;;;AU)"}


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab"), clients=1) as started:
        yield started


def run(lab: Lab, host: str = "exch2", check_mode: bool = False, **given: t.Any) -> Result:
    return run_step(lab, server_identity, server_identity_spec(), host, check_mode=check_mode, **given)


def moving(lab: Lab) -> str:
    """The identity's own address on the source."""
    return str(lab.info["hosts"]["exch1"]["names"]["mail.example.com"][0])


def test_an_address_that_the_source_still_has_is_refused_and_taken_over_once_it_is_dead(lab: Lab) -> None:
    address = moving(lab)
    wanted = [{"address": address, "prefix_length": 24}]
    refused = run(lab, addresses=wanted)
    assert refused.failed and refused.reason == "duplicate_address" and address not in lab.state("exch2")["addresses"]
    lab.kill("exch1")
    taken = run(lab, addresses=wanted)
    assert statuses(taken) == {f"address {address}": "done"} and lab.state("exch2")["addresses"][address]["state"] == "Preferred"
    assert lab.state("exch2")["addresses"][address]["skip_as_source"] is True
    assert not run(lab, addresses=wanted).changed
    given_back = run(lab, addresses=wanted, state="absent")
    assert given_back.changed and address not in lab.state("exch2")["addresses"]
    assert len(lab.state("exch2")["addresses"]) == 3


def test_names_and_shares_come_and_go(lab: Lab) -> None:
    forecast = run(lab, names=["MAILFILES"], shares=[SHARE], check_mode=True)
    assert set(statuses(forecast).values()) == {"predicted"}
    given = run(lab, names=["MAILFILES"], shares=[SHARE])
    assert statuses(given) == {"name MAILFILES": "done", "strict name checking": "done", "share archive": "done"}
    assert not run(lab, names=["MAILFILES"], shares=[SHARE]).changed
    taken = run(lab, names=["MAILFILES"], shares=[SHARE], state="absent")
    assert statuses(taken) == {"name MAILFILES": "done", "share archive": "done"}


def test_access_denied_fails_its_item_and_not_the_others(lab: Lab) -> None:
    lab.fault("exch2", "return_value", **{"value": 2, "class": "MSFT_SmbShare", "method": "CreateShare"})
    result = run(lab, names=["MAILFILES"], shares=[SHARE])
    assert statuses(result)["share archive"] == "failed" and statuses(result)["name MAILFILES"] == "done" and "access is denied" in result.msg
