# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal read, verified, exported, pruned - and what is refused, and what of a broken one can still be read."""

from __future__ import annotations

import hashlib
import json
import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.checkpoint import as_json
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import replay
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event, line_hash, parse
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import (
    ConnectionRefused,
    InvalidInput,
    JournalBroken,
    JournalRewound,
    WrongState,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_journal as module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._store import copies, opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts


class Case:
    """An identity that is armed, with a journal of some events in store and mirror."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.clock = folder, FakeClock()
        self.store = {"kind": "directory", "path": str(folder / "store"), "host": None}
        self.mirror: str | None = str(folder / "mirror")
        self.export = folder / "exports" / "mail.jsonl"
        self.file, self.mirror_file = folder / "store" / "mail.journal", folder / "mirror" / "mail.mirror"
        self.write("armed", {"machines": {"exch1": {}, "exch2": {}}})
        for number in range(4):
            self.write("accepted", {"what": "w", "reason": f"because {number}"}, run="r1" if number % 2 else "")

    def journal(self) -> Journal:
        return opening.open_journal("mail", self.store, self.mirror, FakeHosts(), self.clock)

    def write(self, kind: str, data: t.Any, run: str = "") -> None:
        journal = self.journal()
        journal.read()
        journal.append([journal.draft(kind, run=run, by="ops", data=data)])

    def journal_events(self) -> list[Event]:
        journal = self.journal()
        journal.read()
        return journal.events

    def do(self, state: str, *, check_mode: bool = False, **params: t.Any) -> Result:
        defaults = {"identity": "mail", "store": self.store, "mirror": self.mirror, "export": str(self.export), "last": 0, "of_run": None, "by": "ops"}
        return module.failover_journal({**defaults, "state": state, **params}, FakeHosts(), self.clock, check_mode=check_mode)

    def lines(self, path: pathlib.Path) -> list[str]:
        return path.read_text(encoding="utf-8").splitlines()

    def numbers(self, path: pathlib.Path) -> list[int]:
        return [parse(line).seq for line in self.lines(path)]


@pytest.fixture
def case(tmp_path: pathlib.Path) -> Case:
    return Case(tmp_path)


def put(path: pathlib.Path, lines: list[str]) -> None:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def folded(journal: Journal) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", as_json(replay(journal.events))["fold"])


def test_it_prints_a_table_that_people_can_read(case: Case) -> None:
    result = case.do("read")
    assert (result.changed, result.failed) == (False, False)
    assert result.extra["table"][0].split() == ["seq", "at", "kind", "step", "by", "what"]
    assert result.extra["table"][1] == "  1  2026-03-01 12:00:00  armed           ops  baseline of exch1, exch2"
    assert [entry["seq"] for entry in result.extra["events"]] == [1, 2, 3, 4, 5]


def test_it_prints_the_newest_events_or_those_of_a_run(case: Case) -> None:
    assert [entry["seq"] for entry in case.do("read", last=2).extra["events"]] == [4, 5]
    assert [entry["seq"] for entry in case.do("read", of_run="r1").extra["events"]] == [3, 5]
    assert [entry["seq"] for entry in case.do("read", of_run="r1", last=1).extra["events"]] == [5]


def test_store_and_mirror_are_verified_and_described(case: Case) -> None:
    result = case.do("verified")
    head = line_hash(case.lines(case.file)[-1])
    assert [(copy["of"], copy["first"], copy["last"], copy["hash"], copy["verifies"]) for copy in result.extra["copies"]] == [
        ("store", 1, 5, head, True),
        ("mirror", 1, 5, head, True),
    ]
    assert result.extra["head"] == {"seq": 5, "hash": head}


def test_half_an_event_is_told_with_its_number_and_what_is_safe(case: Case) -> None:
    with case.file.open("a", encoding="utf-8") as stream:
        stream.write('{"at":"2026')
    (warning,) = case.do("verified").warnings
    assert warning.startswith("event 6 of the journal in ") and "Safe now: go on" in warning


def test_half_an_event_of_the_mirror_is_told_with_its_number_too(case: Case) -> None:
    whole = case.mirror_file.read_text(encoding="utf-8")
    case.mirror_file.write_text(whole[:-9], encoding="utf-8")
    (warning,) = case.do("verified").warnings
    assert warning.startswith(f"event 5 of the journal in the mirror {case.mirror} was only half written") and "Safe now: go on" in warning
    assert case.do("verified").warnings == []  # the half is taken out, and the store's line is not there yet
    assert case.numbers(case.mirror_file) == [1, 2, 3, 4]
    case.mirror_file.write_text(whole[:-9], encoding="utf-8")
    journal = case.journal()
    journal.read()
    assert journal.warnings == [warning] and case.mirror_file.read_text(encoding="utf-8") == whole


def test_an_edit_that_no_run_meets_is_told_so_where_the_mirror_is_whole(case: Case) -> None:
    whole = case.file.read_bytes()
    lines = case.lines(case.file)
    put(case.file, [lines[0], lines[1].replace("because 0", "because 9"), *lines[2:]])
    assert case.journal().read().state == "protected"  # as status says
    with pytest.raises(JournalBroken, match="event 3 .*one of the two was changed; events up to 1 verify") as raised:
        case.do("verified")
    told, details = raised.value.message, raised.value.details
    assert (
        f"the mirror {case.mirror}, which verifies up to event 5" in told and "failover_from_observation" not in told and "status playbook changes" not in told
    )
    assert details["safe"] == ["mirror_is_read", "restore_from_mirror"]
    assert details["next"] == "ansible-playbook continuity.identity_failover.journal -e failover_identity=mail -e failover_journal_state=verified"
    assert [copy["finding"] and copy["finding"]["safe"] for copy in case.do("read").extra["copies"]] == [details["safe"], None]
    case.file.write_bytes((case.folder / "mirror" / "mail.mirror").read_bytes())  # what it says is safe
    assert case.file.read_bytes() == whole and not case.do("verified").failed


def test_without_a_mirror_an_edit_before_the_last_checkpoint_is_told_as_one_that_no_run_meets(case: Case) -> None:
    case.write("checkpoint", as_json(replay(case.journal_events())))
    lines = case.lines(case.file)
    put(case.file, [lines[0], lines[1].replace("because 0", "because 9"), *lines[2:]])
    case.mirror = None
    assert case.journal().read().state == "protected"
    with pytest.raises(JournalBroken) as raised:
        case.do("verified")
    assert raised.value.details["safe"] == ["tail_is_read", "restore_from_mirror"] and "from checkpoint 6 on" in raised.value.message


@pytest.mark.parametrize("damage", ["missing", "last_checkpoint", "mirror_differs"])
def test_what_a_run_would_meet_is_not_called_safe(case: Case, damage: str) -> None:
    lines = case.lines(case.file)
    edited = [lines[0], lines[1].replace("because 0", "because 9"), *lines[2:]]
    put(case.file, [lines[0], *lines[2:]] if damage == "missing" else edited)
    if damage == "last_checkpoint":
        case.mirror = None  # there is no checkpoint: everything is read
    if damage == "mirror_differs":
        other = case.lines(case.mirror_file)
        put(case.mirror_file, [*other[:-1], other[-1].replace("because 3", "because 8")])
    with pytest.raises((JournalBroken, JournalRewound)):
        case.journal().read()
    with pytest.raises((JournalBroken, JournalRewound)) as raised:
        case.do("verified")
    assert raised.value.details["safe"] == ["read_status", "restore_from_mirror", "from_observation"] and "next" not in raised.value.details


def test_a_broken_store_fails_verification_and_can_be_read_as_far_as_it_goes(case: Case) -> None:
    lines = case.lines(case.file)
    put(case.file, [lines[0], lines[1].replace("because 0", "because 9"), *lines[2:]])
    with pytest.raises(JournalBroken, match="event 3 .*one of the two was changed; events up to 1 verify") as raised:
        case.do("verified")
    assert {"what": "edited", "seq": 3, "trusted": 1}.items() <= raised.value.details.items()
    assert [outcome.status for outcome in raised.value.result.outcomes] == ["failed", "already"]
    case.mirror = None
    read = case.do("read")
    assert [entry["seq"] for entry in read.extra["events"]] == [1]
    assert "event 3" in read.warnings[0] and not read.failed


def test_where_the_store_is_broken_what_the_mirror_knows_is_shown(case: Case) -> None:
    put(case.file, case.lines(case.file)[:2])
    result = case.do("read")
    assert [entry["seq"] for entry in result.extra["events"]] == [1, 2, 3, 4, 5]
    assert "mirror" in result.extra["read_from"]
    with pytest.raises(JournalRewound):
        case.do("verified")


def test_a_broken_mirror_fails_verification_and_is_left_as_it_is(case: Case) -> None:
    lines = case.lines(case.mirror_file)
    put(case.mirror_file, [lines[0], *lines[2:]])
    with pytest.raises(JournalBroken, match="event 2 of the journal in the mirror .* is missing.*writes the mirror again from the store") as raised:
        case.do("verified")
    assert {"what": "missing", "seq": 2, "trusted": 1, "safe": ["rewrite_mirror"]}.items() <= raised.value.details.items()
    assert len(case.lines(case.mirror_file)) == 4
    case.journal().read()
    assert case.lines(case.mirror_file) == lines
    case.do("verified")


def test_a_store_that_was_set_back_whole_is_told_from_its_mirror(case: Case) -> None:
    put(case.file, case.lines(case.file)[:3])
    (case.folder / "store" / "mail.head").unlink()
    with pytest.raises(JournalRewound) as raised:
        case.do("verified")
    assert {"what": "rewound", "seq": 4, "trusted": 3, "store": 3, "mirror": 5}.items() <= raised.value.details.items()


def test_a_store_with_another_chain_is_told_from_its_mirror(case: Case) -> None:
    put(case.file, [case.lines(case.file)[0]])
    (case.folder / "store" / "mail.head").unlink()
    mirror, case.mirror = case.mirror, None
    for number in range(5):
        case.write("accepted", {"what": "w", "reason": f"otherwise {number}"})
    case.mirror = mirror
    with pytest.raises(JournalRewound, match="event 2 .* is not the one that was written"):
        case.do("verified")


def test_a_silent_store_is_read_from_its_mirror(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: t.Any) -> t.NoReturn:
        raise ConnectionRefused("the port is closed")

    monkeypatch.setattr(DirectoryStore, "transact", refuse)
    result = case.do("read")
    assert len(result.extra["events"]) == 5 and "does not answer" in result.warnings[0]
    with pytest.raises(WrongState, match="its store does not answer"):
        case.do("pruned")
    case.mirror = None
    with pytest.raises(ConnectionRefused):
        case.do("read")


def test_a_checkpoint_that_says_otherwise_than_its_events_is_a_warning(case: Case) -> None:
    journal = case.journal()
    journal.read()
    wrong = {**folded(journal), "state": "failed_over"}
    journal.append([journal.draft("checkpoint", data={"fold": wrong})])
    result = case.do("verified")
    assert [warning.partition(" in ")[0] for warning in result.warnings] == ["checkpoint 6", "checkpoint 6"]


def test_a_checkpoint_that_says_the_same_is_none(case: Case) -> None:
    journal = case.journal()
    journal.read()
    journal.append([journal.draft("checkpoint", data={"fold": folded(journal)})])
    case.write("accepted", {"what": "w", "reason": "r"})
    assert case.do("verified").warnings == []


def test_an_export_holds_the_lines_as_they_are_and_their_head(case: Case) -> None:
    result = case.do("exported")
    header, *lines = case.lines(case.export)
    assert lines == case.lines(case.file)
    head = line_hash(lines[-1])
    assert {"journal_of": "mail", "first": 1, "last": 5, "hash": head}.items() <= json.loads(header).items()
    digest = hashlib.sha256(case.export.read_bytes()).hexdigest()
    assert result.extra["export"] == {"path": str(case.export), "first": 1, "last": 5, "hash": head, "sha256": digest}
    assert (result.changed, case.export.stat().st_mode & 0o777) == (True, 0o600)
    assert not case.do("exported").changed


def test_an_export_in_check_mode_writes_nothing(case: Case) -> None:
    result = case.do("exported", check_mode=True)
    assert (result.changed, result.outcomes[-1].status, case.export.exists()) == (True, "predicted", False)


def test_an_export_is_continued_and_what_it_has_of_another_chain_is_kept(case: Case, tmp_path: pathlib.Path) -> None:
    case.do("exported")
    case.write("accepted", {"what": "w", "reason": "later"})
    assert case.do("exported").extra["export"]["last"] == 6
    before = case.export.read_bytes()
    other = Case(tmp_path / "other")
    put(other.file, [Event(1, "2026-01-01T00:00:00.000Z", "armed", data={}).line()])
    (other.folder / "store" / "mail.head").unlink()
    other.mirror = None
    with pytest.raises(InvalidInput, match="event 1 .* is another one"):
        other.do("exported", export=str(case.export))
    assert case.export.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "", "is no export"),
        (lambda text: text.replace('"journal_of": "mail"', '"journal_of": "files"'), "the journal of files, not of mail"),
    ],
)
def test_a_file_that_is_something_else_is_not_overwritten(case: Case, change: t.Callable[[str], str], message: str) -> None:
    case.do("exported")
    case.export.write_text(change(case.export.read_text(encoding="utf-8")), encoding="utf-8")
    before = case.export.read_bytes()
    for state in ("exported", "pruned"):
        with pytest.raises(InvalidInput, match=message):
            case.do(state)
    assert case.export.read_bytes() == before


def test_a_broken_journal_is_not_exported(case: Case) -> None:
    put(case.file, case.lines(case.file)[1:])
    with pytest.raises(JournalBroken):
        case.do("exported")
    assert not case.export.exists()


def test_after_an_export_the_store_is_pruned_and_begins_with_a_line_that_cites_what_was_before(case: Case) -> None:
    case.do("exported")
    old = case.lines(case.file)
    result = case.do("pruned")
    (first,) = [parse(line) for line in case.lines(case.file)]
    assert (first.seq, first.prev, first.by) == (6, line_hash(old[-1]), "ops")
    digest = hashlib.sha256(case.export.read_bytes()).hexdigest()
    assert first.data["pruned"] == {"seq": 5, "hash": line_hash(old[-1]), "export": "mail.jsonl", "sha256": digest}
    assert case.lines(case.folder / "store" / "mail.journal.pruned") == old
    assert case.numbers(case.mirror_file) == [1, 2, 3, 4, 5, 6]
    assert result.changed and case.journal().read().state == "protected"
    again = case.do("pruned")
    assert (again.changed, again.outcomes[-1].status) == (False, "already")


def test_after_a_pruning_an_export_is_continued_with_and_without_the_mirror(case: Case) -> None:
    case.do("exported")
    case.do("pruned")
    case.write("accepted", {"what": "w", "reason": "after the pruning"})
    case.mirror = None
    assert case.do("verified").extra["copies"][0]["first"] == 6
    assert (case.do("exported").extra["export"]["first"], case.do("exported").extra["export"]["last"]) == (1, 7)
    case.do("pruned")
    assert case.numbers(case.file) == [8]


def test_an_export_that_ends_before_a_pruned_journal_begins_is_not_joined_with_it(case: Case) -> None:
    case.do("exported")
    case.write("accepted", {"what": "w", "reason": "later"})
    other = case.folder / "other.jsonl"
    case.do("exported", export=str(other))
    case.do("pruned", export=str(other))
    case.mirror = None
    with pytest.raises(InvalidInput, match="ends at event 5, and .* begins behind that"):
        case.do("exported")


def test_nothing_is_pruned_that_the_export_does_not_have(case: Case) -> None:
    with pytest.raises(WrongState, match="is not there; export first with -e failover_journal_state=exported"):
        case.do("pruned")
    case.do("exported")
    case.write("accepted", {"what": "w", "reason": "later"})
    with pytest.raises(WrongState, match="does not have event 6"):
        case.do("pruned")
    assert len(case.lines(case.file)) == 6


def test_nothing_is_pruned_on_an_export_that_does_not_verify(case: Case) -> None:
    case.do("exported")
    whole = case.lines(case.export)
    for lines in ([whole[0], whole[1].replace("exch2", "exch3"), *whole[2:]], whole[:-1]):
        put(case.export, lines)
        with pytest.raises(
            (JournalBroken, JournalRewound), match=f"of the journal in the export {case.export} .*The journal itself is not concerned"
        ) as raised:
            case.do("pruned")
        assert raised.value.details["safe"] == ["export_again"] and "failover_from_observation" not in raised.value.message
        assert raised.value.details["next"].endswith("-e failover_journal_state=exported -e failover_journal_export=ANOTHER-FILE")
    assert len(case.lines(case.file)) == 5


def test_nothing_is_pruned_while_the_identity_is_not_protected_or_a_run_is_open(case: Case) -> None:
    case.write("run_opened", {"kind": "drill", "mode": "execute", "planned": True, "epoch": 1}, run="d1")
    case.do("exported")
    with pytest.raises(WrongState, match="is protected and run d1 is open"):
        case.do("pruned")
    case.write("run_closed", {"kind": "drill"}, run="d1")
    case.write("incident_opened", {"class": "host"})
    case.do("exported")
    with pytest.raises(WrongState, match="mail is pending"):
        case.do("pruned")


def test_pruning_in_check_mode_prunes_nothing(case: Case) -> None:
    case.do("exported")
    result = case.do("pruned", check_mode=True)
    assert (result.changed, result.outcomes[-1].status, len(case.lines(case.file))) == (True, "predicted", 5)


def test_a_journal_that_grows_while_it_is_pruned_stays_whole(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.do("exported")
    read = copies.read_copies

    def grown(*args: t.Any) -> t.Any:
        found = read(*args)
        case.write("accepted", {"what": "w", "reason": "meanwhile"})
        return found

    monkeypatch.setattr(module, "read_copies", grown)
    with pytest.raises(WrongState, match="grown meanwhile"):
        case.do("pruned")
    assert case.numbers(case.file) == [1, 2, 3, 4, 5, 6]


def test_an_empty_journal_reads_as_empty_and_has_nothing_to_export_or_prune(tmp_path: pathlib.Path) -> None:
    case = Case(tmp_path)
    case.store, case.mirror = {**case.store, "path": str(tmp_path / "empty")}, None
    assert (case.do("read").extra["events"], case.do("verified").extra["head"]["seq"]) == ([], 0)
    with pytest.raises(WrongState, match="nothing to export"):
        case.do("exported")
    assert not case.do("pruned").changed
