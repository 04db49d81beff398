# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.tests.lab.model.data import Data, DatabaseError
from ansible_collections.continuity.identity_failover.tests.lab.model.databases import MailboxDatabase, MailboxStore
from ansible_collections.continuity.identity_failover.tests.lab.model.replication import ReplicationLink
from ansible_collections.continuity.identity_failover.tests.lab.model.sql_server import SqlDatabase, SqlInstance

from .support import TestWorld


def store(**facts: object) -> tuple[TestWorld, MailboxStore, MailboxDatabase, set[str]]:
    world = TestWorld()
    runs = {"a", "b"}
    first = MailboxDatabase("DB01", "g1", "a", "x.edb", mounted=True, data=Data(2, {1, 2}))
    second = MailboxDatabase(**{"name": "DB02", "guid": "g2", "server": "b", "edb_path": "y.edb", "data": Data(2, {1, 2}), **facts})  # type: ignore[arg-type]
    return world, MailboxStore(world, [first, second], lambda host: host in runs), second, runs


def test_a_mount_takes_its_time_and_leaves_the_file_dirty() -> None:
    world, mailboxes, database, _runs = store()
    mailboxes.start_mount(database)
    assert not database.mounted
    world.clock.advance(1.0)
    assert database.mounted and database.file_state == "dirty"
    assert len(world.seen.effects("database_mounted")) == 1
    mailboxes.start_mount(database)
    world.clock.advance(1.0)
    assert len(world.seen.effects("database_mounted")) == 1


@pytest.mark.parametrize(
    ("facts", "number"),
    [({"file_state": "dirty", "logs": "missing"}, -528), ({"file_state": "missing"}, -1811), ({"file_state": "foreign"}, -1204)],
)
def test_what_cannot_be_mounted_is_refused_with_its_number(facts: dict[str, object], number: int) -> None:
    _world, mailboxes, database, _runs = store(**facts)
    with pytest.raises(DatabaseError) as refused:
        mailboxes.start_mount(database)
    assert refused.value.number == number
    assert not database.mounted


def test_force_on_a_missing_file_silently_gives_an_empty_store() -> None:
    world, mailboxes, database, _runs = store(file_state="missing")
    mailboxes.start_mount(database, force=True)
    world.clock.advance(1.0)
    assert database.mounted and database.data.sequence == 0
    assert world.seen.effects("empty_database_created")


def test_without_the_information_store_nothing_is_mounted_or_told() -> None:
    _world, mailboxes, database, runs = store()
    runs.discard("b")
    with pytest.raises(DatabaseError):
        mailboxes.start_mount(database)
    assert mailboxes.status(database) is None


def test_a_crash_leaves_the_file_dirty_and_a_stop_leaves_it_clean() -> None:
    _world, mailboxes, _database, _runs = store()
    first = mailboxes.databases[0]
    mailboxes.store_stopped("a", clean=False)
    assert (first.mounted, first.file_state) == (False, "dirty")
    first.mounted = True
    mailboxes.store_stopped("a", clean=True)
    assert first.file_state == "clean"


def test_what_mounts_at_startup_is_mounted_and_nothing_else() -> None:
    world, mailboxes, database, _runs = store(mount_at_startup=False)
    mailboxes.store_started("b")
    world.clock.advance(1.0)
    assert not database.mounted
    database.mount_at_startup = True
    mailboxes.store_started("b")
    world.clock.advance(1.0)
    assert database.mounted


@pytest.mark.parametrize("identity", [None, "", "nobody"])
def test_an_identity_that_is_empty_or_unknown_gives_every_database(identity: str | None) -> None:
    _world, mailboxes, _database, _runs = store()
    assert len(mailboxes.get(identity, None)) == 2
    assert [each.name for each in mailboxes.get("g2", None)] == ["DB02"]


def linked(up: bool = True) -> tuple[TestWorld, MailboxStore, ReplicationLink, list[bool]]:
    world, mailboxes, _database, _runs = store()
    state = [up]
    link = ReplicationLink(world, "mail", mailboxes, "DB01", "DB02", lambda a, b: state[0])
    mailboxes.in_use = link.writes_into
    return world, mailboxes, link, state


def test_what_is_written_arrives_a_moment_later_and_what_was_queued_dies_with_the_source() -> None:
    world, mailboxes, link, state = linked()
    source, target = mailboxes.databases
    for item in (3, 4):
        source.data.accept(item)
        link.written(source, item)
        if item == 3:
            world.clock.advance(1.0)
    assert target.data.items == {1, 2, 3}
    state[0] = False
    link.source_lost("a")
    state[0] = True
    world.clock.advance(1.0)
    assert target.data.items == {1, 2, 3}
    assert link.lost == 1


def test_a_file_that_replication_writes_into_is_not_mounted() -> None:
    _world, mailboxes, link, _state = linked()
    with pytest.raises(DatabaseError) as refused:
        mailboxes.start_mount(mailboxes.databases[1])
    assert refused.value.number == -1032
    link.stop()
    mailboxes.start_mount(mailboxes.databases[1])


def test_a_source_that_returns_and_resumes_overwrites_what_was_written_meanwhile() -> None:
    world, mailboxes, link, _state = linked()
    mailboxes.databases[1].data.accept(9)
    link.source_returned("a")
    assert mailboxes.databases[1].data.items == {1, 2}
    assert world.seen.effects("data_overwritten")[0]["items"] == 1
    link.resumes = False
    link.source_returned("a")
    assert not link.running


def sql(**facts: object) -> tuple[TestWorld, SqlInstance, SqlDatabase]:
    world = TestWorld()
    database = SqlDatabase("ERP", **facts)  # type: ignore[arg-type]
    return world, SqlInstance(world, "h", "MSSQLSERVER", [database], lambda: True), database


def test_a_restoring_database_comes_online_by_recovery_only() -> None:
    world, instance, database = sql(state="RESTORING")
    with pytest.raises(DatabaseError) as refused:
        instance.set_online("ERP")
    assert refused.value.number == 5052
    instance.recover("erp")
    assert database.state == "RECOVERING"
    world.clock.advance(1.0)
    assert database.state == "ONLINE"
    with pytest.raises(DatabaseError) as again:
        instance.recover("ERP")
    assert again.value.number == 3153


def test_an_offline_database_with_a_missing_file_ends_in_recovery_pending() -> None:
    _world, instance, database = sql(state="OFFLINE", files="missing")
    with pytest.raises(DatabaseError) as refused:
        instance.set_online("ERP")
    assert refused.value.number == 5120
    assert database.state == "RECOVERY_PENDING"


def test_offline_and_online_again() -> None:
    world, instance, database = sql()
    instance.set_offline("ERP")
    assert database.state == "OFFLINE"
    instance.set_online("ERP")
    world.clock.advance(1.0)
    assert database.state == "ONLINE"
    with pytest.raises(DatabaseError):
        instance.set_offline("nothing")
