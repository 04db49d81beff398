# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles do, in their order, through the modules' functions: arm, wait for the incident, decide, failover, failback, drill.

``test_crash_sequences.py`` holds this order against the roles' task files.
"""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import types
import typing as t

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, hosts_spec, run_spec, store_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import parts
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, LeaseHeld
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.tests.chaos.crash_definition import IDENTITY, Setting
from ansible_collections.continuity.identity_failover.tests.chaos.data_engine import DataEngine
from ansible_collections.continuity.identity_failover.tests.chaos.memory_lab import MemoryLab
from ansible_collections.continuity.identity_failover.tests.lab_level.steps import filled

PACKAGE = "ansible_collections.continuity.identity_failover.plugins.module_utils._module"
NAMES = (
    *("failover_run", "failover_monitor", "failover_ack", "failover_status", "failover_preflight", "fence_source", "promote_data", "server_identity"),
    *("directory_spns", "app_services", "mount_databases", "run_post_script", "update_dns", "flush_dns_clients", "verify_clients"),
)
#: All of them at once: a fork must not have to import.
MODULES = {name: importlib.import_module(f"{PACKAGE}.{name}") for name in NAMES}
Given = t.Mapping[str, t.Any]
#: Seconds after which a machine has started all that starts by itself.
STARTING = 10.0


class Stopped(Exception):
    """The playbook failed: at which task, why, by the module's own sentence."""

    def __init__(self, module: str, reason: str, message: str, details: Given = types.MappingProxyType({})) -> None:
        super().__init__(f"{module}: {reason}: {message}")
        self.module, self.reason, self.message, self.details = module, reason, message, details


@dataclasses.dataclass
class Controller:
    """One controller: who, with which mirror. ``take_over``: the reason to take a live lease by force. ``script``: the words of a person
    about a script of unknown end."""

    lab: MemoryLab
    definition: dict[str, t.Any]
    credentials: dict[str, dict[str, str]]
    mirror: pathlib.Path
    by: str
    script: dict[str, str] = dataclasses.field(default_factory=dict)
    take_over: str = ""
    setting: Setting = Setting()
    engine: DataEngine | None = None
    called: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def task(self, name: str, target: str | None, **given: t.Any) -> Result:
        """One task of a playbook, with the options' defaults. Raises Stopped where it fails."""
        module = MODULES[name]
        spec: ArgumentSpec = getattr(module, f"{name}_spec")()
        for more in (run_spec(), store_spec(), hosts_spec()):
            known = {option: value for option, value in more.argument_spec.items() if option not in spec.argument_spec}
            spec = spec.merge(ArgumentSpec(argument_spec=known))
        params = {**filled(spec.argument_spec, {key: value for key, value in given.items() if value is not None})}
        params["host"] = self.lab.settings(target).host if target else None
        self.called.append((name, str(given.get("state") or "")))
        self.lab.boundary("before", name)
        hosts = self.lab.hosts(target)
        try:
            result: Result = getattr(module, name)(params, hosts, self.lab.clock, check_mode=bool(given.get("check")))
        except FailoverError as error:
            if isinstance(error, LeaseHeld):
                raise
            raise Stopped(name, error.reason, error.message, error.details) from error
        finally:
            hosts.close()
        self.lab.boundary("after", name)
        if result.failed:
            raise Stopped(name, result.reason, result.msg)
        return result

    @property
    def source(self) -> str:
        return str(self.definition["source"]["host"])

    @property
    def target(self) -> str:
        return str(self.definition["target"]["host"])

    def journal(self, name: str, definition: Given, **given: t.Any) -> Result:
        """A task that works on the journal outside of a run."""
        return self.task(name, self.target, identity=IDENTITY, definition=definition, store=definition["store"], mirror=str(self.mirror), **given)

    # Before a run

    def arm(self, definition: Given | None = None) -> Result:
        return self.journal("failover_run", definition or self.definition, state="armed", by=self.by)

    def count_down(self) -> None:
        monitor = self.definition["monitor"]
        options = {key: monitor[key] for key in ("vantage_points", "probes", "interval", "missed", "trigger")}
        common = {"identity": IDENTITY, "store": self.definition["store"], "mirror": str(self.mirror)}
        self.task("failover_monitor", self.target, source=self.source, duration=60.0, **options, **common)

    def decide(self) -> None:
        options: dict[str, t.Any] = {"required": 1, "expires": 36000.0, "fence_minimum": self.definition["fence"]["minimum"]}
        if self.setting.choice:
            options.update(data_state=self.setting.choice, data_at_risk="mails of the last minute")
        common = {"identity": IDENTITY, "store": self.definition["store"], "mirror": str(self.mirror)}
        self.task("failover_ack", self.target, decision="proceed", reason="a test", by="duty officer", **options, **common)

    # The roles

    def failover(self) -> str:
        return self._guarded("failover", self.definition, self._move)

    def failback(self) -> str:
        self.journal("failover_status", self.definition)
        return self._guarded("failback", self.definition, self._give_back)

    def drill(self) -> str:
        status = self.journal("failover_status", self.definition)
        if not status.extra["active_run"]:
            self.arm()
        outcome = self._guarded("drill", parts.drill(self.definition), self._rehearse)
        leaks = self.journal("failover_run", self.definition, state="armed", check=True)
        if leaks.changed:
            raise Stopped("leak check", "leak", ", ".join(one.name for one in leaks.outcomes if one.changed))
        return outcome

    def _guarded(self, kind: str, definition: dict[str, t.Any], steps: t.Callable[[dict[str, t.Any], Given, Result], None]) -> str:
        """A role's block: open, the steps, close; its rescue gives the lease back."""
        if kind != "drill":
            self._look(kind, definition)
        state, reason = ("taken_over", self.take_over) if self.take_over else ("opened", "data restored: a test")
        opened = self.journal("failover_run", definition, state=state, kind=kind, by=self.by, reason=reason, lease_seconds=20.0)
        run = opened.extra["run"]
        if not run:
            return f"already {opened.extra['state']}"
        try:
            steps(definition, {"run": run, "revert_run": opened.extra["reverts"] if kind == "failback" else run["id"] if kind == "drill" else None}, opened)
            self.journal("failover_run", definition, state="closed", kind=kind, run=run, **self.signer())
        except Stopped:
            self.give_lease_back(kind, definition, run)
            raise
        if kind == "failback":
            self.arm()
        return "done"

    def _look(self, kind: str, definition: Given) -> None:
        accounts = parts.accounts(definition, self.credentials)
        if kind == "failover" or self.setting.planned:  # else a hook lets the source join
            options = {"credentials": accounts, "data_state": self.setting.choice or None, "hooks": self.hooks()}
            self.task("failover_preflight", self.target, definition=definition, identity=IDENTITY, kind=kind, **options, **self.signer())

    def hooks(self) -> list[str]:
        """Those that there are."""
        return [*(["data"] if self.engine else []), *([] if self.setting.planned else ["before_source_joins"])]

    def give_lease_back(self, kind: str, definition: Given, run: Given) -> None:
        try:
            self.journal("failover_run", definition, state="stopped", kind=kind, run=run)
        except (Stopped, LeaseHeld):
            return

    def signer(self) -> dict[str, dict[str, str]]:
        """Who signs updates of DNS: the option and its value."""
        found = self.credentials["dns"]
        return {"kerberos" if "principal" in found else "key": found}

    # The steps

    def _move(self, definition: dict[str, t.Any], within: Given, opened: Result) -> None:
        self._fence(definition, within)
        self._data(definition, within)
        self._forwards(definition, within)
        self.task("verify_clients", None, clients=definition["clients"]["sample"], expect=self._expected(definition, "target", opened), **within)

    def _fence(self, definition: Given, within: Given) -> None:
        powered = self.lab.estate.hosts[self.source].powered
        at = self.lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        evidence = [] if powered else [{"grade": 4, "kind": "hypervisor", "observed": f"{self.source} is powered off", "at": at}]
        fence = definition["fence"]
        services = fence["services"] or [service["name"] for service in definition["services"]]
        silent = [*definition["dns"]["repoint"]["from"], self.lab.settings(self.source).host]
        options = {"minimum": fence["minimum"], "vantage_points": definition["monitor"]["vantage_points"], "addresses": silent}
        self.task("fence_source", self.source, state="fenced", services=services, evidence=evidence, **options, **within)

    def _data(self, definition: Given, within: Given) -> None:
        if self.engine is None:
            return
        options = {"engine": definition["engine"]["kind"], "hook": True, "data_state": self.setting.choice or None, **within}
        announced = self.task("promote_data", self.target, state="announced", **options)
        handed = announced.extra["hand_over"]
        evidence = self.engine.hook(announced.extra["data_state"], within["run"]["id"]) if handed else None
        self.task("promote_data", self.target, state="promoted", evidence=evidence, **options)

    def _forwards(self, definition: dict[str, t.Any], within: Given) -> None:
        """The steps that a failover and a drill share, on the target."""
        if definition["addresses"] or definition["shares"]:
            self.task("server_identity", self.target, state="present", addresses=definition["addresses"], names=[], shares=definition["shares"], **within)
        self.spns("moved", definition, within)
        if definition["services"]:
            self.task("app_services", self.target, state="started", services=definition["services"], **within)
        self.databases("mounted", "target", self.target, definition, within)
        self._script(definition, within)
        dns = definition["dns"]
        if dns["repoint"]:
            self.names("repointed", dns, within, repoint=dns["repoint"])
        if dns["records"]:
            self.names("present", dns, within, records=dns["records"], on_conflict="replace")
        if dns["lock"]:
            self.lock("locked", dns, within)
        self.flush(definition, "target", within)

    def _script(self, definition: Given, within: Given) -> None:
        script = definition["post_script"]
        options = {"path": script["path"], "arguments": script["arguments"], "run_timeout": float(script["timeout"]), "repeatable": script["repeatable"]}
        self.task("run_post_script", self.target, **options, **self.script, **within)

    def spns(self, state: str, definition: Given, within: Given) -> None:
        controllers = definition["directory"]["domain_controllers"]
        self.task("directory_spns", None, state=state, spns=definition["spns"], domain_controllers=controllers, **within)

    def databases(self, state: str, side: str, host: str, definition: Given, within: Given) -> None:
        databases = parts.databases(definition, side, self.credentials)
        if databases:
            self.task("mount_databases", host, state=state, databases=databases, **within)

    def names(self, state: str, dns: Given, within: Given, **what: t.Any) -> None:
        options = {key: dns[key] for key in ("servers", "verify_servers", "require", "verify_timeout", "protected_names")}
        self.task("update_dns", None, state=state, ttl=dns["ttl"] if state != "reverted" else None, **self.signer(), **what, **options, **within)

    def lock(self, state: str, dns: Given, within: Given) -> None:
        """The last task of roles/steps/tasks/dns.yml and dns_reverted.yml."""
        options = {key: dns[key] for key in ("lock", "repoint", "records", "require", "verify_timeout", "protected_names")}
        static = {"static": dns["static"]} if state == "locked" else {}
        self.task("update_dns", None, state=state, **self.signer(), **static, **options, **within)
        self.called[-1] = ("update_dns", f"{state} lock") if state == "reverted" else self.called[-1]

    def flush(self, definition: Given, side: str, within: Given) -> None:
        clients = definition["clients"]
        timeout, port = definition["dns"]["verify_timeout"], clients["resolver_port"]
        expect = parts.records(definition, side)
        self.task("flush_dns_clients", None, clients=clients["flush"], expect=expect, resolver_timeout=timeout, dns_port=port, **within)

    def _expected(self, definition: Given, side: str, opened: Result) -> list[dict[str, t.Any]]:
        machine = opened.extra["run"]["machines"][definition[side]["host"]]["name"]
        return parts.expectations(definition, side, machine)

    def _give_back(self, definition: dict[str, t.Any], within: Given, opened: Result) -> None:
        self.databases("reverted", "target", self.target, definition, within)
        self.task("app_services", self.target, state="reverted", services=definition["services"], **within)
        self._release(definition, within)
        if not self.setting.planned:
            self.lab.control("return", host=self.source)  # the hook before_source_joins, which waits until the machine has started
            self.lab.clock.sleep(STARTING)
        services = [service["name"] for service in definition["services"]]
        self.task("fence_source", self.source, state="released", services=services, **within)
        addresses = parts.source_addresses(definition, opened.extra["baseline"])
        if addresses:
            self.task("server_identity", self.source, state="present", addresses=addresses, names=[], shares=[], **within)
        self.task("app_services", self.source, state="started", services=definition["services"], from_baseline=True, **within)
        self.databases("mounted", "source", self.source, definition, within)
        self.names("reverted", definition["dns"], within, repoint=definition["dns"]["repoint"], records=definition["dns"]["records"])
        if definition["dns"]["lock"]:
            self.lock("reverted", definition["dns"], within)
        self.flush(definition, "source", within)
        self.task("verify_clients", None, clients=definition["clients"]["sample"], expect=self._expected(definition, "source", opened), **within)
        self.ttls("restored", **within)

    def ttls(self, state: str, **within: t.Any) -> None:
        """``lowered``: outside of any run, hours before the move."""
        dns = self.definition["dns"]
        options = {key: dns[key] for key in ("repoint", "records", "servers", "verify_servers", "require", "verify_timeout", "protected_names")}
        ttl = dns["ttl_ahead" if state == "lowered" else "ttl"]
        self.task("update_dns", None, state=f"ttl_{state}", ttl=ttl, **self.signer(), **options, **within)

    def _release(self, definition: Given, within: Given) -> None:
        if definition["addresses"] or definition["shares"]:
            self.task("server_identity", self.target, state="reverted", addresses=definition["addresses"], names=[], shares=definition["shares"], **within)
        self.spns("reverted", definition, within)

    def _rehearse(self, definition: dict[str, t.Any], within: Given, opened: Result) -> None:
        if not opened.extra["resumed"]:
            self._forwards(definition, within)
        self.names("reverted", definition["dns"], within, records=definition["dns"]["records"])
        self.databases("reverted", "target", self.target, definition, within)
        self.task("app_services", self.target, state="reverted", services=definition["services"], **within)
        self._release(definition, within)
