# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One whole failover of the lab's default identity through ansible-playbook on the example project: what it costs, and where.

Prints one JSON object. Kinds of time that are told apart:

* injected: what the lab waits on purpose. Service starts, duplicate address detection, mounting and the second name server's lag are pairs of
  records in the lab's trace. A dead host's connect time-outs: /proc/net/tcp is read every 20 ms, and what counts is the time during which a
  connection to a host without power was being made and nothing else went on (the lab recorded nothing for 0.1 s). Overlapping times count once.
* deliberate: seconds for which app_services watches the services that it started, all together (its option settle). Subtracted from nothing.
* steps: from the journal. A step lasts from the end of the one before it (its store call included) to its own end.
* requests: WS-Management requests in the lab's trace within that time.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import itertools
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import parse
from ansible_collections.continuity.identity_failover.plugins.module_utils._module.app_services import app_services_spec
from ansible_collections.continuity.identity_failover.tests.bench.measure import Cost, aim, lab_cpu, last_number, machine, measured
from ansible_collections.continuity.identity_failover.tests.demo.project import BIN, Project
from ansible_collections.continuity.identity_failover.tests.lab.powershell.engine import find_engine
from ansible_collections.continuity.identity_failover.tests.lab.testing import Lab

Record = t.Mapping[str, t.Any]
Span = tuple[float, float]

#: What begins and ends a wait of the lab's, and the keys that say which one.
WAITS = {
    "services": ("service_starting", "service_started", ("host", "service")),
    "duplicate_detection": ("address_added", "address_preferred", ("host", "address")),
    "databases": ("database_mounting", "database_mounted", ("host", "database")),
}
#: Signs the updates that are waited for.
KEY = "failover-key."
#: A gap in the trace that is longer is nobody's work, as long as a connection to a dead host hangs.
QUIET = 0.1


class DeadConnects:
    """Watches, from a thread, when connections to addresses without power are being made."""

    def __init__(self, addresses: t.Iterable[str]) -> None:
        self._wanted = {"".join(f"{int(part):02X}" for part in reversed(address.split("."))) for address in addresses}
        # The lab fills a dead host's queue with connections of its own: those were there before.
        self._known = {local for local, _moment in self._connecting()}
        self._seen: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> DeadConnects:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._seen += [moment for local, moment in self._connecting() if local not in self._known][:1]

    def _connecting(self) -> t.Iterator[tuple[str, float]]:
        for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "02" and fields[2].partition(":")[0] in self._wanted:  # 02: SYN_SENT
                yield fields[1], time.time()

    def spans(self) -> list[Span]:
        found: list[Span] = []
        for moment in self._seen:
            if found and moment - found[-1][1] < 0.2:
                found[-1] = (found[-1][0], moment)
            else:
                found.append((moment, moment))
        return found


def united(spans: t.Iterable[Span]) -> list[Span]:
    """Overlapping spans as one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def length(spans: t.Iterable[Span]) -> float:
    return round(sum(end - begin for begin, end in united(spans)), 2)


def quiet_parts(spans: t.Iterable[Span], trace: t.Sequence[Record]) -> list[Span]:
    """The parts of the spans in which the lab recorded nothing for a while."""
    found = []
    for begin, end in spans:
        moments = [begin, *(record["time"] for record in trace if begin < record["time"] < end), end]
        found += [(a, b) for a, b in itertools.pairwise(moments) if b - a > QUIET]
    return found


def lab_waits(trace: t.Sequence[Record]) -> dict[str, list[Span]]:
    """Every wait of the lab's model, from its pairs of records."""
    found: dict[str, list[Span]] = {}
    for name, (begins, ends, keys) in WAITS.items():
        open_since: dict[tuple[t.Any, ...], float] = {}
        spans = found.setdefault(name, [])
        for record in trace:
            which = tuple(record.get(key) for key in keys)
            if record.get("effect") == begins:
                open_since[which] = record["time"]
            elif record.get("effect") == ends and which in open_since:
                spans.append((open_since.pop(which), record["time"]))
    updates: dict[str, float] = {}  # by zone; nobody waits for what Windows registers by itself
    found["dns_lag"] = []
    for record in trace:
        if record.get("opcode") == "UPDATE" and record.get("updates") and record.get("key") == KEY:
            updates[str(record["question"]).rstrip(".")] = record["time"]
        elif (zone := str(record.get("transfer", "")).rstrip(".")) in updates:
            found["dns_lag"].append((updates[zone], record["time"]))
    return found


def settled(trace: t.Sequence[Record], target: str) -> float:
    """How long the services that the target started were watched after the last of them."""
    started = any(record.get("effect") == "service_started" and record["host"] == target for record in trace)
    return float(app_services_spec().argument_spec["settle"]["default"]) if started else 0.0


def seconds_of(stamp: str) -> float:
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def parts_of(events: t.Sequence[Record], trace: t.Sequence[Record], begun: float, ended: float, store_host: str) -> dict[str, Span]:
    """The run in parts, end to end. A step ends when the store call that records its outcome has ended."""
    ends = [record["time"] for record in trace if record.get("action") == "Delete" and record.get("resource") == "shell" and record["host"] == store_host]

    def end_of(event: Record) -> float:
        at = seconds_of(event["at"])
        return min((end for end in ends if end >= at), default=at)

    marks: list[tuple[str, float]] = []
    for event in events:
        if event["kind"] == "run_opened":
            marks.append(("preflight and open", end_of(event)))
        elif event["kind"] == "step_outcome":
            marks.append((str(event["step"]), end_of(event)))
        elif event["kind"] == "run_closed":
            marks.append(("proof and close", end_of(event)))
    marks.append(("end of the playbook", ended))
    parts, before = {}, begun
    for name, end in marks:
        parts[name] = (before, end)
        before = end
    return parts


def counted(trace: t.Sequence[Record], span: Span) -> dict[str, int]:
    """WS-Management requests: those of the remote shell (scripts, programs), and those of CIM."""
    found: collections.Counter[str] = collections.Counter()
    for record in trace:
        if record["kind"] == "wsman" and span[0] < record["time"] <= span[1]:
            found["shell" if record.get("resource") == "shell" else "cim"] += 1
    return dict(found)


def prepared(lab: Lab, project: Project) -> None:
    """As an outage goes: armed in peace, the source dies, the countdown ends, people decide."""
    project.run("arm")
    lab.kill("exch1")
    project.run("monitor", failover_monitor_duration=60)
    project.run("ack", failover_decision="proceed", failover_reason="the benchmark took its power away", failover_by="benchmark")


def benchmark(folder: pathlib.Path, lag: float) -> dict[str, t.Any]:
    with Lab.start(folder / "lab", lag=lag, engine=find_engine()) as lab:
        project = Project(folder / "project", folder / "lab", lab.info)
        prepared(lab, project)
        source = lab.info["hosts"]["exch1"]
        since, lab_before = last_number(lab), lab_cpu(lab)
        command: list[str | os.PathLike[str]] = [BIN / "ansible-playbook", "failover.yml", "-e", json.dumps({"failover_identity": "mail"})]
        begun = time.time()
        with DeadConnects([source["management"]["address"], *source["addresses"]]) as dead:
            cost = measured(command, cwd=project.folder, env=project.environment())
        trace = lab.trace(since)
        lab_seconds = lab_cpu(lab) - lab_before
        answers = {client: t.cast("dict[str, t.Any]", lab.ask(client, "mail.example.com"))["answered_by"] for client in ("ws001", "ws002")}
        events = [vars(parse(line)) for line in (project.folder / "mirror" / "mail.mirror").read_text(encoding="utf-8").splitlines()]
    if set(answers.values()) != {"EXCH2"}:
        raise RuntimeError(f"the failover did not work: {answers}")
    events = [event for event in events if seconds_of(event["at"]) >= begun]
    return figures(cost, begun, trace, events, dead.spans(), lab_seconds, len(lab.info["hosts"]))


def figures(
    cost: Cost, begun: float, trace: t.Sequence[Record], events: t.Sequence[Record], dead: list[Span], lab_seconds: float, hosts: int
) -> dict[str, t.Any]:
    waits = {**lab_waits(trace), "dead_host": quiet_parts(dead, trace)}
    everything = [span for spans in waits.values() for span in spans]
    injected = length(everything)
    parts = parts_of(events, trace, begun, begun + cost.wall, "exch2")
    active = {
        str(event["step"]): round(seconds_of(event["at"]) - seconds_of(event["data"]["begun_at"]), 2) for event in events if event["kind"] == "step_outcome"
    }
    steps = []
    for name, (begin, end) in parts.items():
        inside = length((max(a, begin), min(b, end)) for a, b in everything if a < end and b > begin)
        requests = counted(trace, (begin, end))
        steps.append(
            {
                "step": name,
                "wall": round(end - begin, 2),
                "share": round((end - begin) / cost.wall, 3),
                "injected": inside,
                "in_module": active.get(name),
                "requests": sum(requests.values()),
                **{f"requests_{kind}": number for kind, number in sorted(requests.items())},
            }
        )
    return {
        "benchmark": "failover",
        "hosts": hosts,
        "wall": round(cost.wall, 2),
        "injected": {"all": injected, **{name: length(spans) for name, spans in waits.items()}},
        "deliberate": {"settle": settled(trace, "exch2")},
        "wall_beyond_injected": round(cost.wall - injected, 2),
        "aims": [aim("seconds of wall time beyond the injected waiting", round(cost.wall - injected, 2), at_most=15.0)],
        "cpu": round(cost.cpu, 2),
        "lab_cpu": round(lab_seconds, 2),
        "requests": sum(step["requests"] for step in steps),
        "tasks": cost.output.count("\nTASK ["),
        "steps": steps,
        "machine": machine(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lag", type=float, default=1.0, help="seconds that the second name server is behind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("lab", "project"):
            (pathlib.Path(folder) / name).mkdir()
        print(json.dumps(benchmark(pathlib.Path(folder), options.lag), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
