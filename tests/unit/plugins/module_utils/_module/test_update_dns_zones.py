# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones as they are cut: reverse zones of both kinds, classless delegation, parts that were handed away, zones of one task on several servers."""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import DnsRefused, InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.tests.lab.dns import example
from ansible_collections.continuity.identity_failover.tests.lab.dns.background import background
from ansible_collections.continuity.identity_failover.tests.lab.dns.server import DnsServer
from ansible_collections.continuity.identity_failover.tests.lab.dns.signing import Key
from ansible_collections.continuity.identity_failover.tests.lab.dns.zone import Zone
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

CLOCK = SystemClock()
CUSTOMER = "16-31.0.1.127.in-addr.arpa"
SIX = "8.b.d.0.1.0.0.2.ip6.arpa"
TWENTY_ONE, TWENTY_TWO = f"21.{CUSTOMER} PTR", f"22.{CUSTOMER} PTR"


def server(address: str, name: str, *zones: dict[str, t.Any]) -> DnsServer:
    keys = [Key.from_dict(key) for key in example.KEYS]
    return DnsServer(address, 0, [Zone.from_dict({"servers": {f"{name}.example.com": address}, **zone}) for zone in zones], keys, name=name)


def zone(name: str, *records: tuple[str, str, str]) -> dict[str, t.Any]:
    return {"name": name, "records": [{"name": owner, "type": rdtype, "values": [value]} for owner, rdtype, value in records]}


PROVIDER = zone(
    "1.127.in-addr.arpa",
    ("16-31.0", "NS", "own.example.com."),
    ("21.0", "CNAME", f"21.{CUSTOMER}."),
    ("22.0", "CNAME", f"22.{CUSTOMER}."),
    ("5.0", "PTR", "other.example.com."),
)
OWN = zone(CUSTOMER, ("21", "PTR", "mail.example.com."))


class Estate(t.NamedTuple):
    """``own`` has example.com, the customer's reverse zones and a zone below; ``provider`` the reverse zone above, ``branch`` a zone of its own."""

    own: DnsServer
    provider: DnsServer
    branch: DnsServer

    def run(self, *updated: DnsServer, readers: t.Sequence[DnsServer] = (), check_mode: bool = False, **options: t.Any) -> Result:
        def listed(servers: t.Sequence[DnsServer]) -> list[dict[str, t.Any]]:
            return [{"address": one.address, "port": one.port, "name": one.name} for one in servers]

        params = {
            **runs.ALONE,
            "state": "present",
            "records": None,
            "repoint": None,
            "servers": listed(updated or (self.own,)),
            "verify_servers": listed(readers),
            "key": {"name": "failover-key", "secret": example.SECRET, "algorithm": "hmac-sha256"},
            "unsigned": False,
            "ttl": None,
            "require": "all",
            "verify_timeout": 10.0,
            "protected_names": [],
            **options,
        }
        return update_dns(params, FakeHosts(), CLOCK, check_mode=check_mode)


@pytest.fixture
def estate() -> Iterator[Estate]:
    forward = {**example.FORWARD, "servers": {"own.example.com": example.ADDRESS}}
    forward["records"] = [*forward["records"], {"name": "away", "type": "NS", "values": ["ns.example.org."]}]
    own = server(example.ADDRESS, "own", forward, OWN, zone(SIX), zone("shop.example.com", ("www", "A", "127.1.0.21")))
    made = Estate(own, server(example.SECOND, "provider", PROVIDER), server("127.0.53.3", "branch", zone("example.net", ("mail", "A", "127.1.0.21"))))
    with background(*made):
        yield made


def statuses(result: Result) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in result.outcomes}


REPOINT = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": ["mail.example.com"], "ptr": True}


@pytest.mark.parametrize("provider_takes_updates", [True, False])
def test_a_pointer_of_a_classless_delegation_is_changed_where_it_stands(estate: Estate, tmp_path: pathlib.Path, provider_takes_updates: bool) -> None:
    """RFC 2317. The provider's zone is asked for the alias, whether its server is one of ``servers`` or only known to be asked."""
    provider: dict[str, t.Any] = {"readers": [] if provider_takes_updates else [estate.provider], "require": "reachable"}
    updated = (estate.own, estate.provider) if provider_takes_updates else (estate.own,)
    failover = runs.started(tmp_path, CLOCK)
    moved = estate.run(*updated, state="repointed", repoint=REPOINT, run=failover, **provider)
    assert not moved.failed, moved.msg
    assert statuses(moved) == {"mail.example.com A": "done", TWENTY_ONE: "done", TWENTY_TWO: "done"}
    assert estate.own.lookup(f"21.{CUSTOMER}", "PTR") == [] and estate.own.lookup(f"22.{CUSTOMER}", "PTR") == ["mail.example.com."]
    assert estate.provider.lookup("21.0.1.127.in-addr.arpa", "CNAME") == [f"21.{CUSTOMER}."], "the provider's zone is left alone"
    assert f"21.0.1.127.in-addr.arpa is an alias (RFC 2317): {TWENTY_ONE} is changed, where it leads" in moved.warnings
    assert estate.own.lookup(f"_failover-mail.{CUSTOMER}", "TXT") == [f'"run=run1 epoch={failover["epoch"]}"']
    assert not estate.run(*updated, state="repointed", repoint=REPOINT, **provider).changed
    runs.ended(tmp_path, CLOCK, failover)
    failback = runs.started(tmp_path, CLOCK, run_id="run2", kind="failback")
    back = estate.run(*updated, state="reverted", repoint=REPOINT, run=failback, revert_run="run1", **provider)
    assert not back.failed, back.msg
    assert estate.own.lookup(f"21.{CUSTOMER}", "PTR") == ["mail.example.com."] and estate.own.lookup(f"22.{CUSTOMER}", "PTR") == []


def test_a_listed_pointer_is_changed_where_it_stands_too(estate: Estate) -> None:
    record = {"name": "22.0.1.127.in-addr.arpa", "type": "PTR", "values": ["web.example.com"]}
    result = estate.run(records=[record], readers=[estate.provider], require="primary")
    assert statuses(result) == {TWENTY_TWO: "done"} and estate.own.lookup(f"22.{CUSTOMER}", "PTR") == ["web.example.com."]
    twice = [record, {**record, "name": f"22.{CUSTOMER}"}]
    with pytest.raises(InvalidInput, match=f"22.0.1.127.in-addr.arpa is an alias of 22.{CUSTOMER}"):
        estate.run(records=twice, readers=[estate.provider])


def test_a_delegation_that_nobody_knows_of_is_said(estate: Estate) -> None:
    with pytest.raises(DnsRefused, match=r"21.0.1.127.in-addr.arpa lies in no zone that own .* serves"):
        estate.run(state="repointed", repoint=REPOINT)
    assert estate.own.lookup("mail.example.com", "A") == ["127.1.0.21"]


def test_aliases_of_pointers_without_end_are_said(estate: Estate) -> None:
    estate.own.replace(f"21.{CUSTOMER}", "PTR", [])
    estate.own.replace(f"21.{CUSTOMER}", "CNAME", [f"22.{CUSTOMER}."])
    estate.own.replace(f"22.{CUSTOMER}", "CNAME", [f"21.{CUSTOMER}."])
    with pytest.raises(InvalidInput, match="leads from alias to alias"):
        estate.run(records=[{"name": f"21.{CUSTOMER}", "type": "PTR", "values": ["web.example.com"]}])


def test_pointers_of_ipv6_are_moved_in_their_own_zone(estate: Estate) -> None:
    old, new = (f"{digit}.{'0.' * 23}{SIX}" for digit in "12")
    estate.own.replace("mail.example.com", "AAAA", ["2001:db8::1"], 300)
    estate.own.replace(old, "PTR", ["mail.example.com."], 300)
    repoint = {"from": ["2001:DB8:0::1"], "to": ["2001:db8::2"], "names": ["mail.example.com"], "ptr": True}
    result = estate.run(state="repointed", repoint=repoint)
    assert not result.failed, result.msg
    assert estate.own.lookup("mail.example.com", "AAAA") == ["2001:db8::2"]
    assert (estate.own.lookup(old, "PTR"), estate.own.lookup(new, "PTR")) == ([], ["mail.example.com."])


def test_a_zone_below_is_found_and_one_that_was_handed_away_is_said(estate: Estate) -> None:
    assert not estate.run(records=[{"name": "www.shop.example.com", "type": "A", "values": ["127.1.0.22"]}]).failed
    assert estate.own.lookup("www.shop.example.com", "A") == ["127.1.0.22"]
    with pytest.raises(DnsRefused, match=r"www.away.example.com lies in no zone that own .* serves \(it is no authority for it\)"):
        estate.run(records=[{"name": "www.away.example.com", "type": "A", "values": ["127.1.0.22"]}])


def test_zones_of_one_task_may_lie_on_several_servers(estate: Estate, tmp_path: pathlib.Path) -> None:
    """Each message goes to the server that holds its zone, and each server is only to have the zones that it serves."""
    names = ["mail.example.com", "mail.example.net"]
    repoint = {"from": ["127.1.0.21"], "to": ["127.1.0.22"], "names": names, "ptr": False}
    result = estate.run(estate.own, estate.branch, state="repointed", repoint=repoint, run=runs.started(tmp_path, CLOCK))
    assert not result.failed, result.msg
    assert result.warnings == []
    assert estate.own.lookup(names[0], "A") == estate.branch.lookup(names[1], "A") == ["127.1.0.22"]
    facts = result.extra["servers"]
    assert [(facts[name]["written"], facts[name]["messages"], facts[name]["status"]) for name in ("own", "branch")] == [(True, 2, "ok")] * 2


def test_a_stated_zone_may_lie_on_the_second_server(estate: Estate) -> None:
    records = [{"name": f"mail.example.{top}", "type": "A", "values": ["127.1.0.22"], "zone": f"example.{top}"} for top in ("com", "net")]
    result = estate.run(estate.own, estate.branch, records=records)
    assert not result.failed, result.msg
    assert estate.own.lookup("mail.example.com", "A") == estate.branch.lookup("mail.example.net", "A") == ["127.1.0.22"]
    with pytest.raises(DnsRefused, match=r"mail.example.org: own .* does not serve the zone example.org as an authority"):
        estate.run(estate.own, estate.branch, records=[{**records[0], "name": "mail.example.org", "zone": "example.org"}])


def test_data_that_are_put_beside_an_alias_meanwhile_are_no_silent_loss(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server ignores an address beside a CNAME without a word: that there is none is a prerequisite."""
    real, looks = estate.own.receive, []

    def alias_after_the_look(wire: bytes, peer: str, transport: str) -> bytes | None:
        if wire[2] >> 3 & 15 == 5 and not looks:
            looks.append(1)
            estate.own.replace("new.example.com", "CNAME", ["mail.example.com."], 300)
        return real(wire, peer, transport)

    monkeypatch.setattr(estate.own, "receive", alias_after_the_look)
    result = estate.run(records=[{"name": "new.example.com", "type": "A", "values": ["127.1.0.22"]}])
    assert (result.failed, result.reason) == (True, "changed_by_other")
    assert "new.example.com A is a CNAME to mail.example.com now and was absent when the task began" in result.msg


def test_an_alias_in_the_place_of_what_is_to_be_put_back_is_said(estate: Estate, tmp_path: pathlib.Path) -> None:
    run = runs.started(tmp_path, CLOCK)
    record = {"name": "mail.example.com", "type": "A", "values": []}
    assert not estate.run(state="absent", records=[record], run=run).failed
    estate.own.replace("mail.example.com", "CNAME", ["web.example.com."], 300)
    result = estate.run(state="reverted", records=[record], run=run, revert_run="run1")
    assert (result.failed, result.reason) == (True, "changed_by_other")
    assert "mail.example.com is a CNAME to web.example.com now, and no other data can stand beside it" in result.msg


WILD = [("*", "A", "127.9.9.9"), ("*", "TXT", '"anybody"'), ("*.web", "CNAME", "mail.example.com.")]


@pytest.fixture
def wild(estate: Estate) -> Estate:
    for owner, rdtype, value in WILD:
        estate.own.replace(f"{owner}.example.com", rdtype, [value], 300)
    return estate


@pytest.mark.parametrize("name", ["new.example.com", "deeper.new.example.com", "new.web.example.com"])
def test_a_name_below_a_wildcard_gets_a_record_of_its_own_and_loses_it_again(wild: Estate, tmp_path: pathlib.Path, name: str) -> None:
    """A server answers for a name without records what the wildcard has, and a comparison with that would fail."""
    record = {"name": name, "type": "A", "values": ["127.1.0.22"]}
    run = runs.started(tmp_path, CLOCK)
    result = wild.run(records=[record], run=run)
    assert (result.failed, statuses(result), result.warnings) == (False, {f"{name} A": "done"}, []), result.msg
    assert result.outcomes[0].before is None and wild.own.lookup(name, "A") == ["127.1.0.22"]
    assert not wild.run(records=[record]).changed
    gone = wild.run(state="absent", records=[{**record, "values": []}], run=run)
    assert (gone.failed, gone.outcomes[0].after) == (False, None), gone.msg
    assert wild.own.lookup(name, "A") == [] and not wild.run(state="absent", records=[{**record, "values": []}]).changed


def test_a_record_of_its_own_is_no_wildcard_s_even_where_it_is_the_same(wild: Estate) -> None:
    wild.own.replace("same.example.com", "A", ["127.9.9.9"], 300)
    result = wild.run(records=[{"name": "same.example.com", "type": "A", "values": ["127.1.0.22"]}])
    assert not result.failed, result.msg
    assert result.outcomes[0].before == {"values": ["127.9.9.9"], "ttl": 300}


def test_a_name_that_only_a_wildcard_answers_for_is_not_repointed_without_a_word(wild: Estate) -> None:
    repoint = {"from": ["127.9.9.9"], "to": ["127.1.0.22"], "names": ["any.example.com"], "ptr": False}
    with pytest.raises(WrongState, match="any.example.com names neither a source nor a target of repoint"):
        wild.run(state="repointed", repoint=repoint)
    assert not wild.run(state="repointed", repoint={**repoint, "names": ["*.example.com"]}, allow_wildcards=True).failed
    assert wild.own.lookup("*.example.com", "A") == ["127.1.0.22"]
