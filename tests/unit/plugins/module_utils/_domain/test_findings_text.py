# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a preflight found, in a terminal."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings import KINDS, Finding
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.findings_text import findings_table


def flat(findings: list[dict[str, t.Any]], width: int = 100) -> str:
    return " ".join(findings_table(findings, width).split())


def test_nothing_found_is_no_table() -> None:
    assert findings_table([]) == ""


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_finding_has_its_severity_place_sentence_and_remedy_within_the_width(kind: str, width: int) -> None:
    one = Finding(kind, "exch2", msg="what is wrong with it, " * 6).as_dict()
    assert max(map(len, findings_table([one], width).splitlines())) <= width
    said = flat([one], 400)
    assert f"{one['severity']} {kind} exch2 {one['msg'].strip()}" in said and said.endswith(f"to mend it, {one['remedy']}")


def test_what_is_accepted_says_why_instead() -> None:
    assert flat([Finding("disk_space", accepted="the new disk comes").as_dict()]).endswith(
        "warning disk_space - a disk of the target is nearly full accepted: the new disk comes"
    )


def test_a_finding_of_another_version_has_no_remedy_here() -> None:
    assert flat([{"id": "moon_phase", "severity": "warning", "host": "", "msg": "it wanes", "accepted": ""}]).endswith("moon_phase - it wanes")
