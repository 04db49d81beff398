# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""update_dns itself against real servers: a move and its way back, thousands of records, two hundred writers of one name."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import pathlib
import threading
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import SystemClock
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import update_dns as module_function
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._contract import Change
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._dns_step import DnsStep
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.update_dns import update_dns
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport.dns import Endpoint
from ansible_collections.continuity.identity_failover.tests.real_servers.probe import Probe, Update
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import REVERSE, ZONE, RealServer
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeHosts

#: Writers that each replace a value of their own, one after the other, beside those of the others.
WRITERS, WRITES = 4, 15
#: Writers that all read and write at the same moment, and how many of those that were too late try again side by side.
CROWD, SIDE_BY_SIDE = 200, 4
#: Why a write was refused: the set is not what it was when it was read.
OVERTAKEN = ("changed_by_other", "wrong_state")
#: A writer that was overtaken so often has met something else than other writers.
TRIES = 200


def _server(endpoint: Endpoint) -> dict[str, t.Any]:
    return {"address": endpoint.address, "port": endpoint.port, "name": endpoint.name}


def run(server: RealServer, **options: t.Any) -> Result:
    params = {
        **runs.ALONE,
        "state": "present",
        "records": None,
        "repoint": None,
        "servers": [_server(server.endpoint)],
        "verify_servers": [_server(server.secondary)] if server.secondary else [],
        **server.signed,
        "unsigned": False,
        "ttl": 60,
        "require": "all",
        "verify_timeout": 30.0,
        "protected_names": [],
        **options,
    }
    return update_dns(params, FakeHosts(), SystemClock(), check_mode=False)


def test_names_move_and_come_back_exactly(server: RealServer, tmp_path: pathlib.Path) -> None:
    probe = Probe(server)
    one, two = (f"{probe.name(what)}.{ZONE}" for what in ("one", "two"))
    probe.given((one + ".", "A", "127.20.0.21"), (one + ".", "A", "127.20.0.77"), (two + ".", "A", "127.20.0.21"), (two + ".", "TXT", '"stays"'))
    clock = SystemClock()
    repoint = {"from": ["127.20.0.21"], "to": ["127.20.0.22"], "names": [one, two], "ptr": False}
    failover = runs.started(tmp_path, clock)
    moved = run(server, state="repointed", repoint=repoint, run=failover)
    assert not moved.failed, moved.msg
    assert (probe.values(one + ".", "A"), probe.values(two + ".", "A")) == (["127.20.0.22", "127.20.0.77"], ["127.20.0.22"])
    assert probe.values(two + ".", "TXT") == ['"stays"']
    assert {facts["status"] for facts in moved.extra["servers"].values()} == {"ok"}
    again = run(server, state="repointed", repoint=repoint)
    assert (again.changed, again.failed) == (False, False)
    runs.ended(tmp_path, clock, failover)
    back = run(server, state="reverted", repoint=repoint, revert_run="run1", run=runs.started(tmp_path, clock, run_id="run2", kind="failback"))
    assert not back.failed, back.msg
    assert (probe.values(one + ".", "A"), probe.ttl(one + ".", "A")) == (["127.20.0.21", "127.20.0.77"], 300)


def test_what_somebody_changed_since_is_told_and_not_overwritten(server: RealServer) -> None:
    probe = Probe(server)
    name = f"{probe.name()}.{ZONE}"
    probe.given((name + ".", "A", "127.20.0.50"))
    with pytest.raises(FailoverError, match="127.20.0.50"):
        run(server, records=[{"name": name, "type": "A", "values": ["127.20.0.22"], "ttl": 60, "zone": None, "expect": ["127.20.0.21"]}])
    assert probe.values(name + ".", "A") == ["127.20.0.50"]


def test_thousands_of_records_go_in_few_messages_and_are_read_back(server: RealServer) -> None:
    """Five thousand where there is a secondary too, which has them all in the end."""
    probe, count = Probe(server), 5000 if server.secondary else 1000
    records = [
        {"name": f"n{n}.{probe.name()}.{ZONE}", "type": "A", "values": [f"127.20.{n // 250}.{n % 250 + 1}"], "ttl": 60, "zone": None} for n in range(count)
    ]
    result = run(server, records=[{**record, "expect": None} for record in records])
    assert not result.failed, result.msg
    assert result.as_dict()["counts"]["done"] == count
    assert {facts["status"] for facts in result.extra["servers"].values()} == {"ok"} and len(result.extra["servers"]) == (2 if server.secondary else 1)
    assert result.extra["servers"][server.endpoint.label]["messages"] == count // 250


def test_a_pointer_of_a_classless_delegation_is_changed_where_it_stands(server: RealServer) -> None:
    """RFC 2317; here the provider's names and the customer's lie in one zone."""
    probe = Probe(server)
    old, new = (f"{end}.{probe.name('')}.{REVERSE}" for end in ("21.9", "22.9"))
    customer = [f"{name.partition('.')[0]}.16/28.{name.partition('.')[2]}" for name in (old, new)]

    def delegate(update: Update) -> None:
        for name, target in zip((old, new), customer, strict=True):
            update.add(name + ".", 300, "CNAME", target + ".")
        update.add(customer[0] + ".", 300, "PTR", f"mail.{ZONE}.")

    assert probe.send(delegate, zone=REVERSE) == "NOERROR"
    record = {"type": "PTR", "ttl": 60, "zone": None, "expect": None}
    moved = run(server, records=[{**record, "name": new, "values": [f"mail.{ZONE}"]}])
    assert not moved.failed, moved.msg
    assert [outcome.name for outcome in moved.outcomes] == [f"{customer[1]} PTR"]
    assert not run(server, state="absent", records=[{**record, "name": old, "values": []}]).failed
    assert [probe.values(name + ".", "PTR") for name in customer] == [[], [f"mail.{ZONE}."]]


def test_a_name_below_a_wildcard_gets_a_record_of_its_own_and_loses_it_again(server: RealServer) -> None:
    probe = Probe(server)
    above = f"{probe.name('wild')}.{ZONE}"
    probe.given((f"*.{above}.", "A", "127.20.0.99"))
    record = {"name": f"new.{above}", "type": "A", "values": ["127.20.0.22"], "ttl": 60, "zone": None, "expect": None}
    for changed in (True, False):
        result = run(server, records=[record])
        assert (result.failed, result.changed) == (False, changed), result.msg
    assert probe.values(f"new.{above}.", "A") == ["127.20.0.22"]
    gone = run(server, state="absent", records=[{**record, "values": []}])
    assert not gone.failed, gone.msg
    assert probe.values(f"new.{above}.", "A") == ["127.20.0.99"]


def test_ttls_are_lowered_for_a_move_and_restored_behind_it(server: RealServer) -> None:
    probe = Probe(server)
    name = f"{probe.name()}.{ZONE}"
    probe.given((name + ".", "A", "127.20.0.21"), (name + ".", "A", "127.20.0.77"))
    repoint = {"from": ["127.20.0.21"], "to": ["127.20.0.22"], "names": [name], "ptr": False}
    lowered = run(server, state="ttl_lowered", repoint=repoint, ttl=45)
    assert not lowered.failed, lowered.msg
    assert probe.ttl(name + ".", "A") == 45 and lowered.extra["ttl"]["records"][f"{name} A"]["was"] == 300
    assert not run(server, state="repointed", repoint=repoint, ttl=30).failed
    restored = run(server, state="ttl_restored", repoint=repoint, ttl=30)
    assert not restored.failed, restored.msg
    assert (probe.ttl(name + ".", "A"), probe.values(name + ".", "A")) == (300, ["127.20.0.22", "127.20.0.77"])
    assert probe.values(f"_failover-ttl.{name}.", "TXT") == []


def test_what_was_written_is_put_back_when_a_later_message_is_refused(server: RealServer) -> None:
    """The second message goes to the reverse zone, and finds there what it did not expect."""
    probe = Probe(server)
    name, pointer = f"{probe.name()}.{ZONE}", f"{probe.name('')}.77.{REVERSE}"
    probe.given((name + ".", "A", "127.20.0.21"))
    records = [
        {"name": name, "type": "A", "values": ["127.20.0.22"], "ttl": 60, "zone": None, "expect": None},
        {"name": pointer, "type": "PTR", "values": ["x" * 63 + f".{ZONE}"], "ttl": 60, "zone": None, "expect": None},
    ]

    def taken(update: Update) -> None:
        update.add(pointer + ".", 300, "PTR", f"theirs.{ZONE}.")

    decided = DnsStep.groups

    def somebody_is_quicker(step: DnsStep, changes: list[Change]) -> list[list[Change]]:
        """Between the last look and the first message."""
        if not probe.values(pointer + ".", "PTR"):
            assert probe.send(taken, zone=REVERSE) == "NOERROR"
        return decided(step, changes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DnsStep, "groups", somebody_is_quicker)
        result = run(server, records=records, on_failure="rollback")
    assert (result.failed, result.changed, result.extra["rollback"]["done"]) == (True, False, [f"{name} A"]), result.msg
    assert (probe.values(name + ".", "A"), probe.values(pointer + ".", "PTR")) == (["127.20.0.21"], [f"theirs.{ZONE}."])


def test_other_types_are_written_and_read_back(server: RealServer) -> None:
    name = f"{Probe(server).name()}.{ZONE}"
    values = {
        "CAA": ['0 issue "ca.example.net"'],
        "SSHFP": ["4 2 " + "ab" * 32],
        "TLSA": ["3 1 1 " + "cd" * 32],
        "NAPTR": [f'200 10 "s" "SIP+D2T" "" _Sip._tcp.{ZONE}.'],
        "TXT": ['"\\195\\188" "say \\"hi\\""'],
    }
    if server.kind != "powerdns":  # it refuses types that it has no name for
        values["TYPE65280"] = ["\\# 4 0a000001"]
    records = [{"name": name, "type": kind, "values": found, "ttl": 60, "zone": None, "expect": None} for kind, found in values.items()]
    if server.kind == "samba":  # one type that it does not know, and nothing of the message is done; it knows TXT
        refused = run(server, records=records)
        assert refused.failed and refused.reason == "not_supported", refused.msg
        assert Probe(server).values(name + ".", "TXT") == []
        records = [record for record in records if record["type"] == "TXT"]
    for changed in (True, False):
        result = run(server, records=records)
        assert (result.failed, result.changed) == (False, changed), result.msg
    if server.kind == "powerdns":  # it does not delete one again: found with 4.7
        records = [record for record in records if record["type"] != "NAPTR"]
    gone = run(server, state="absent", records=[{**record, "values": []} for record in records])
    assert not gone.failed, gone.msg
    assert Probe(server).values(name + ".", "CAA") == []


def _set_values(server: RealServer, name: str, values: list[str], expected: list[str]) -> str:
    """One task of a writer; the reason for which it was refused, or "" where it was done, also if the next writer was there before it was read back."""
    record = {"name": name, "type": "TXT", "values": values, "ttl": 60, "zone": None, "expect": expected}
    try:
        result = run(dataclasses.replace(server, secondary=None), records=[record], require="primary", on_item_failure="stop")
    except FailoverError as error:
        return error.reason
    return "" if result.changed else result.reason


def _until_it_is_in_time(server: RealServer, name: str, writer: int, changed: t.Callable[[list[str]], list[str]]) -> int:
    """Reads and writes until nobody wrote in between; how often somebody did."""
    probe = Probe(server)
    for overtaken in range(TRIES):
        present = probe.values(name + ".", "TXT")
        refused = _set_values(server, name, changed(present), present)
        if not refused:
            return overtaken
        assert refused in OVERTAKEN, refused
    raise AssertionError(f"writer {writer} was overtaken {TRIES} times in a row")


def _write_often(server: RealServer, name: str, writer: int) -> int:
    """Replaces the writer's own value by the next one, WRITES times, beside everybody else's; how often it was overtaken."""

    def next_one(present: list[str], number: int) -> list[str]:
        return [f'"{writer} {number + 1}"' if value == f'"{writer} {number}"' else value for value in present]

    return sum(_until_it_is_in_time(server, name, writer, functools.partial(next_one, number=number)) for number in range(WRITES))


def test_writers_of_a_value_each_of_one_name_lose_no_update(server: RealServer) -> None:
    name = f"{Probe(server).name()}.{ZONE}"
    Probe(server).given(*((name + ".", "TXT", f'"{writer} 0"') for writer in range(WRITERS)))
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        overtaken = sum(pool.map(lambda writer: _write_often(server, name, writer), range(WRITERS)))
    assert Probe(server).values(name + ".", "TXT") == [f'"{writer} {WRITES}"' for writer in range(WRITERS)]
    assert overtaken > 0, "nobody met anybody: this proves nothing"


def test_two_hundred_writers_of_one_name_at_the_same_moment_lose_no_update(server: RealServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """All have read the same when all write, so that all but one are too late; then each counts one on from what is there."""
    monkeypatch.setattr(module_function, "Endpoint", lambda address, port, name: Endpoint(address, port, name, timeout=60.0))
    name = f"{Probe(server).name()}.{ZONE}"
    Probe(server).given((name + ".", "TXT", '"0 nobody"'))
    together, turns = threading.Barrier(CROWD), threading.Semaphore(SIDE_BY_SIDE)

    def writes(writer: int) -> int:
        def counted_on(present: list[str]) -> list[str]:
            (value,) = present
            return [f'"{int(value.strip(chr(34)).split()[0]) + 1} {writer}"']

        together.wait(60)
        refused = _set_values(server, name, counted_on(['"0 nobody"']), ['"0 nobody"'])
        if not refused:
            return 0
        assert refused in OVERTAKEN, refused
        with turns:
            return 1 + _until_it_is_in_time(server, name, writer, counted_on)

    with concurrent.futures.ThreadPoolExecutor(CROWD) as pool:
        overtaken = list(pool.map(writes, range(CROWD)))
    (last,) = Probe(server).values(name + ".", "TXT")
    assert last.startswith(f'"{CROWD} ') and overtaken.count(0) == 1, last
