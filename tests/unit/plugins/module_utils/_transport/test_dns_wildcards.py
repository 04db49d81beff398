# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.dns_changes import Item, RecordSet
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_records import Reading
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns_wildcards import LONGEST, Wildcards

ZONE = "example.com"
MAIL, DEEP = Item("mail.example.com", "A"), Item("a.b.example.com", "A")
HERE, WILD = Reading("ok", RecordSet.of(["10.0.0.1"], 60)), Reading("ok", RecordSet.of(["10.9.9.9"], 60))
NOTHING = Reading("ok", zone=ZONE)


class Server:
    """Answers what it is given, and notes what it is asked."""

    def __init__(self, **answers: Reading) -> None:
        self.answers = {name.replace("__", "*.").replace("_", "."): reading for name, reading in answers.items()}
        self.asked: list[str] = []

    def ask(self, items: t.Sequence[Item]) -> dict[Item, Reading]:
        self.asked += [item.name for item in items]
        return {item: self.answers.get(item.name, NOTHING) for item in items}


def without(server: Server, kept: Wildcards, *read: tuple[Item, Reading]) -> list[Reading]:
    readings = dict(read)
    return list(kept.without(readings, {item.name: ZONE for item in readings}, server.ask).values())


def test_in_a_zone_without_wildcards_each_is_asked_for_once() -> None:
    server, kept = Server(), Wildcards()
    for _look in range(3):
        assert without(server, kept, (MAIL, HERE), (DEEP, HERE)) == [HERE, HERE]
    assert server.asked == ["*.example.com", "*.b.example.com"]


def test_what_is_made_up_is_told_by_the_name_below() -> None:
    server = Server(__example_com=WILD)
    server.answers["_failover-probe.mail.example.com"] = WILD
    assert without(server, Wildcards(), (MAIL, WILD)) == [NOTHING]
    assert without(server, Wildcards(), (MAIL, HERE)) == [HERE], "another value than the name below has"
    del server.answers["_failover-probe.mail.example.com"]
    assert without(server, Wildcards(), (MAIL, WILD)) == [WILD], "nothing is made up below a name that exists"


def test_an_alias_can_be_made_up_too_and_a_server_that_fails_proves_nothing() -> None:
    alias = Reading("ok", alias="mail.example.com")
    server = Server(__b_example_com=alias)
    server.answers["_failover-probe.a.b.example.com"] = alias
    assert without(server, Wildcards(), (DEEP, alias)) == [NOTHING]
    server.answers["_failover-probe.a.b.example.com"] = Reading("failed")
    assert without(server, Wildcards(), (DEEP, alias)) == [alias]


def test_nothing_is_asked_where_nothing_can_be_made_up() -> None:
    server = Server()
    long = Item("x" * 60 + "." + "y" * 60 + "." + "z" * 60 + "." + "w" * 48 + ".example.com", "A")
    assert len(long.name) > LONGEST
    found = [(Item("*.example.com", "A"), WILD), (Item(ZONE, "A"), HERE), (MAIL, NOTHING), (long, HERE)]
    assert without(server, Wildcards(), *found) == [reading for _item, reading in found]
    assert Wildcards().without({MAIL: HERE}, {}, server.ask) == {MAIL: HERE}, "a name whose zone nobody asked for"
    assert server.asked == []
