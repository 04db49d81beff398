# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.client_cache import (
    CacheEntry,
    negative,
    old_values,
    verdict,
    wrong_lines,
)

OLD, NEW = "10.0.0.21", "10.0.1.21"
WANTED = {("mail.example.com", "A"): frozenset({NEW}), ("mail.example.com", "AAAA"): frozenset({"2001:db8::21"}), ("a.example.com", "CNAME"): frozenset({"b"})}


def entry(data: str, kind: str = "A", asked: str = "mail.example.com", name: str = "", status: int = 0) -> CacheEntry:
    return CacheEntry(asked, name or asked, kind, data, status)


@pytest.mark.parametrize(
    ("found", "old"),
    [
        (entry(NEW), False),
        (entry(OLD), True),
        (entry("2001:DB8:0::21", "AAAA"), False),
        (entry("2001:db8::22", "AAAA"), True),
        (entry("B.", "CNAME", "a.example.com"), False),
        (entry("c", "CNAME", "a.example.com"), True),
        (entry("host.example.com", "CNAME"), False),  # an alias on the way
        (entry(OLD, name="host.example.com"), True),  # and what it leads to
        (entry(OLD, asked="other.example.com"), False),
        (entry("", status=9003), False),
    ],
)
def test_old_is_what_answers_otherwise(found: CacheEntry, old: bool) -> None:
    assert old_values([found], WANTED) == ([found] if old else [])


@pytest.mark.parametrize(("found", "yes"), [(entry("", status=9003), True), (entry("", "AAAA", status=9701), True), (entry("", "MX", status=9701), False)])
def test_negative_is_what_denies_a_record_that_must_be_there(found: CacheEntry, yes: bool) -> None:
    assert negative([found, entry(OLD)], WANTED) == ([found] if yes else [])


def test_a_line_of_the_hosts_file_is_wrong_where_it_gives_another_address() -> None:
    hosts = {"mail.example.com": [NEW, OLD, "2001:db8:0:0::21", "0.0.0.0"], "other": [OLD]}
    assert wrong_lines(hosts, WANTED) == [f"{OLD} mail.example.com", "0.0.0.0 mail.example.com"]


@pytest.mark.parametrize(
    ("entries", "hosts", "reason", "words"),
    [
        ([entry(NEW)], None, "", ""),
        ([entry(OLD)], {"mail.example.com": [OLD]}, "hosts_file", f"the hosts file of ws001 has {OLD} mail.example.com"),
        ([entry(OLD)], {}, "stale_cache", "its hosts file does not say so"),
        ([entry(OLD)], None, "stale_cache", "its hosts file could not be read"),
        ([entry("", status=9003)], None, "negative_entry", "says again that there is no mail.example.com A"),
        ([entry("", status=9003), entry(OLD)], {}, "stale_cache", OLD),
    ],
)
def test_a_verdict_names_the_cause(entries: list[CacheEntry], hosts: dict[str, list[str]] | None, reason: str, words: str) -> None:
    found = verdict("ws001", entries, WANTED, hosts)
    assert found.reason == reason and words in found.msg
