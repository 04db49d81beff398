# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook flush_dns on parts of an inventory, by ansible-runner, as the job slices of AWX run it: every client is reached exactly once."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import typing as t

import pytest
import yaml

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.roll_call import total
from ansible_collections.continuity.identity_failover.tests.demo.project import BIN
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import heal_clients

NAME = "mail.example.com"
PLAYBOOK = "continuity.identity_failover.flush_dns"
COUNT = 9


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    with Lab.start(tmp_path_factory.mktemp("lab"), clients=COUNT) as started:
        yield started


@pytest.fixture(autouse=True)
def healthy(lab: Lab) -> t.Iterator[None]:
    yield
    heal_clients(lab)


class Job(t.NamedTuple):
    """What a job of AWX would show."""

    status: str
    stats: dict[str, t.Any]
    said: str


def sliced(lab: Lab, folder: pathlib.Path, number: int, of: int) -> pathlib.Path:
    """The inventory of one slice, cut as AWX cuts it: every ``of``-th host from the ``number``-th on, groups with what is left of them."""
    inventory = yaml.safe_load((lab.dir / "inventory.yml").read_text(encoding="utf-8"))
    children = inventory["all"]["children"]
    kept = set(sorted(children["windows"]["hosts"])[number::of])
    for group in children.values():
        group["hosts"] = {name: variables for name, variables in group["hosts"].items() if name in kept}
    path = folder / f"slice-{number}.yml"
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return path


def run(folder: pathlib.Path, name: str, inventory: pathlib.Path, playbook: str = PLAYBOOK, **variables: t.Any) -> Job:
    private = folder / f"runner-{name}"
    (private / "project").mkdir(parents=True)
    command = [BIN / "ansible-runner", "run", private, "--playbook", playbook, "--inventory", inventory, "--ident", name]
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [*map(str, command), "--cmdline", shlex.join(["-e", json.dumps(variables)])], capture_output=True, text=True, env=environment, timeout=240, check=False
    )
    artifacts = private / "artifacts" / name
    events = [json.loads(path.read_text(encoding="utf-8")) for path in (artifacts / "job_events").glob("*.json")]
    ended = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    assert len(ended) == 1, done.stdout + done.stderr
    return Job((artifacts / "status").read_text(encoding="utf-8"), ended[0].get("artifact_data", {}), done.stdout + done.stderr)


def expected(lab: Lab) -> list[dict[str, t.Any]]:
    [address] = lab.control("dns_record", {"server": "dns2", "name": NAME, "type": "A"})["values"]
    return [{"name": NAME, "values": [address]}]


def cleared(lab: Lab, since: int) -> list[str]:
    return sorted(record["host"] for record in lab.trace(since, "effect") if record.get("effect") == "cache_cleared")


def now(lab: Lab) -> int:
    return max((record["number"] for record in lab.trace()), default=0)


def flush(lab: Lab, folder: pathlib.Path, number: int, of: int = 2, **variables: t.Any) -> Job:
    given = {
        "failover_flush_clients": ["workstations", "drill_clients"],
        "failover_flush_expect": expected(lab),
        "failover_flush_resolver_port": lab.info["dns"]["servers"][0]["port"],
        "failover_slice": str(number),
        "failover_roll_call_path": str(folder / "roll-calls" / f"{number}.json"),
        **variables,
    }
    return run(folder, f"slice-{number}", sliced(lab, folder, number, of), **given)


def typed(lab: Lab, command: str) -> None:
    """As an administrator types what the playbook printed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    whole = [str(BIN / "ansible-playbook"), "-i", str(lab.dir / "inventory.yml"), *shlex.split(command)[1:]]
    done = subprocess.run(whole, capture_output=True, text=True, env=environment, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_slices_reach_every_client_exactly_once(lab: Lab, tmp_path: pathlib.Path) -> None:
    since = now(lab)
    jobs = [flush(lab, tmp_path, number) for number in (0, 1)]
    assert [job.status for job in jobs] == ["successful", "successful"], jobs[0].said + jobs[1].said
    assert [job.stats["failover_outcome"] for job in jobs] == ["flushed", "flushed"]
    assert cleared(lab, since) == sorted(lab.info["clients"]), "each once, and no server among them"
    whole = total([job.stats["failover_roll_call"] for job in jobs], lab.info["clients"])
    assert whole["complete"] and whole["answered"] == COUNT, whole["msg"]
    added = run(
        tmp_path, "total", lab.dir / "inventory.yml", "continuity.identity_failover.roll_call",
        failover_roll_calls=str(tmp_path / "roll-calls"), failover_flush_clients="workstations,drill_clients",
    )  # fmt: skip
    assert (added.status, added.stats["failover_roll_call"]["msg"]) == ("successful", f"{COUNT} of {COUNT} clients answered in 2 slices"), added.said


def test_a_slice_that_fails_is_named_with_its_client(lab: Lab, tmp_path: pathlib.Path) -> None:
    lab.fault("ws002", "access_denied")
    jobs = [flush(lab, tmp_path, number) for number in (0, 1)]
    calls = [job.stats["failover_roll_call"] for job in jobs]
    [bad] = [number for number, call in enumerate(calls) if "ws002" in call["clients"]]
    assert [job.status for job in jobs] == [{bad: "failed"}.get(number, "successful") for number in (0, 1)]
    assert "ws002" in jobs[bad].stats["failover_next"] and "ws001" not in jobs[bad].stats["failover_next"]
    assert json.dumps({"failover_flush_expect": expected(lab)}) in jobs[bad].stats["failover_next"], "the command can be typed as it stands"
    whole = total(calls, lab.info["clients"])
    assert (whole["complete"], whole["answered"]) == (False, COUNT - 1)
    assert [one["slice"] for one in whole["bad_slices"]] == [str(bad)]
    assert [(one["name"], one["reason"], one["slice"]) for one in whole["failed"]] == [("ws002", "access_denied", str(bad))]

    lab.heal("ws002")
    typed(lab, jobs[bad].stats["failover_next"])
    again = json.loads((tmp_path / "roll-calls" / f"{bad}-again.json").read_text(encoding="utf-8"))
    assert (again["clients"], again["slice"], again["outcome"]) == (["ws002"], f"{bad}-again", "flushed")
    assert json.loads((tmp_path / "roll-calls" / f"{bad}.json").read_text(encoding="utf-8")) == calls[bad], "the first stays as it is"
    whole = total([*calls, again], lab.info["clients"])
    assert whole["complete"] and whole["again"] == ["ws002"], whole["msg"]


def test_a_slice_without_clients_is_an_error_unless_said_otherwise(lab: Lab, tmp_path: pathlib.Path) -> None:
    empty = flush(lab, tmp_path, 0, of=len(lab.info["hosts"]))
    assert (empty.status, empty.stats["failover_outcome"]) == ("failed", "refused"), empty.said
    assert "no client of workstations,drill_clients is in the inventory" in empty.stats["failover_reason"]
    (tmp_path / "allowed").mkdir()
    allowed = flush(lab, tmp_path / "allowed", 0, of=len(lab.info["hosts"]), failover_flush_may_be_empty=True)
    assert (allowed.status, allowed.stats["failover_roll_call"]["expected"]) == ("successful", 0), allowed.said


def test_a_call_that_says_nothing_is_refused_before_anything_is_touched(lab: Lab, tmp_path: pathlib.Path) -> None:
    since = now(lab)
    refused = run(tmp_path, "nothing", lab.dir / "inventory.yml")
    assert (refused.status, refused.stats["failover_outcome"]) == ("failed", "refused")
    assert "whose caches to clear" in refused.stats["failover_reason"]
    refused = run(tmp_path, "no-values", lab.dir / "inventory.yml", failover_flush_clients="workstations")
    assert (refused.status, refused.stats["failover_outcome"]) == ("failed", "refused"), refused.said
    assert "failover_flush_expect" in refused.stats["failover_reason"] and cleared(lab, since) == []
