# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make chaos: every death, part by part, a line for each as it ends, its JSON in build/chaos/. Ends with 1 where one ended otherwise than without it.

Run again, it goes on with the parts that are not there yet; on a changed tree it begins anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import pathlib
import resource
import subprocess
import sys
import time
import typing as t

from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import STORIES
from ansible_collections.continuity.identity_failover.tests.chaos.outages import OUTAGES

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "chaos"
#: What a death is like depends on these.
FOLDERS = ("plugins", "roles", "playbooks", "examples", "tests/chaos", "tests/demo", "tests/lab", "tests/lab_level")
ACTS = [(story, act) for story, setting in STORIES.items() for act in setting.acts]
#: So many pieces of what takes longest, so that little is lost when it is stopped.
PROCESS_PIECES = 4


class Part(t.NamedTuple):
    """One process: its name, script and arguments."""

    name: str
    script: str
    arguments: tuple[str, ...]


def parts() -> list[Part]:
    found = []
    for story, act in ACTS:
        here, common = f"{story.split()[-1]}-{act}", ("--stories", story, "--acts", act)
        found.append(Part(f"boundaries-{here}", "crash_matrix.py", (*common, "--every")))
        found += [Part(f"outage-{outage}-{here}", "crash_matrix.py", (*common, "--outage", outage)) for outage in OUTAGES if outage != "message"]
        found.append(Part(f"lost-message-{here}", "crash_matrix.py", (*common, "--outage", "message", "--every")))
        found.append(Part(f"undone-{here}", "crash_matrix.py", (*common, "--undo", "--undone-again", "1")))
    found.append(Part("repeatable-script", "crash_matrix.py", ("--acts", "failover", "--repeatable")))
    found += [Part(f"processes-{piece}", "crash_processes.py", ("--part", f"{piece}/{PROCESS_PIECES}")) for piece in range(1, PROCESS_PIECES + 1)]
    return found


def tree() -> str:
    """Names what is tested."""
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".yml", ".cfg", ".json") and path.is_file():
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def keep_of_this_tree() -> None:
    """Takes the results of another tree away."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    mark = RESULTS / "tree.txt"
    if not mark.exists() or mark.read_text(encoding="ascii") != tree():
        for old in RESULTS.glob("*.json"):
            old.unlink()
    mark.write_text(tree(), encoding="ascii")


def run(part: Part, more: t.Sequence[str]) -> dict[str, t.Any]:
    """The part's JSON, written whole when it has ended, with what it cost. A part that broke down has no ``deaths``."""
    begun, before = time.monotonic(), _cpu()
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests" / "chaos" / part.script), *part.arguments, *more]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    found = said(done.stdout) or {"broke": done.returncode}
    found["part"] = {"held": done.returncode == 0, "seconds": round(time.monotonic() - begun, 1), "cpu_seconds": round(_cpu() - before, 1)}
    if "broke" not in found:
        beside = RESULTS / f"{part.name}.part"
        beside.write_text(json.dumps(found, indent=1), encoding="utf-8")
        beside.replace(RESULTS / f"{part.name}.json")
    return found


def said(text: str) -> dict[str, t.Any]:
    """The JSON that a part prints last of all; empty for a part that died over it."""
    try:
        found: dict[str, t.Any] = json.loads(text)
    except ValueError:
        return {}
    return found


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def deaths(found: dict[str, t.Any]) -> tuple[int, int]:
    """How many there were, those within an undo with them, and how many held."""
    if "acts" not in found:
        return int(found.get("deaths", 0)), int(found.get("held", 0))
    again = sum(act.get("undone_again", 0) for act in found["acts"])
    failed_again = sum("undone again" in line for act in found["acts"] for lines in act["wrong"].values() for line in lines)
    return found["deaths"] + again, found["same"] + again - failed_again


def told(number: int, of: int, part: Part, found: dict[str, t.Any], already: bool) -> str:
    count, held = deaths(found)
    verdict = "broke down" if "broke" in found else "all held" if found["part"]["held"] else f"{count - held} DID NOT HOLD"
    each = found["part"]["cpu_seconds"] / count if count else 0.0
    return f"{number:3d} of {of}  {part.name:32s} {count:5d} deaths, {verdict}; {each:.2f} CPU s each{' (before)' if already else ''}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="the beginning of the names of the parts to run")
    parser.add_argument("--again", action="store_true", help="also the parts that are there already")
    parser.add_argument("--workers", default="2", help="deaths side by side, of those in one process")
    options = parser.parse_args()
    keep_of_this_tree()
    wanted = [part for part in parts() if part.name.startswith(options.only)]
    total, held, cpu, failed = 0, 0, 0.0, []
    for number, part in enumerate(wanted, 1):
        path = RESULTS / f"{part.name}.json"
        already = path.exists() and not options.again
        more = ("--workers", options.workers) if part.script == "crash_matrix.py" else ()
        found = json.loads(path.read_text(encoding="utf-8")) if already else run(part, more)
        print(told(number, len(wanted), part, found, already), flush=True)
        count, fine = deaths(found)
        total, held, cpu = total + count, held + fine, cpu + found["part"]["cpu_seconds"]
        if not found["part"]["held"]:
            failed.append(part.name)
    print(f"{total} deaths, {held} held, {cpu:.0f} CPU s together{'; see ' + ', '.join(failed) + ' in build/chaos/' if failed else ''}")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
