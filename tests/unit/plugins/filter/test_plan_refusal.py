# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file that was named for a plan is looked at before anything else: which variable, which file, what is wrong, how to mend it."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.filter.plan_refusal import FilterModule
from ansible_collections.continuity.identity_failover.tests.unit.plans import plan

PLAYBOOK = "ansible-playbook continuity.identity_failover."
FINE = {"msg": "", "next": ""}


@pytest.fixture(autouse=True)
def here(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(given: str, *, kind: str = "failover", **options: t.Any) -> dict[str, str]:
    return t.cast("dict[str, str]", FilterModule().filters()["plan_refusal"](given, "mail", kind, **options))


def made(path: pathlib.Path) -> pathlib.Path:
    path.write_text(json.dumps(plan()), encoding="utf-8")
    return path


def test_a_plan_is_taken_from_where_the_command_is_typed(here: pathlib.Path) -> None:
    made(here / "mail.json")
    assert refusal("mail.json") == refusal("") == refusal(str(here / "mail.json")) == FINE


def test_a_file_that_is_not_there_is_made_by_the_next_command(here: pathlib.Path) -> None:
    assert refusal("./p.json", kind="failback") == {
        "msg": f"failover_plan is {here}/p.json, and there is no such file on the controller: "
        "name the file that the plan playbook wrote, or leave the variable out",
        "next": f"{PLAYBOOK}plan -e failover_identity=mail -e failover_kind=failback -e failover_plan=./p.json",
    }


def test_the_commands_for_people_are_no_plan_and_the_plan_beside_them_is_named(here: pathlib.Path) -> None:
    (here / "p2.md").write_text("# Commands\n", encoding="utf-8")
    said = refusal("./p2.md")
    assert said["msg"].startswith(f"failover_plan is {here}/p2.md, and this is no JSON document (Expecting value")
    assert said["msg"].endswith("the plan is the file beside it")
    assert said["next"] == f"{PLAYBOOK}plan -e failover_identity=mail -e failover_kind=failover -e failover_plan=./mail-plan.json"
    made(here / "p2.json")
    assert refusal("./p2.md")["next"] == f"{PLAYBOOK}failover -e failover_identity=mail -e failover_plan=./p2.json"


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"{}", "this is no plan of format"),
        (json.dumps({**plan(), "hash": "0"}).encode(), "the document was changed since it was made"),
        (json.dumps(plan()).encode(), "it is for a failover of mail, and this is a drill of mail"),
        (b"\xff\xfe", "can not be read (it is no text)"),
    ],
)
def test_what_is_no_plan_for_this_run_is_said_and_never_written_over(here: pathlib.Path, content: bytes, wrong: str) -> None:
    (here / "other.json").write_bytes(content)
    said = refusal("other.json", kind="drill")
    assert wrong in said["msg"] and said["next"].endswith("-e failover_kind=drill -e failover_plan=./mail-plan.json")


@pytest.mark.parametrize("writing", [False, True])
def test_a_folder_is_no_file(here: pathlib.Path, writing: bool) -> None:
    assert f"failover_plan is {here}, which is a folder" in refusal(".", writing=writing)["msg"]


@pytest.mark.parametrize(
    ("given", "wrong", "better"),
    [("p2.md", "and the ending .md is that of the commands for people", "p2.json"), ("no/p.json", "and its folder is not there", "./mail-plan.json")],
)
def test_where_no_plan_can_be_written_none_is_made(here: pathlib.Path, given: str, wrong: str, better: str) -> None:
    said = refusal(given, writing=True)
    assert said["msg"].startswith(f"failover_plan is {here / given}, {wrong}")
    assert said["next"] == f"{PLAYBOOK}plan -e failover_identity=mail -e failover_kind=failover -e failover_plan={better}"


def test_a_new_file_and_one_that_is_there_can_be_written(here: pathlib.Path) -> None:
    made(here / "old.json")
    assert refusal("new.json", writing=True) == refusal("old.json", writing=True) == FINE


def test_the_plan_to_compare_with_is_looked_at_too(here: pathlib.Path) -> None:
    made(here / "old.json")
    assert refusal("new.json", writing=True, compare="old.json") == FINE
    assert refusal("new.json", writing=True, compare="./nope.json") == {
        "msg": f"failover_plan_compare is {here}/nope.json, and there is no such file on the controller: "
        "name the file that the plan playbook wrote, or leave the variable out",
        "next": f"{PLAYBOOK}plan -e failover_identity=mail -e failover_kind=failover -e failover_plan=new.json",
    }
    assert refusal("", writing=True, compare="./nope.json")["next"] == f"{PLAYBOOK}plan -e failover_identity=mail -e failover_kind=failover"
