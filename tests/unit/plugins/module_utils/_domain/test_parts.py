# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the steps of a run are given for a side, and that a drill shares nothing with the live identity."""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition import normalise
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.parts import databases, drill, expectations, records, source_addresses

LIVE = {
    "source": {"host": "exch1"},
    "target": {"host": "exch2"},
    "services": [{"name": "MSExchangeIS"}],
    "addresses": [{"address": "10.0.0.50", "prefix_length": 24}],
    "directory": {"domain_controllers": ["dc1"]},
    "spns": [{"from": "EXCH1$", "to": "EXCH2$", "values": ["http/mail.example.com"]}],
    "databases": [
        {"kind": "exchange", "from": "DB01", "to": "DB01-DR", "credential": "exchange"},
        {"kind": "sqlserver", "name": "ERP", "instance": "MSSQLSERVER"},
    ],
    "post_script": {"path": "D:\\dr\\post.ps1"},
    "dns": {
        "servers": [{"address": "10.0.0.10"}],
        "repoint": {"from": ["10.0.0.21", "fd00::21"], "to": ["10.0.1.21", "fd00::31"], "names": ["mail.example.com"]},
        "records": [{"name": "extra.example.com", "type": "TXT", "values": ["here"]}],
    },
    "clients": {"flush": ["workstations"], "sample": ["ws001"], "port": 25},
    "drill": {"dns": {"names": {"mail.example.com": "drill-mail.example.com"}}, "clients": {"flush": ["drill_clients"]}},
}


def definition() -> dict:
    return normalise(LIVE)


def test_records_follow_the_side() -> None:
    assert records(definition(), "source") == [
        {"name": "mail.example.com", "type": "A", "values": ["10.0.0.21"]},
        {"name": "mail.example.com", "type": "AAAA", "values": ["fd00::21"]},
    ]
    assert {"name": "extra.example.com", "type": "TXT", "values": ["here"]} in records(definition(), "target")


def test_clients_must_find_the_machine_of_the_side() -> None:
    [entry] = expectations(definition(), "source", "EXCH1")
    assert {key: entry[key] for key in ("name", "identity", "port", "addresses")} == {
        "name": "mail.example.com",
        "identity": "EXCH1",
        "port": 25,
        "addresses": ["10.0.0.21"],
    }


def test_what_a_client_may_still_hold_on_to_is_known_for_each_side() -> None:
    [at_source], [at_target] = expectations(definition(), "source", "EXCH1"), expectations(definition(), "target", "EXCH2")
    assert (at_source["old_addresses"], at_target["old_addresses"]) == (["10.0.1.21"], ["10.0.0.21"])
    assert at_target["spn"] == at_source["spn"] == "http/mail.example.com"


def test_what_the_definition_states_of_a_name_is_expected() -> None:
    web = {"name": "mail.example.com", "port": 443, "protocol": "https", "path": "/owa", "identity": "web7", "addresses": ["10.0.1.99"]}
    stated = normalise({**LIVE, "spns": [], "clients": {"sample": ["ws001"], "expect": [web]}})
    assert expectations(stated, "target", "EXCH2") == [{**web, "old_addresses": ["10.0.0.21"]}]
    kept = {"name": "mail.example.com", "port": 443, "protocol": "https", "path": "/owa"}
    assert expectations(stated, "source", "EXCH1") == [{**kept, "identity": "EXCH1", "addresses": ["10.0.0.21"], "old_addresses": ["10.0.1.21"]}]


def test_a_drill_has_no_old_addresses_and_no_spn() -> None:
    assert expectations(drill(definition()), "target", "EXCH2") == [
        {"name": "drill-mail.example.com", "identity": "EXCH2", "port": 25, "addresses": ["10.0.1.21"]}
    ]


def test_databases_have_the_sides_name_and_their_credential() -> None:
    credentials = {"exchange": {"user": "svc", "password": "p"}}
    assert [d["name"] for d in databases(definition(), "target", credentials)] == ["DB01-DR", "ERP"]
    assert databases(definition(), "source", credentials)[0] == {"kind": "exchange", "timeout": 300, "name": "DB01", "user": "svc", "password": "p"}


def test_the_source_gets_back_only_what_it_had() -> None:
    baseline = {"addresses": {"exch1": [{"address": "10.0.0.50", "prefix_length": 25, "interface": "LAN", "skip_as_source": False}]}}
    assert source_addresses(definition(), baseline)[0]["prefix_length"] == 25
    assert source_addresses(definition(), {"addresses": {"exch1": []}}) == []


def test_a_drill_keeps_nothing_live() -> None:
    shadow = drill(definition())
    assert (shadow["services"], shadow["databases"], shadow["addresses"], shadow["spns"], shadow["post_script"]) == ([], [], [], [], None)
    assert [r["name"] for r in records(shadow, "target")] == ["drill-mail.example.com", "drill-mail.example.com"]
    assert (shadow["clients"]["flush"], shadow["clients"]["sample"]) == (["drill_clients"], [])
    assert definition()["services"] != []
