# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No password gets out: whole runs of ansible-playbook, with everything that they print, write and start searched for it.

Runs on this interpreter's ansible-core. A module that leaks on purpose stands beside the real ones, which meet hosts that refuse the connection.
"""

from __future__ import annotations

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t
import urllib.parse

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEAKING = pathlib.Path(__file__).resolve().parent / "leaking"
BIN = os.path.dirname(sys.executable)
REAL_MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")

USER = "administrator@EXAMPLE.COM"
#: One for each way in; with the characters that escaping changes.
PASSWORDS = {
    "CANARY_TARGET": "Canary'Target\"1\\&$é+/x",
    "CANARY_CLIENT": "Canary<Client>2%{y}",
    "CANARY_ASKED": "CanaryAsked3zzzz",
    "CANARY_TASK": "CanaryTask4;word",
    "CANARY_TSIG": "Q2FuYXJ5VHNpZzU2Nzg5MGFiY2RlZg==",
}
WAYS = ["result", "bug", "error", "step", "stderr", "stdout"]
#: Where the module is a process of its own; else its main does not run.
WAYS_OF_A_PROCESS = [*WAYS, "escape", "object", "warn"]

INVENTORY = {
    "all": {
        "vars": {"ansible_user": USER, "ansible_winrm_transport": ["basic"], "ansible_port": 9, "ansible_winrm_scheme": "https"},
        "children": {
            "windows": {
                "vars": {"ansible_connection": "winrm"},
                "hosts": {
                    "exch1": {"ansible_host": "127.0.0.11", "ansible_password": "{{ lookup('env', 'CANARY_TARGET') }}"},
                    "exch2": {"ansible_host": "127.0.0.12", "ansible_password": "{{ lookup('env', 'CANARY_TARGET') }}"},
                    "asked": {"ansible_host": "127.0.0.13"},
                },
            },
            "workstations": {
                "vars": {"ansible_connection": "psrp", "ansible_password": "{{ lookup('env', 'CANARY_CLIENT') }}"},
                "hosts": {"ws001": {"ansible_host": "127.0.0.21"}, "ws002": {"ansible_host": "127.0.0.22"}},
            },
        },
    }
}

TASK_PASSWORD = "{{ lookup('env', 'CANARY_TASK') }}"
#: What the real modules are called with; each meets hosts that refuse.
DEFINITION = {
    "source": {"host": "exch1"},
    "target": {"host": "exch2"},
    "monitor": {"vantage_points": [{"host": "controller"}, {"host": "asked"}], "probes": [{"kind": "wsman"}]},
    "clients": {"flush": ["workstations"], "sample": ["ws001"]},
}
SERVERS = [{"address": "127.0.0.1", "port": 9}]
REAL_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "app_services": {"state": "started", "services": [{"name": "MSExchangeIS"}]},
    "directory_spns": {"state": "moved", "spns": [{"from": "EXCH1$", "to": "EXCH2$", "values": ["http/mail"]}], "domain_controllers": ["exch2"]},
    "failover_ack": {"identity": "mail", "decision": "proceed", "reason": "test"},
    "failover_journal": {"identity": "mail"},
    "failover_monitor": {"identity": "mail", "source": "exch1", "vantage_points": [{"host": "exch2"}], "probes": [{"kind": "wsman"}]},
    "failover_preflight": {"identity": "mail", "definition": DEFINITION},
    "failover_run": {"identity": "mail", "state": "armed", "definition": DEFINITION},
    "failover_status": {"identity": "mail", "definition": DEFINITION},
    "fence_source": {"services": ["MSExchangeIS"], "vantage_points": [{"host": "exch2"}]},
    "flush_dns_clients": {"clients": ["workstations"], "client_timeout": 5},
    "mount_databases": {
        "state": "mounted",
        "databases": [{"name": "ERP", "kind": "sqlserver", "instance": "MSSQLSERVER", "user": "sa", "password": TASK_PASSWORD}],
    },
    "promote_data": {"engine": "other", "hook": True},
    "run_post_script": {"path": "D:\\dr\\post.ps1"},
    "server_identity": {"state": "present", "addresses": [{"address": "127.0.0.50", "prefix_length": 8}]},
    "update_dns": {
        "state": "present",
        "records": [{"name": "mail.example.com", "type": "A", "values": ["127.0.0.50"], "zone": "example.com"}],
        "servers": SERVERS,
        "key": {"name": "key.", "secret": "{{ lookup('env', 'CANARY_TSIG') }}"},
        "verify_timeout": 5,
    },
    "verify_clients": {"clients": ["workstations"], "expect": [{"name": "mail.example.com", "port": 25}], "verify_timeout": 5},
}
#: How ansible-core begins when the arguments don't fit: then the module itself never ran.
NEVER_RAN = ("missing required arguments", "Unsupported parameters", "dictionary requested", "value of ")


def forms_of(password: str) -> dict[str, str]:
    """The forms that are searched for."""
    forms = {
        "plain": password,
        "base64": base64.b64encode(password.encode()).decode(),
        "base64 of UTF-16": base64.b64encode(password.encode("utf-16-le")).decode(),
        "JSON": json.dumps(password)[1:-1],
        "Python": repr(password)[1:-1],
        "URL": urllib.parse.quote(password, safe=""),
    }
    for user in (USER, "sa"):
        forms[f"Basic header of {user}"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    return forms


FORMS = {f"{name} as {form}": text for name, password in PASSWORDS.items() for form, text in forms_of(password).items()}


def found_in(data: bytes) -> list[str]:
    return sorted(name for name, text in FORMS.items() if text.encode() in data)


class Run(t.NamedTuple):
    """What a run left: everything printed, the result of each task by its name, and the command lines that were seen."""

    output: str
    results: dict[str, dict[str, t.Any]]
    commands: set[bytes]
    folder: pathlib.Path

    def leaks(self) -> list[str]:
        places = [f"output: {name}" for name in found_in(self.output.encode())]
        places += [f"process: {name}" for command in self.commands for name in found_in(command)]
        for path in self.folder.rglob("*"):
            if path.is_file():
                places += [f"{path.relative_to(self.folder)}: {name}" for name in found_in(path.read_bytes())]
        return places


def sandbox(folder: pathlib.Path) -> None:
    """The collection, with the leaking module in it, and a home of its own."""
    collection = folder / "collections" / "ansible_collections" / "continuity" / "identity_failover"
    shutil.copytree(ROOT / "plugins", collection / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "meta", collection / "meta")
    (collection / "plugins" / "modules").mkdir(exist_ok=True)
    shutil.copy(LEAKING / "module.py", collection / "plugins" / "modules" / "canary_leak.py")
    shutil.copy(LEAKING / "action.py", collection / "plugins" / "action" / "canary_leak.py")
    for name in ("home", "tmp"):
        (folder / name).mkdir()
    (folder / "inventory.yml").write_text(yaml.safe_dump(INVENTORY), encoding="utf-8")


def play(host: str, tasks: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Each task, and after it its result printed in a line of its own."""
    whole: list[dict[str, t.Any]] = []
    for number, task in enumerate(tasks):
        whole.append({"ignore_errors": True, "register": f"r{number}", **task})
        whole.append({"name": "print", "ansible.builtin.debug": {"msg": f"RESULT {number} {{{{ r{number} | to_json | b64encode }}}} END"}})
    return [{"hosts": host, "gather_facts": False, "tasks": whole}]


def command_lines() -> t.Iterator[bytes]:
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            continue  # it has ended


def run(folder: pathlib.Path, host: str, tasks: list[dict[str, t.Any]], arguments: t.Sequence[str] = (), **environment: str) -> Run:
    sandbox(folder)
    (folder / "play.yml").write_text(yaml.safe_dump(play(host, tasks)), encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    ours = {
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp" / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "tmp" / "remote"),
        "ANSIBLE_LOG_PATH": str(folder / "ansible.log"),
        "ANSIBLE_NOCOLOR": "1",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    command = [f"{BIN}/ansible-playbook", "-i", str(folder / "inventory.yml"), str(folder / "play.yml"), "-vvvvv", *arguments]
    commands: set[bytes] = set()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env={**clean, **ours, **PASSWORDS, **environment}, cwd=folder
        )
        for _sample in range(6000):
            commands.update(command_lines())
            try:
                process.wait(timeout=0.05)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            process.kill()
            process.wait()
    text = (folder / "output").read_text(encoding="utf-8")
    assert process.returncode == 0, text[-5000:]
    results = {}
    for line in text.splitlines():
        before, found, rest = line.partition('"msg": "RESULT ')
        if found and not before.strip():
            number, encoded = rest.split()[:2]
            results[tasks[int(number)]["name"]] = json.loads(base64.b64decode(encoded))
    return Run(text, results, commands, folder)


def leaking_task(way: str, folder: pathlib.Path) -> dict[str, t.Any]:
    options = {
        "way": way,
        "folder": str(folder),
        "clients": ["workstations"],
        "vantage_points": [{"host": "controller"}, {"host": "exch2"}],
        "run": {"id": "r1", "identity": "mail", "kind": "drill", "epoch": 1, "holder": "h", "lease_seconds": 60, "store": {"host": "asked"}},
    }
    return {"name": way, "continuity.identity_failover.canary_leak": options}


@pytest.mark.parametrize("arguments", [["--check", "--diff"], []], ids=["check and diff", "normal"])
@pytest.mark.parametrize("ways", [WAYS, WAYS_OF_A_PROCESS], ids=["in Ansible's worker", "in its own process"])
def test_a_module_that_leaks_in_every_way_leaks_nothing(arguments: list[str], ways: list[str], tmp_path: pathlib.Path) -> None:
    tasks = [{**leaking_task(way, tmp_path), "vars": {"failover_own_process": ways is WAYS_OF_A_PROCESS}} for way in ways]
    done = run(tmp_path, "exch1", tasks, arguments, ANSIBLE_KEEP_REMOTE_FILES="1")
    assert done.leaks() == []
    assert "REDACTED" in done.output
    assert set(done.results) == set(ways)
    assert [way for way, result in done.results.items() if result.get("failed")] == [way for way in ways if way in ("bug", "error", "step", "escape", "object")]
    for result in done.results.values():
        assert "invocation" not in result and "unreachable" not in result
        assert {"changed", "failed", "msg", "reason", "outcomes", "counts", "diff", "timing"} <= result.keys()

    plain = done.results["result"]
    assert plain["checked"] is bool(arguments)
    assert (plain["on_disk"], plain["in_processes"]) == ([], [])
    # The secrets did arrive, each host's own; the one without a password has none of another host's.
    assert plain["reached"] == {
        "ws001": len(PASSWORDS["CANARY_CLIENT"]),
        "ws002": len(PASSWORDS["CANARY_CLIENT"]),
        "exch2": len(PASSWORDS["CANARY_TARGET"]),
        "asked": 0,
    }
    expected = {"bug": "bug", "escape": "bug", "error": "connection_refused", "step": "step_failed"}
    assert {way: done.results[way]["reason"] for way in ways if way in expected} == {way: reason for way, reason in expected.items() if way in ways}


def test_the_password_that_was_asked_for_leaks_nowhere(tmp_path: pathlib.Path) -> None:
    folder, elsewhere = tmp_path / "run", tmp_path / "password"
    folder.mkdir()
    elsewhere.write_text(PASSWORDS["CANARY_ASKED"], encoding="utf-8")
    done = run(folder, "asked", [leaking_task("result", folder)], ["--connection-password-file", str(elsewhere), "--diff"])
    assert done.leaks() == []
    plain = done.results["result"]
    assert plain["reached"]["asked"] == len(PASSWORDS["CANARY_ASKED"])
    assert plain["reached"]["exch2"] == len(PASSWORDS["CANARY_TARGET"])
    assert (plain["on_disk"], plain["in_processes"]) == ([], [])


def test_async_is_refused_before_anything_is_written(tmp_path: pathlib.Path) -> None:
    done = run(tmp_path, "exch1", [{**leaking_task("result", tmp_path), "async": 30, "poll": 1}])
    assert done.leaks() == []
    assert done.results["result"]["failed"] and "async" in done.results["result"]["msg"]


def test_the_real_modules_leak_nothing(tmp_path: pathlib.Path) -> None:
    tasks = [{"name": name, f"continuity.identity_failover.{name}": REAL_ARGUMENTS[name]} for name in REAL_MODULES]
    explicit = {"host": "127.0.0.99", "user": "sa", "password": TASK_PASSWORD, "way": "result", "folder": str(tmp_path)}
    tasks.append({"name": "explicit", "continuity.identity_failover.canary_leak": explicit})
    done = run(tmp_path, "exch1", tasks, ["--check", "--diff"])
    assert done.leaks() == []
    assert set(done.results) == {*REAL_MODULES, "explicit"}
    assert [name for name, result in done.results.items() if result.get("unreachable")] == []
    assert {name: result["msg"] for name, result in done.results.items() if result["msg"].startswith(NEVER_RAN)} == {}


@pytest.mark.parametrize("form", FORMS)
def test_a_leak_would_be_found_in_every_place(form: str, tmp_path: pathlib.Path) -> None:
    """The search itself: without it the tests above could pass because they look at nothing."""
    text = FORMS[form]
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\0" + text.encode())
    leaks = Run(f"x{text}y", {}, {b"python\0" + text.encode()}, tmp_path).leaks()
    assert {leak.split(":")[0] for leak in leaks if form in leak} == {"output", "process", "deep/file"}
