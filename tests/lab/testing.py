# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab for pytest: started as a process of its own in a temporary folder and stopped in every case."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from ansible_collections.continuity.identity_failover.plugins.module_utils._settings import ConnectionSettings
from ansible_collections.continuity.identity_failover.tests.lab.control import call
from ansible_collections.continuity.identity_failover.tests.lab.interfaces import JSON

COMMAND = Path(__file__).resolve().parent / "lab.py"


class Lab:
    """`with Lab.start(tmp_path) as lab:`; lab.info is lab.json."""

    def __init__(self, folder: Path) -> None:
        self.dir = folder
        self.info: dict[str, Any] = json.loads((folder / "lab.json").read_text(encoding="utf-8"))

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        estate: str | Path = "default",
        clients: int | None = None,
        seed: int = 0,
        drop: float = 0.0,
        lag: float | None = None,
        idle_minutes: float = 10.0,
        engine: Path | None = None,
    ) -> Lab:
        """Start a lab in a folder of its own. AssertionError with what it said when it does not come up.

        ``engine``: the PowerShell engine that runs the scripts. Without one their Python twins do, which takes far less CPU: that both answer
        alike is what tests/lab_level/test_model_scripts.py shows, script by script.
        """
        command = [
            sys.executable,
            str(COMMAND),
            "start",
            "--dir",
            str(folder),
            "--estate",
            str(estate),
            "--seed",
            str(seed),
            "--drop",
            str(drop),
            "--idle-minutes",
            str(idle_minutes),
        ]
        if clients is not None:
            command += ["--clients", str(clients)]
        if lag is not None:
            command += ["--lag", str(lag)]
        environment = {**os.environ, "LAB_PWSH": str(engine or "none")}
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, env=environment)
        log = folder / "lab.log"
        said = log.read_text(encoding="utf-8")[-4000:] if done.returncode and log.exists() else ""
        assert done.returncode == 0, f"the lab did not start: {done.stderr}{said}"
        return cls(folder)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it and wait until it is gone; nothing to do when it ended by itself."""
        if (self.dir / "lab.json").exists():
            subprocess.run([sys.executable, str(COMMAND), "stop", "--dir", str(self.dir)], capture_output=True, timeout=60, check=False)

    def control(self, verb: str, arguments: Mapping[str, JSON] | None = None) -> JSON:
        """Any control verb. LabError when it is refused."""
        return call(self.info["control"], verb, arguments)

    def kill(self, host: str) -> JSON:
        """Power a host off."""
        return self.control("kill", {"host": host})

    def return_(self, host: str) -> JSON:
        """Power a host on."""
        return self.control("return", {"host": host})

    def fault(self, host: str, kind: str, **parameters: JSON) -> JSON:
        """Switch a fault on; `class_` stands for the parameter class."""
        return self.control("fault", {"host": host, "kind": kind, "parameters": {name.rstrip("_"): value for name, value in parameters.items()}})

    def heal(self, host: str, kind: str | None = None) -> JSON:
        """Switch one fault or all off."""
        return self.control("heal", {"host": host, "kind": kind})

    def cut(self, a: str, b: str, *, one_way: bool = False) -> JSON:
        """No traffic between two places."""
        return self.control("cut", {"a": a, "b": b, "one_way": one_way})

    def join(self, a: str, b: str) -> JSON:
        """Undo a cut."""
        return self.control("join", {"a": a, "b": b})

    def state(self, host: str | None = None) -> JSON:
        """What a host, or every host, is like."""
        return self.control("state", {"host": host})

    def status(self) -> JSON:
        """Process, memory, requests, faults."""
        return self.control("status")

    def trace(self, since: int = 0, kind: str | None = None) -> list[dict[str, Any]]:
        """Records after number `since`, of one kind or all."""
        return list(self.control("trace", {"since": since, "kind": kind}))

    def awaited(self, since: int, kind: str, seconds: float = 30.0) -> list[dict[str, Any]]:
        """The same, once there is one. LabError where none comes within so many seconds."""
        return list(self.control("await", {"since": since, "kind": kind, "seconds": seconds}))

    def ask(self, client: str, name: str) -> JSON:
        """What a user at a client reaches under a name."""
        return self.control("ask", {"client": client, "name": name})

    def settings(self, host: str, *, scheme: str = "https", transport: tuple[str, ...] = ("ntlm",), **changes: Any) -> ConnectionSettings:
        """How the collection's own transport reaches a host of this lab."""
        entry = self.info["hosts"][host]
        management = entry["management"]
        values: dict[str, Any] = {
            "name": host,
            "host": management["address"],
            "port": management[f"{scheme}_port"],
            "scheme": scheme,
            "user": entry["user"],
            "password": entry["password"],
            "transport": transport,
            "ca_file": self.info["ca"],
            "certificate_pem": self.info["client_certificate"] if "certificate" in transport else None,
            "certificate_key_pem": self.info["client_certificate_key"] if "certificate" in transport else None,
            **changes,
        }
        return ConnectionSettings(**values)
