# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.continuity.identity_failover.plugins.filter.variable_problems import FilterModule

variable_problems = FilterModule().filters()["variable_problems"]


def test_it_returns_the_sentences() -> None:
    assert variable_problems({"failover_take_over": True}) == ["failover_take_over: True says nothing; write the reason in words, which every report shows"]
    assert variable_problems({"failover_logon": "zz"}, logons=["chief"]) == ["failover_logon is 'zz': of failover_credentials it is one of chief"]
    assert [found.partition(" ")[0] for found in variable_problems({}, asked=["failover_owner"])] == ["failover_owner"]


def test_what_is_not_for_it_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="needs a dictionary"):
        variable_problems("failover_take_over")
    with pytest.raises(AnsibleFilterError, match="cannot ask for failover_plan"):
        variable_problems({}, asked=["failover_plan"])
