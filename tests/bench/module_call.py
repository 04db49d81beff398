# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one module call costs through our action, against the same module run plainly on localhost; and the size of each module's zip.

The action does the work in Ansible's worker; with failover_own_process it starts the module as a process, which is measured too.

Prints one JSON object. A call is (CPU seconds of a playbook with N tasks less those of one with 1 task) / (N - 1), so the start of Ansible and the
building of the zip cancel out; the best of several rounds, in which the sides take turns. All read the same service of the same simulated
host over WinRM, in check mode, with pipelining. The plain side is a copy of the module's file under another name, so that no action of ours has a
hand in it, with explicit arguments.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import typing as t

from ansible_collections.continuity.identity_failover.tests.bench.measure import BIN, aim, environment, machine, measured
from ansible_collections.continuity.identity_failover.tests.lab.powershell.engine import find_engine
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOST = "exch2"
SERVICE = {"services": [{"name": "EventLog"}], "state": "started"}

#: Builds a module's zip as a task does, in a process of its own, since Ansible keeps what it has built.
BUILD = """
import base64, io, json, os, sys, time, zipfile
from ansible import constants as C
from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.template import Templar
init_plugin_loader([])
name = sys.argv[1]
path = module_loader.find_plugin_with_context(name).plugin_resolved_path
python = {"ansible_python_interpreter": sys.executable, "ansible_playbook_python": sys.executable}
begun = time.process_time()
module = {"module_name": name, "module_path": path, "module_args": {}, "module_compression": "ZIP_DEFLATED"}
module_common.modify_module(**module, templar=Templar(loader=DataLoader()), task_vars=python)
cpu = time.process_time() - begun
folder = os.path.join(C.DEFAULT_LOCAL_TMP, "ansiballz_cache")
(cached,) = [os.path.join(folder, entry) for entry in os.listdir(folder) if not entry.endswith(".lock")]
content = module_common._CachedModule.load(cached).zip_data if hasattr(module_common, "_CachedModule") else open(cached, "rb").read()
content = base64.b64decode(content)
with zipfile.ZipFile(io.BytesIO(content)) as archive:
    ours = [entry for entry in archive.infolist() if entry.filename.startswith("ansible_collections/")]
    lines = sum(archive.read(entry).count(b"\\n") for entry in ours)
print(json.dumps({"zip_bytes": len(content), "build_cpu": round(cpu, 3), "files": len(ours), "lines": lines, "own_bytes": sum(e.compress_size for e in ours)}))
"""


def modules() -> list[str]:
    return sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


def zips(folder: pathlib.Path, env: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Every module's zip: bytes, CPU seconds of its first build (once in each playbook), and how much of it is ours."""
    found = {}
    for name in ["ansible.builtin.ping", *(f"continuity.identity_failover.{name}" for name in modules())]:
        done = subprocess.run([sys.executable, "-c", BUILD, name], cwd=folder, env=dict(env), capture_output=True, text=True, check=True, timeout=120)
        found[name.rpartition(".")[2]] = json.loads(done.stdout)
    return found


def task(name: str, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"name": "Look at a service", name: dict(arguments), "check_mode": True}


def write_playbook(path: pathlib.Path, host: str, tasks: list[dict[str, t.Any]]) -> None:
    path.write_text(json.dumps([{"name": "Measure", "hosts": host, "gather_facts": False, "tasks": tasks}]), encoding="utf-8")


def write_project(folder: pathlib.Path, lab: Lab, calls: int) -> None:
    """The sides, each with 1 and with ``calls`` tasks."""
    shutil.copy(lab.dir / "inventory.yml", folder / "hosts.yml")
    (folder / "ansible.cfg").write_text("[defaults]\ninventory = hosts.yml\n[connection]\npipelining = true\n", encoding="ascii")
    (folder / "library").mkdir()
    shutil.copy(ROOT / "plugins" / "modules" / "app_services.py", folder / "library" / "bench_plain.py")
    settings = lab.settings(HOST)
    explicit = {
        "host": settings.host, "port": settings.port, "scheme": settings.scheme, "user": settings.user, "password": settings.password,
        "transport": list(settings.transport), "ca_file": settings.ca_file, "name": HOST,
    }  # fmt: skip
    for number in (1, calls):
        ours = [task("continuity.identity_failover.app_services", SERVICE)] * number
        write_playbook(folder / f"action-{number}.yml", HOST, ours)
        write_playbook(folder / f"own_process-{number}.yml", HOST, [{**one, "vars": {"failover_own_process": True}} for one in ours])
        write_playbook(folder / f"plain-{number}.yml", "localhost", [task("bench_plain", {**SERVICE, **explicit})] * number)


def benchmark(folder: pathlib.Path, calls: int, rounds: int) -> dict[str, t.Any]:
    env = environment(folder / "ansible.cfg")
    with Lab.start(folder / "lab", engine=find_engine()) as lab:
        write_project(folder, lab, calls)
        per_call: dict[str, list[float]] = {"action": [], "own_process": [], "plain": []}
        for _round in range(rounds):
            for side, found in per_call.items():
                cost = {number: measured([BIN / "ansible-playbook", f"{side}-{number}.yml"], cwd=folder, env=env) for number in (1, calls)}
                found.append((cost[calls].cpu - cost[1].cpu) / (calls - 1))
    best = {side: min(found) for side, found in per_call.items()}
    return {
        "benchmark": "module_call",
        "module": "app_services",
        "cpu_per_call": {side: round(seconds, 4) for side, seconds in best.items()},
        "rounds": {side: [round(seconds, 4) for seconds in found] for side, found in per_call.items()},
        "more_percent": {side: round(100 * (best[side] / best["plain"] - 1), 1) for side in ("action", "own_process")},
        "aims": [aim("per cent of CPU more than the plain module", round(100 * (best["action"] / best["plain"] - 1), 1), at_most=10.0)],
        "calls": calls - 1,
        "modules": zips(folder, env),
        "machine": machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=13, help="tasks of the longer playbook")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "lab").mkdir()
        print(json.dumps(benchmark(pathlib.Path(folder), options.calls, options.rounds), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
