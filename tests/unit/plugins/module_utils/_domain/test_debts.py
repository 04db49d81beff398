# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import as_json
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.debts import accounted, after, debtor, paid, sentence
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold, restored
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event

OLD, NEW = {"values": ["10.0.0.21"], "ttl": 60}, {"values": ["10.0.1.21"], "ttl": 60}
MAIL, WWW = "mail.example.com A", "www.example.com A"
SERVERS = {"dns2": "10.0.1.10", "dns3": "10.0.2.10", "nameless": ""}


def debt(server: str = "dns2", records: t.Any = None, **more: t.Any) -> dict[str, t.Any]:
    return {
        "kind": "name_server",
        "server": server,
        "address": SERVERS[server],
        "port": 53,
        "status": "unreachable",
        "why": "it can't be reached",
        "records": {MAIL: NEW} if records is None else records,
        **more,
    }


def told(there: t.Any, owed: t.Any = (), right: t.Any = (), wanted: t.Any = None, run: str = "run1") -> list[dict[str, t.Any]]:
    """The open debts after a step, as the journal keeps them: through JSON."""
    said = accounted(there, list(owed), list(right), {MAIL: NEW} if wanted is None else wanted)
    return after(there, Event(1, "2026-03-01T12:00:00.000Z", "step_outcome", run=run, data=json.loads(json.dumps({"debts": said})))) if said else list(there)


def test_what_could_not_be_read_is_owed_until_it_was_read_as_wanted() -> None:
    first = told([], [debt()])
    assert first == [debt(run="run1", since="2026-03-01T12:00:00.000Z")]
    assert told(first) == first, "a step that did not ask the server proves nothing"
    assert told(first, right=[debt("dns3")]) == first, "nor does another server"
    assert told(first, [debt()], run="run2") == first, "what is owed already keeps the run and the moment"
    assert told(first, right=[debt(records={MAIL: None})]) == []


def test_another_wanted_value_makes_the_old_debt_void_and_says_so() -> None:
    first = told([], [debt(records={MAIL: NEW, WWW: NEW})])
    said = accounted(first, [], [], {MAIL: OLD})
    assert [(one["server"], one["records"]) for one in said["void"]] == [("dns2", {MAIL: NEW})] and not said["settled"]
    assert [one["records"] for one in told(first, wanted={MAIL: OLD})] == [{WWW: NEW}]
    back = told(first, [debt(records={MAIL: OLD})], wanted={MAIL: OLD}, run="run2")
    assert sorted((one["run"], record, image["values"][0]) for one in back for record, image in one["records"].items()) == [
        ("run1", WWW, "10.0.1.21"),
        ("run2", MAIL, "10.0.0.21"),
    ]


def test_a_settlement_that_comes_late_pays_only_for_what_it_read() -> None:
    """A monitor reads, a failback changes what is wanted, and only then the monitor's entry arrives."""
    now = told(told([], [debt()]), [debt(records={MAIL: OLD})], wanted={MAIL: OLD})
    assert paid(now, [debt()]) == now
    assert paid(now, [debt(records={MAIL: OLD})]) == []


def test_servers_are_told_apart_by_where_they_listen() -> None:
    assert debtor(debt()) == debtor(debt(server="dns2", why="another reason")) != debtor({**debt(), "port": 5353})
    assert debtor(debt("nameless")) == ("name_server", "nameless", 53)
    assert debtor({**debt(), "kind": "resolver"}) != debtor(debt())


def test_the_sentence_names_server_records_and_reason() -> None:
    many = {f"n{number}.example.com A": NEW for number in range(5)}
    shown = sentence(debt(records=many, since="2026-03-01T12:00:00.000Z"))
    assert shown == (
        "name server dns2 (10.0.1.10 port 53) owes n0.example.com A 10.0.1.21, n1.example.com A 10.0.1.21, n2.example.com A 10.0.1.21 and 2 more "
        "since 2026-03-01T12:00:00.000Z, as it can't be reached"
    )
    assert "owes mail.example.com A absent" in sentence({**debt("nameless", {MAIL: None}), "since": "then"})


def test_a_checkpoint_keeps_them() -> None:
    fold = Fold(debts=told([], [debt(), debt("dns3")]))
    assert restored(json.loads(json.dumps(as_json(fold)))).debts == fold.debts


Read = st.dictionaries(st.sampled_from([(server, record) for server in SERVERS for record in (MAIL, WWW)]), st.sampled_from(["ok", "unreachable", "wrong"]))
Step = st.tuples(st.dictionaries(st.sampled_from([MAIL, WWW]), st.sampled_from([OLD["values"][0], NEW["values"][0]]), min_size=1), Read)


@given(steps=st.lists(Step, max_size=8))
def test_a_debt_never_ends_unread_whatever_follows(steps: list[t.Any]) -> None:
    """Against a plain table: (server, record) -> the value owed. It ends only when it was read as right, or another value is wanted."""
    there: list[dict[str, t.Any]] = []
    table: dict[tuple[str, str], str] = {}
    for wants, read in steps:
        wanted = {record: {"values": [value], "ttl": 60} for record, value in wants.items()}
        said = {place: status for place, status in read.items() if place[1] in wanted}
        owed = [debt(server, {record: wanted[record]}) for (server, record), status in said.items() if status != "ok"]
        right = [debt(server, {record: None}) for (server, record), status in said.items() if status == "ok"]
        there = told(there, owed, right, wanted)
        table = {place: value for place, value in table.items() if place[1] not in wants or (wants[place[1]] == value and said.get(place) != "ok")}
        table.update({place: wants[place[1]] for place, status in said.items() if status != "ok"})
        assert {(one["server"], record): image["values"][0] for one in there for record, image in one["records"].items()} == table
        assert all(one["records"] for one in there)
