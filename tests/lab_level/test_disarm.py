# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disarming removes what was left on the lab's hosts and in its zones, says so host by host, and keeps the journal."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, run_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Head, follow
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_disarming import LOGGED
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_run import failover_run, failover_run_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.run_post_script import run_post_script, run_post_script_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns, update_dns_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_zone import Servers
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.hosts import WinrmHosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.event_log import write_event
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.leftovers import event_source
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import filled
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine

MARKER = "_failover-mail.example.com"


class Armed:
    def __init__(self, lab: Lab, mirror: str | None) -> None:
        self.lab, self.mirror = lab, mirror
        servers = [{"address": one["address"], "port": one["port"], "name": one["name"]} for one in lab.info["dns"]["servers"][:1]]
        self.servers, key = servers, lab.info["dns"]["key"]
        self.key = {"name": key["name"], "secret": key["secret"], "algorithm": "hmac-sha256"}
        network = lab.info["hosts"]["exch1"]["management"]["address"].rsplit(".", 2)[0]
        dns = {"servers": servers, "credential": "dns", "repoint": {"from": [f"{network}.20.21"], "to": [f"{network}.20.22"], "names": ["mail.example.com"]}}
        self.definition = normalise({"source": {"host": "exch1"}, "target": {"host": "exch2"}, "services": [{"name": "MSExchangeIS"}], "dns": dns})
        self.run("armed")

    def do(self, function: t.Any, spec: ArgumentSpec, *, check_mode: bool = False, **given: t.Any) -> Result:
        hosts = WinrmHosts(self.lab.settings("exch2"), [self.lab.settings(name) for name in ("exch1", "exch2")], SystemClock())
        try:
            return t.cast("Result", function(filled(spec.argument_spec, given), hosts, SystemClock(), check_mode=check_mode))
        finally:
            hosts.close()

    def run(self, state: str, **given: t.Any) -> Result:
        options: dict[str, t.Any] = {"identity": "mail", "state": state, "definition": self.definition, "store": None, "mirror": self.mirror, "key": self.key}
        return self.do(failover_run, failover_run_spec().merge(store_spec()), **{**options, **given})

    def drilled(self) -> None:
        """A run that ran a script and wrote a zone, and an entry in the event log: everything that we leave anywhere."""
        run = self.run("opened", kind="drill").extra["run"]
        script = r"D:\dr\post_failover.ps1"
        assert not self.do(run_post_script, run_post_script_spec().merge(run_spec()), run=run, path=script, host="10.0.0.1").failed
        record = {"name": "new.example.com", "type": "A", "values": ["10.1.1.1"]}
        dns = update_dns_spec().merge(run_spec())
        assert not self.do(update_dns, dns, run=run, records=[record], servers=self.servers, key=self.key).failed
        self.do(update_dns, dns, run=run, state="reverted", revert_run=run["id"], records=[record], servers=self.servers, key=self.key)
        self.run("closed", run=run, definition=None)
        hosts = WinrmHosts(self.lab.settings("exch2"), [], SystemClock())
        write_event(hosts.target(), "incident_opened", "mail", "exch1", 10.0)
        assert event_source(hosts.target(), 10.0)
        hosts.close()

    def traces(self) -> list[str]:
        one, clock = self.servers[0], SystemClock()
        servers = Servers([Endpoint(one["address"], one["port"], one["name"])], (), clock)
        try:
            records = servers.present(servers.first(), [Item(MARKER, "TXT")])[Item(MARKER, "TXT")].records
        finally:
            servers.close()
        return list(records.values) if records else []


@pytest.fixture(params=["engine", "twin"])
def lab(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> t.Iterator[Lab]:
    """A lab with the real PowerShell language, and one with the twins alone."""
    if request.param == "engine" and engine() is None:
        pytest.skip("no PowerShell engine: set LAB_PWSH")
    with Lab.start(tmp_path / "lab", engine=engine() if request.param == "engine" else None) as started:
        yield started


def test_everything_goes_and_the_journal_is_kept_in_the_mirror(lab: Lab, tmp_path: pathlib.Path) -> None:
    armed = Armed(lab, str(tmp_path / "mirror"))
    armed.drilled()
    assert armed.traces()
    predicted = armed.run("disarmed", check_mode=True)
    assert predicted.changed and {outcome.status for outcome in predicted.outcomes if outcome.name != LOGGED} == {"predicted"}
    assert armed.traces()
    result = armed.run("disarmed", reason="the servers are retired")
    assert not result.failed, result.msg
    gone = [(outcome.host, outcome.name.rpartition("\\")[2]) for outcome in result.outcomes if outcome.status == "done"]
    assert ("exch2", "mail.journal") in gone and ("exch2", "mail.lease") in gone and ("exch2", "event log source") in gone
    assert [name for _host, name in gone if name.endswith((".started", ".done"))] and [name for _host, name in gone if name.startswith(MARKER)]
    assert ("exch2", "identity_failover") in gone  # the empty folder
    assert [(outcome.host, outcome.status) for outcome in result.outcomes if outcome.name == LOGGED] == [("exch2", "skipped")]
    assert "what stays are the entries 101 to 104 of continuity.identity_failover in the Application event log of exch2" in result.msg
    assert len(predicted.outcomes) == len(result.outcomes) - 1  # all but that folder
    assert armed.traces() == []
    lines = pathlib.Path(result.extra["journal_kept"]).read_text(encoding="utf-8").splitlines()
    events, _head = follow(lines, Head())
    assert (events[-1].kind, events[-1].data["reason"]) == ("disarmed", "the servers are retired")
    again = armed.run("disarmed")
    assert (again.changed, again.failed, again.extra["state"]) == (False, False, "unarmed")
    # And an identity can be armed anew beside the kept journal.
    assert armed.run("armed").extra["state"] == "protected"


def test_a_journal_without_a_mirror_is_exported_first(lab: Lab, tmp_path: pathlib.Path) -> None:
    armed = Armed(lab, None)
    with pytest.raises(InvalidInput, match="alone and would be lost"):
        armed.run("disarmed")
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInput, match="never written over"):
        armed.run("disarmed", export=str(taken))
    result = armed.run("disarmed", export=str(tmp_path / "journal"))
    assert not result.failed, result.msg
    assert json.loads((tmp_path / "journal").read_text(encoding="utf-8").splitlines()[-1])["kind"] == "disarmed"


def test_what_cannot_be_removed_is_told_and_removed_the_next_time(lab: Lab, tmp_path: pathlib.Path) -> None:
    armed = Armed(lab, str(tmp_path / "mirror"))
    lab.kill("exch1")
    result = armed.run("disarmed")
    assert result.failed and "everything on exch1" in result.msg
    lab.return_("exch1")
    assert not armed.run("disarmed").failed


def test_while_a_run_is_open_nothing_is_disarmed(lab: Lab, tmp_path: pathlib.Path) -> None:
    armed = Armed(lab, str(tmp_path / "mirror"))
    armed.run("opened", kind="drill")
    with pytest.raises(WrongState, match="the drill run .* is open"):
        armed.run("disarmed")
