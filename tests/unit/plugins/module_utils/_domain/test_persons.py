# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One person in many spellings counts once; two persons stay two."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.person_names import refuse_odd_name
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.persons import TWO_PEOPLE, People

DOMAINS = [{"netbios": "CORP", "dns": ["corp.example.com", "example.com"]}, {"netbios": "LAB", "dns": ["lab.example.com"]}]
NAMES = {0: ("CORP", "corp.example.com", "example.com"), 1: ("LAB", "lab.example.com")}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleEx"
CHIEF = {"name": "Duty Chief", "accounts": ["CORP\\chief", "S-1-5-21-1-2-3-1104", "chief.adm@lab.example.com"], "keys": [f"{KEY} chief@notebook"]}
DEPUTY = {"name": "Deputy", "accounts": ["CORP\\deputy"], "keys": []}
PEOPLE = People.of([CHIEF, DEPUTY], DOMAINS)

users = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-_ÄÖÜß", min_size=1, max_size=12)
domains = st.sampled_from(sorted(NAMES))


@st.composite
def spelled(draw: st.DrawFn, user: str, domain: int, *, bare: bool = True) -> str:
    """One of the ways in which an account of a listed domain may be written; ``bare``: without the domain too."""
    name = draw(st.sampled_from(NAMES[domain]))
    forms = [f"{name}\\{user}", f"{user}@{name}", f" {user}@{name}. "] + ([user] if bare else [])
    written = draw(st.sampled_from(forms))
    return draw(st.sampled_from([written, written.upper(), written.lower(), written.title()]))


def one_person(people: People, one: str, other: str) -> bool:
    return bool(set(people.marks(one)) & set(people.marks(other)))


@given(st.data(), users, domains)
def test_every_spelling_of_an_account_is_one_person(data: st.DataObject, user: str, domain: int) -> None:
    assert one_person(People.of([], DOMAINS), data.draw(spelled(user, domain)), data.draw(spelled(user, domain)))


@st.composite
def decorated(draw: st.DrawFn, user: str, domain: int) -> str:
    """A spelling as people type it: other separators, width, composed accents, quotes and blanks around it."""
    name = draw(st.sampled_from(NAMES[domain]))
    separator = draw(st.sampled_from(["\\", "/", "\\\\", " / ", "\uff3c", "\uff0f"]))
    forms = [f"{name}{separator}{user}", f"{user}@{name}", f"{user}\uff20{name}", f"{name}{separator}{user}@{NAMES[domain][-1]}"]
    written = draw(st.sampled_from([*forms, *([user] if domain == 0 else [])]))
    written = draw(st.sampled_from([written, written.upper(), written.title()]))
    written = draw(st.sampled_from([written, *(unicodedata.normalize(form, written) for form in ("NFC", "NFD", "NFKD"))]))
    around = draw(st.sampled_from(["", " ", "\u00a0", "'", '"']))
    return f"{around}{written}{around}"


@given(st.data(), st.text("abcdefghijklmnopqrstuvwxyz0123456789ÄÖÜßéåǆ", min_size=1, max_size=12), domains, st.booleans())
def test_decorations_of_one_person_are_never_two(data: st.DataObject, user: str, domain: int, mapped: bool) -> None:
    people = People.of([], DOMAINS) if mapped else People()
    one, other = data.draw(decorated(user, domain)), data.draw(decorated(user, domain))
    refuse_odd_name(one)
    assert one_person(people, one, other)


@given(st.data(), users, users, domains, domains)
def test_another_user_or_another_listed_domain_is_another_person(data: st.DataObject, user: str, second: str, domain: int, other: int) -> None:
    one, two = data.draw(spelled(user, domain, bare=False)), data.draw(spelled(second, other, bare=False))
    assert one_person(People.of([], DOMAINS), one, two) == (user.casefold() == second.casefold() and domain == other)


UNLISTED = ("OTHER\\{}", "{}@other.example.org", "{}@company.com", "other/{}", "{}", "OTHER\\{}@company.com")


@given(users, st.sampled_from(UNLISTED), st.sampled_from((*UNLISTED, "CORP\\{}", "{}@lab.example.com")))
def test_a_domain_that_is_not_listed_tells_nobody_from_the_same_name_elsewhere(user: str, one: str, other: str) -> None:
    people = People.of([], DOMAINS)
    assert one_person(people, one.format(user), other.format(user)) and not one_person(people, one.format(user), other.format(f"x{user}"))


@pytest.mark.parametrize("spelling", ["OTHER\\alice", "alice@other.org"])
def test_a_vote_stays_its_persons_when_the_domain_is_listed_afterwards(spelling: str) -> None:
    listed = [*DOMAINS, {"netbios": "OTHER", "dns": ["other.org"]}]
    assert set(People.of([], DOMAINS).marks(spelling)) & set(People.of([], listed).marks(spelling))


def test_a_bare_name_that_the_definition_lists_belongs_to_the_first_domain() -> None:
    bare = [{"name": "Smith", "accounts": ["alice"]}, {"name": "Jones", "accounts": ["LAB\\alice"]}]
    assert not one_person(People.of(bare, DOMAINS), "alice", "LAB\\alice")
    assert one_person(People.of(bare[1:], DOMAINS), "alice", "LAB\\alice")


def test_a_name_that_may_be_either_of_two_listed_people_is_both() -> None:
    people = People.of([{"name": "Smith", "accounts": ["CORP\\alice"]}, {"name": "Jones", "accounts": ["LAB\\alice"]}], DOMAINS)
    assert not one_person(people, "CORP\\alice", "LAB\\alice")
    assert one_person(people, "alice", "Smith") and one_person(people, "alice", "Jones")


@pytest.mark.parametrize(("one", "other"), [("CORP\\alice", "OTHER\\alice"), ("alice@other.org", "OTHER\\alice"), ("alice", "LAB\\alice")])
def test_where_nothing_tells_two_names_apart_it_is_said_how_people_do(one: str, other: str) -> None:
    assert People.of([], DOMAINS).doubt(one, other) == TWO_PEOPLE == People().doubt(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CORP\\chief", "chief@example.com"),
        ("chief@notes.example.org", "CORP\\chief"),
        ("alice", "bob"),
        ("alice", " ALICE"),
        ("other/alice", "alice@OTHER"),
        ("S-1-5-21-1-2-3-7", "alice"),
    ],
)
def test_of_what_the_definition_makes_one_nothing_more_is_said(one: str, other: str) -> None:
    people = People.of([{**CHIEF, "accounts": ["CORP\\chief", "chief@notes.example.org"]}], DOMAINS)
    assert people.doubt(one, other) == ""


def test_a_listed_name_without_a_domain_is_in_no_doubt_about_the_first_domain() -> None:
    people = People.of([{"name": "alice"}, {"name": "Bob Jones", "accounts": ["bob", "bob@notes.example.org"]}], DOMAINS)
    assert people.doubt("alice", "CORP\\alice") == people.doubt("alice@example.com", "ALICE") == people.doubt("CORP\\bob", "bob@notes.example.org") == ""
    assert people.doubt("alice", "LAB\\alice") == people.doubt("alice", "OTHER\\alice") == people.doubt("carol", "CORP\\carol") == TWO_PEOPLE
    assert People.of([{"name": "alice"}], []).doubt("alice", "CORP\\alice") == TWO_PEOPLE


@given(st.data(), users, domains)
def test_without_mapped_domains_the_user_alone_tells_people_apart(data: st.DataObject, user: str, domain: int) -> None:
    assert People().marks(data.draw(spelled(user, domain))) == People().marks(user)


@pytest.mark.parametrize(
    "spelling", ["chief", "corp\\CHIEF", "chief@example.com", "chief@other.example.com", "chief.adm@LAB", "Duty  Chief", "s-1-5-21-1-2-3-1104"]
)
def test_a_listed_person_is_known_by_every_account(spelling: str) -> None:
    assert "person:duty chief" in PEOPLE.marks(spelling)


@pytest.mark.parametrize("spelling", ["chief@lab.example.com", "deputy", "deputy@other.example.com", "chiefb", "S-1-5-21-1-2-3-11040"])
def test_a_stranger_is_not_taken_for_a_listed_person(spelling: str) -> None:
    assert "person:duty chief" not in PEOPLE.marks(spelling)


def test_a_renamed_account_is_known_by_its_sid() -> None:
    before, after = PEOPLE.marks("CORP\\guard", "S-1-5-21-1-2-3-7"), PEOPLE.marks("CORP\\guard.new", "S-1-5-21-1-2-3-7")
    assert set(before) & set(after) == {"sid:s-1-5-21-1-2-3-7"}


def test_a_key_belongs_to_the_person_that_lists_it_whatever_its_comment() -> None:
    found = PEOPLE.with_key(f"{KEY} another comment")
    assert found is not None and found.name == "Duty Chief"
    assert PEOPLE.with_key("ssh-ed25519 AAAAother") is None
