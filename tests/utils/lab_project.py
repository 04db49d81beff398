# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab and the example project aimed at it, for tests that run playbooks.

Usage: lab_project.py start FOLDER     starts a lab in FOLDER/lab, writes the project to FOLDER/project and what the lab is like to FOLDER/before.json
       lab_project.py stop FOLDER      stops that lab
       lab_project.py unchanged FOLDER fails, with a sentence for each difference, unless servers, directory and zones are as they were

Ansible then needs --inventory FOLDER/project/inventory/ and the vault's password in FOLDER/project/vault-password.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
# By path, not by the collection's name: ansible-test and the environments of older cores must need nothing but this file.
sys.path.insert(0, str(ROOT / "tests" / "demo"))

from project import Project  # type: ignore[import-not-found]  # noqa: E402
from traces import left_behind, snapshot  # type: ignore[import-not-found]  # noqa: E402

LAB = ROOT / "tests" / "lab" / "lab.py"


def lab(folder: pathlib.Path, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, str(LAB), *arguments, "--dir", str(folder / "lab")], check=True, stdout=subprocess.PIPE, text=True, timeout=90
    ).stdout


def facts(folder: pathlib.Path) -> dict[str, t.Any]:
    """As JSON keeps them, so that they compare with those that were written."""
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(snapshot(json.loads(lab(folder, "state"))))))


def start(folder: pathlib.Path) -> None:
    lab(folder, "start", "--idle-minutes", "15")
    info = json.loads((folder / "lab" / "lab.json").read_text(encoding="utf-8"))
    project = folder / "project"
    Project(project, folder / "lab", info, failover_identity="mail", failover_by="duty officer", site_hooks_dir=str(project / "hooks"))
    (folder / "before.json").write_text(json.dumps(facts(folder)), encoding="utf-8")


def unchanged(folder: pathlib.Path) -> None:
    left = left_behind(json.loads((folder / "before.json").read_text(encoding="utf-8")), facts(folder))
    if left:
        raise SystemExit("\n".join(left))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("do", choices=["start", "stop", "unchanged"])
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.folder.absolute()
    if options.do == "stop":
        lab(folder, "stop")
    else:
        {"start": start, "unchanged": unchanged}[options.do](folder)


if __name__ == "__main__":
    main()
