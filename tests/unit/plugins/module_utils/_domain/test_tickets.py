# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.tickets import Holder, Tickets, old_holders, proven, why_unproven

SPN = "http/mail.example.com"
OLD, NEW, UNKNOWN = Holder("0x1", "CORP\\anna", 7200), Holder("0x2", "CORP\\bert", 5), Holder("0x3", "CORP\\carl", None)


@pytest.mark.parametrize(
    ("tickets", "yes", "words"),
    [
        (Tickets(SPN, True, 1), True, ""),
        (Tickets(SPN, True, 1, (NEW,)), True, ""),
        (Tickets(SPN, True, 1, (NEW, OLD)), False, "CORP\\anna may hold a ticket for http/mail.example.com of the former owner"),
        (Tickets(SPN, True, 1, (UNKNOWN,)), False, "CORP\\carl may hold"),
        (Tickets(SPN, False, None), False, "no ticket for http/mail.example.com was issued"),
        (Tickets(SPN, True, 7200), False, "it was issued before the name moved"),
        (Tickets(SPN, True, None), False, "when it was issued can't be read"),
        (Tickets(SPN, True, 1, (), readable=False), False, "the logons of the client could not be listed"),
    ],
)
def test_only_a_fresh_ticket_and_no_old_one_prove_anything(tickets: Tickets, yes: bool, words: str) -> None:
    assert proven(tickets, 60.0) is yes
    why = why_unproven(tickets, 60.0)
    assert words in why and bool(why) is not yes


def test_a_ticket_as_old_as_the_move_is_of_the_new_owner() -> None:
    assert old_holders(Tickets(SPN, True, 0, (OLD,)), 7200.0) == [] and old_holders(Tickets(SPN, True, 0, (OLD,)), 7199.0) == [OLD]
