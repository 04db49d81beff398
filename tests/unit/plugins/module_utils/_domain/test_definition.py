# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise, problems
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput

DOCUMENTED = """
source: {host: exch1, site: berlin}
target: {host: exch2, site: hamburg}
engine: {kind: native}
monitor:
  interval: 5
  missed: 5
  vantage_points: [{host: controller}, {host: exch2}, {host: dc3}]
  probes: [{kind: tcp, port: 445}, {kind: wsman}, {kind: service, names: [MSExchangeIS]}]
approvals: {required: 2, identity: windows_logon, expires: 3600}
fence: {minimum: 2}
directory: {domain_controllers: [dc3]}
spns: [{from: 'EXCH1$', to: 'EXCH2$', values: [http/mail.example.com]}]
services: [{name: MSExchangeADTopology}, {name: MSExchangeIS}, {name: MSExchangeTransport, start_mode: auto}]
databases: [{kind: exchange, from: DB01, to: DB01-DR, credential: exchange}]
post_script: {path: 'D:\\dr\\post_failover.ps1', arguments: [-Role, Primary], timeout: 600}
dns:
  servers: [{address: 10.0.0.10}, {address: 10.0.1.10}]
  credential: dns
  repoint: {from: [10.0.0.21], to: [10.0.1.21], names: [mail.example.com, autodiscover.example.com], ptr: true}
  ttl: 60
  lock: {account: 'EXCH1$', domain_controllers: [{address: 10.0.0.10}, {address: 10.0.1.10, name: dc2.example.com}]}
clients: {flush: workstations, sample: [ws001, ws117]}
drill: {dns: {names: {mail.example.com: drill-mail.example.com}}, clients: {flush: drill_clients}, databases: skip, services: skip, script: skip}
"""

FULL = """
source: {host: exch1}
target: {host: exch2}
engine: {kind: none}
monitor: {interval: 0.5, missed: 3, trigger: one, vantage_points: [{host: dc3}], probes: [{kind: tcp, port: 25, address: 10.9.0.1}]}
approvals:
  required: 1
  identity: asserted
  expires: 60
  exclude_requester: true
  people: [{name: Chief, accounts: ['CORP\\chief', S-1-5-21-1-2-3-1104], keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample chief@notebook]}]
  domains: [{netbios: CORP, dns: [corp.example.com, example.com]}]
fence: {minimum: 0, services: [MSExchangeIS], accept_unfenced: a read-only copy}
directory: {domain_controllers: [dc3]}
spns: [{from: 'EXCH1$', to: 'EXCH2$', values: [http/mail.example.com]}]
addresses: [{address: 10.0.5.5, prefix_length: 24, interface: LAN, policy_store: active, skip_as_source: false}]
names: [mail]
shares: [{name: Data, path: 'D:\\Data', description: '', security_descriptor: 'D:(A;;FA;;;BA)'}]
services: [{name: MSExchangeIS, start_mode: manual, timeout: 30}]
databases:
  - {kind: sqlserver, name: ERP, instance: MSSQLSERVER, credential: sql, timeout: 30}
  - {kind: exchange, from: DB01, to: DB01-DR, server: exch2}
  - {kind: command, name: books, command: {mount: [m.exe], dismount: [d.exe, /q], query: [q.exe]}}
post_script: {path: 'D:\\dr\\post.ps1', arguments: [a, ''], timeout: 60, working_directory: 'D:\\dr', repeatable: true}
dns:
  servers: [{address: 10.0.0.10, port: 53, name: dns1.example.com}]
  verify_servers: [{address: 10.0.1.10, port: 5353}]
  credential: dns
  repoint: {from: [10.0.0.21], to: [10.0.1.21], names: [mail.example.com], ptr: true}
  records: [{name: _mail._tcp.example.com, type: SRV, values: [0 0 25 mail.example.com.], ttl: 30, zone: example.com, expect: [0 0 25 old.example.com.]}]
  ttl: 30
  lock: {account: 'EXCH1$', domain_controllers: [{address: 10.0.0.10, port: 3389, name: dc1.example.com}]}
  static: true
  require: primary
  verify_timeout: 20
  protected_names: [dc3.example.com]
clients:
  flush: [workstations]
  sample: [ws001]
  port: 25
  resolver_port: 5353
  max_failures: 0.1
  share: 0.9
  expect: [{name: mail.example.com, port: 25, identity: exch2, addresses: [10.0.1.21]}]
store: {kind: target, host: exch2, path: 'C:\\ProgramData\\journal'}
mirror: ~/journal
hooks: {dir: hooks, timeouts: {before_dns: 60}}
drill:
  dns: {names: {mail.example.com: drill.example.com}, ttl: 30}
  clients: {flush: [drill_clients], sample: [drill1], share: 1, max_failures: 0}
  databases: {databases: [{kind: exchange, name: DRILL}]}
  services: {services: [{name: DrillService}]}
  script: {path: 'D:\\dr\\post.ps1', arguments: [drill]}
  addresses: {addresses: [{address: 10.0.9.9, prefix_length: 24}]}
  spns: {spns: [{from: 'EXCH1$', to: 'EXCH2$', values: [http/drill.example.com]}]}
  fence: skip
accept: {disk_space: the disk grows tonight}
"""

GROUPS = {
    "all": ["exch1", "exch2", "dc3", "ws001", "ws117", "drill1"],
    "workstations": ["ws001", "ws117"],
    "drill_clients": ["drill1"],
    "nobody": [],
}
CREDENTIALS = {"dns", "directory", "exchange", "sql"}


def parsed(text: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(text))


def check(definition: t.Any, **changed: t.Any) -> list[str]:
    arguments: dict[str, t.Any] = {"inventory_hosts": set(GROUPS["all"]), "inventory_groups": GROUPS, "credentials": CREDENTIALS, **changed}
    return problems({"mail": definition}, "mail", **arguments)


def changed(path: str, value: t.Any, text: str = FULL) -> dict[str, t.Any]:
    """The definition with one value replaced; the path is written as in messages."""
    definition = parsed(text)
    place: t.Any = definition
    keys = path.replace("[", ".[").split(".")
    for key in keys[:-1]:
        place = place[int(key[1:-1])] if key.startswith("[") else place[key]
    last = keys[-1]
    place[int(last[1:-1]) if last.startswith("[") else last] = value
    return definition


@pytest.mark.parametrize("text", [DOCUMENTED, FULL])
def test_a_good_definition_has_no_problems(text: str) -> None:
    assert check(parsed(text)) == []


def test_an_unknown_identity_lists_the_known_ones() -> None:
    definitions = {"mail": parsed(FULL), "files": parsed(FULL)}
    assert problems(definitions, "mial", set(), {}, set()) == ["failover_identities defines no identity 'mial'; it defines files, mail"]


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"
PEOPLE = [{"name": "Chief", "accounts": ["CORP\\chief"], "keys": [KEY]}, {"name": "Deputy"}]


def approvals(**more: t.Any) -> dict[str, t.Any]:
    return {"required": 1, "people": PEOPLE, "domains": [{"netbios": "CORP", "dns": ["corp.example.com"]}], **more}


CASES = [
    ("approvals", approvals(people=[*PEOPLE, {"name": "CHIEF@corp.example.com"}]), "approvals.people[2].name is the same as"),
    (
        "approvals",
        approvals(people=[*PEOPLE, {"name": "Guard", "accounts": ["chief@other.org"]}], domains=[{"netbios": "CORP", "dns": []}]),
        "approvals.people[2].accounts[0] is the same as failover_identities.mail.approvals.people[0].name: "
        "an account or a key belongs to one person; where these are two people, list the domain of each in failover_identities.mail.approvals.domains",
    ),
    ("approvals", approvals(people=[*PEOPLE, {"name": "Doe, Jane"}]), "approvals.people[2].name is 'Doe, Jane', which is a list: give one name"),
    ("approvals", approvals(people=[*PEOPLE, {"name": "Guard", "keys": [f"{KEY} other comment"]}]), "approvals.people[2].keys[0] is the same as"),
    ("approvals", approvals(people=[{"name": "Chief", "keys": [f'command="x" {KEY}']}]), "approvals.people[0].keys[0] is no line of an SSH public key"),
    ("approvals", approvals(required=2, identity="signature"), "approvals.people has 1 persons with keys, and"),
    ("target.host", "exch1", "target.host is 'exch1', which is failover_identities.mail.source.host too"),
    ("target.host", "exch3", "target.host names the host 'exch3', which is not in the inventory; did you mean"),
    ("source", "exch1", "source must be a dictionary, not the string 'exch1'"),
    ("source", {}, "source.host is missing"),
    ("databases", {"kind": "exchange", "name": "DB01"}, "databases must be a list of dictionaries, not a dictionary"),
    ("databases", ["DB01"], "databases[0] must be a dictionary, not the string 'DB01'"),
    ("databases[0].kind", "orcale", "databases[0].kind must be one of exchange, sqlserver, command, not the string 'orcale'"),
    ("databases[0].name", "", "databases[0].name must not be empty"),
    ("databases[0].name", "  ", "databases[0].name must not be empty"),
    ("databases[0].name", None, "databases[0].name is missing: a database needs name, or from and to"),
    ("databases[0].from", "DB", "databases[0].name stands beside from and to"),
    ("databases[1].to", None, "databases[1].to is missing"),
    ("databases[1].instance", "X", "databases[1].instance belongs to databases of the kind sqlserver only"),
    ("databases[2].command", None, "databases[2].command is missing"),
    ("databases[1]", {"kind": "sqlserver", "name": "erp", "instance": "mssqlserver"}, "databases[1] is the same as failover_identities.mail.databases[0]"),
    ("addresses[0].address", "10.0.5.500", "addresses[0].address is '10.0.5.500', which is no IP address"),
    ("addresses[0].prefix_length", 64, "addresses[0].prefix_length must be at most 32"),
    ("dns.servers", [], "dns.servers must not be an empty list"),
    ("dns.servers[0].address", "dns1", "dns.servers[0].address is 'dns1', which is no IP address"),
    ("dns.repoint.to", ["10.0.1.21", "10.0.1.22"], "dns.repoint.to has 2 and failover_identities.mail.dns.repoint.from 1 addresses"),
    ("dns.repoint.to", ["10.0.0.21"], "dns.repoint.to has 10.0.0.21, which is in failover_identities.mail.dns.repoint.from too"),
    ("dns.repoint.to", ["2001:db8::1"], "dns.repoint.to[0] is an IPv6 address, but takes the place of the IPv4 address"),
    ("dns.repoint.names", ["mail.example.com", "MAIL.example.com."], "dns.repoint.names[1] is the same as"),
    ("dns.repoint.names", ["b\u00fccher.example.com", "XN--BCHER-KVA.example.com"], "dns.repoint.names[1] is the same as"),
    (
        "dns.records",
        [{"name": "a.example.com", "type": "A", "values": ["10.0.0.1"]}, {"name": "A.example.com.", "type": "a", "values": ["10.0.0.2"]}],
        "dns.records entry 2 (A.example.com. A): a.example.com A stands in records twice, with contradictory values",
    ),
    ("dns.records", [{"name": "a.example.com", "type": "MX", "values": ["mail"]}], "dns.records entry 1 (a.example.com MX): 'mail' is not a preference and"),
    (
        "dns.records",
        [{"name": "MAIL.example.com", "type": "A", "values": ["10.9.9.9"]}],
        "dns.records[0] gives MAIL.example.com other A values than failover_identities.mail.dns.repoint, which moves it to",
    ),
    ("dns.servers", [{"address": "10.0.0.10", "name": "a"}, {"address": "10.0.0.10", "name": "b"}], "dns.servers[1] is the same as"),
    (
        "dns.servers",
        [{"address": "10.0.0.10", "name": "a"}, {"address": "10.0.0.11", "name": "A."}],
        "dns.servers[1] is the same as failover_identities.mail.dns.servers[0]: they have one name",
    ),
    ("dns.resolvers", [{"address": "2001:db8::1"}, {"address": "2001:DB8:0::1"}], "dns.resolvers[1] is the same as"),
    ("dns.lock", {"account": "A$", "domain_controllers": [{"address": "10.0.0.1"}] * 2}, "dns.lock.domain_controllers[1] is the same as"),
    ("clients.expect", [{"name": "mail.example.com"}, {"name": "Mail.example.com.", "port": 443}], "clients.expect[1] is the same as"),
    ("monitor.vantage_points", [{"host": "exch2"}, {"host": "exch2"}], "monitor.vantage_points[1] is the same as"),
    ("dns.repoint.names[0]", "mail..example.com", "dns.repoint.names[0] is 'mail..example.com', which is no DNS name"),
    (
        "dns.repoint.names[0]",
        "*.example.com",
        "dns.repoint.names[0] is '*.example.com', one record for many names: set failover_identities.mail.dns.allow_wildcards, or name them one by one",
    ),
    ("dns.ttl", -1, "dns.ttl must be at least 1 and at most 2147483647, not -1"),
    ("dns.ttl", 2**31, "dns.ttl must be at least 1 and at most 2147483647, not 2147483648"),
    ("dns.ttl", "soon", "dns.ttl must be a whole number, not the string 'soon'"),
    ("dns.ttl", True, "dns.ttl must be a whole number, not the boolean true"),
    ("dns.require", "most", "dns.require: 'most' is neither reachable, all, primary nor a number of name servers from 1 on"),
    ("dns.require", 0, "dns.require: '0' is neither"),
    ("dns.require", 3, "dns.require is 3, and failover_identities.mail.dns.servers and failover_identities.mail.dns.verify_servers have"),
    ("dns.lock", None, "dns.static needs failover_identities.mail.dns.lock, which says where the directory is"),
    ("dns.lock", True, "dns.lock must be a dictionary"),
    ("dns.lock", {"account": "EXCH1$"}, "dns.lock.domain_controllers is missing"),
    ("dns.credential", "dsn", "dns.credential names the credential 'dsn', which is not in failover_credentials; did you mean 'dns'?"),
    ("clients.flush", "workstation", "clients.flush[0] names 'workstation', which is no host and no group of the inventory; did you mean 'workstations'?"),
    ("clients.flush", "nobody", "clients.flush[0] names the group 'nobody', which has no hosts"),
    ("clients.share", 1.5, "clients.share must be at least 0 and at most 1, not 1.5"),
    ("clients.expect[0].addresses", "here", "clients.expect[0].addresses[0] is 'here', which is no IP address"),
    ("fence.accept_unfenced", " ", "fence.accept_unfenced must not be empty"),
    ("accept.disk_space", "", "accept.disk_space must not be empty"),
    ("accept.disk_space", None, "accept.disk_space must not be empty"),
    ("accept.wrong_machine", "I like it", "accept.wrong_machine can not be accepted"),
    ("hooks.timeouts.before_dns", 0, "hooks.timeouts.before_dns must be at least 1"),
    ("hooks.timeouts", {"before_quiesce": 5, "before_spns": 5}, "hooks.timeouts.before_spns is no hook"),
    ("hooks.plan_safe", ["before_dns", "before_dsn"], "hooks.plan_safe.before_dsn is no hook; did you mean 'before_dns'"),
    ("dns.credential", None, "dns.credential is missing"),
    ("monitor.probes[0].port", None, "monitor.probes[0].port is missing: a tcp probe needs a port"),
    ("monitor.probes", [{"kind": "service"}], "monitor.probes[0].names is missing"),
    ("monitor.vantage_points[0].host", "moon", "monitor.vantage_points[0].host names the host 'moon'"),
    ("directory", None, "directory is missing"),
    ("spns[0].to", "exch1$", "spns[0].to is the account exch1$"),
    ("spns[0].values", ["a/b", "A/B"], "spns[0].values[1] is the same as"),
    ("services", [{"name": "a"}, {"name": "A"}], "services[1] is the same as failover_identities.mail.services[0]"),
    ("store", {"kind": "directory"}, "store.path is missing"),
    ("store", {"kind": "directory", "path": "/j", "host": "exch2"}, "store.host belongs to a journal of the kind target only"),
    ("drill.dns.names", {"mail.example.com": "MAIL.example.com"}, "drill.dns.names.mail.example.com is 'MAIL.example.com', which is a live name"),
    ("drill.dns.names", {"mial.example.com": "drill.example.com"}, "drill.dns.names.mial.example.com is no name of the identity; did you mean"),
    ("drill.dns", "ski", "drill.dns must be the word skip or a dictionary, not the string 'ski'"),
    ("drill.clients.flush", "workstations", "drill.clients.flush[0] 'workstations' has ws001, which is a client of the live identity too"),
    ("drill.clients.sample", "ws117", "drill.clients.sample[0] 'ws117' has ws117"),
    ("drill.databases.databases[0].name", "db01-dr", "drill.databases.databases[0] is 'db01-dr', which is a live database"),
    ("drill.databases.databases[0].name", None, "drill.databases.databases[0].name is missing"),
    ("drill.services.services[0].name", "msexchangeis", "drill.services.services[0] is a service of the live identity"),
    ("drill.addresses.addresses[0].address", "10.0.5.5", "drill.addresses.addresses[0] is an address of the live identity"),
    ("drill.addresses.addresses[0].address", "10.0.1.21", "drill.addresses.addresses[0] is an address of the live identity"),
    ("drill.spns.spns[0].values", ["HTTP/mail.example.com"], "drill.spns.spns[0].values[0] is 'HTTP/mail.example.com', which the live identity has"),
    ("drill.script.arguments", ["a", ""], "drill.script is the live post_script with the same arguments"),
    ("drill.fence", "please", "drill.fence must be one of skip"),
]


@pytest.mark.parametrize(("path", "value", "sentence"), CASES)
def test_a_wrong_value_gets_a_sentence_with_its_path(path: str, value: t.Any, sentence: str) -> None:
    found = check(changed(path, value))
    assert any(problem.startswith(f"failover_identities.mail.{sentence}") for problem in found), found


@pytest.mark.parametrize(
    ("addresses", "place"),
    [
        ({"exch1": "10.0.0.21"}, "dns.repoint.from[0]"),
        ({"exch2": "10.0.1.21"}, "dns.repoint.to[0]"),
        ({"exch2": "10.0.5.5"}, "addresses[0].address"),
        ({"exch1": "MAIL.example.com."}, "dns.repoint.names[0]"),
        ({"exch1": "mail"}, "names[0]"),
    ],
)
def test_a_management_endpoint_inside_the_identity_is_named(addresses: dict[str, str], place: str) -> None:
    (problem,) = check(parsed(FULL), addresses=addresses)
    host = next(iter(addresses))
    assert f".host '{host}' is managed through {addresses[host]}, which belongs to the identity (failover_identities.mail.{place})" in problem


def test_two_names_of_one_machine_are_no_pair() -> None:
    (problem,) = check(parsed(FULL), addresses={"exch1": "10.8.0.1", "exch2": "10.8.0.1"})
    assert "has the same connection address 10.8.0.1" in problem


def test_credentials_that_nobody_knows_are_not_checked() -> None:
    assert check(changed("dns.credential", "anything"), credentials=None) == []


Key: t.TypeAlias = "tuple[str | int, ...]"


def keys_of(value: t.Any, path: Key = ()) -> list[Key]:
    """Every key of every dictionary, free ones too."""
    if isinstance(value, dict):
        return [place for key, below in value.items() for place in [(*path, key), *keys_of(below, (*path, key))]]
    if isinstance(value, list):
        return [place for number, below in enumerate(value) for place in keys_of(below, (*path, number))]
    return []


def written(path: Key) -> str:
    return "failover_identities.mail" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


# What stands in the drill's names is data: a wrong one is found, too, because it must be a name of the identity.
@given(st.sampled_from(keys_of(parsed(FULL))), st.data())
def test_a_key_misspelt_anywhere_is_named_with_its_path(path: Key, data: st.DataObject) -> None:
    definition = parsed(FULL)
    place: t.Any = definition
    for part in path[:-1]:
        place = place[part]
    key = str(path[-1])
    position = data.draw(st.integers(0, len(key) - 1), "position")
    letter = data.draw(st.sampled_from("abcxyz_"), "letter")
    kind = data.draw(st.sampled_from(["insert", "replace", "drop"]), "kind")
    wrong = key[:position] + ("" if kind == "drop" else letter) + key[position + (kind != "insert") :]
    if wrong in place or not wrong:
        return
    place[wrong] = place.pop(key)
    found = check(definition)
    assert any(problem.startswith(f"{written((*path[:-1], wrong))} ") for problem in found), (wrong, found)


ANYTHING = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(ANYTHING, st.data())
def test_no_value_anywhere_breaks_the_check(value: t.Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(keys_of(parsed(FULL))))
    definition = parsed(FULL)
    place: t.Any = definition
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    for problem in check(definition):
        assert problem.startswith("failover_identities.mail")


def test_normalise_fills_in_every_default() -> None:
    whole = normalise({"source": {"host": "a"}, "target": {"host": "b"}})
    assert whole["monitor"] == {"interval": 5, "missed": 5, "trigger": "all", "vantage_points": [], "probes": []}
    assert whole["fence"]["minimum"] == 2
    assert whole["drill"] == dict.fromkeys(("dns", "clients", "databases", "services", "script", "addresses", "spns", "fence"), "skip")
    assert whole["databases"] == [] and whole["dns"] is None and whole["post_script"] is None
    assert whole["store"] == {"kind": "target", "host": None, "path": None}
    assert whole["source"] == {"host": "a", "site": None}


def test_normalise_takes_values_as_ansible_does() -> None:
    whole = normalise(
        {
            "source": {"host": "a"},
            "target": {"host": "b"},
            "monitor": {"interval": "2.5", "missed": "7"},
            "clients": {"flush": "workstations, laptops"},
            "dns": {"servers": [{"address": "10.0.0.1", "port": "5353"}]},
        }
    )
    assert whole["monitor"]["interval"] == 2.5 and whole["monitor"]["missed"] == 7
    assert whole["clients"]["flush"] == ["workstations", "laptops"]
    assert whole["dns"]["servers"] == [{"address": "10.0.0.1", "port": 5353, "name": None}]
    assert whole["dns"]["lock"] is None and whole["dns"]["ttl"] == 60


def test_what_normalise_gives_can_be_handed_to_modules() -> None:
    """Ansible takes null for a wrong choice."""
    services = normalise({"source": {"host": "a"}, "target": {"host": "b"}, "services": [{"name": "x"}, {"name": "y", "start_mode": "auto"}]})["services"]
    assert services == [{"name": "x", "timeout": 120}, {"name": "y", "start_mode": "auto", "timeout": 120}]


def test_normalising_twice_changes_nothing() -> None:
    for text in (DOCUMENTED, FULL):
        once = normalise(parsed(text))
        assert normalise(copy.deepcopy(once)) == once


def test_defaults_are_not_shared_between_two_definitions() -> None:
    first = normalise({"source": {"host": "a"}, "target": {"host": "b"}})
    first["services"].append("x")
    first["accept"]["x"] = "y"
    second = normalise({"source": {"host": "a"}, "target": {"host": "b"}})
    assert second["services"] == [] and second["accept"] == {}


def test_normalise_refuses_a_wrong_shape() -> None:
    with pytest.raises(InvalidInput, match=r"failover_definition.target.host is missing"):
        normalise({"source": {"host": "a"}, "target": {}})
