# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make schedules: the whole demo, once for each seed, with lost requests and a name server that is behind.

Prints one JSON object: how many schedules held, and of each that did not, what the demo said.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

DEMO = pathlib.Path(__file__).resolve().parents[1] / "demo" / "demo.py"


def run(seed: int, folder: pathlib.Path, options: argparse.Namespace) -> dict[str, t.Any]:
    begun = time.monotonic()
    place = folder / f"seed-{seed}"
    command = [sys.executable, str(DEMO), "--dir", str(place), "--report", str(place / "report.html"), "--seed", str(seed)]
    command += ["--drop", str(options.drop), "--lag", str(options.lag)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900, check=False)
    (folder / f"seed-{seed}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    said = " ".join(done.stderr.split()) if done.returncode else ""
    print(f"seed {seed}: {'held' if done.returncode == 0 else 'FAILED: ' + said[:300]} ({time.monotonic() - begun:.0f} s)", file=sys.stderr, flush=True)
    return {"seed": seed, "held": done.returncode == 0, "seconds": round(time.monotonic() - begun, 1), "said": said}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--count", type=int, default=50, help="how many schedules")
    parser.add_argument("--drop", type=float, default=2.0, help="percent of requests that are lost")
    parser.add_argument("--lag", type=float, default=5.0, help="seconds that the second name server is behind")
    parser.add_argument("--side-by-side", type=int, default=2, help="how many at once")
    parser.add_argument("--dir", type=pathlib.Path, help="where logs and labs go")
    options = parser.parse_args()
    folder = options.dir or pathlib.Path(tempfile.mkdtemp(prefix="continuity-schedules-"))
    folder.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(options.side_by_side) as pool:
        results = list(pool.map(lambda seed: run(seed, folder, options), range(options.first, options.first + options.count)))
    failed = [result for result in results if not result["held"]]
    print(
        json.dumps(
            {"schedules": len(results), "held": len(results) - len(failed), "drop_percent": options.drop, "lag_seconds": options.lag, "failed": failed},
            indent=1,
        )
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
