# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import NotFound, RemoteError
from ansible_collections.continuity.identity_failover.plugins.module_utils._windows.shares import create_share, remove_share, same_access, same_path
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeSession


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("D:(A;;FA;;;BA)", "O:SYG:SYD:(A;;FA;;;BA)", True),
        ("D:(A;;FA;;;BA)", "D:(A;;0x1f01ff;;;S-1-5-32-544)", True),
        ("D:(A;;FR;;;WD) (A;;FA;;;BA)", "D:(a;;fr;;;wd)(A;;FA;;;BA)", True),
        ("D:P(A;;FA;;;BA)S:(AU;SAFA;FA;;;WD)", "D:(A;;FA;;;BA)", True),
        ("D:(A;;FRFX;;;BA)", "D:(A;;0x1200a9;;;BA)", True),
        ("D:(A;;FA;;;BA)", "D:(A;;FA;;;BU)", False),
        ("D:(A;;FA;;;BA)", "D:(D;;FA;;;BA)", False),
        ("D:(A;;FA;;;BA)", "D:(A;;FR;;;BA)", False),
        ("D:(D;;FA;;;BU)(A;;FA;;;BA)", "D:(A;;FA;;;BA)(D;;FA;;;BU)", False),
        ("D:(A;;FA;;;BA)", "", False),
        ("D:(A;;FA;;;BA)(A;;FR;;;WD)", "D:(A;;FA;;;BA)", False),
    ],
)
def test_descriptors_are_compared_by_what_they_grant(one: str, other: str, same: bool) -> None:
    assert same_access(one, other) is same and same_access(one=other, other=one) is same


@pytest.mark.parametrize(("one", "other", "same"), [(r"D:\Data", "d:/data/", True), (r"D:\data", r"D:\data2", False)])
def test_paths_are_compared_as_windows_does(one: str, other: str, same: bool) -> None:
    assert same_path(one, other) is same


def test_a_share_that_is_gone_already_is_no_error() -> None:
    session = FakeSession("exch2")
    session.failures["invoke"] = NotFound("no instance")
    remove_share(session, "data", 5.0)
    session.methods[("Win32_Share", "Delete")] = lambda session, keys, arguments: {"ReturnValue": 25}
    remove_share(session, "data", 5.0)


def test_other_codes_are_told() -> None:
    session = FakeSession("exch2", methods={("MSFT_SmbShare", "CreateShare"): lambda session, keys, arguments: {"ReturnValue": 24}})
    with pytest.raises(RemoteError, match=r"could not create share data on exch2: there is no such folder \(code 24\)"):
        create_share(session, "data", r"D:\nope", "", None, 5.0)
    assert "SecurityDescriptor" not in session.calls_of("invoke")[0][4]
