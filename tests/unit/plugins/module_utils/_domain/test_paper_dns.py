# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records on paper: before a cache is cleared, every server that gives out answers is asked, in the order of a run."""

from __future__ import annotations

import re
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_dns import everywhere
from ansible_collections.continuity.identity_failover.tests.unit.plans import ISOLATED, NEW, OLD, OTHERS, PEACE, change, plan, said, serving, typed

ZONE = {"zone": "example.com"}
BOTH = [change("mail.example.com A", OLD, NEW, detail=ZONE), change("owa.example.com A", OLD, NEW, detail=ZONE)]
LOCK = said("dns_lock", change("mail.example.com", {"account": "EXCH1$", "locked": False}, {"account": "EXCH1$", "locked": True}))


def asked(text: str) -> list[tuple[str, str]]:
    """Name and server of each question, in order."""
    found = re.findall(r"Resolve-DnsName -Name '([\w.]+)' -Type A -Server '?([\d.]+|\$_)'? -DnsOnly", text)
    return [(name.partition(".")[0], server) for name, server in found]


def test_each_server_has_the_record_before_a_cache_is_cleared() -> None:
    there = paper(plan([said("dns", *BOTH), LOCK, *serving()[-2:]], definition=ISOLATED), ISOLATED).partition("## The way back")[0]
    names = ["mail", "owa"]
    written, others, zone, resolvers = ([(name, server) for name in names] for server in ("10.0.0.10", "10.0.1.10", "$_", "10.0.9.9"))
    assert asked(there) == [*written, *others, *zone, *resolvers], "a resolver is asked last: it would keep the old answer"
    order = ["### dns: owa.example.com A", "### dns: the other name servers", "### dns_lock", "### clients"]
    assert [there.index(heading) for heading in order] == sorted(there.index(heading) for heading in order)
    assert there.count("(Resolve-DnsName -Name 'example.com' -Type NS -Server '10.0.0.10' -DnsOnly).NameHost | ForEach-Object {") == 2


def test_what_they_are_to_say_and_until_when_they_are_asked() -> None:
    text = paper(plan(serving(), definition=ISOLATED), ISOLATED)
    pairs = re.findall(r"^ +(Resolve-DnsName .*|\(Resolve-DnsName .*\$_.*)\n\n   Answers: (.*)$", text, re.MULTILINE)
    answers = {re.findall(r"-Server '?([\d.]+|\$_)'? -DnsOnly(?: }|$)", command)[-1]: answer for command, answer in reversed(pairs)}
    until = "10.0.1.21. 10.0.0.21, or no answer: wait, and type it again until it says so"
    assert answers["10.0.1.10"] == until and answers["$_"] == f"of each name server of the zone: {until}"
    assert answers["10.0.9.9"] == f"{until}; its cache may hold the old answer for 3600 s"


def test_on_the_way_back_they_are_asked_behind_the_records_for_the_old_values() -> None:
    back = paper(plan([said("dns", *BOTH)], definition=ISOLATED), ISOLATED).partition("## The way back")[2]
    assert [server for _name, server in asked(back)] == ["10.0.0.10"] * 2 + ["10.0.1.10"] * 2 + ["$_"] * 2 + ["10.0.9.9"] * 2
    assert "10.0.0.21. 10.0.1.21, or no answer: wait, and type it again until it says so; its cache may hold the old answer for 60 s" in back


@pytest.mark.parametrize(
    ("dns", "servers"),
    [
        ({}, []),
        ({"verify_servers": [{"address": "10.0.0.10"}]}, []),  # the one that is written was asked
        ({"servers": [{"address": "10.0.0.10"}, {"address": "10.0.0.11"}]}, ["10.0.0.11"]),
        ({"servers": [{"address": "10.0.0.10"}, {"address": "10.0.0.11"}], "verify_servers": [{"address": "10.0.0.11"}]}, ["10.0.0.11"]),
        ({"resolvers": [{"address": "10.0.9.9"}]}, ["10.0.9.9"]),
    ],
)
def test_nobody_is_asked_twice(dns: dict[str, t.Any], servers: list[str]) -> None:
    definition = {**PEACE, "dns": {**PEACE["dns"], **dns}}
    text = paper(plan([said("dns", BOTH[0])], definition=definition), definition).partition("## The way back")[0]
    assert [server for _name, server in asked(text)] == ["10.0.0.10", *servers]


def test_a_record_that_goes_is_gone_everywhere_and_one_that_comes_has_no_old_value() -> None:
    gone = {**change("mail.example.com A", OLD, None), "item": "mail.example.com A", "step": "dns"}
    deed = everywhere([gone], {"dns": {**OTHERS, "discover": False}})
    assert deed is not None
    said_so = "an error: the name does not exist, or has no such record. 10.0.0.21, or no answer: wait, and type it again until it says so"
    assert deed.lines[0].answer == said_so
    assert deed.back[0].answer == "10.0.0.21. Anything else, or no answer: wait, and type it again until it says so"
    assert everywhere([], {}) is None


def test_ttls_that_are_restored_behind_the_clients_lead_nobody_and_are_not_waited_for() -> None:
    later = said("dns", change("mail.example.com A", NEW, {**NEW, "ttl": 3600}, detail=ZONE))
    text = paper(plan([said("dns", BOTH[1]), *serving()[-2:], later], kind="failback", definition=ISOLATED), ISOLATED).partition("## The way back")[0]
    assert {name for name, server in asked(text) if server != "10.0.0.10"} == {"owa"}
    assert typed(text)[-1].startswith("Resolve-DnsName -Name 'mail.example.com'")
