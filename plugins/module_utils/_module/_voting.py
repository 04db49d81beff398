# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""How a decision becomes known as a person's: asserted, by a logon to the target, or by a signature."""

from __future__ import annotations

import datetime
import getpass
import os
import pathlib
import secrets
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._clock import Clock, stamp
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import People
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.statements import (
    NAMESPACE,
    VoteRefused,
    check_statement,
    parse_statement,
    statement_text,
)
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._signatures import signer
from ansible_collections.continuity.identity_failover.plugins.module_utils._transport import ssh_keygen

Params = t.Mapping[str, t.Any]
Vote = dict[str, t.Any]


def intent_of(params: Params, fold: Fold) -> dict[str, t.Any]:
    """What is approved: not before-images, so that a new plan does not void it."""
    return {
        "identity": params["identity"],
        "kind": params["kind"],
        "fence_minimum": params["fence_minimum"],
        "data_state": params["data_state"],
        "incident": fold.incident["id"] if fold.incident else "",
    }


def said_by(params: Params) -> str:
    return str(params["by"] or getpass.getuser()).strip()


def asserted(params: Params, fold: Fold, people: People, clock: Clock) -> Vote:
    """A vote under the name that the controller states, without what it is told by whom."""
    by = said_by(params)
    return {**_words(params, fold, clock, by), "how": "asserted", "marks": people.marks(by)}


def logged_on(params: Params, fold: Fold, people: People, clock: Clock, account: t.Mapping[str, str], place: str) -> Vote:
    """A vote of the Windows account that the store says is logged on; it looks again when it takes the vote."""
    if not account.get("sid"):
        raise InvalidInput(f"how: windows_logon is not available here, because nobody logs on to a journal in {place}: use signature, or asserted")
    by = account["name"]
    named = params["by"]
    if named and not set(people.marks(named)) & set(people.marks(by, account["sid"])):
        raise VoteRefused(f"by is {named}, but {by} is logged on to the target: give the logon of {named}, or leave by out", because="other_person")
    return {**_words(params, fold, clock, by), "how": "windows_logon", "sid": account["sid"], "marks": people.marks(by, account["sid"])}


def written_statement(params: Params, fold: Fold, clock: Clock) -> str:
    """A new statement for a person to sign."""
    return statement_text({**_words(params, fold, clock, said_by(params)), "nonce": secrets.token_hex(16)})


def signed(params: Params, fold: Fold, people: People, clock: Clock) -> Vote:
    """A vote with its statement and signature: handed over in files, or made here with ``signing_key``. Raises VoteRefused."""
    if params["signature"]:
        signature = _read(params["signature"], "signature")
        text = _read(params["statement"] or str(params["signature"]).removesuffix(".sig"), "statement")
    else:
        text = written_statement(params, fold, clock)
        signature = ssh_keygen.sign(text, params["signing_key"], NAMESPACE)
    person = signer(text, signature, people)
    said = parse_statement(text)
    intent = {**intent_of(params, fold), "data_state": said["intent"].get("data_state")}
    given = {"decision": params["decision"], "reason": params["reason"], "data_at_risk": params["data_at_risk"]}
    check_statement(said, intent, clock.now(), params["expires"], fold.nonces, given)
    words = {key: said[key] for key in ("decision", "reason", "data_at_risk", "intent", "expires_at", "nonce")}
    return {**words, "by": person.name, "how": "signature", "marks": people.marks(person.name), "statement": text, "signature": signature}


def write_statement(path: str, text: str) -> None:
    """Byte for byte, for the person's own ssh-keygen."""
    place = pathlib.Path(path).expanduser()
    try:
        with open(place, "w", encoding="ascii", newline="") as stream:
            stream.write(text)
    except OSError as error:
        raise InvalidInput(f"statement: could not write {path}: {os.strerror(error.errno or 0)}") from error


def _words(params: Params, fold: Fold, clock: Clock, by: str) -> Vote:
    return {
        "by": by,
        "decision": params["decision"],
        "reason": params["reason"],
        "data_at_risk": params["data_at_risk"] or "",
        "intent": intent_of(params, fold),
        "expires_at": stamp(clock.now() + datetime.timedelta(seconds=params["expires"])),
    }


def _read(path: str, option: str) -> str:
    try:
        with open(pathlib.Path(path).expanduser(), encoding="utf-8", newline="") as stream:
            return stream.read()
    except OSError as error:
        raise InvalidInput(f"{option}: could not read {path}: {os.strerror(error.errno or 0)}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{option}: {path} is no text file") from error
