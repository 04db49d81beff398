# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import os
import pathlib
import sys
import typing as t

import pytest
from ansible.plugins import loader as plugin_loader

from ansible_collections.continuity.identity_failover.plugins.module_utils._argspec import ArgumentSpec, connection_spec
from ansible_collections.continuity.identity_failover.plugins.module_utils._module._results import Result
from ansible_collections.continuity.identity_failover.plugins.module_utils._secrets import MASK
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._controller import ControllerActionBase
from ansible_collections.continuity.identity_failover.plugins.plugin_utils._in_process import Work
from ansible_collections.continuity.identity_failover.tests.unit.actions import Estate, Started

COMMON = {"changed", "failed", "msg", "reason", "outcomes", "counts", "diff", "timing"}
INVENTORY: dict[str, t.Any] = {
    "all": {
        "vars": {"ansible_user": "admin@EXAMPLE.COM"},
        "children": {
            "mail_servers": {
                "vars": {"ansible_connection": "winrm", "ansible_password": "Mail-Canary-1"},
                "hosts": {
                    "exch1": {"ansible_host": "127.0.0.11", "ansible_shell_executable": "/nope", "ansible_python_interpreter": "/nope"},
                    "exch2": {
                        "ansible_host": "127.0.0.12",
                        "ansible_port": 5985,
                        "ansible_winrm_transport": ["ntlm", "basic"],
                        "ansible_winrm_server_cert_validation": "ignore",
                        "ansible_winrm_ca_trust_path": "/ca.pem",
                        "ansible_winrm_cert_pem": "/cert.pem",
                        "ansible_winrm_cert_key_pem": "/key.pem",
                        "ansible_winrm_message_encryption": "always",
                        "ansible_winrm_operation_timeout_sec": 33,
                        "failover_resolver": "{{ '127.0.0' ~ '.53' }}",
                        "failover_own_process": "{{ 1 == 1 }}",
                    },
                },
            },
            "workstations": {
                "vars": {"ansible_connection": "psrp"},
                "hosts": {
                    "ws001": {
                        "ansible_host": "{{ octets }}.21",
                        "octets": "127.0.0",
                        "ansible_password": "{{ 'Ws-' ~ 'Canary-2' }}",
                        "ansible_psrp_port": 5986,
                    },
                    "ws002": {
                        "ansible_psrp_auth": "credssp",
                        "ansible_psrp_cert_validation": "ignore",
                        "ansible_psrp_protocol": "http",
                        "ansible_psrp_ca_cert": "/ca2.pem",
                        "ansible_psrp_certificate_pem": "/c.pem",
                        "ansible_psrp_certificate_key_pem": "/k.pem",
                        "ansible_psrp_message_encryption": "never",
                        "ansible_psrp_operation_timeout": 44,
                    },
                },
            },
            "nobody": {},
            "others": {
                "hosts": {"lin1": {"ansible_connection": "ssh"}, "bare": {}, "broken": {"ansible_connection": "winrm", "ansible_port": "{{ missing }}"}}
            },
            "odd": {
                "vars": {"ansible_connection": "ansible.builtin.winrm"},
                "hosts": {
                    "plain": {
                        "ansible_host": "127.0.0.31",
                        "ansible_password": "{{ omit }}",
                        "ansible_winrm_scheme": None,
                        "ansible_winrm_ca_trust_path": "legacy_requests",
                        "ansible_winrm_cert_pem": "{{ omit }}",
                        "failover_resolver": "{{ omit }}",
                    },
                    "braces": {"ansible_password": {"__ansible_unsafe": "{{ not a template }}"}},
                },
            },
            "local": {"hosts": {"localhost": {"ansible_connection": "local"}}},
        },
    }
}


class Targeted(ControllerActionBase):
    HOST_OPTIONS = ("run.store.host", "vantage_points.host", "clients[]", "definition.source.host", "definition.clients.flush[]")


class Untargeted(Targeted):
    TARGET = "none"


@pytest.fixture
def estate(tmp_path: pathlib.Path) -> Estate:
    return Estate(tmp_path, INVENTORY)


def targeted(estate: Estate, args: t.Mapping[str, t.Any], host: str = "exch1", **more: t.Any) -> Started:
    return estate.action(Targeted, host, args, **more)


def untargeted(estate: Estate, args: t.Mapping[str, t.Any], host: str = "localhost", **more: t.Any) -> Started:
    return estate.action(Untargeted, host, args, name="flush_dns_clients", **more)


def test_the_play_host_becomes_the_target(estate: Estate) -> None:
    assert targeted(estate, {"state": "x"}).arguments() == {
        "name": "exch1",
        "host": "127.0.0.11",
        "port": 5986,
        "user": "admin@EXAMPLE.COM",
        "password": "Mail-Canary-1",
        "state": "x",
    }


def test_one_function_serves_the_play_host_and_every_other(estate: Estate) -> None:
    target = targeted(estate, {}, "exch2").arguments()
    entry = untargeted(estate, {"clients": ["exch2"]}).entries()["exch2"]
    assert entry == {**target, "resolver": "127.0.0.53"}


def test_all_winrm_settings_arrive(estate: Estate) -> None:
    assert untargeted(estate, {"clients": ["exch2"]}).entries()["exch2"] == {
        "name": "exch2",
        "host": "127.0.0.12",
        "port": 5985,
        "user": "admin@EXAMPLE.COM",
        "password": "Mail-Canary-1",
        "transport": ["ntlm", "basic"],
        "validate_certs": False,
        "ca_file": "/ca.pem",
        "certificate_pem": "/cert.pem",
        "certificate_key_pem": "/key.pem",
        "message_encryption": "always",
        "operation_timeout": 33,
        "resolver": "127.0.0.53",
    }


def test_all_psrp_settings_arrive_in_our_words(estate: Estate) -> None:
    entries = untargeted(estate, {"clients": ["workstations"]}).entries()
    assert entries["ws001"] == {
        "name": "ws001",
        "host": "127.0.0.21",
        "port": 5986,
        "user": "admin@EXAMPLE.COM",
        "password": "Ws-Canary-2",
        "transport": ["kerberos", "ntlm"],
        "validate_certs": True,
        "message_encryption": "auto",
        "operation_timeout": 20,
    }
    assert entries["ws002"] == {
        "name": "ws002",
        "host": "ws002",
        "user": "admin@EXAMPLE.COM",
        "scheme": "http",
        "transport": ["credssp"],
        "validate_certs": False,
        "ca_file": "/ca2.pem",
        "certificate_pem": "/c.pem",
        "certificate_key_pem": "/k.pem",
        "message_encryption": "never",
        "operation_timeout": 44,
    }


def test_values_are_plain_whatever_core_marks_them_with(estate: Estate) -> None:
    for entry in untargeted(estate, {"clients": ["workstations", "exch2"]}).entries().values():
        for value in entry.values():
            assert type(value) in (str, int, bool, list) and (not isinstance(value, list) or {type(one) for one in value} == {str})


def test_explicit_arguments_win_and_the_task_keeps_its_own(estate: Estate) -> None:
    args = {"host": "192.0.2.1", "password": "Explicit-1", "clients": ["workstations"]}
    started = targeted(estate, args)
    first = copy.deepcopy(started.arguments())
    assert (first["host"], first["password"], first["user"], first["name"]) == ("192.0.2.1", "Explicit-1", "admin@EXAMPLE.COM", "exch1")
    assert started.action._task.args == args
    assert started.calls[0] is not None and first["clients"] == ["ws001", "ws002"]


def test_groups_deep_in_the_arguments_stay_as_the_task_has_them(estate: Estate) -> None:
    started = untargeted(estate, {"definition": {"clients": {"flush": ["workstations"]}}})
    assert started.arguments()["definition"]["clients"]["flush"] == ["ws001", "ws002"]
    assert started.action._task.args == {"definition": {"clients": {"flush": ["workstations"]}}}


def test_settings_that_mean_none_are_left_out(estate: Estate) -> None:
    entry = untargeted(estate, {"clients": ["plain"]}).entries()["plain"]
    assert entry == {"name": "plain", "host": "127.0.0.31", "port": 5986, "user": "admin@EXAMPLE.COM"}


def test_a_password_is_never_read_as_a_template(estate: Estate) -> None:
    assert untargeted(estate, {"clients": ["braces"]}).entries()["braces"]["password"] == "{{ not a template }}"


def test_the_delegated_host_becomes_the_target(estate: Estate) -> None:
    args = targeted(estate, {}, "exch1", delegate_to="exch2").arguments()
    assert (args["name"], args["host"], args["port"]) == ("exch2", "127.0.0.12", 5985)


@pytest.mark.parametrize(
    ("host", "delegate_to", "hint"), [("exch1", "localhost", "remove delegate_to"), ("lin1", None, "use such a host"), ("bare", None, "use such")]
)
def test_a_host_of_another_kind_is_refused(estate: Estate, host: str, delegate_to: str | None, hint: str) -> None:
    started = targeted(estate, {}, host, delegate_to=delegate_to)
    result = started.run()
    assert result["failed"] and result["reason"] == "invalid_input" and hint in result["msg"] and COMMON <= result.keys()
    assert not started.calls


def test_a_host_of_another_kind_works_with_explicit_arguments(estate: Estate) -> None:
    assert targeted(estate, {"host": "192.0.2.1"}, "localhost").arguments() == {"host": "192.0.2.1"}


def test_without_a_target_no_connection_option_is_merged(estate: Estate) -> None:
    assert untargeted(estate, {"port": 53}, "exch1").arguments() == {"port": 53}


def test_groups_become_their_hosts_once_each_in_order(estate: Estate) -> None:
    started = untargeted(estate, {"clients": ["exch1", "workstations", "ws001", "exch1"]})
    assert started.arguments()["clients"] == ["exch1", "ws001", "ws002"]
    assert list(started.entries()) == ["exch1", "ws001", "ws002"]


@pytest.mark.parametrize("clients", ["workstations", "ws001, ws002"])
def test_a_list_may_be_given_as_a_text(estate: Estate, clients: str) -> None:
    assert untargeted(estate, {"clients": clients}).arguments()["clients"] == ["ws001", "ws002"]


def test_hosts_are_found_wherever_options_name_them(estate: Estate) -> None:
    args = {
        "run": {"store": {"host": "exch2"}},
        "vantage_points": [{"host": "controller"}, {"host": "ws001", "site": "a"}],
        "definition": {"source": {"host": "exch1"}, "clients": {"flush": "workstations"}},
    }
    started = untargeted(estate, args)
    assert list(started.entries()) == ["exch2", "ws001", "exch1", "ws002"]
    assert started.arguments()["definition"]["clients"]["flush"] == ["ws001", "ws002"]


@pytest.mark.parametrize(
    "args", [{}, {"clients": []}, {"run": None}, {"run": "text"}, {"run": {"store": {}}}, {"vantage_points": [{}, "text"]}, {"clients": 5}]
)
def test_what_names_no_host_is_left_to_the_module(estate: Estate, args: dict[str, t.Any]) -> None:
    assert untargeted(estate, args).arguments() == args


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"clients": ["ws001", "nosuch"]}, ["'nosuch'", "'clients'", "neither a host nor a group"]),
        ({"clients": ["nobody"]}, ["'nobody'", "'clients'", "no hosts"]),
        ({"clients": ["controller"]}, ["'controller'", "'clients'"]),
        ({"clients": ["lin1"]}, ["'lin1'", "'clients'", "'ssh'", "ansible_connection"]),
        ({"clients": ["broken"]}, ["'broken'", "'clients'", "missing"]),
        ({"run": {"store": {"host": "nosuch"}}}, ["'nosuch'", "'run.store.host'"]),
        ({"run": {"store": {"host": "workstations"}}}, ["'workstations'", "is a group", "'run.store.host'"]),
        ({"vantage_points": [{"host": "exch1"}, {"host": "nosuch"}]}, ["'nosuch'", "'vantage_points[1].host'"]),
        ({"identity": "mail", "definition": {"source": {"host": "nosuch"}}}, ["'definition.source.host'", "failover_identities.mail.source.host", "'nosuch'"]),
    ],
)
def test_a_wrong_name_is_refused_with_option_and_value(estate: Estate, args: dict[str, t.Any], words: list[str]) -> None:
    started = untargeted(estate, args)
    result = started.run()
    assert result["failed"] and result["reason"] == "invalid_input" and COMMON <= result.keys() and not started.calls
    assert [word for word in words if word not in result["msg"]] == []


def test_hosts_that_the_task_gives_stay_and_win(estate: Estate) -> None:
    mine = {"name": "ws001", "host": "192.0.2.99"}
    assert untargeted(estate, {"hosts": [mine], "clients": ["workstations"]}).entries()["ws001"] == mine


def test_the_password_for_all_hosts_serves_those_without_their_own(estate: Estate) -> None:
    entries = untargeted(estate, {"clients": ["workstations", "exch1"]}, password="Asked-Canary").entries()
    assert {name: entry["password"] for name, entry in entries.items()} == {"ws001": "Ws-Canary-2", "ws002": "Asked-Canary", "exch1": "Mail-Canary-1"}


def test_the_play_hosts_own_password_never_goes_to_another_host(estate: Estate) -> None:
    """core keeps a host's own password where it keeps the one that was asked for."""
    entries = targeted(estate, {"clients": ["workstations"]}, "exch1").entries()
    assert "password" not in entries["ws002"]
    delegated = targeted(estate, {"clients": ["workstations"]}, "localhost", delegate_to="exch1").entries()
    assert "password" not in delegated["ws002"]


@pytest.mark.parametrize(("variable", "own"), [(None, False), (False, False), ("no", False), (True, True), ("yes", True)])
def test_the_work_is_done_here_unless_a_process_is_asked_for(estate: Estate, variable: t.Any, own: bool) -> None:
    class Working(Targeted):
        WORK = Work(ArgumentSpec, lambda params, hosts, clock, check_mode: Result(msg="here"))

    started = estate.action(Working, "exch1", {})
    if variable is not None:
        started.variables["failover_own_process"] = variable
    calls: list[dict[str, t.Any]] = []
    started.action._execute_module = lambda **kwargs: calls.append(kwargs) or {"msg": "there"}
    started.action._in_this_process = lambda _work, _args: {"msg": "here"}
    assert started.action.run(task_vars=started.variables)["msg"] == ("there" if own else "here") and bool(calls) is own


def test_the_variable_for_an_own_process_may_be_a_template(estate: Estate) -> None:
    class Working(Targeted):
        WORK = Work(ArgumentSpec, lambda params, hosts, clock, check_mode: Result(msg="here"))

    started = estate.action(Working, "exch2", {})
    started.action._execute_module = lambda **_kwargs: {"msg": "there"}
    assert started.action.run(task_vars=started.variables)["msg"] == "there"


def test_the_work_gets_what_the_task_has(estate: Estate, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, t.Any] = {}

    def look(params: t.Any, hosts: t.Any, clock: t.Any, *, check_mode: bool) -> Result:
        seen.update(params=dict(params), check=check_mode, folder=os.getcwd(), word=os.environ.get("FAILOVER_WORD"))
        return Result(msg=f"logged on with {params['password']}")

    class Working(ControllerActionBase):
        WORK = Work(connection_spec, look)

    monkeypatch.delenv("FAILOVER_WORD", raising=False)
    started = estate.action(Working, "exch1", {"connect_timeout": "2"})
    started.action._task.check_mode = True
    started.action._task.environment = [{"FAILOVER_WORD": "x"}]
    started.action._loader.set_basedir(str(tmp_path))
    here = os.getcwd()
    result = started.action.run(task_vars=started.variables)
    assert not result["failed"] and "Mail-Canary-1" not in result["msg"] and MASK in result["msg"]
    assert (seen["params"]["host"], seen["params"]["connect_timeout"], seen["params"]["password"]) == ("127.0.0.11", 2.0, "Mail-Canary-1")
    assert (seen["check"], seen["folder"], seen["word"]) == (True, str(tmp_path), "x")
    assert os.getcwd() == here and "FAILOVER_WORD" not in os.environ


@pytest.mark.parametrize("diff", [False, True])
def test_counts_have_a_diff_where_the_task_says_so(estate: Estate, diff: bool) -> None:
    changed = {"before": {"a": 1}, "after": {"a": 2}}

    class Working(Targeted):
        WORK = Work(lambda: ArgumentSpec(argument_spec={"details": {"type": "str"}}), lambda params, hosts, clock, check_mode: Result(diff=changed))
        TARGET = "none"

    started = estate.action(Working, "exch1", {"details": "counts"})
    started.action._task.diff = diff
    assert started.action.run(task_vars=started.variables)["diff"] == (changed if diff else {"before": {}, "after": {}})


def test_async_is_refused_with_the_reason(estate: Estate) -> None:
    started = targeted(estate, {})
    started.action._task.async_val = 10
    result = started.run()
    assert result["failed"] and "async" in result["msg"] and "disk" in result["msg"] and result["reason"] == "invalid_input" and not started.calls


def test_the_module_runs_here_with_the_interpreter_of_ansible(estate: Estate) -> None:
    started = targeted(estate, {}, "exch1", delegate_to="exch2")
    started.run()
    handed = started.calls[0]["task_vars"]
    for scope in (handed, handed["ansible_delegated_vars"]["exch2"]):
        assert scope["ansible_python_interpreter"] == sys.executable and scope["ansible_no_target_syslog"] is True
    assert started.action._connection.transport == "local"
    assert started.action._is_pipelining_enabled("new") and not started.action._is_pipelining_enabled("old")
    assert started.action._play_context.executable == "/bin/sh" and not started.action._play_context.shell


def test_no_connection_is_opened(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_args: t.Any, **_kwargs: t.Any) -> t.NoReturn:
        raise AssertionError("a connection was opened")

    for name in ("winrm", "psrp"):
        monkeypatch.setattr(plugin_loader.connection_loader.get(name, class_only=True), "_connect", connect)
    assert not targeted(estate, {"clients": ["workstations"]}).run()["failed"]


def test_the_result_is_masked_and_has_no_invocation(estate: Estate) -> None:
    started = targeted(estate, {"key": {"secret": "Tsig-Canary"}, "clients": ["workstations"], "databases": [{"user": "sa", "password": "Sql-Canary"}]})
    answer = {"msg": "Tsig-Canary Mail-Canary-1", "a": ["Ws-Canary-2"], "Sql-Canary": 1, "invocation": {"module_args": {}}}
    result = started.run(answer)
    assert {key: result[key] for key in result if key not in COMMON} == {"a": [MASK], MASK: 1}
    assert result["msg"] == f"{MASK} {MASK}"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"failed": True, "msg": "Unsupported parameters"}, "invalid_input"),
        ({"failed": True, "msg": "MODULE FAILURE", "module_stdout": "", "module_stderr": "x", "rc": 1}, "bug"),
        ({"failed": True, "exception": "x"}, "bug"),
        ({"failed": True, "msg": "no", "reason": "lease_lost"}, "lease_lost"),
        ({"changed": True, "msg": "done"}, ""),
    ],
)
def test_every_result_has_the_common_keys_however_the_module_ended(estate: Estate, answer: dict[str, t.Any], reason: str) -> None:
    result = targeted(estate, {}).run(answer)
    assert COMMON - {"msg"} <= result.keys() and answer.items() <= result.items() and result["reason"] == reason
    assert ("msg" in result) is ("msg" in answer), "core makes a missing message from the exception, and would keep an empty one"
    assert result["failed"] is answer.get("failed", False)


def test_a_refusal_is_masked(estate: Estate) -> None:
    result = targeted(estate, {"password": "nosuch-Canary", "clients": ["nosuch-Canary"]}).run()
    assert result["failed"] and "nosuch-Canary" not in result["msg"]


def test_the_raw_answer_is_masked_before_core_reads_it(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    started = targeted(estate, {})
    started.run()
    raw = {"rc": 0, "stdout": '{"warnings": ["Mail-Canary-1"]}\n', "stdout_lines": ["x"], "stderr": "Mail-Canary-1", "stderr_lines": []}
    monkeypatch.setattr("ansible.plugins.action.ActionBase._low_level_execute_command", lambda *_args, **_kwargs: dict(raw))
    assert started.action._low_level_execute_command("true") == {
        "rc": 0,
        "stdout": f'{{"warnings": ["{MASK}"]}}\n',
        "stdout_lines": [f'{{"warnings": ["{MASK}"]}}'],
        "stderr": MASK,
        "stderr_lines": [MASK],
    }
