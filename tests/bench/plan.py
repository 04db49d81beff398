# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a failover of the lab's default identity through ansible-playbook on the example project: what it costs.

The source is dead, as it usually is. Prints one JSON object: wall and CPU seconds of the whole playbook, WS-Management requests in the lab's trace
(those of the remote shell and those of CIM), and the changes of the plan by grade.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pathlib
import sys
import tempfile
import typing as t

from ansible_collections.continuity.identity_failover.tests.bench.measure import BIN, lab_cpu, last_number, machine, measured
from ansible_collections.continuity.identity_failover.tests.demo.project import Project
from ansible_collections.continuity.identity_failover.tests.lab.powershell.engine import find_engine
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab


def counted(trace: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, int]:
    """WS-Management requests: those of the remote shell (scripts, programs), and those of CIM."""
    found = collections.Counter({"shell": 0, "cim": 0})
    for record in trace:
        if record["kind"] == "wsman":
            found["shell" if record.get("resource") == "shell" else "cim"] += 1
    return dict(found)


def effects(trace: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """What the lab's hosts were made to change, which a plan must not. A script that only looks is a process too, and no change."""
    harmless = ("file", "script_started")
    return [str(record["effect"]) for record in trace if record["kind"] == "effect" and not str(record["effect"]).startswith(harmless)]


def benchmark(folder: pathlib.Path) -> dict[str, t.Any]:
    with Lab.start(folder / "lab", engine=find_engine()) as lab:
        project = Project(folder / "project", folder / "lab", lab.info)
        project.run("arm")
        lab.kill("exch1")
        project.run("monitor", failover_monitor_duration=60)
        path = folder / "plan.json"
        variables = json.dumps({"failover_identity": "mail", "failover_plan": str(path)})
        command: list[str | os.PathLike[str]] = [BIN / "ansible-playbook", "plan.yml", "-e", variables]
        since, lab_before = last_number(lab), lab_cpu(lab)
        cost = measured(command, cwd=project.folder, env=project.environment())
        lab_seconds = lab_cpu(lab) - lab_before
        trace = lab.trace(since)
        plan = json.loads(path.read_text(encoding="utf-8"))
        hosts = len(lab.info["hosts"])
    requests = counted(trace)
    return {
        "benchmark": "plan",
        "hosts": hosts,
        "wall": round(cost.wall, 2),
        "cpu": round(cost.cpu, 2),
        "lab_cpu": round(lab_seconds, 2),
        "requests": sum(requests.values()),
        **{f"requests_{kind}": number for kind, number in sorted(requests.items())},
        "tasks": cost.output.count("\nTASK ["),
        "effects": effects(trace),
        "document_bytes": len(json.dumps(plan)),
        **{key: plan["coverage"][key] for key in ("changes", "probed", "predicted", "unknown")},
        "machine": machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("lab", "project"):
            (pathlib.Path(folder) / name).mkdir()
        print(json.dumps(benchmark(pathlib.Path(folder)), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
