# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The example project, aimed at a running lab: a copy with the lab's inventory, addresses and a freshly made vault."""

from __future__ import annotations

import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "project"
BIN = pathlib.Path(sys.executable).parent


class PlaybookFailed(Exception):
    """A playbook that did not end well: which task, on which host, and what it said."""

    def __init__(self, playbook: str, task: str, host: str, message: str, log: pathlib.Path) -> None:
        super().__init__(f"{playbook}: the task '{task}' failed on {host}: {message}")
        self.playbook, self.task, self.host, self.message, self.log = playbook, task, host, message, log


class Project:
    """A private copy of the example in ``folder``, for the lab that ``info`` (its lab.json) describes in ``lab_folder``."""

    def __init__(self, folder: pathlib.Path, lab_folder: pathlib.Path, info: t.Mapping[str, t.Any], **site: t.Any) -> None:
        self.folder = folder
        self.lab_folder = lab_folder
        self.info = info
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(EXAMPLE, folder)
        (folder / "logs").mkdir()
        shutil.copy(lab_folder / "inventory.yml", folder / "inventory" / "hosts.yml")
        self._write("inventory/group_vars/all/site.yml", {**self._site(), **site})
        self._make_vault()

    def _site(self) -> dict[str, t.Any]:
        lab = [sys.executable, str(ROOT / "tests" / "lab" / "lab.py")]
        hosts, servers = self.info["hosts"], self.info["dns"]["servers"]
        network = ".".join(hosts["exch1"]["management"]["address"].split(".")[:2])
        return {
            "site_source_addresses": [f"{network}.20.21"],
            "site_target_addresses": [f"{network}.20.22"],
            "site_moving_addresses": [{"address": f"{network}.20.30", "prefix_length": 16, "interface": "Ethernet"}],
            "site_name_servers": [{"address": s["address"], "port": s["port"], "name": s["name"]} for s in servers],
            "site_resolver_port": servers[0]["port"],
            "site_application_port": self.info["application_port"],
            "site_monitor_interval": 0.5,
            "site_mirror": str(self.folder / "mirror"),
            "site_power_state": [*lab, "state", "exch1", "--dir", str(self.lab_folder)],
            "site_power_on": [*lab, "return", "exch1", "--dir", str(self.lab_folder)],
            "failover_report_notes": ["Simulated: everything here ran against the lab, a model of Windows, and against no real Windows."],
            "failover_lease_seconds": 20,
            "known_hosts": sorted(hosts),
        }

    def _make_vault(self) -> None:
        """As a team would: secrets in a vaulted file, the vault's password in a file that only the owner reads."""
        password = self.folder / "vault-password"
        password.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
        password.chmod(0o600)
        key = self.info["dns"]["key"]
        host = self.info["hosts"]["exch2"]
        domain = self.info.get("active_directory")
        self._write(
            "inventory/group_vars/all/vault.yml",
            {
                "vault_windows_user": host["user"],
                "vault_windows_password": host["password"],
                "vault_dns_key_name": key["name"],
                "vault_dns_key_secret": key["secret"],
                "vault_exchange_user": self.info["credentials"]["exchange"]["user"],
                "vault_exchange_password": self.info["credentials"]["exchange"]["password"],
                **({"vault_dns_principal": domain["principal"], "vault_dns_password": domain["password"]} if domain else {}),
            },
        )
        vault = self.folder / "inventory/group_vars/all/vault.yml"
        subprocess.run(["ansible-vault", "encrypt", vault], check=True, capture_output=True, env=self.environment())

    def _write(self, name: str, data: t.Mapping[str, t.Any]) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        # JSON is YAML, and needs no library here.
        path.write_text("---\n" + json.dumps(data, indent=1) + "\n", encoding="utf-8")

    def environment(self) -> dict[str, str]:
        """A clean one: no settings of the person's own Ansible."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_") or name == "ANSIBLE_COLLECTIONS_PATH"}
        return {
            **kept,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": "10",
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.folder / "vault-password"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }

    def run(self, playbook: str, *, label: str = "", expect: int | None = 0, arguments: t.Sequence[str] = (), timeout: float = 300.0, **extra: t.Any) -> str:
        """Runs one playbook of the project and returns what it printed; raises PlaybookFailed unless it exits as expected."""
        log = self.folder / "logs" / f"{len(list((self.folder / 'logs').iterdir())):02d}-{label or playbook}.log"
        variables = json.dumps({"failover_identity": "mail", **extra})
        command = [BIN / "ansible-playbook", f"{playbook}.yml", "-e", variables, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        if expect is not None and (done.returncode == 0) != (expect == 0):
            raise self._failure(playbook, done.stdout + done.stderr, log)
        return done.stdout + done.stderr

    def type(self, line: str, folder: pathlib.Path, *, expect: int = 0, timeout: float = 300.0) -> str:
        """Runs a line in a shell, as a person types it in ``folder``, and returns what it printed; raises CalledProcessError unless it exits so."""
        environment = {**self.environment(), "ANSIBLE_INVENTORY": str(self.folder / "inventory")}
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
        )
        if (done.returncode == 0) != (expect == 0):
            raise subprocess.CalledProcessError(done.returncode, line, done.stdout + done.stderr)
        return done.stdout

    @staticmethod
    def _failure(playbook: str, text: str, log: pathlib.Path) -> PlaybookFailed:
        """The last failure is the one that the role raised; the first one is the step that failed."""
        task = host = message = ""
        current = ""
        lines = text.splitlines()
        for number, line in enumerate(lines):
            named = re.match(r"TASK \[(.*)\] \*", line)
            if named:
                current = named.group(1)
            failed = re.match(r"(?:fatal|failed): \[([^\]]+)\]", line)
            if failed:
                task, host = current, failed.group(1)
                message = _message("\n".join(lines[number : number + 200]))
        if not task:
            message = next((line for line in reversed(lines) if line.strip()), "no output")
        return PlaybookFailed(playbook, task or "(none)", host or "(none)", message, log)


def _message(text: str) -> str:
    """The msg of a failure, in either result format."""
    found = re.search(r"^\s+msg: (?:[>|][+-]?\n)?(.+?)(?=\n\s{0,6}\S+:|\n\S|\n\n|\Z)", text, re.S | re.M) or re.search(r'"msg": "((?:[^"\\]|\\.)*)"', text)
    return re.sub(r"\s+", " ", found.group(1)).strip() if found else text.splitlines()[0]
