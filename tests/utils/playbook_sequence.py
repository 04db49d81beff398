# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs tests/playbooks/sequence.txt on a lab of its own, by the ansible-playbook of a given environment or by ansible-runner, as AWX does.

Usage: playbook_sequence.py --bin FOLDER --lab FOLDER [--runner]
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEQUENCE = ROOT / "tests" / "playbooks" / "sequence.txt"


class Sequence:
    def __init__(self, tools: pathlib.Path, lab: pathlib.Path, by_runner: bool) -> None:
        self.tools = tools.absolute()
        self.lab = lab.absolute()
        self.by_runner = by_runner
        self.environment = {
            **os.environ,
            "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.lab / "project" / "vault-password"),
        }

    def project(self, do: str) -> None:
        subprocess.run([sys.executable, str(ROOT / "tests" / "utils" / "lab_project.py"), do, str(self.lab)], check=True, env=self.environment)

    def lab_command(self, *arguments: str) -> None:
        subprocess.run([sys.executable, str(ROOT / "tests" / "lab" / "lab.py"), *arguments, "--dir", str(self.lab / "lab")], check=True)

    def play(self, playbook: str, *arguments: str) -> None:
        inventory = str(self.lab / "project" / "inventory")
        if self.by_runner:
            self.play_by_runner(playbook, inventory, arguments)
            return
        command = [str(self.tools / "ansible-playbook"), "--inventory", inventory, playbook, *arguments]
        subprocess.run(command, check=True, env=self.environment, cwd=self.lab)

    def play_by_runner(self, playbook: str, inventory: str, arguments: tuple[str, ...]) -> None:
        """What AWX would show: a status, statistics for each host, events. Reads the events back and looks for passwords of the lab in them."""
        private = self.lab / "runner"
        command = [str(self.tools / "ansible-runner"), "run", str(private), "--playbook", playbook, "--inventory", inventory, "--ident", "sequence"]
        (private / "project").mkdir(parents=True)
        try:
            subprocess.run([*command, "--cmdline", shlex.join(arguments)], check=True, env=self.environment)
            artifacts = private / "artifacts" / "sequence"
            events = [path.read_text(encoding="utf-8") for path in (artifacts / "job_events").glob("*.json")]
            ended = [event["event_data"] for event in map(json.loads, events) if event["event"] == "playbook_on_stats"]
            outcome = ended[0].get("artifact_data", {}).get("failover_outcome") if ended else None
            if playbook.endswith(".failover") and outcome != "failed_over":
                raise SystemExit(f"a job of ansible-runner's would show the outcome {outcome!r} of {playbook}")
            if not ended or (artifacts / "status").read_text(encoding="utf-8") != "successful":
                raise SystemExit(f"ansible-runner did not see {playbook} succeed")
            hosts = json.loads((self.lab / "lab" / "lab.json").read_text(encoding="utf-8"))["hosts"]
            secrets = {host["password"] for host in hosts.values() if host.get("password")}
            if any(secret in event for secret in secrets for event in events):
                raise SystemExit(f"a password of the lab stands in the events that ansible-runner stored of {playbook}")
        finally:
            shutil.rmtree(private)

    def run(self, lines: list[str]) -> None:
        try:
            self.project("start")
            for line in lines:
                kind, *words = shlex.split(line.replace("{lab}", str(self.lab)))
                started = time.monotonic()
                print(f"== {line}", flush=True)
                if kind == "lab":
                    self.lab_command(*words)
                elif kind == "play":
                    self.play(*words)
                else:
                    raise SystemExit(f"{SEQUENCE.relative_to(ROOT)}: a line begins with lab or play, not with {kind}")
                print(f"== {time.monotonic() - started:.1f} s", flush=True)
            # Whatever the sequence ends with, it ends at peace.
            if not self.by_runner:
                self.project("unchanged")
        finally:
            self.project("stop")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, type=pathlib.Path, help="the folder of ansible-playbook or ansible-runner")
    parser.add_argument("--lab", required=True, type=pathlib.Path, help="the lab's folder")
    parser.add_argument("--runner", action="store_true", help="by ansible-runner, and only up to the failover")
    options = parser.parse_args()
    lines = [line for line in SEQUENCE.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    if options.runner:
        last = next((number for number, line in enumerate(lines) if line.split()[:2] == ["play", "continuity.identity_failover.failover"]), -1)
        lines = lines[: last + 1]
    if not lines:
        if any((ROOT / "playbooks").glob("*.yml")):
            raise SystemExit(f"there are playbooks, but {SEQUENCE.relative_to(ROOT)} names none of them")
        print("The collection has no playbook: there is nothing to run.")
        return
    if options.lab.exists():
        shutil.rmtree(options.lab)
    Sequence(options.bin, options.lab, options.runner).run(lines)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        raise SystemExit(f"{shlex.join(failure.cmd)} ended with {failure.returncode}") from None
