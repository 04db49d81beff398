# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import pathlib
import tempfile
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import InvalidInput, StepFailed
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.server_identity import server_identity
from ansible_collections.continuity.identity_failover.tests.unit import runs
from ansible_collections.continuity.identity_failover.tests.unit.fakes import FakeClock, FakeHosts
from ansible_collections.continuity.identity_failover.tests.unit.interrupted import there_and_back
from ansible_collections.continuity.identity_failover.tests.unit.windows_identity import Identity, adapter, address


def moving(plain: str = "10.0.0.21", **more: t.Any) -> dict[str, t.Any]:
    return {"address": plain, "prefix_length": 24, "interface": None, "skip_as_source": True, "policy_store": "persistent", **more}


def share(name: str = "data", **more: t.Any) -> dict[str, t.Any]:
    return {"name": name, "path": r"D:\data", "description": None, "security_descriptor": None, **more}


def params(**more: t.Any) -> dict[str, t.Any]:
    return {**runs.ALONE, "state": "present", "host": "10.9.0.12", "addresses": [], "names": [], "shares": [], **more}


def run(host: Identity, given: dict[str, t.Any], clock: FakeClock | None = None, check_mode: bool = False) -> Result:
    return server_identity(given, FakeHosts(host.session), clock or FakeClock(), check_mode=check_mode)


def statuses(result: Result) -> list[tuple[str, str]]:
    return [(outcome.name, outcome.status) for outcome in result.outcomes]


def test_an_address_is_added_and_waited_for():
    host, clock = Identity(looks=3), FakeClock()
    result = run(host, params(addresses=[moving()]), clock)
    sent = host.session.calls_of("invoke")[0][4]
    assert sent == {"InterfaceIndex": 7, "IPAddress": "10.0.0.21", "AddressFamily": 2, "PrefixLength": 24, "SkipAsSource": True}
    assert result.outcomes[0].after == {"interface": "Ethernet", "prefix_length": 24, "skip_as_source": True}
    assert statuses(result) == [("address 10.0.0.21", "done")] and 0.5 in clock.slept
    assert not run(host, params(addresses=[moving()]), clock).changed


def test_the_active_store_only_where_asked():
    host = Identity()
    run(host, params(addresses=[moving(policy_store="active")]))
    assert host.session.calls_of("invoke")[0][4]["PolicyStore"] == "ActiveStore"


def test_a_duplicate_address_is_removed_again_and_means_that_the_source_lives():
    host = Identity(ends=2)
    result = run(host, params(addresses=[moving()]))
    assert result.failed and result.reason == "duplicate_address" and not result.changed and "The source is alive" in result.msg
    assert [entry["IPAddress"] for entry in host.addresses] == ["10.0.0.12"]


def test_exactly_one_address_is_removed_from_both_stores():
    host = Identity()
    run(host, params(addresses=[moving()]))
    result = run(host, params(addresses=[moving(prefix_length=None)], state="absent"))
    assert statuses(result) == [("address 10.0.0.21", "done")] and [entry["IPAddress"] for entry in host.addresses] == ["10.0.0.12"]
    assert all(call[3]["Name"].startswith("7;10.0.0.21") for call in host.session.calls_of("delete"))


def test_nothing_is_removed_without_a_full_key():
    host = Identity()
    host.addresses.append(address("10.0.0.21", Name=""))
    result = run(host, params(addresses=[moving()], state="absent"))
    assert result.failed and "gives no key" in result.msg and not host.session.calls_of("delete")


@pytest.mark.parametrize(
    ("change", "listed", "reason", "word"),
    [
        ({"adapters": [adapter(dhcp=1)]}, moving(), "dhcp_enabled", "uses DHCP"),
        ({}, moving("10.7.0.21"), "invalid_input", "give interface, one of Ethernet"),
        (
            {"adapters": [adapter(), adapter("Backup", 9)], "addresses": [address("10.0.0.12"), address("10.0.0.13", "Backup", 9)]},
            moving(),
            "invalid_input",
            "could go to Ethernet",
        ),
        ({}, moving(interface="Oops"), "invalid_input", "no adapter 'Oops'"),
        ({"addresses": [address("10.0.0.12"), address("10.0.0.21", prefix=16)]}, moving(), "address_differs", "10.0.0.21/16 on Ethernet"),
        ({"addresses": [address("10.0.0.12"), address("10.0.0.21", state=2)]}, moving(), "duplicate_address", "another machine answers"),
    ],
)
def test_what_cannot_be_added_is_refused_before_anything_is_touched(change: dict[str, t.Any], listed: dict[str, t.Any], reason: str, word: str):
    host = Identity()
    for name, value in change.items():
        getattr(host, name)[:] = value
    with pytest.raises(StepFailed, match=word) as caught:
        run(host, params(addresses=[listed], shares=[share()]))
    assert caught.value.reason == reason and not host.session.calls_of("invoke")
    assert statuses(caught.value.result)[1] == ("share data", "not_tried")


def test_an_adapter_can_be_named_by_its_index():
    host = Identity()
    host.adapters.append(adapter("Backup", 9))
    run(host, params(addresses=[moving(interface="9")]))
    assert host.addresses[-1]["InterfaceAlias"] == "Backup"


def test_the_loopback_adapter_is_never_chosen():
    host = Identity()
    host.adapters.append(adapter("Loopback Pseudo-Interface 1", 1))
    host.addresses[:] = [address("127.0.0.1", "Loopback Pseudo-Interface 1", 1, prefix=8), address("127.3.0.12", prefix=8)]
    run(host, params(addresses=[moving("127.3.0.21", prefix_length=8)]))
    assert host.addresses[-1]["InterfaceIndex"] == 7


def test_skip_as_source_is_corrected_in_place():
    host = Identity()
    host.addresses.append(address("10.0.0.21"))
    result = run(host, params(addresses=[moving()]))
    assert result.changed and host.addresses[-1]["SkipAsSource"] is True and not host.session.calls_of("invoke")


def test_names_are_added_beside_those_that_are_there():
    host = Identity()
    host.registry["OptionalNames"] = ["OLD"]
    result = run(host, params(names=["FILES1"]))
    assert host.registry == {"OptionalNames": ["OLD", "FILES1"], "DisableStrictNameChecking": 1}
    assert statuses(result) == [("name FILES1", "done"), ("strict name checking", "done")] and "does not restart it" in result.outcomes[0].msg
    assert not run(host, params(names=["files1"])).changed


def test_removing_the_last_name_removes_the_value_and_leaves_strictness_alone():
    host = Identity()
    host.registry.update(OptionalNames=["FILES1"], DisableStrictNameChecking=1)
    result = run(host, params(names=["FILES1"], state="absent"))
    assert host.registry == {"DisableStrictNameChecking": 1} and statuses(result) == [("name FILES1", "done")]


def test_a_share_is_created_with_its_descriptor_and_removed():
    host = Identity()
    wanted = share(description="Mail data", security_descriptor="D:(A;;FA;;;BA)")
    result = run(host, params(shares=[wanted]))
    assert host.session.calls_of("invoke")[0][4] == {"Name": "data", "Path": r"D:\data", "Description": "Mail data", "SecurityDescriptor": "D:(A;;FA;;;BA)"}
    assert statuses(result) == [("share data", "done")]
    assert not run(host, params(shares=[{**wanted, "path": "d:/DATA/"}])).changed
    assert run(host, params(shares=[wanted], state="absent")).changed and not host.shares


@pytest.mark.parametrize(
    ("there", "state", "reason"),
    [
        ({"Path": r"E:\other"}, "present", "share_differs"),
        ({"Path": r"E:\other"}, "absent", "share_differs"),
        ({"SecurityDescriptor": "D:(A;;FA;;;WD)"}, "present", "share_differs"),
        ({"Special": True}, "absent", "share_special"),
    ],
)
def test_a_share_that_is_not_the_identitys_is_left_alone(there: dict[str, t.Any], state: str, reason: str):
    host = Identity()
    host.shares.append({"Name": "data", "Path": r"D:\data", "Description": "", "SecurityDescriptor": "D:(A;;FA;;;BA)", "Special": False, **there})
    with pytest.raises(StepFailed) as caught:
        run(host, params(shares=[share(security_descriptor="D:(A;;FA;;;BA)")], state=state))
    assert caught.value.reason == reason and len(host.shares) == 1


def test_what_was_given_is_taken_away_in_reverse():
    host = Identity()
    everything = {"addresses": [moving()], "names": ["FILES1"], "shares": [share()]}
    run(host, params(**everything))
    host.session.calls.clear()
    result = run(host, params(**everything, state="absent"))
    changing = [
        call[0] if call[0] == "delete" else call[3]
        for call in host.session.calls
        if call[0] == "delete" or call[3:4] in (["Delete"], ("Delete",), ("DeleteValue",))
    ]
    assert changing == ["Delete", "DeleteValue", "delete", "delete"] and not result.failed


def test_check_mode_changes_nothing():
    host = Identity()
    result = run(host, params(addresses=[moving()], names=["FILES1"], shares=[share()]), check_mode=True)
    assert {status for _name, status in statuses(result)} == {"predicted"} and len(result.outcomes) == 4
    assert all(call[3].startswith("Get") for call in host.session.calls_of("invoke")) and len(host.addresses) == 1


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (params(), "all empty"),
        (params(addresses=[moving("10.0.0.300")]), "is not an IP address"),
        (params(addresses=[moving(prefix_length=None)]), "no prefix_length"),
        (params(addresses=[moving(prefix_length=33)]), "not between 1 and 32"),
        (params(addresses=[moving("10.9.0.12")]), "management address"),
        (params(addresses=[moving(), moving("10.0.0.21 ")]), "listed twice"),
        (params(names=["a b"]), "cannot be a server's name"),
        (params(names=["A", "a"]), "listed twice"),
        (params(shares=[share(path=" ")]), "no path"),
        (params(shares=[share("a/b")]), "cannot be a share's name"),
    ],
)
def test_bad_input_asks_nothing_of_the_host(given: dict[str, t.Any], word: str):
    host = Identity()
    with pytest.raises(InvalidInput, match=word):
        run(host, given)
    assert not host.session.calls


def test_a_later_run_takes_away_what_an_earlier_one_gave(tmp_path: pathlib.Path):
    host, clock = Identity(), FakeClock()
    host.registry["OptionalNames"] = ["FILES2"]
    everything = {"addresses": [moving()], "names": ["FILES1", "FILES2"], "shares": [share()]}
    first = runs.started(tmp_path, clock)
    run(host, params(**everything, run=first), clock)
    runs.ended(tmp_path, clock, first)
    second = runs.started(tmp_path, clock, run_id="run2", kind="failback")
    result = run(host, params(**everything, state="reverted", run=second, revert_run="run1"), clock)
    assert not result.failed and host.registry == {"OptionalNames": ["FILES2"]} and not host.shares and len(host.addresses) == 1


def test_reverting_a_removal_adds_the_address_again(tmp_path: pathlib.Path):
    host, clock = Identity(), FakeClock()
    host.addresses.append(address("10.0.0.21", SkipAsSource=True))
    first = runs.started(tmp_path, clock)
    run(host, params(addresses=[moving()], state="absent", run=first), clock)
    assert len(host.addresses) == 1
    result = run(host, params(addresses=[moving()], state="reverted", run=first, revert_run="run1"), clock)
    assert result.changed and not result.failed and host.addresses[-1]["IPAddress"] == "10.0.0.21"


def test_an_address_that_a_dead_controller_left_as_a_duplicate_is_not_back(tmp_path: pathlib.Path):
    """It died between adding the address and looking whether another machine has it."""
    host, clock = Identity(), FakeClock()
    host.addresses.append(address("10.0.0.21", SkipAsSource=True))
    first = runs.started(tmp_path, clock)
    run(host, params(addresses=[moving()], state="absent", run=first), clock)
    back = params(addresses=[moving()], state="reverted", run=first, revert_run="run1")
    host.addresses.append(address("10.0.0.21", state=2, SkipAsSource=True))
    refused = run(host, back, clock)
    assert refused.failed and refused.reason == "duplicate_address" and len(host.addresses) == 1
    again = run(host, back, clock)  # the other machine is gone
    assert again.changed and not again.failed and host.addresses[-1]["AddressState"] == 4


@settings(max_examples=60, deadline=None)
@given(
    st.booleans(),
    st.lists(st.sampled_from(["mail", "files"]), unique=True),
    st.sampled_from([None, 0, 1]),
    st.booleans(),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_an_identity_is_put_back_exactly_wherever_the_controller_died(
    address_there: bool, names_there: list[str], strict: int | None, share_there: bool, first: int, second: int
) -> None:
    host, clock = Identity(), FakeClock()
    if address_there:
        host.addresses.append(address("10.0.0.21"))
    if names_there:
        host.registry["OptionalNames"] = [*names_there, "third"]
    if strict is not None:
        host.registry["DisableStrictNameChecking"] = strict
    if share_there:
        host.shares.append({"Name": "data", "Path": r"D:\data", "Description": "", "Special": False, "SecurityDescriptor": "O:SYG:SYD:(A;;0x1200a9;;;WD)"})
    given_all = {"addresses": [moving()], "names": ["mail", "files"], "shares": [share()]}

    def look() -> t.Any:
        addresses = [(one["IPAddress"], one["PrefixLength"], one["SkipAsSource"]) for one in host.addresses]
        return addresses, set(host.registry.get("OptionalNames", [])), host.registry.get("DisableStrictNameChecking"), host.shares

    with tempfile.TemporaryDirectory() as folder:
        given_run = runs.started(pathlib.Path(folder), clock)
        there_and_back(
            host.session,
            lambda: run(host, params(**given_all, run=given_run), clock),
            lambda: run(host, params(**given_all, state="reverted", run=given_run, revert_run="run1"), clock),
            lambda: copy.deepcopy(look()),
            first,
            second,
        )


def test_a_share_that_somebody_made_since_is_not_overwritten(tmp_path: pathlib.Path) -> None:
    host, clock = Identity(), FakeClock()
    host.shares.append({"Name": "data", "Path": r"D:\data", "Description": "", "Special": False, "SecurityDescriptor": "O:SYG:SYD:(A;;FA;;;BA)"})
    given_run = runs.started(tmp_path, clock)
    run(host, params(shares=[share()], state="absent", run=given_run), clock)
    host.shares.append({"Name": "data", "Path": r"E:\other", "Description": "", "Special": False, "SecurityDescriptor": "O:SYG:SYD:(A;;FA;;;BA)"})
    result = run(host, params(shares=[share()], state="reverted", run=given_run, revert_run="run1"), clock)
    assert (result.reason, host.shares[0]["Path"]) == ("changed_by_other", r"E:\other")
