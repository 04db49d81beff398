# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make demo: a whole failover and failback on the lab, with its proof. Exit code 0 only if all of it held."""

from __future__ import annotations

import argparse
import importlib.util
import json
import pathlib
import subprocess
import sys
import textwrap
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
if importlib.util.find_spec("ansible_collections.continuity") is None:
    sys.exit("The collection is not linked into this Python: run 'make demo', which sets everything up.")

from ansible_collections.continuity.identity_failover.tests.demo.project import PlaybookFailed, Project  # noqa: E402  (needs the check above)
from ansible_collections.continuity.identity_failover.tests.demo.traces import left_behind, snapshot  # noqa: E402  (needs the check above)

LAB = [sys.executable, str(ROOT / "tests" / "lab" / "lab.py")]


class NotProven(Exception):
    """Something that the demo promises did not hold."""


class Demo:
    def __init__(self, folder: pathlib.Path, options: argparse.Namespace) -> None:
        self.folder, self.options = folder, options
        self.lab_folder = folder / "lab"
        self.begun = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def lab(self, *arguments: str) -> str:
        done = subprocess.run([*LAB, *arguments, "--dir", str(self.lab_folder)], capture_output=True, text=True, timeout=90, check=False)
        if done.returncode:
            raise NotProven(f"lab {' '.join(arguments)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def arrives_at(self, server: str, name: str = "mail.example.com") -> None:
        for client in ("ws001", "ws002", "ws003"):
            answer = json.loads(self.lab("ask", client, name))
            if answer.get("answered_by") != server:
                raise NotProven(f"{client} asked for {name} and reached {answer.get('answered_by') or 'nobody'} ({json.dumps(answer)}), not {server}")
        self.say(f"proof    clients that ask for {name} reach {server}")

    def play(self, playbook: str, what: str, **more: t.Any) -> str:
        output = self.project.run(playbook, **more)
        self.say(f"{playbook:8} {what}")
        return output

    def run(self) -> None:
        options = self.options
        self.lab("start", "--seed", str(options.seed), "--drop", str(options.drop), "--lag", str(options.lag), "--idle-minutes", "10")
        info = json.loads((self.lab_folder / "lab.json").read_text(encoding="utf-8"))
        self.project = Project(self.folder / "project", self.lab_folder, info)
        self.say(f"lab      {len(info['hosts'])} simulated Windows hosts, {len(info['dns']['servers'])} name servers (one {options.lag:g} s behind)")
        before = snapshot(json.loads(self.lab("state")))
        self.play("arm", "baseline taken: mail is protected")
        self.arrives_at("EXCH1")
        self.lab("kill", "exch1")
        self.say("outage   exch1 has no power")
        self.play("monitor", "counted down to zero: manual intervention is pending", failover_monitor_duration=60)
        self.project.run("failover", label="failover-unapproved", expect=2)
        self.say("failover waits: nobody has decided yet")
        plan = self.folder / "project" / "mail-plan.json"
        self.plan(self.play("plan", f"every step looked and changed nothing; also as commands to type: {plan.with_suffix('.md')}", failover_plan=str(plan)))
        self.play("ack", "the duty officer decides to proceed", failover_decision="proceed", failover_reason="exch1 has no power", failover_by="duty officer")
        self.play("failover", "as planned: every step done, read back, journalled", failover_plan=str(plan))
        self.arrives_at("EXCH2")
        self.play("failover", "a second time: nothing to do", label="failover-again")
        self.play("failback", "identity given back; exch1 powered on, armed again", failover_data_restored="the demo writes nothing in between")
        self.arrives_at("EXCH1")
        left = left_behind(before, snapshot(json.loads(self.lab("state"))))
        if left:
            raise NotProven("something was left behind: " + "; ".join(left))
        self.say("proof    nothing is left behind on the servers, in DNS and in the directory")
        report = pathlib.Path(options.report).resolve()
        report.parent.mkdir(parents=True, exist_ok=True)
        self.play("report", f"written to {report}", failover_report_path=str(report))
        self.timeline()

    @staticmethod
    def plan(output: str) -> None:
        """The table that the playbook printed, as a person saw it."""
        shown = output.partition("TASK [continuity.identity_failover.plan : Show it]")[2].partition("\nTASK [")[0]
        lines = textwrap.dedent("\n".join(shown.splitlines()[3:])).strip("\n")
        print("\n" + textwrap.indent(lines, "    ") + "\n", flush=True)

    def timeline(self) -> None:
        print("\nTimeline of the journal")
        for line in (self.folder / "project" / "mirror" / "mail.mirror").read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            print(f"  {event['seq']:3}  {event['at'][11:23]}  {event['kind']:18} {event['step']:18} {event['by']}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, default=ROOT / ".cache" / "demo", help="where the lab and the project live")
    parser.add_argument("--report", default=str(ROOT / "build" / "demo" / "report.html"), help="where the HTML report goes")
    parser.add_argument("--seed", type=int, default=1, help="of the lab's randomness")
    parser.add_argument("--drop", type=float, default=0.0, help="percent of requests that the lab drops")
    parser.add_argument("--lag", type=float, default=1.0, help="seconds that the second name server is behind")
    parser.add_argument("--keep", action="store_true", help="leave the lab running")
    options = parser.parse_args()
    demo = Demo(options.dir, options)
    try:
        demo.run()
    except PlaybookFailed as error:
        print(
            f"\nThe demo failed at the playbook {error.playbook}.\n  step: {error.task}\n  host: {error.host}\n  why:  {error.message}\n"
            f"  what to do: read {error.log}, and the lab's trace in {demo.lab_folder}",
            file=sys.stderr,
        )
        return 1
    except NotProven as error:
        print(f"\nThe demo did not prove what it promises: {error}\n  what to do: read the logs in {options.dir / 'project' / 'logs'}", file=sys.stderr)
        return 1
    finally:
        if not options.keep:
            subprocess.run([*LAB, "stop", "--dir", str(demo.lab_folder)], capture_output=True, timeout=60, check=False)
    print(f"\nAll of it held, in {time.monotonic() - demo.begun:.0f} s. Simulated: no real Windows was involved.\nReport: {options.report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
