# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's command line: start, stop, status, fault, heal, kill, return, cut, join, state, trace, ask. See tests/lab/README.md."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.continuity.identity_failover"
START_SECONDS = 60.0
STOP_SECONDS = 15.0


def _use_this_checkout() -> None:
    """Make the collection importable by its full name from the checkout that this file stands in, wherever it lies."""
    found = importlib.util.find_spec("ansible_collections")
    if found is None:
        sys.modules["ansible_collections"] = types.ModuleType("ansible_collections")
        sys.modules["ansible_collections"].__path__ = []
    for name, path in (("ansible_collections.continuity", []), (PACKAGE, [str(ROOT)])):
        module = types.ModuleType(name)
        module.__path__ = path
        sys.modules[name] = module


class Failure(Exception):
    """One sentence for the person at the command line."""


def _read_info(folder: Path) -> dict[str, Any]:
    try:
        info = json.loads((folder / "lab.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Failure(f"No lab runs in {folder}: start one with 'lab.py start --dir {folder}'.") from None
    if not _alive(int(info["pid"])):
        raise Failure(f"The lab in {folder} (process {info['pid']}) has ended without cleaning up: 'lab.py start --dir {folder}' starts a new one.")
    return dict(info)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True


def _call(folder: Path, verb: str, arguments: Mapping[str, Any] | None = None) -> Any:
    from ansible_collections.continuity.identity_failover.tests.lab.control import call
    from ansible_collections.continuity.identity_failover.tests.lab.interfaces import LabError

    try:
        return call(_read_info(folder)["control"], verb, arguments)
    except (LabError, ConnectionError) as error:
        raise Failure(str(error)) from None


def _wait_gone(pid: int, seconds: float) -> bool:
    """Wait for the end of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def start(options: argparse.Namespace) -> None:
    """Start the daemon and return when it listens."""
    folder: Path = options.dir
    pid_file = folder / "lab.pid"
    if pid_file.exists():
        text = pid_file.read_text(encoding="ascii").strip()
        if text.isdigit() and _alive(int(text)) and (folder / "lab.json").exists():
            raise Failure(f"A lab already runs in {folder} (process {text}): use it, or stop it with 'lab.py stop --dir {folder}'.")
        for name in ("lab.pid", "lab.json"):
            (folder / name).unlink(missing_ok=True)
        print(f"The stale lab of process {text} in {folder} was cleared away.")
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    read_end, write_end = os.pipe()
    command = [
        sys.executable,
        str(Path(__file__).resolve()),
        "serve",
        "--dir",
        str(folder),
        "--ready-fd",
        str(write_end),
        "--estate",
        options.estate,
        "--seed",
        str(options.seed),
        "--drop",
        str(options.drop),
        "--idle-minutes",
        str(options.idle_minutes),
    ]
    if options.clients is not None:
        command += ["--clients", str(options.clients)]
    if options.lag is not None:
        command += ["--lag", str(options.lag)]
    with (folder / "lab.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(write_end,), start_new_session=True)
    os.close(write_end)
    word = _read_word(read_end)
    if word != "ready":
        process.wait(10)
        raise Failure(word or f"The lab did not start; {folder / 'lab.log'} says why.")
    print(_welcome(folder, time.monotonic() - began))


def _read_word(descriptor: int) -> str:
    """What the daemon says: "ready", a sentence, or nothing when it died."""
    said = b""
    end = time.monotonic() + START_SECONDS
    with os.fdopen(descriptor, "rb", buffering=0) as pipe:
        while not said.endswith(b"\n") and select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
            piece = pipe.read(4096)
            if not piece:
                break
            said += piece
    return said.decode().strip()


def _welcome(folder: Path, seconds: float) -> str:
    info = _read_info(folder)
    names = list(info["hosts"])
    shown = ", ".join(names[:6]) + (" …" if len(names) > 6 else "")
    return "\n".join(
        (
            f"The lab runs: process {info['pid']}, {len(names)} hosts ({shown}) on {info['network']}, ready after {seconds:.1f} s.",
            f"  everything about it   {folder / 'lab.json'}",
            f"  Ansible inventory     {info['inventory']}",
            f"  trace                 {info['trace']}",
            f"  stop it with          {Path(sys.argv[0])} stop --dir {folder}",
        )
    )


def serve(options: argparse.Namespace) -> None:
    """The daemon itself; started by `start`."""
    import asyncio

    from ansible_collections.continuity.identity_failover.tests.lab import daemon
    from ansible_collections.continuity.identity_failover.tests.lab.interfaces import Estate, LabError, Network, Trace
    from ansible_collections.continuity.identity_failover.tests.lab.model.estate import load_estate

    folder: Path = options.dir

    def make_estate(wanted: daemon.Options, network: Network, trace: Trace) -> Estate:
        return load_estate(wanted.estate, clients=wanted.clients, seed=wanted.seed, network=network, trace=trace, drop=wanted.drop, lag=wanted.lag)

    def say(word: str) -> None:
        os.write(options.ready_fd, word.encode() + b"\n")
        os.close(options.ready_fd)

    def ready() -> None:
        (folder / "lab.pid").write_text(f"{os.getpid()}\n", encoding="ascii")
        say("ready")

    wanted = daemon.Options(folder, options.estate, options.clients, options.seed, options.drop, options.lag, options.idle_minutes)
    try:
        asyncio.run(daemon.serve(wanted, make_estate, ready))
    except LabError as error:
        say(str(error))
        sys.exit(1)


def stop(options: argparse.Namespace) -> None:
    """Stop the daemon and wait until it is gone."""
    info = _read_info(options.dir)
    pid = int(info["pid"])
    try:
        _call(options.dir, "stop")
    except Failure:
        # Its control does not answer: the process is told directly.
        os.kill(pid, signal.SIGTERM)
    if not _wait_gone(pid, STOP_SECONDS):
        os.kill(pid, signal.SIGKILL)
        _wait_gone(pid, STOP_SECONDS)
        for name in ("lab.pid", "lab.json"):
            (options.dir / name).unlink(missing_ok=True)
    print(f"The lab (process {pid}) has ended.")


def _print(value: Any) -> None:
    print(json.dumps(value, indent=1))


def _pairs(texts: list[str]) -> dict[str, str]:
    result = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise Failure(f"{text!r} is no parameter: write it as name=value.")
        result[name] = value
    return result


def control(options: argparse.Namespace) -> None:
    """Every verb that the running lab answers."""
    verb = options.command
    if verb == "fault":
        arguments: dict[str, Any] = {"host": options.host, "kind": options.kind, "parameters": _pairs(options.parameters)}
    elif verb in ("cut", "join"):
        arguments = {"a": options.a, "b": options.b, "one_way": getattr(options, "one_way", False)}
    elif verb == "replication":
        arguments = {"link": options.link, "action": options.action}
    elif verb == "ask":
        arguments = {"client": options.client, "name": options.name}
    elif verb == "trace":
        arguments = {"since": options.since, "kind": options.kind}
    else:
        arguments = {name: getattr(options, name) for name in ("host", "kind") if hasattr(options, name)}
    result = _call(options.dir, verb, arguments)
    if verb == "trace":
        for record in result:
            print(json.dumps(record))
    else:
        _print(result)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=lambda text: Path(text).resolve(), default=Path(".cache/lab").resolve(), help="the lab's files (.cache/lab)")
    parser = argparse.ArgumentParser(description="A simulated Windows estate on 127.0.0.0/8 for tests and demonstrations.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("start", "serve"):
        # `serve` is what `start` runs in the background; without a help text it is not listed.
        one = (
            commands.add_parser(name, parents=[common], help="start a lab; returns when it listens")
            if name == "start"
            else commands.add_parser(name, parents=[common])
        )
        one.add_argument("--estate", default="default", help="a file, or the name of an estate that comes with the lab")
        one.add_argument("--clients", type=int, help="how many workstations")
        one.add_argument("--seed", type=int, default=0)
        one.add_argument("--drop", type=float, default=0.0, metavar="PERCENT", help="management requests, and DNS messages, that are lost")
        one.add_argument("--lag", type=float, metavar="SECONDS", help="how far the secondary name server is behind")
        one.add_argument("--idle-minutes", type=float, default=15.0, help="end after this time without use (15); 0 = never")
        if name == "serve":
            one.add_argument("--ready-fd", type=int, required=True)
    commands.add_parser("stop", parents=[common], help="stop the lab and wait until it is gone")
    commands.add_parser("status", parents=[common], help="what runs, as JSON")
    _host_commands(commands, common)
    for name, text in (("cut", "no traffic between two places"), ("join", "undo a cut")):
        one = commands.add_parser(name, parents=[common], help=text)
        one.add_argument("a")
        one.add_argument("b")
        if name == "cut":
            one.add_argument("--one-way", action="store_true", help="only from A to B")
    one = commands.add_parser("trace", parents=[common], help="what happened, as JSON lines")
    one.add_argument("--since", type=int, default=0, metavar="N")
    one.add_argument("--kind")
    one = commands.add_parser("replication", parents=[common], help="what the replication engine does")
    one.add_argument("link")
    one.add_argument("action", choices=["stop", "start", "reverse", "mirror"])
    one = commands.add_parser("ask", parents=[common], help="what a user at a client reaches under a name")
    one.add_argument("client")
    one.add_argument("name")
    return parser


def _host_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    one = commands.add_parser("fault", parents=[common], help="switch a fault on")
    one.add_argument("host")
    one.add_argument("kind")
    one.add_argument("parameters", nargs="*", metavar="name=value")
    one = commands.add_parser("heal", parents=[common], help="switch a fault off, or all")
    one.add_argument("host")
    one.add_argument("kind", nargs="?")
    for name, text in (("kill", "power a host off"), ("return", "power it on again"), ("state", "what a host, or every host, is like")):
        one = commands.add_parser(name, parents=[common], help=text)
        one.add_argument("host", **({"nargs": "?"} if name == "state" else {}))


def main() -> int:
    """Run one command; one sentence on standard error and exit code 1 when it fails."""
    options = _parser().parse_args()
    _use_this_checkout()
    try:
        {"start": start, "serve": serve, "stop": stop}.get(options.command, control)(options)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
