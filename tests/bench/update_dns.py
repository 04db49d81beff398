# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to change 1, 100, 1,000 and 5,000 A records on a real BIND with a secondary: one update_dns task, a loop of
community.general.nsupdate, and the nsupdate tool. Beside them a task that only takes the same list: what Ansible's own templating and check of
arguments cost, by ansible.builtin.validate_argument_spec with update_dns's own spec of the list.

Prints one JSON object. All sides change the same records of the same zone of the same two servers, in turns, each to values of its own,
so that every record changes every time; after each turn the secondary is asked for all of them. CPU is of the client's processes. Only
update_dns compares before it writes and reads back from both servers. The loop is run in full, in turns with the others up to --loop records, and
once where it has more to do; only where that would take more than --longest seconds it is scaled by the cost of one more record, and marked so.
Needs the private network of tests/utils/real_servers.sh --command; with --fetch, outside of
it, community.general is fetched first.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

import dns.message
import dns.query

from ansible_collections.continuity.identity_failover.plugins.modules.update_dns import arguments
from ansible_collections.continuity.identity_failover.tests.bench.measure import BIN, Cost, aim, environment, machine, measured
from ansible_collections.continuity.identity_failover.tests.real_servers.servers import PORT, SECRETS, ZONE, RealServer, bind, key, program

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: The package that has community.general, which is not on its own in the package index.
ANSIBLE = "ansible==14.5.0"
SIZES = (1, 100, 1000, 5000)
SIDES = ("update_dns", "same_list", "tool", "loop")


def name(number: int) -> str:
    return f"host{number:04d}.{ZONE}."


def address(turn: int, number: int) -> str:
    return f"10.{turn}.{number // 250}.{number % 250 + 1}"


def entries(values: t.Sequence[str]) -> list[dict[str, t.Any]]:
    return [{"name": name(number), "type": "A", "values": [value], "ttl": 300} for number, value in enumerate(values)]


def fetch(cache: pathlib.Path) -> None:
    """community.general into ``cache``, once."""
    if not (cache / "ansible_collections" / "community" / "general").is_dir():
        subprocess.run([BIN / "uv", "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", cache, ANSIBLE], check=True)


class Bench:
    def __init__(self, folder: pathlib.Path, server: RealServer, collections: pathlib.Path) -> None:
        self.folder = folder
        self.server = server
        (folder / "ansible.cfg").write_text("[connection]\npipelining = true\n", encoding="ascii")
        # A file: "localhost," in the settings means two paths, the second of them this folder with all that lies in it.
        (folder / "hosts").write_text("localhost ansible_connection=local ansible_python_interpreter={{ ansible_playbook_python }}\n", encoding="ascii")
        own = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")
        paths = os.pathsep.join(filter(None, (own, str(collections))))
        self.environment = environment(folder / "ansible.cfg", ANSIBLE_COLLECTIONS_PATH=paths)
        self.turn = 0
        (folder / "key").write_text(f'key "{key().name}" {{ algorithm hmac-sha256; secret "{SECRETS["hmac-sha256"]}"; }};\n', encoding="ascii")

    def next_turn(self, count: int) -> list[str]:
        self.turn += 1
        return [address(self.turn, number) for number in range(count)]

    def play(self, task: dict[str, t.Any]) -> Cost:
        path = self.folder / "play.yml"
        path.write_text(json.dumps([{"name": "Measure", "hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Change", **task}]}]), encoding="utf-8")
        return measured([BIN / "ansible-playbook", "--inventory", self.folder / "hosts", path], cwd=self.folder, env=self.environment)

    def same_list(self, values: list[str]) -> Cost:
        """The list is templated and checked, and nothing is done with it."""
        spec = {"records": arguments().argument_spec["records"]}
        return self.play({"ansible.builtin.validate_argument_spec": {"argument_spec": spec, "provided_arguments": {"records": entries(values)}}})

    def update_dns(self, values: list[str]) -> Cost:
        servers = [{"address": endpoint.address, "port": endpoint.port} for endpoint in self.endpoints()]
        options = {
            "records": entries(values),
            "servers": servers[:1],
            "verify_servers": servers[1:],
            "require": "all",
            "details": "counts",
            **self.server.signed,
        }
        return self.play({"continuity.identity_failover.update_dns": options})

    def loop(self, values: list[str]) -> Cost:
        options = {
            "server": self.server.endpoint.address,
            "port": PORT,
            "protocol": "tcp",
            "zone": ZONE,
            "record": "{{ item.name }}",
            "value": "{{ item.value }}",
        }
        signed = {"key_name": key().name, "key_secret": SECRETS["hmac-sha256"], "key_algorithm": "hmac-sha256"}
        items = [{"name": name(number).removesuffix(f".{ZONE}."), "value": value} for number, value in enumerate(values)]
        return self.play({"community.general.nsupdate": {**options, **signed}, "loop": items})

    def tool(self, values: list[str]) -> Cost:
        lines = [f"server {self.server.endpoint.address} {PORT}", f"zone {ZONE}."]
        for number, value in enumerate(values):
            lines += [f"del {name(number)} A", f"add {name(number)} 300 A {value}"]
            lines += ["send"] if number % 1000 == 999 or number == len(values) - 1 else []
        (self.folder / "updates").write_text("\n".join(lines) + "\n", encoding="ascii")
        return measured([program("nsupdate"), "-v", "-k", self.folder / "key", self.folder / "updates"], cwd=self.folder, env=self.environment)

    def endpoints(self) -> list[t.Any]:
        return [endpoint for endpoint in (self.server.endpoint, self.server.secondary) if endpoint]

    def check(self, values: list[str]) -> None:
        """Every record, on the secondary. RuntimeError where one is not as it was written."""
        secondary = self.endpoints()[-1]
        end = time.monotonic() + 60
        for number, value in enumerate(values):
            while value not in (there := _ask(secondary, name(number))):
                if time.monotonic() > end:
                    raise RuntimeError(f"{name(number)} is {there} on the secondary and was to be {value}")
                # No event to wait for: a secondary tells nobody when a transfer has arrived.
                time.sleep(0.05)

    def measure(self, side: str, count: int) -> dict[str, t.Any]:
        values = self.next_turn(count)
        cost: Cost = getattr(self, side)(values)
        if side != "same_list":
            self.check(values)
        print(f"{side} {count}: {cost.wall:.2f} s wall, {cost.cpu:.2f} s CPU", file=sys.stderr, flush=True)
        return {"wall": round(cost.wall, 2), "cpu": round(cost.cpu, 3)}


def _ask(endpoint: t.Any, owner: str) -> list[str]:
    answer = dns.query.udp(dns.message.make_query(owner, "A"), endpoint.address, port=endpoint.port, timeout=5)
    return [rdata.to_text() for rrset in answer.answer for rdata in rrset]


def scaled(costs: t.Mapping[str, dict[str, t.Any]], count: int) -> dict[str, t.Any]:
    """The loop's cost for ``count`` records, from one record and from the most that were measured: what one task costs, and one more record
    ``count - 1`` times."""
    few, most = costs["1"], max(int(size) for size in costs if "scaled_from" not in costs[size])
    found = {what: round(few[what] + (costs[str(most)][what] - few[what]) / (most - 1) * (count - 1), 1) for what in ("wall", "cpu")}
    return {**found, "scaled_from": most}


def summary(costs: t.Sequence[dict[str, t.Any]]) -> dict[str, t.Any]:
    """The medians, and from where to where CPU went."""
    cpu = [cost["cpu"] for cost in costs]
    return {
        "wall": statistics.median(cost["wall"] for cost in costs),
        "cpu": statistics.median(cpu),
        "cpu_from": min(cpu),
        "cpu_to": max(cpu),
        "times": len(cpu),
    }


def rounds(bench: Bench, sizes: t.Sequence[int], loop: int, repeats: int) -> dict[str, dict[str, dict[str, t.Any]]]:
    """Side -> how many records -> cost. In turns, so that other work on the machine meets all of them alike."""
    turns = [(side, count) for side in SIDES for count in sizes if side != "loop" or count <= loop]
    taken: dict[tuple[str, int], list[dict[str, t.Any]]] = {}
    for _repeat in range(repeats):
        for side, count in turns:
            taken.setdefault((side, count), []).append(bench.measure(side, count))
    return {side: {str(count): summary(taken[side, count]) for count in sizes if (side, count) in taken} for side in SIDES}


def long_loops(bench: Bench, sizes: t.Sequence[int], costs: dict[str, dict[str, t.Any]], longest: float) -> None:
    """Adds to the ``costs`` of the loop what was left out of the rounds: run once, or scaled where it would take longer than ``longest`` seconds."""
    for count in sorted(size for size in sizes if str(size) not in costs):
        expected = scaled(costs, count)
        costs[str(count)] = expected if expected["wall"] > longest else summary([bench.measure("loop", count)])


def benchmark(bench: Bench, sizes: t.Sequence[int], loop: int, longest: float, repeats: int) -> dict[str, t.Any]:
    bench.tool(bench.next_turn(max(sizes)))  # the records are there before anything is measured
    bench.update_dns(bench.next_turn(1))  # and so is Ansible's bytecode
    costs = rounds(bench, sizes, loop, repeats)
    long_loops(bench, sizes, costs["loop"], longest)
    ours, theirs = costs["update_dns"], costs["loop"]

    def beyond(side: str) -> dict[str, float]:
        return {str(count): round(costs[side][str(count)]["cpu"] - costs[side]["1"]["cpu"], 3) for count in sizes}

    times = {str(count): {what: round(theirs[str(count)][what] / ours[str(count)][what], 1) for what in ("wall", "cpu")} for count in sizes}
    aims = [
        aim("times less CPU than the loop, 1000 records", times["1000"]["cpu"], at_least=250.0),
        aim("seconds of CPU beyond one record, 1000 records", beyond("update_dns")["1000"], at_most=1.0),
    ]
    return {
        "benchmark": "update_dns",
        "servers": "BIND with a secondary",
        "changed_records": list(sizes),
        "costs": costs,
        "loop_to_update_dns": times,
        "cpu_beyond_one_record": beyond("update_dns"),
        # Of it, what Ansible takes for the list itself, before any module has it.
        "cpu_beyond_one_record_of_the_same_list_and_nothing_done": beyond("same_list"),
        "repeats": repeats,
        "aims": aims,
        "machine": {**machine(), "simulated": "no: real BIND, without Windows"},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="how many records; 1, 1000, and one more up to --loop are among them")
    parser.add_argument("--loop", type=int, default=100, help="up to how many records the loop is run in each round")
    parser.add_argument("--longest", type=float, default=600.0, help="seconds that a loop of more records may take to be run")
    parser.add_argument("--repeats", type=int, default=3, help="how often each is measured; the medians are shown")
    parser.add_argument("--collections", type=pathlib.Path, default=ROOT / ".cache" / "community", help="where community.general is")
    parser.add_argument("--fetch", action="store_true", help="only fetch community.general")
    options = parser.parse_args()
    if options.fetch:
        fetch(options.collections)
        return 0
    if not {1, 1000} <= set(options.sizes) or not any(1 < size <= options.loop for size in options.sizes):
        parser.error("--sizes needs 1, 1000, and one more that is not above --loop")
    with tempfile.TemporaryDirectory() as folder, bind(pathlib.Path(folder) / "bind") as server:
        bench = Bench(pathlib.Path(folder), server, options.collections)
        print(json.dumps(benchmark(bench, options.sizes, options.loop, options.longest, options.repeats), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
