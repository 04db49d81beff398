# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions by signature, with the controller's own ssh-keygen: what holds, and everything that is refused."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import shlex
import subprocess
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import AwaitingApproval
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.statements import NAMESPACE, VoteRefused
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import ActorMismatch, FailoverError, InvalidInput, MissingLibrary
from ansible_collections.continuity.identity_failover.plugins.module_utils._module import failover_ack as ack_module
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_approval import approved_opening
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._run_task import RunTask
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.failover_ack import failover_ack
from ansible_collections.continuity.identity_failover.plugins.module_utils._store import opening as opening_of_stores
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.directory import DirectoryStore
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.transaction import Reply, Request
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import ssh_keygen
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.runs import journal

#: What the target saw of whoever logged on to it.
LOGGED_ON = {"by": "CORP\\chief", "how": "windows_logon"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Name -> path of a private key; ``.pub`` beside it."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("chief", "chief2", "deputy", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)], check=True)
    return {name: str(folder / name) for name in ("chief", "chief2", "deputy", "stranger")}


class Desk:
    """An armed identity with an incident, and the options of an ack task."""

    def __init__(self, folder: pathlib.Path, keys: dict[str, str]) -> None:
        self.folder, self.clock, self.keys = folder, FakeClock(), keys
        self.people = [
            {"name": "Duty Chief", "accounts": ["CORP\\chief"], "keys": [self.public("chief"), self.public("chief2")]},
            {"name": "Deputy", "accounts": [], "keys": [self.public("deputy")]},
        ]
        known = journal(folder, self.clock)
        known.append([known.draft("armed", data={}), known.draft("incident_opened", data={"class": "host"})])

    def public(self, name: str) -> str:
        return pathlib.Path(self.keys[name] + ".pub").read_text(encoding="ascii").strip()

    def ack(self, check_mode: bool = False, **params: t.Any) -> t.Any:
        defaults: dict[str, t.Any] = {
            "identity": "mail",
            "kind": "failover",
            "decision": "proceed",
            "reason": "the site has no power",
            "by": "Duty Chief",
            "how": "signature",
            "data_state": "apply_queues",
            "data_at_risk": None,
            "fence_minimum": 2,
            "required": 1,
            "minimum": "signature",
            "expires": 3600.0,
            "people": self.people,
            "domains": [],
            "logon": None,
            "statement": None,
            "statement_only": False,
            "signature": None,
            "signing_key": None,
            "store": {"kind": "directory", "path": str(self.folder)},
            "mirror": None,
        }
        return failover_ack({**defaults, **params}, FakeHosts(), self.clock, check_mode=check_mode)

    def statement(self, name: str = "s", **params: t.Any) -> str:
        """A file with a new statement."""
        path = str(self.folder / name)
        self.ack(statement=path, **params)
        return path

    def signed(self, path: str, key: str = "chief", namespace: str = NAMESPACE) -> str:
        """The file with the signature, made as people make it."""
        pathlib.Path(path + ".sig").unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", self.keys[key], "-n", namespace, path], check=True)
        return path + ".sig"

    def hand_over(self, signature: str, **params: t.Any) -> t.Any:
        return self.ack(signature=signature, decision=None, reason=None, by=None, **params)

    def state(self) -> str:
        return journal(self.folder, self.clock).read().state


@pytest.fixture
def desk(tmp_path: pathlib.Path, keys: dict[str, str]) -> Desk:
    return Desk(tmp_path, keys)


def test_a_statement_is_written_signed_elsewhere_and_handed_over(desk: Desk) -> None:
    first = desk.ack(statement=str(desk.folder / "s"))
    assert (desk.state(), "nothing is recorded yet" in first.msg) == ("pending", True)
    assert first.extra["next"].endswith(f"failover_signature={desk.folder / 's.sig'}")
    assert (desk.folder / "s").read_text(encoding="ascii") == first.extra["statement"]
    result = desk.hand_over(desk.signed(str(desk.folder / "s")))
    assert (result.changed, result.extra["state"]) == (True, "approved")
    vote = result.extra["votes"][0]
    assert (vote["by"], vote["how"], vote["reason"]) == ("Duty Chief", "signature", "the site has no power")
    assert not {"signature", "statement"} & set(vote)


def test_the_controller_may_sign_with_a_key_file(desk: Desk) -> None:
    assert desk.ack(signing_key=desk.keys["deputy"], by="deputy").extra["votes"][0]["by"] == "Deputy"


def test_check_mode_and_statement_only_record_nothing(desk: Desk) -> None:
    assert desk.ack(statement_only=True).extra["statement"]
    assert not desk.ack(check_mode=True, statement=str(desk.folder / "s")).changed
    assert not (desk.folder / "s").exists()
    desk.ack(check_mode=True, signing_key=desk.keys["chief"])
    assert desk.state() == "pending"


def because(desk: Desk, signature: str, **params: t.Any) -> str:
    """The word for which the handed over signature is refused; nothing is recorded then."""
    with pytest.raises(VoteRefused) as caught:
        desk.hand_over(signature, **params)
    assert desk.state() == "pending"
    return str(caught.value.details["because"])


def test_a_signature_of_a_key_that_nobody_lists_is_refused(desk: Desk) -> None:
    assert because(desk, desk.signed(desk.statement(), "stranger")) == "unknown_key"


def test_a_signature_for_another_use_is_refused(desk: Desk) -> None:
    assert because(desk, desk.signed(desk.statement(), namespace="git")) == "bad_signature"


def test_a_statement_that_was_changed_after_it_was_signed_is_refused(desk: Desk) -> None:
    path = desk.statement()
    signature = desk.signed(path)
    file = pathlib.Path(path)
    file.write_text(file.read_text(encoding="ascii").replace("apply_queues", "discard_queues"), encoding="ascii")
    assert because(desk, signature) == "bad_signature"


def test_a_statement_in_anothers_name_is_refused(desk: Desk) -> None:
    assert because(desk, desk.signed(desk.statement(by="Deputy"), "chief")) == "other_person"


def twice(desk: Desk, **params: t.Any) -> str:
    """The sentence with which a person who speaks as if two did is refused; nothing is recorded then."""
    head = len(journal_of(desk).events)
    with pytest.raises(VoteRefused) as caught:
        desk.ack(**params)
    assert caught.value.details["because"] == "same_person" and ".ack " in caught.value.details["next"]
    assert len(journal_of(desk).events) == head and desk.state() == "pending"
    return str(caught.value.message)


def journal_of(desk: Desk) -> t.Any:
    known = journal(desk.folder, desk.clock)
    known.read()
    return known


def test_another_key_of_the_same_person_is_refused_and_the_same_key_changes_nothing(desk: Desk) -> None:
    desk.ack(signing_key=desk.keys["chief"], required=2)
    assert "another key of Duty Chief, who said proceed already at 2026-" in twice(desk, signing_key=desk.keys["chief2"], by="CORP\\chief", required=2)
    again = desk.ack(signing_key=desk.keys["chief"], by="CORP\\chief", required=2)
    assert (again.changed, again.outcomes[0].status, len(again.extra["votes"])) == (False, "already", 1)
    assert re.fullmatch(
        r"not counted again: Duty Chief said proceed already at 2026-\S+Z, and nothing was recorded; mail is pending; 1 of 2 needed say proceed", again.msg
    )
    assert desk.ack(signing_key=desk.keys["deputy"], by="Deputy", required=2).extra["state"] == "approved"


STATED: dict[str, t.Any] = {"how": "asserted", "minimum": "asserted", "required": 2, "domains": [{"netbios": "CORP", "dns": ["corp.example.com"]}]}


@pytest.mark.parametrize("spelling", ["jdoe@corp.example.com", "JDOE", "corp/jdoe"])
def test_who_says_it_again_in_another_spelling_is_refused(desk: Desk, spelling: str) -> None:
    assert desk.ack(**STATED, by="CORP\\jdoe").msg == "mail is pending; 1 of 2 needed say proceed"
    told = twice(desk, **STATED, by=spelling)
    assert told.startswith(f"not counted: {spelling} is the same person as CORP\\jdoe, who said proceed already at 2026-")
    assert "one person counts once; nothing was recorded. Somebody else has to decide" in told
    assert desk.ack(**STATED, by="CORP\\jdoe").msg.startswith("not counted again: CORP\\jdoe said proceed already at 2026-")
    assert desk.ack(**STATED, by="other", decision="withdraw").msg.startswith("nothing was recorded: other has no vote to withdraw; ")


@pytest.mark.parametrize("spelling", ["OTHER\\jdoe", "jdoe@company.com", "jdoe"])
def test_one_person_in_domains_that_are_not_listed_is_no_quorum_and_two_people_are_told_what_to_do(desk: Desk, spelling: str) -> None:
    desk.ack(**STATED, by="CORP\\jdoe")
    told = twice(desk, **STATED, by=spelling)
    assert "is the same person as CORP\\jdoe, who said proceed already at 2026-" in told
    assert told.endswith("; where these are two people, list the domain of each in approvals.domains, withdraw, and let each decide anew as DOMAIN\\user")
    replaced = desk.ack(**STATED, by=spelling, decision="decline").msg
    assert "who counts once (where these are two people, list the domain of each in approvals.domains, " in replaced


@pytest.mark.parametrize("decision", ["proceed", "withdraw"])
def test_a_refusal_is_not_lifted_by_somebody_who_only_may_be_that_person(desk: Desk, decision: str) -> None:
    desk.ack(**STATED, by="CORP\\jdoe", decision="decline")
    for spelling in ("jdoe", "OTHER\\jdoe", "jdoe@company.com"):
        with pytest.raises(VoteRefused, match=f"{decision} is not recorded: CORP.jdoe declines until 2026-.*; where these are two people, list") as caught:
            desk.ack(**STATED, by=spelling, decision=decision)
    assert desk.state() == "declined" and caught.value.details["because"] == "in_doubt"
    assert typed(caught.value.details["next"]) == {"decision": "withdraw", "reason": "...", "by": "CORP\\jdoe"}
    assert desk.ack(**STATED, by="JDOE@corp.example.com", decision=decision).extra["state"] == "pending"


@pytest.mark.parametrize(("declines", "withdraws"), [("CORP\\alice", "alice"), ("alice", "CORP\\alice"), ("alice@corp.example.com", "Alice")])
def test_a_listed_name_without_a_domain_is_certainly_the_one_of_the_first_domain(desk: Desk, declines: str, withdraws: str) -> None:
    listed: dict[str, t.Any] = {**STATED, "people": [{"name": "alice", "accounts": [], "keys": []}]}
    desk.ack(**listed, by=declines, decision="decline")
    assert desk.ack(**listed, by=withdraws, decision="withdraw").extra["state"] == "pending"


def test_two_people_of_one_user_name_decide_once_both_domains_are_listed(desk: Desk) -> None:
    listed: dict[str, t.Any] = {**STATED, "domains": [*STATED["domains"], {"netbios": "OTHER", "dns": ["other.org"]}]}
    desk.ack(**STATED, by="OTHER\\jdoe")
    desk.ack(**listed, by="OTHER\\jdoe", decision="withdraw")
    desk.ack(**listed, by="OTHER\\jdoe")
    assert desk.ack(**listed, by="CORP\\jdoe").extra["state"] == "approved"


def test_whoever_says_something_else_in_another_spelling_is_told_whose_word_it_replaces(desk: Desk) -> None:
    desk.ack(**STATED, by="CORP\\jdoe")
    told = desk.ack(**STATED, by="jdoe@corp.example.com", decision="decline")
    assert told.changed and told.extra["state"] == "declined" and len(told.extra["votes"]) == 1
    assert re.match(r"this takes the place of what CORP.jdoe said at 2026-\S+, for that is the same person, who counts once; mail is declined", told.msg)


@pytest.mark.parametrize(
    ("by", "says"), [(" ", "a blank name"), ("", "a blank name"), ("['bob']", "a list"), ("EXAMPLE\alice", "a backslash is decoded"), ("al\u200bice", "U+200B")]
)
def test_under_an_odd_name_nothing_is_recorded_and_nothing_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch, by: str, says: str) -> None:
    monkeypatch.setattr(DirectoryStore, "transact", lambda *_given: pytest.fail("the journal was touched"))
    with pytest.raises(InvalidInput, match=re.escape(says)):
        desk.ack(how="asserted", minimum="asserted", by=by)


def test_the_same_signed_statement_a_second_time_is_refused_also_after_it_was_withdrawn(desk: Desk) -> None:
    signature = desk.signed(desk.statement())
    desk.hand_over(signature)
    desk.ack(signing_key=desk.keys["chief"], decision="withdraw", reason="too early")
    assert because(desk, signature) == "replay"


def test_an_expired_statement_is_refused(desk: Desk) -> None:
    signature = desk.signed(desk.statement())
    desk.clock.advance(3601.0)
    assert because(desk, signature) == "expired"


def test_a_statement_that_holds_longer_than_the_definition_allows_is_refused(desk: Desk) -> None:
    assert because(desk, desk.signed(desk.statement(expires=90000.0))) == "too_long"


def test_a_statement_for_another_incident_is_refused(desk: Desk) -> None:
    signature = desk.signed(desk.statement())
    known = journal(desk.folder, desk.clock)
    known.read()
    known.append([known.draft("incident_recovered", data={}), known.draft("incident_opened", data={"class": "host"})])
    assert because(desk, signature) == "other_intent"


def test_a_statement_for_another_identity_is_refused(desk: Desk, keys: dict[str, str]) -> None:
    path = desk.statement()
    file = pathlib.Path(path)
    file.write_text(file.read_text(encoding="ascii").replace('"identity": "mail"', '"identity": "web"'), encoding="ascii")
    assert because(desk, desk.signed(path)) == "other_intent"


def test_a_statement_for_another_fence_level_is_refused(desk: Desk) -> None:
    assert because(desk, desk.signed(desk.statement(fence_minimum=1))) == "other_intent"


def test_other_words_than_the_signed_ones_are_refused(desk: Desk) -> None:
    with pytest.raises(VoteRefused, match="the signed statement says 'the site has no power'"):
        desk.ack(signature=desk.signed(desk.statement()), reason="another reason")


@pytest.mark.parametrize("text", ["", "{}", "proceed", '{"statement": "continuity.identity_failover decision 1"}'])
def test_a_text_that_is_no_statement_of_ours_is_no_decision_though_it_is_signed(desk: Desk, text: str) -> None:
    file = desk.folder / "s"
    file.write_text(text, encoding="ascii")
    with pytest.raises(InvalidInput, match="statement:"):
        desk.hand_over(desk.signed(str(file)))


@pytest.mark.parametrize(
    "text", ["", "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----"]
)
def test_a_file_that_is_no_signature_is_said_to_be_none(desk: Desk, text: str) -> None:
    desk.statement()
    (desk.folder / "s.sig").write_text(text, encoding="ascii")
    with pytest.raises(InvalidInput, match="signature:"):
        desk.hand_over(str(desk.folder / "s.sig"))


def test_a_weaker_vote_than_the_definition_asks_for_is_refused_but_anybody_may_decline(desk: Desk) -> None:
    with pytest.raises(VoteRefused, match="CORP.chief is only asserted, and approvals.identity asks for signature"):
        desk.ack(how="asserted", by="CORP\\chief")
    assert desk.ack(how="asserted", by="CORP\\chief", decision="decline").extra["state"] == "declined"


@pytest.mark.parametrize("others", [[], ["deputy"]])
def test_whoever_declined_by_name_withdraws_by_name_while_that_word_stands(desk: Desk, others: list[str]) -> None:
    desk.ack(how="asserted", by="CORP\\chief", decision="decline")
    for key in others:
        assert desk.ack(signing_key=desk.keys[key], by=key, required=2).extra["state"] == "pending"
    assert desk.ack(how="asserted", by="Duty Chief", decision="withdraw", required=2).extra["state"] == "pending"
    assert [one["by"] for one in desk.ack(how="asserted", by="Duty Chief", decision="withdraw", required=2).extra["votes"]] == ["Deputy"] * len(others)


def test_a_signed_word_is_not_withdrawn_by_name(desk: Desk) -> None:
    desk.ack(signing_key=desk.keys["chief"], decision="decline")
    with pytest.raises(VoteRefused, match="withdraw is not recorded: Duty Chief is only asserted"):
        desk.ack(how="asserted", decision="withdraw")
    assert desk.state() == "declined"
    assert desk.ack(signing_key=desk.keys["chief"], decision="withdraw").extra["state"] == "pending"


def test_a_second_person_may_decline_what_one_has_declined(desk: Desk) -> None:
    desk.ack(how="asserted", by="one", decision="decline")
    assert len(desk.ack(how="asserted", by="two", decision="decline").extra["votes"]) == 2
    assert desk.ack(how="asserted", by="one", decision="withdraw").extra["state"] == "declined"


def test_votes_that_disagree_about_the_data_are_explained_by_the_decision_and_by_the_run(desk: Desk) -> None:
    stated: dict[str, t.Any] = {"how": "asserted", "minimum": "asserted", "required": 2}
    desk.ack(**stated, by="alice")
    told = desk.ack(**stated, by="ian", data_state="discard_queues", data_at_risk="the queue").msg
    assert told.startswith(
        "mail is pending; 2 say proceed, and 2 needed would have to mean the same; the votes disagree about the data: alice said apply_queues,"
    )
    with pytest.raises(
        AwaitingApproval, match=r"mail is pending: manual intervention is pending; the votes disagree about the data: .*ian said discard_queues"
    ):
        opening(desk, desk.people)
    assert desk.ack(**stated, by="ian").extra["state"] == "approved"


@pytest.mark.parametrize(
    ("left_out", "says"),
    [("reason", "reason (failover_reason in the playbooks) is missing"), ("decision", "decision (failover_decision in the playbooks) is missing: say one of")],
)
def test_what_is_missing_is_named_and_the_next_command_keeps_what_was_typed(desk: Desk, left_out: str, says: str) -> None:
    given: dict[str, t.Any] = {"reason": "no power", "decision": "decline", "by": "Deputy", "how": "asserted"}
    with pytest.raises(InvalidInput, match=re.escape(says)) as caught:
        desk.ack(**{**given, left_out: None})
    kept = {**given, "reason": "..."} if left_out == "reason" else {**given, "decision": "proceed"}
    assert typed(caught.value.details["next"]) == {name: value for name, value in kept.items() if name != "how"}


def test_data_that_nobody_named_are_asked_for_with_the_command(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="data_at_risk") as caught:
        desk.ack(data_state="discard_queues", signing_key="/keys/chief")
    again = typed(caught.value.details["next"])
    assert (again["data_state"], again["data_at_risk"], again["how"], again["signing_key"]) == ("discard_queues", "...", "signature", "/keys/chief")


def typed(command: str, **filled: str) -> dict[str, t.Any]:
    """Options of the task that this command makes, with what a person writes for the three dots."""
    words = shlex.split(command)[3::2]
    said = dict(pair for word in words for pair in (json.loads(word).items() if word.startswith("{") else [word.split("=", 1)]))
    return {name.removeprefix("failover_"): filled.get(name, value) for name, value in said.items() if name != "failover_identity"}


def test_whoever_is_refused_as_too_weak_gets_a_command_that_succeeds(desk: Desk) -> None:
    with pytest.raises(VoteRefused) as caught:
        desk.ack(how="asserted", by="CORP\\chief")
    after = caught.value.details["next"]
    assert caught.value.message.endswith(f"; {after}")
    given = typed(after, failover_reason="no power")
    assert given == {"decision": "proceed", "reason": "no power", "how": "signature", "by": "CORP\\chief", "statement": "mail.statement"}
    path = str(desk.folder / given.pop("statement"))
    assert desk.ack(**given, statement=path).extra["next"].endswith("mail.statement.sig")
    assert desk.hand_over(desk.signed(path)).extra["state"] == "approved"


def test_a_logon_that_is_too_weak_is_not_asked_for_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ack_module, "logged_on", lambda params, fold, people, *rest: {**ack_module.asserted(params, fold, people, rest[0]), **LOGGED_ON})
    with pytest.raises(VoteRefused) as caught:
        desk.ack(how="windows_logon", logon={"user": "CORP\\chief", "password": "p"}, by=None)
    given = typed(caught.value.details["next"])
    assert given == {"decision": "proceed", "reason": "the site has no power", "how": "signature", "by": "CORP\\chief", "statement": "mail.statement"}
    path = str(desk.folder / given.pop("statement"))
    assert desk.ack(**given, statement=path).extra["next"].endswith("mail.statement.sig")


def test_whoever_is_refused_as_too_weak_types_nothing_twice(desk: Desk) -> None:
    with pytest.raises(VoteRefused) as caught:
        desk.ack(how="asserted", by="chief", decision="proceed", data_state="discard_queues", data_at_risk="the queue")
    again = typed(caught.value.details["next"])
    assert (again["reason"], again["data_state"], again["data_at_risk"]) == ("the site has no power", "discard_queues", "the queue")


def test_the_next_command_of_a_decision_that_is_not_enough_asks_for_a_signature(desk: Desk) -> None:
    assert "failover_how=signature" in desk.ack(signing_key=desk.keys["chief"], required=2).extra["next"]
    with pytest.raises(InvalidInput, match="'...' only stands for a name"):
        desk.ack(by="...", statement=str(desk.folder / "s"))


def test_with_the_key_of_somebody_else_the_name_to_give_is_said(desk: Desk) -> None:
    with pytest.raises(VoteRefused) as caught:
        desk.ack(signing_key=desk.keys["deputy"], by="root")
    assert caught.value.message.startswith(
        "the statement is root's, but the key that signed it is Deputy's: say who decides with -e '{\"failover_by\": \"Deputy\"}', "
    )


def test_a_run_that_waits_for_a_signature_asks_for_one(desk: Desk) -> None:
    with pytest.raises(AwaitingApproval) as caught:
        opening(desk, desk.people)
    assert "failover_how=signature" in caught.value.details["next"]


def test_a_missing_ssh_keygen_is_one_sentence_that_names_the_package(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = desk.signed(desk.statement())
    monkeypatch.setattr(ssh_keygen, "PROGRAM", "no-such-ssh-keygen")
    with pytest.raises(MissingLibrary, match="openssh-client"):
        desk.hand_over(signature)


def test_a_key_with_a_passphrase_does_not_wait_for_anybody(desk: Desk) -> None:
    key = str(desk.folder / "locked")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", key], check=True)
    with pytest.raises(FailoverError, match="must be in ssh-agent"):
        desk.ack(signing_key=key)


def opening(desk: Desk, people: list[dict[str, t.Any]]) -> t.Any:
    known = journal(desk.folder, desk.clock)
    fold = known.read()
    definition = {"approvals": {"required": 1, "identity": "signature", "people": people, "domains": []}, "fence": {"minimum": 2}}
    params = {"identity": "mail", "kind": "failover", "mode": "execute", "definition": definition, "by": "ops", "reason": "", "data_state": None}
    return approved_opening(RunTask(params, FakeHosts(), desk.clock, known, fold, t.cast("t.Any", None), False))[1]


def test_signatures_are_verified_again_when_the_run_is_opened(desk: Desk) -> None:
    desk.hand_over(desk.signed(desk.statement()))
    assert opening(desk, desk.people).approvers == ({"by": "Duty Chief", "how": "signature"},)
    without = [{**desk.people[0], "keys": [desk.public("chief2")]}, desk.people[1]]
    with pytest.raises(AwaitingApproval, match=r"the vote of Duty Chief does not count: .*nobody in approvals\.people lists"):
        opening(desk, without)


def test_a_journal_whose_words_differ_from_the_signed_ones_does_not_approve(desk: Desk) -> None:
    desk.hand_over(desk.signed(desk.statement()))
    known = journal(desk.folder, desk.clock)
    vote = dict(known.read().votes[-1])
    statement = json.loads(vote["statement"])
    assert People.of(desk.people, []).with_key(desk.public("chief")) is not None and statement["nonce"] == vote["nonce"]
    known.append([known.draft("decision", by="Duty Chief", data={**vote, "nonce": "x", "expires_at": "2027-01-01T00:00:00.000Z"})])
    with pytest.raises(AwaitingApproval, match="its expires_at in the journal is not the one that was signed"):
        opening(desk, desk.people)


def test_without_ssh_keygen_the_run_says_that_signatures_can_not_be_verified(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.hand_over(desk.signed(desk.statement()))
    monkeypatch.setattr(ssh_keygen, "PROGRAM", "no-such-ssh-keygen")
    with pytest.raises(AwaitingApproval, match="openssh-client"):
        opening(desk, desk.people)


CHIEF, DEPUTY = {"name": "CORP\\chief", "sid": "S-1-5-21-1-2-3-1104"}, {"name": "CORP\\deputy", "sid": "S-1-5-21-1-2-3-1105"}


class LogonStore(DirectoryStore):
    """A directory to which ``account`` is logged on, as the target's script sees it."""

    account: t.ClassVar[dict[str, str]] = CHIEF

    def transact(self, request: Request, timeout: float) -> Reply:
        if request.actor == self.account["sid"]:
            request = dataclasses.replace(request, actor="")
        return dataclasses.replace(super().transact(request, timeout), account=self.account)


@pytest.fixture
def target(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(opening_of_stores, "DirectoryStore", LogonStore)
    monkeypatch.setattr(LogonStore, "account", CHIEF)
    return desk


def test_a_logon_is_the_account_that_the_store_saw(target: Desk) -> None:
    vote = target.ack(how="windows_logon", by=None, minimum="windows_logon").extra["votes"][0]
    assert (vote["by"], vote["sid"], vote["how"]) == ("CORP\\chief", CHIEF["sid"], "windows_logon")


def test_a_logon_and_a_signature_of_one_person_count_once(target: Desk) -> None:
    target.ack(how="windows_logon", by=None, minimum="windows_logon", required=2)
    again = target.ack(signing_key=target.keys["chief"], minimum="windows_logon", required=2)
    assert (again.changed, again.extra["state"], len(again.extra["votes"])) == (True, "pending", 1)


def test_another_name_than_the_one_that_is_logged_on_is_refused(target: Desk) -> None:
    with pytest.raises(VoteRefused, match=r"by is Deputy, but CORP.chief is logged on"):
        target.ack(how="windows_logon", by="Deputy")


def test_an_account_that_changed_between_reading_and_writing_is_refused(target: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    known = journal(target.folder, target.clock)
    known.read()
    monkeypatch.setattr(LogonStore, "account", DEPUTY)
    with pytest.raises(ActorMismatch, match=r"logged on there .CORP.deputy"):
        known.append([known.draft("decision", data={"how": "windows_logon", "sid": CHIEF["sid"]})])
    assert target.state() == "pending"


def test_nobody_logs_on_to_a_directory(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="windows_logon is not available here"):
        desk.ack(how="windows_logon", by=None)
    known = journal(desk.folder, desk.clock)
    known.read()
    with pytest.raises(ActorMismatch, match="logged on there .none"):
        known.append([known.draft("decision", data={"how": "windows_logon", "sid": CHIEF["sid"]})])


def test_a_logon_belongs_to_windows_logon_only(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="logon: it belongs to how=windows_logon only"):
        desk.ack(logon={"user": "chief", "password": "x"})
