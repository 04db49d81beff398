# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""failover_ack: a person decides. The vote binds to the intent and is written to the identity's journal."""

from __future__ import annotations

import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock
from ansible_collections.continuity.identity_failover.plugins.module_utils._definition_spec import options_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.definition_schema import DEFINITION
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.next_commands import QUIET, command, deciding, known_by, next_of
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.person_names import odd_name, refuse_odd_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.reasons import explains, refuse_placeholders
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.statements import NAMESPACE, VoteRefused
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.votes import (
    DATA_STATES,
    DECISIONS,
    LOSING,
    STRENGTHS,
    expired,
    live_votes,
    standing_against,
    require_named_data,
    same_person,
    shown,
    strong_enough,
    tally,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, WrongState
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Outcome, Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._voting import (
    asserted,
    intent_of,
    logged_on,
    signed,
    write_statement,
    written_statement,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.journal import Journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.opening import open_journal
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport._session import Hosts
from ansible_collections.continuity.identity_failover.plugins.module_utils._wire.ssh_signature import signing_key

#: In which states a decision means anything.
ALLOWED = {
    "proceed": ("protected", "suspect", "pending", "declined", "approved"),
    "decline": ("protected", "suspect", "pending", "declined", "approved"),
    "withdraw": ("protected", "suspect", "pending", "declined", "approved"),
    "acknowledge": ("recovered",),
}
#: Only these start or keep something; whoever says no, or has looked, is not asked for more than a name, nor is whoever takes such a no back.
NEEDS_STRENGTH = ("proceed", "withdraw")


def failover_ack_spec() -> ArgumentSpec:
    approvals = DEFINITION["approvals"].options or {}
    return ArgumentSpec(
        argument_spec={
            "identity": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": ["failover"], "default": "failover"},
            "decision": {"type": "str", "choices": list(DECISIONS)},
            "reason": {"type": "str"},
            "by": {"type": "str"},
            "how": {"type": "str", "choices": list(STRENGTHS), "default": "asserted"},
            "data_state": {"type": "str", "choices": list(DATA_STATES), "default": "apply_queues"},
            "data_at_risk": {"type": "str"},
            "fence_minimum": {"type": "int", "default": 2},
            "required": {"type": "int", "default": 1},
            "minimum": {"type": "str", "choices": list(STRENGTHS), "default": "asserted"},
            "expires": {"type": "float", "default": 3600.0},
            "people": {"type": "list", "elements": "dict", "default": [], "options": options_spec(approvals["people"].options)},
            "domains": {"type": "list", "elements": "dict", "default": [], "options": options_spec(approvals["domains"].options)},
            "logon": {
                "type": "dict",
                "options": {"user": {"type": "str", "required": True}, "password": {"type": "str", "required": True, "no_log": True}},
            },
            "statement": {"type": "path"},
            "statement_only": {"type": "bool", "default": False},
            "signature": {"type": "path"},
            "signing_key": {"type": "path"},
        },
        mutually_exclusive=[("signature", "signing_key"), ("signature", "statement_only")],
    )


def failover_ack(params: t.Mapping[str, t.Any], hosts: Hosts, clock: Clock, *, check_mode: bool) -> Result:
    """Writes one decision, or the statement that a person signs. A second time, under the same name, to the same intent: nothing changes;
    under another name of the same person it is refused."""
    try:
        _check(params)
    except InvalidInput as error:
        error.details.setdefault("next", _typed_again(params))
        raise
    journal = open_journal(params["identity"], params["store"], params["mirror"], hosts, clock, spare=True)
    fold = journal.read()
    people = People.of(params["people"], params["domains"])
    result = Result(warnings=journal.warnings, extra={"statement": ""})
    if params["statement_only"] or (params["how"] == "signature" and not params["signature"] and not params["signing_key"]):
        return _statement(params, fold, clock, result, check_mode=check_mode)
    vote = _vote(params, fold, people, journal, clock)
    repeated = _said_before(params, fold, vote, people, clock)
    if not repeated:
        _refuse_to_lift(params, fold, vote, people, clock)
    clause = repeated or _replaced(fold, vote, people, clock)
    result.changed = not repeated
    before = fold.state
    if not repeated and not check_mode:
        kind = "incident_closed" if vote["decision"] == "acknowledge" else "decision"
        told = {"required": params["required"], "minimum": params["minimum"]}
        journal.append([journal.draft(kind, by=vote["by"], data={**vote, **told})])
        fold = journal.fold()
    result.extra["statement"] = vote.get("statement", "")
    status = "already" if repeated else "predicted" if check_mode else "done"
    result.outcomes.append(Outcome(f"{vote['decision']} by {vote['by']}", status, result.changed, msg=vote["how"], before=before, after=fold.state))
    result.diff = {"before": {"state": before}, "after": {"state": fold.state}}
    told_at_end = _told(params, fold, vote["intent"], clock, result)
    told_at_end.msg = "; ".join(one for one in (clause, told_at_end.msg) if one)
    return told_at_end


def _told(params: t.Mapping[str, t.Any], fold: Fold, intent: t.Mapping[str, t.Any], clock: Clock, result: Result) -> Result:
    """What every answer says at its end: state, votes, and how many are needed."""
    identity, found = params["identity"], tally(fold.votes, clock.now(), params["required"], params["minimum"])
    votes = [shown(vote) for vote in live_votes(fold.votes, clock.now())]
    result.extra.update(state=fold.state, votes=votes, intent=dict(intent), next=next_of(fold, identity, clock.now(), minimum=params["minimum"]))
    why_not = [*standing_against(fold.state, fold.incident, fold.votes, clock.now()), *expired(fold.votes, clock.now())]
    enough = f"{len(found.proceed)} of {found.needed} needed say proceed"
    if found.proceed and not found.agreed:
        enough = f"{len(found.proceed)} say proceed, and {found.needed} needed would have to mean the same"
    result.msg = result.msg or f"{identity} is {fold.state}; {'; '.join((enough, *why_not))}"
    return result


def _check(params: t.Mapping[str, t.Any]) -> None:
    """Raises InvalidInput for options that do not go together."""
    refuse_odd_name(params["by"])
    refuse_placeholders({option: params[option] for option in ("reason", "data_at_risk")})
    if not params["signature"] and not params["decision"]:
        raise InvalidInput(f"decision (failover_decision in the playbooks) is missing: say one of {', '.join(DECISIONS)}")
    if not params["signature"] and not (params["reason"] or "").strip():
        raise InvalidInput("reason (failover_reason in the playbooks) is missing or empty, which explains nothing; write why")
    if params["required"] < 1 or params["expires"] <= 0:
        raise InvalidInput("required must be at least 1 and expires more than 0 seconds")
    if params["logon"] and params["how"] != "windows_logon":
        raise InvalidInput("logon: it belongs to how=windows_logon only")
    if params["how"] != "signature" and (params["signature"] or params["signing_key"] or params["statement_only"]):
        raise InvalidInput("how: signature, signing_key and statement_only belong to how=signature only")
    if not params["signature"]:
        _name_data(params["decision"], params["data_state"], params["data_at_risk"])


def _typed_again(params: t.Mapping[str, t.Any], known: t.Mapping[str, str] | None = None) -> str:
    """The ack command with what was right of the options, for whoever mends the rest; ``known``: by what that person has to become known instead."""
    if params["signature"] and known is None:
        return command("ack", params["identity"], failover_signature=params["signature"])
    words = {"failover_decision": params["decision"] or "proceed", "failover_reason": params["reason"] if explains(params["reason"]) else "..."}
    words.update(_known_by(params) if known is None else known)
    if params["data_state"] in LOSING:
        words.update(failover_data_state=params["data_state"], failover_data_at_risk=params["data_at_risk"] if explains(params["data_at_risk"]) else "...")
    return command("ack", params["identity"], **words)


def _known_by(params: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The variables by which whoever typed these options wanted to be known."""
    words = {"failover_how": params["how"]} if params["how"] != "asserted" else {}
    if params["how"] == "windows_logon" and params["logon"]:
        words["failover_logon"] = "..."  # the task has the account, and not its name in failover_credentials
    for name in ("by", "statement", "signing_key"):
        if params[name]:
            words[f"failover_{name}"] = "..." if name == "by" and odd_name(params[name]) else params[name]
    return words


def _name_data(decision: str, data_state: str, data_at_risk: str | None) -> None:
    if decision == "proceed":
        require_named_data(data_state, data_at_risk)


def _statement(params: t.Mapping[str, t.Any], fold: Fold, clock: Clock, result: Result, *, check_mode: bool) -> Result:
    """Nothing is recorded; the person signs, and calls again."""
    text = written_statement(params, fold, clock)
    file = params["statement"] or "FILE"
    if params["statement"] and not check_mode:
        write_statement(params["statement"], text)
        result.changed = True
    result.extra["statement"] = text
    result.outcomes.append(Outcome("statement", "predicted" if check_mode else "done", result.changed, after=params["statement"] or ""))
    result.msg = (
        f"{params['identity']} is {fold.state} and nothing is recorded yet: sign the statement with "
        f"ssh-keygen -Y sign -f KEY -n {NAMESPACE} {file}, then run this again with the signature ({file}.sig)"
    )
    told = _told(params, fold, intent_of(params, fold), clock, result)
    told.extra["next"] = command("ack", params["identity"], failover_signature=f"{file}.sig")
    return told


def _vote(params: t.Mapping[str, t.Any], fold: Fold, people: People, journal: Journal, clock: Clock) -> dict[str, t.Any]:
    """The vote in one of its strengths. Raises VoteRefused."""
    if params["how"] == "signature":
        vote = signed(params, fold, people, clock)
    elif params["how"] == "windows_logon":
        vote = logged_on(params, fold, people, clock, journal.account, journal.store.place)
    else:
        vote = asserted(params, fold, people, clock)
    _name_data(vote["decision"], vote["intent"]["data_state"], vote["data_at_risk"])
    if vote["decision"] in NEEDS_STRENGTH and not strong_enough(vote["how"], _asked_of(params, fold, vote, clock)):
        after = _typed_again(params, known_by(params["identity"], str(params["minimum"]), str(vote["by"])))
        raise VoteRefused(
            f"{vote['decision']} is not recorded: {vote['by']} is only {vote['how']}, and approvals.identity asks for {params['minimum']}; {after}",
            because="too_weak",
            next=after,
        )
    return vote


def _asked_of(params: t.Mapping[str, t.Any], fold: Fold, vote: t.Mapping[str, t.Any], clock: Clock) -> str:
    """The weakest way in which this person may be known for it: to take a word back, no more than the word itself took."""
    if vote["decision"] != "withdraw":
        return str(params["minimum"])
    mine = [str(one.get("how") or STRENGTHS[0]) for one in live_votes(fold.votes, clock.now()) if same_person(one, vote)]
    weakest: str = min([params["minimum"], *(mine or STRENGTHS[:1])], key=STRENGTHS.index)
    return weakest


def _said_before(params: t.Mapping[str, t.Any], fold: Fold, vote: t.Mapping[str, t.Any], people: People, clock: Clock) -> str:
    """Why there is nothing to record, as a clause: the same person said the same before, or has nothing to withdraw. Empty where it is new.
    Raises WrongState where it means nothing now, and VoteRefused where one person speaks as if two did."""
    decision, by = str(vote["decision"]), str(vote["by"])
    mine = [one for one in live_votes(fold.votes, clock.now()) if same_person(one, vote)]
    if decision == "withdraw" and not mine and fold.state in ALLOWED["withdraw"]:
        return f"nothing was recorded: {by} has no vote to withdraw"
    for one in mine:
        if all(one.get(key) == vote[key] for key in ("decision", "intent", "how")):
            _refuse_second_spelling(params, fold, vote, one, people, clock)
            return f"not counted again: {by} said {decision} already at {one['at']}, and nothing was recorded"
    if decision == "decline" and fold.state in QUIET and not any(one["decision"] == "proceed" for one in live_votes(fold.votes, clock.now())):
        raise WrongState(f"{params['identity']} is {fold.state}: nobody has voted for a planned move, so there is nothing to decline", state=fold.state)
    if fold.state not in ALLOWED[decision]:
        after = next_of(fold, params["identity"], clock.now(), minimum=params["minimum"])
        raise WrongState(
            f"{params['identity']} is {fold.state}: '{decision}' can be said while it is {' or '.join(ALLOWED[decision])}{f'. Next: {after}' if after else ''}",
            state=fold.state,
            next=after,
        )
    return ""


def _refuse_second_spelling(
    params: t.Mapping[str, t.Any], fold: Fold, vote: t.Mapping[str, t.Any], earlier: t.Mapping[str, t.Any], people: People, clock: Clock
) -> None:
    """Whoever repeats a word in another spelling or with another key means to be one person more. Raises VoteRefused."""
    again = ""
    if earlier["by"] != vote["by"]:
        again = f"{vote['by']} is the same person as {earlier['by']}"
    elif vote["how"] == "signature" and signing_key(str(earlier["signature"])) != signing_key(str(vote["signature"])):
        again = f"this is another key of {vote['by']}"
    if again:
        doubt = people.doubt(str(earlier["by"]), str(vote["by"]))
        raise VoteRefused(
            f"not counted: {again}, who said {vote['decision']} already at {earlier['at']}, and one person counts once; nothing was recorded. "
            f"Somebody else has to decide; to change one's own word, say another one{f'; {doubt}' if doubt else ''}",
            because="same_person",
            next=next_of(fold, params["identity"], clock.now(), minimum=params["minimum"]),
        )


def _refuse_to_lift(params: t.Mapping[str, t.Any], fold: Fold, vote: t.Mapping[str, t.Any], people: People, clock: Clock) -> None:
    """Whoever only may be the person that declines does not lift that: where in doubt nothing is approved. Raises VoteRefused."""
    if vote["decision"] == "decline":
        return
    for one in live_votes(fold.votes, clock.now()):
        doubt = people.doubt(str(one["by"]), str(vote["by"]))
        if doubt and one["decision"] == "decline" and same_person(one, vote):
            after = deciding(params["identity"], str(one.get("how") or STRENGTHS[0]), "withdraw", str(one["by"]))
            raise VoteRefused(
                f"{vote['decision']} is not recorded: {one['by']} declines until {one['expires_at']}, and nothing says for certain that {vote['by']} is the "
                f"same person; withdraw that first, under the name {one['by']}; {doubt}",
                because="in_doubt",
                next=after,
            )


def _replaced(fold: Fold, vote: t.Mapping[str, t.Any], people: People, clock: Clock) -> str:
    """Whose earlier word a new one takes the place of, where it was said under another name; as a clause."""
    earlier = [one for one in live_votes(fold.votes, clock.now()) if same_person(one, vote) and one["by"] != vote["by"]]
    if not earlier:
        return ""
    names = " and ".join(f"what {one['by']} said at {one['at']}" for one in earlier)
    doubt = next(filter(None, (people.doubt(str(one["by"]), str(vote["by"])) for one in earlier)), "")
    return f"this takes the place of {names}, for that is the same person, who counts once{f' ({doubt})' if doubt else ''}"
