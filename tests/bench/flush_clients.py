# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thousand clients, and five thousand, flushed by one task, against ansible.builtin.raw with 'ipconfig /flushdns' on twenty of them, in the same lab.

Prints one JSON object. Each client is cleared once its name server has the expected value, and read back, in one session; every answer of a client comes
20 ms late. CPU is the controller's side: the whole process tree of ansible-playbook, less that of the same playbook with a task that does nothing. So
the start of Ansible and the reading of the inventory are in neither figure; the one call of the module, with its start, is. Memory is the most that
the process tree held at once, with all that Ansible has in it. The lab is a process of its own and in no figure but ``lab_cpu``; ``lab_busy`` is
the share of one core that it used meanwhile: near 1 the lab, which has one thread, was what everybody waited for.

Reached are the clients whose cache the lab saw cleared; requests are WS-Management requests in the lab's trace. ansible.windows.win_command is not
compared: it sends more than raw does, and the lab's PowerShell engine does not run Ansible's own wrapper.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import tempfile
import time
import typing as t

import yaml

from ansible_collections.continuity.identity_failover.tests.bench.measure import BIN, aim, environment, lab_cpu, last_number, machine, measured
from ansible_collections.continuity.identity_failover.tests.lab.powershell.engine import find_engine
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

NAME = "mail.example.com"
SIZES = (1000, 5000)


def write_project(folder: pathlib.Path, lab: Lab, few: t.Sequence[str]) -> None:
    inventory = yaml.load((lab.dir / "inventory.yml").read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    addresses = {server["name"]: server["address"] for server in lab.info["dns"]["servers"]}
    for name, variables in inventory["all"]["children"]["windows"]["hosts"].items():
        if name in lab.info["clients_dns"]:
            variables["failover_resolver"] = addresses[lab.info["clients_dns"][name][0]]
    (folder / "hosts.yml").write_text(json.dumps(inventory), encoding="utf-8")  # JSON is YAML
    # What thousands of hosts take to be read would drown what raw takes for twenty.
    for group in inventory["all"]["children"].values():
        group["hosts"] = {name: variables for name, variables in group["hosts"].items() if name in few}
    (folder / "few.yml").write_text(json.dumps(inventory), encoding="utf-8")
    (folder / "ansible.cfg").write_text("[defaults]\nforks = 20\n", encoding="ascii")
    expect = [{"name": NAME, "values": lab.control("dns_record", {"server": "dns1", "name": NAME, "type": "A"})["values"]}]
    options = {"clients": ["workstations", "drill_clients"], "workers": 50, "expect": expect, "dns_port": lab.info["dns"]["servers"][0]["port"]}
    nothing = {"name": "Nothing", "ansible.builtin.meta": "noop"}
    flush = {"name": "Flush all", "continuity.identity_failover.flush_dns_clients": options}
    raw = {"name": "Flush some", "ansible.builtin.raw": "ipconfig /flushdns"}
    plays = {
        "module": ("localhost", flush), "module-nothing": ("localhost", nothing),
        "raw": (",".join(few), raw), "raw-nothing": (",".join(few), nothing),
    }  # fmt: skip
    for name, (hosts, task) in plays.items():
        play = {"name": "Measure", "hosts": hosts, "gather_facts": False, "tasks": [task]}
        (folder / f"{name}.yml").write_text(json.dumps([play]), encoding="utf-8")


def flushed(folder: pathlib.Path, lab: Lab, name: str, env: t.Mapping[str, str], clients: int) -> dict[str, t.Any]:
    """One way: its cost for each client, and what the lab saw."""
    command: list[str] = [str(BIN / "ansible-playbook"), "--inventory", "hosts.yml" if name == "module" else "few.yml"]
    idle = measured([*command, f"{name}-nothing.yml"], cwd=folder, env=env, memory=True)
    since, lab_before, begun = last_number(lab), lab_cpu(lab), time.time()
    cost = measured([*command, f"{name}.yml"], cwd=folder, env=env, memory=True)
    lab_seconds = lab_cpu(lab) - lab_before
    trace = lab.trace(since)
    cleared = {str(record["host"]): float(record["time"]) for record in trace if record.get("effect") == "cache_cleared"}
    requests = [record for record in trace if record["kind"] == "wsman"]
    first = min((record["time"] for record in requests), default=begun)
    last = max((record["time"] for record in requests), default=begun)
    return {
        "clients": clients,
        "reached": len(cleared),
        "cpu_per_client": round((cost.cpu - idle.cpu) / clients, 5),
        "cpu": round(cost.cpu, 2),
        "cpu_of_nothing": round(idle.cpu, 2),
        "wall": round(cost.wall, 2),
        "wall_of_nothing": round(idle.wall, 2),
        "from_first_to_last_request": round(last - first, 2),
        "requests_per_client": round(len(requests) / clients, 2),
        "memory": cost.memory,
        "memory_of_nothing": idle.memory,
        "lab_cpu": round(lab_seconds, 2),
        "lab_busy": round(lab_seconds / max(0.1, last - first), 2),
    }


def of_size(folder: pathlib.Path, clients: int, raw: int, latency: int) -> dict[str, t.Any]:
    """So many clients, in a lab of their own."""
    folder.mkdir()
    (folder / "lab").mkdir()
    env = environment(folder / "ansible.cfg")
    with Lab.start(folder / "lab", clients=clients, engine=find_engine()) as lab:
        names = list(lab.info["clients"])
        for name in names:
            lab.fault(name, "slow", ms=latency)
        write_project(folder, lab, names[:: max(1, len(names) // raw)][:raw])
        module = flushed(folder, lab, "module", env, len(names))
        by_raw = flushed(folder, lab, "raw", env, raw)
    times = round(by_raw["cpu_per_client"] / module["cpu_per_client"], 1)
    aims = [aim(f"times less CPU a client than raw, {clients} clients", times, at_least=100.0)]
    if clients == 5000:
        aims.append(aim("seconds of wall time, 5000 clients", module["wall"], at_most=60.0))
        aims.append(aim("MB of memory in all processes of Ansible, 5000 clients", module["memory"], at_most=300.0))
    return {"module": module, "raw": by_raw, "times_less_cpu": times, "aims": aims, "load": machine()["load"]}


def benchmark(folder: pathlib.Path, sizes: t.Sequence[int], raw: int, latency: int) -> dict[str, t.Any]:
    costs = {str(clients): of_size(folder / str(clients), clients, raw, latency) for clients in sizes}
    aims = [one for cost in costs.values() for one in cost.pop("aims")]
    return {"benchmark": "flush_clients", "latency_ms": latency, "clients": costs, "aims": aims, "machine": machine()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=list(SIZES), help="how many, one lab after the other")
    parser.add_argument("--raw", type=int, default=20, help="clients that are flushed with raw")
    parser.add_argument("--latency", type=int, default=20, help="milliseconds by which every answer of a client is late")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(benchmark(pathlib.Path(folder), options.clients, options.raw, options.latency), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
