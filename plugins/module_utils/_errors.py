# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Every error that this collection raises, in one tree.

    FailoverError
    ├── InvalidInput            the task or the definition is wrong; nothing was touched
    ├── MissingLibrary          a Python package is absent or too old; the message names it
    ├── TransportError          no answer that can be understood was received
    │   ├── Unreachable         no connection within the time
    │   ├── ConnectionRefused   the port is closed
    │   ├── ConnectionLost      the connection ended before the answer was complete
    │   ├── BadCertificate      TLS could not be verified
    │   ├── BadCredentials      the host did not accept the logon
    │   ├── DeadlineExceeded    the call's deadline passed
    │   └── ProtocolError       an answer that breaks the protocol, or an HTTP status that says so
    ├── RemoteError             the host answered, and the answer is no
    │   ├── AccessDenied        the logon is good, the right is missing
    │   ├── NotFound            no such class, instance, method or shell
    │   ├── QuotaExceeded       one of the service's quotas is used up
    │   └── DnsRefused          a name server refused a message
    ├── ScriptFailed            a PowerShell script of ours could not do its work
    ├── WrongMachine            another machine answers at this address; nothing was touched
    ├── StoreError              the journal or the lease
    │   ├── ActorMismatch       a decision is said to be of another account than the one that is logged on
    │   ├── HeadMoved           somebody appended since it was read
    │   ├── LeaseHeld           another controller holds the lease
    │   ├── LeaseLost           our lease was taken over or expired; nothing more may be changed
    │   ├── JournalBroken       the chain does not verify
    │   ├── JournalRewound      the store is behind its mirror
    │   └── MirrorUnwritable    the mirror's folder takes nothing (gone, read-only, full)
    ├── WrongState              the identity's state does not allow this
    └── StepFailed              some items of a step failed; the result says which

``reason`` is the machine-readable word of the class; it ends up in the module's result. ``details`` holds facts
for the result (codes, HTTP status, the provider's own text), never secrets.
``items`` says what is wrong with which item (item -> sentence), where a step knows that it is not all of them.
"""

from __future__ import annotations

import typing as t


class FailoverError(Exception):
    """The root: *could not ⟨do⟩ ⟨object⟩ on ⟨host⟩: ⟨cause⟩*, and what to do next where we know it."""

    reason = "failed"

    def __init__(self, message: str, *, host: str | None = None, items: t.Mapping[str, str] | None = None, **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.items = dict(items or {})
        self.host = host
        self.details = details
        self.result: t.Any = None
        """What had been done when this was raised: a ``_module/_results.Result``."""


class InvalidInput(FailoverError):
    reason = "invalid_input"


class MissingLibrary(FailoverError):
    reason = "missing_library"


class TransportError(FailoverError):
    reason = "transport_error"


class Unreachable(TransportError):
    reason = "unreachable"


class ConnectionRefused(TransportError):
    reason = "connection_refused"


class ConnectionLost(TransportError):
    reason = "connection_lost"


class BadCertificate(TransportError):
    reason = "bad_certificate"


class BadCredentials(TransportError):
    reason = "bad_credentials"
    logons = 1
    """How often the password was tried for it; 0 where the host did not even ask for its proof."""


class DeadlineExceeded(TransportError):
    reason = "deadline_exceeded"


class ProtocolError(TransportError):
    reason = "protocol_error"


class RemoteError(FailoverError):
    reason = "remote_error"


class AccessDenied(RemoteError):
    reason = "access_denied"


class NotFound(RemoteError):
    reason = "not_found"


class QuotaExceeded(RemoteError):
    reason = "quota_exceeded"


class DnsRefused(RemoteError):
    reason = "dns_refused"


class ScriptFailed(FailoverError):
    reason = "script_failed"


class WrongMachine(FailoverError):
    reason = "wrong_machine"


class StoreError(FailoverError):
    reason = "store_error"


class ActorMismatch(StoreError):
    reason = "actor_mismatch"


class HeadMoved(StoreError):
    reason = "journal_conflict"


class LeaseHeld(StoreError):
    reason = "lease_held"


class LeaseLost(StoreError):
    reason = "lease_lost"


class JournalBroken(StoreError):
    reason = "journal_broken"


class JournalRewound(StoreError):
    reason = "journal_rewound"


class MirrorUnwritable(StoreError):
    reason = "mirror_unwritable"


class WrongState(FailoverError):
    reason = "wrong_state"


class StepFailed(FailoverError):
    reason = "step_failed"
