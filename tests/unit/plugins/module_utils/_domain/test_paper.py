# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paper mode: every kind of change has its commands; quoting is right; Windows PowerShell 5.1 would take every command."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import typing as t

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper import paper
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.paper_commands import SERVER_KEY, commands
from ansible_collections.continuity.identity_failover.tests.unit.plans import (
    DEFINITION,
    HOOKS,
    ISOLATED,
    NEW,
    OLD,
    PEACE,
    RUNNING,
    STOPPED,
    change,
    giving_back,
    plan,
    said,
    serving,
    typed,
    usual,
)
from ansible_collections.continuity.identity_failover.tests.unit.shared_fixtures import engine, fixtures, needs_engine

NASTY = "O'Brien's \"x\" $y `z ; | & \u2019"
ADDRESS = {"interface": "Ethernet 2", "prefix_length": 24, "skip_as_source": True}
SHARE = {"path": "D:\\my data", "description": NASTY, "security_descriptor": "O:BAG:BAD:(A;;FA;;;BA)", "special": False}

#: Every kind of change that a step makes, forward; the way back is each of them turned round.
OPEN = {"account": "EXCH1$", "locked": False}
ZONE_DN = "DC=example.com,CN=MicrosoftDNS,DC=DomainDnsZones,DC=example,DC=com"
EVERY = [
    said("fence@exch1", change("service MSExchangeIS", RUNNING, {"state": "Stopped", "start_mode": "disabled"})),
    said("fence@exch1", change("registration Local Area Connection", {"registers": True}, {"registers": False})),
    said("identity@exch2", change("address 10.0.0.21", None, ADDRESS), change("address fd00::21", ADDRESS, {**ADDRESS, "skip_as_source": False})),
    said("identity@exch2", change("name files", None, {"OptionalNames": "listed"}), change("strict name checking", None, {"DisableStrictNameChecking": 1})),
    said("identity@exch2", change("share data", None, SHARE)),
    said("spns", change("http/mail.example.com:443", {"account": "EXCH1$"}, {"account": "EXCH2$"}), change("http/new", None, {"account": "EXCH2$"})),
    said("services@exch2", change("MSExchangeIS", STOPPED, {"state": "Running", "start_mode": "delayed"}), change("W3SVC", STOPPED, RUNNING)),
    said("databases@exch2", change("DB01-DR", {"mounted": False}, {"mounted": True}), change("ledger", {"mounted": False}, {"mounted": True})),
    said("databases@exch2", change("APP\\pay]roll", {"mounted": False, "state": "RESTORING"}, {"mounted": True})),
    said("databases@exch1", change("DB01", {"mounted": True}, {"mounted": False})),
    said("script@exch2", change("D:\\dr\\post.ps1", None, {"state": "done"})),
    said(
        "dns",
        change("mail.example.com A", OLD, NEW, detail={"zone": "example.com"}),
        change("example.com MX", None, {"values": ["10 mail.example.com"], "ttl": 60}, detail={"zone": "example.com"}),
    ),
    said("dns", change("_sip._tcp.example.com SRV", None, {"values": ["1 2 5060 sip.example.com"], "ttl": 60}, detail={"zone": "example.com"})),
    said("dns", change("t.example.com TXT", None, {"values": ['"say \\"hi\\" \\228" "b"'], "ttl": 60}, detail={"zone": "example.com"})),
    said("dns", change("21.0.0.10.in-addr.arpa PTR", {"values": ["mail.example.com"], "ttl": 60}, None, detail={"zone": "0.0.10.in-addr.arpa"})),
    said("dns_lock", change("mail.example.com", OPEN, {**OPEN, "locked": True}, detail={"dn": "DC=mail," + ZONE_DN})),
    said("clients", change("ws'1", None, {}), change("ws2", None, {})),
    said("verify", change("ws1", None, None)),
]


def test_every_kind_of_change_is_a_numbered_command_with_its_answer_and_a_way_back() -> None:
    text = paper(plan(EVERY), DEFINITION)
    lines = typed(text)
    for command in (
        "Set-Service -Name 'MSExchangeIS' -StartupType Disabled",
        "Stop-Service -Name 'MSExchangeIS'",
        "Set-DnsClient -InterfaceAlias 'Local Area Connection' -RegisterThisConnectionsAddress $false",
        "New-NetIPAddress -IPAddress '10.0.0.21' -PrefixLength 24 -InterfaceAlias 'Ethernet 2' -SkipAsSource $true",
        "Remove-NetIPAddress -IPAddress '10.0.0.21' -Confirm:$false",
        "setspn.exe -D http/mail.example.com:443 'EXCH1$'",
        "setspn.exe -S http/mail.example.com:443 'EXCH2$'",
        "setspn.exe -S http/mail.example.com:443 'EXCH1$'",
        "sc.exe config MSExchangeIS start= delayed-auto",
        "Mount-Database -Identity 'DB01-DR'",
        "Dismount-Database -Identity 'DB01-DR' -Confirm:$false",
        "dnscmd.exe '10.0.0.10' /RecordDelete example.com mail A '10.0.0.21' /f",
        "dnscmd.exe '10.0.0.10' /RecordAdd example.com mail '60' A '10.0.1.21'",
        "dnscmd.exe '10.0.0.10' /RecordAdd example.com '@' '60' MX '10' mail.example.com.",
        "dnscmd.exe '10.0.0.10' /RecordAdd example.com mail '3600' A '10.0.0.21'",
        f"dsacls.exe 'DC=mail,{ZONE_DN}' /D 'EXCH1$@example.com:WPWSSD'",
        f"dsacls.exe 'DC=mail,{ZONE_DN}' /R 'EXCH1$@example.com'",
        "Invoke-Command -ComputerName 'ws''1', 'ws2' -ScriptBlock { Clear-DnsClientCache }",
        "Remove-SmbShare -Name 'data' -Force",
    ):
        assert command in lines, command
    numbers = [int(found) for found in re.findall(r"^(\d+)\. ", text, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert text.count("   Answers: ") == len(lines)
    assert len(numbers) == len(lines) + text.count("   You see: ")


QUIET = "nothing; a red message would be an error"
WAITS = "nothing, or yellow lines WARNING: Waiting for service ..., which are no error; a red message would be one"
MOVED = "Updated object. If Duplicate SPN found instead: another account holds it; find out why first"
DONE = "Command completed successfully."
#: How each command of ``EVERY`` begins, there and back -> what it answers.
ANSWERS = [
    ("Set-Service ", QUIET),
    ("Stop-Service ", WAITS),
    ("Start-Service ", WAITS),
    ("Set-DnsClient ", QUIET),
    ("Set-NetIPAddress ", QUIET),
    ("Remove-NetIPAddress ", QUIET),
    ("Remove-SmbShare ", QUIET),
    ("Remove-ItemProperty ", QUIET),
    ("Mount-Database ", QUIET),
    ("Dismount-Database ", QUIET),
    ("sc.exe config MSExchangeIS start= delayed-auto", "[SC] ChangeServiceConfig SUCCESS"),
    ("Get-Service -Name 'W3SVC'", "Status: Running; StartType: Manual|Status: Stopped; StartType: Manual"),
    ("(Get-DnsClient ", "False|True"),
    ("New-NetIPAddress ", "the new address 10.0.0.21"),
    ("(Get-NetIPAddress -IPAddress 'fd00::21').SkipAsSource", "False|True"),
    ("Get-NetIPAddress -IPAddress '10.0.0.21' -ErrorAction SilentlyContinue", "nothing"),
    ("@((Get-ItemProperty ", "True; it takes effect when the service LanmanServer starts the next time|False"),
    (f"(Get-ItemProperty -LiteralPath '{SERVER_KEY}').DisableStrictNameChecking", "1|nothing"),
    ("New-SmbShare ", "the new share data"),
    ("(Get-SmbShare -Name 'data').Path", "D:\\my data"),
    ("Get-SmbShare -Name 'data' -ErrorAction SilentlyContinue", "nothing"),
    ("setspn.exe -D ", "Updated object"),
    ("setspn.exe -S ", MOVED),
    (
        "setspn.exe -Q http/mail.example.com:443",
        "the distinguished name of EXCH2$, and Existing SPN found!|the distinguished name of EXCH1$, and Existing SPN found!",
    ),
    ("setspn.exe -Q http/new", "the distinguished name of EXCH2$, and Existing SPN found!|No such SPN found."),
    ("(Get-MailboxDatabase -Identity 'DB01-DR' -Status).Mounted", "True|False"),
    ("(Get-MailboxDatabase -Identity 'DB01' -Status).Mounted", "False|True"),
    ("sqlcmd.exe -S '.\\APP' -E -b -h ", "ONLINE|OFFLINE"),
    ("& 'D:\\my db\\up.exe'", "what the program prints"),
    ("ask.exe; $LASTEXITCODE", "0 as the last line|1 as the last line"),
    ("powershell.exe -NoProfile ", "what the script prints"),
    ("$LASTEXITCODE", "0"),
    ("dnscmd.exe ", DONE),
    ("Resolve-DnsName -Name 'mail.example.com' -Type A ", "10.0.1.21 with a TTL of 60 s|10.0.0.21 with a TTL of 3600 s"),
    ("Resolve-DnsName -Name 't.example.com' ", '"say \\"hi\\" \\228" "b" with a TTL of 60 s|an error: the name does not exist, or has no such record'),
    ("dsacls.exe 'DC=mail,DC=example.com,CN=MicrosoftDNS,DC=DomainDnsZones,DC=example,DC=com' /", "The command completed successfully"),
    (
        "dsacls.exe 'DC=mail,DC=example.com,CN=MicrosoftDNS,DC=DomainDnsZones,DC=example,DC=com'$",
        "among others Deny EXCH1$@example.com, SPECIAL ACCESS|no line that denies EXCH1$@example.com anything",
    ),
    ("Invoke-Command ", "nothing; each client that does not answer is named in red"),
    ("(Resolve-DnsName ", "10.0.1.21. 10.0.0.21: this client, or the name server that it asks, has the old answer still"),
    ("(Test-NetConnection ", "True"),
]


@pytest.mark.parametrize(("begins", "wanted"), ANSWERS)
def test_each_command_has_the_answer_that_windows_gives(begins: str, wanted: str) -> None:
    """The first time that it is typed, and the last: forward, and on the way back where there is one."""
    pairs = re.findall(r"^\d+\. On .*:\n\n +(.*)\n\n   Answers: (.*)$", paper(plan(EVERY), DEFINITION), re.MULTILINE)
    answers = [answer for command, answer in pairs if f"{command}$".startswith(begins)]
    if "|" not in wanted:
        assert set(answers) == {wanted}
    else:
        assert list(dict.fromkeys(answers)) == wanted.split("|")


def test_a_name_that_is_locked_by_an_alias_is_records_on_paper_too() -> None:
    """Its item is a record set, of which there is no entry of an account."""
    zone = {"zone": "example.com"}
    alias = {"values": ["exch2.example.com"], "ttl": 60}
    changes = [change("mail.example.com A", OLD, None, detail=zone), change("mail.example.com CNAME", None, alias, detail=zone)]
    text = paper(plan([said("dns_lock", *changes)], kind="failback"), DEFINITION)
    lines = typed(text)
    assert lines[0] == "dnscmd.exe '10.0.0.10' /RecordDelete example.com mail A '10.0.0.21' /f"
    assert lines[2] == "dnscmd.exe '10.0.0.10' /RecordAdd example.com mail '60' CNAME exch2.example.com."
    assert lines[4].startswith("dnscmd.exe '10.0.0.10' /RecordDelete example.com mail CNAME") and lines[6].endswith("A '10.0.0.21'")
    assert "On a host with the DNS server tools" in text and "On a domain controller" not in text


def test_a_failback_on_paper_goes_the_other_way() -> None:
    back = [said("services@exch2", change("MSExchangeIS", RUNNING, STOPPED)), said("identity@exch2", change("share data", SHARE, None))]
    lines = typed(paper(plan(back, kind="failback"), DEFINITION))
    assert lines[0] == "Stop-Service -Name 'MSExchangeIS'"
    assert any(line.startswith("New-SmbShare") for line in lines)


def test_an_unknown_step_is_told_and_not_left_out() -> None:
    with pytest.raises(ValueError, match="no command is known"):
        commands({"step": "replication@exch2", "item": "x", "host": "exch2", "before": None, "after": None, "detail": None}, DEFINITION)


def test_a_database_that_the_definition_lacks_is_told() -> None:
    with pytest.raises(ValueError, match="no database DB99"):
        paper(plan([said("databases@exch2", change("DB99", {}, {"mounted": True}))]), DEFINITION)


@needs_engine
def test_windows_powershell_takes_every_command(tmp_path: pathlib.Path) -> None:
    facts = tmp_path / "facts"
    facts.mkdir()
    subprocess.run([sys.executable, str(fixtures("powershell", "make_modules.py")), str(facts)], check=True, capture_output=True, cwd=facts)
    lines = typed(paper(plan(EVERY), DEFINITION)) + typed(paper(plan(EVERY, kind="failback"), DEFINITION)) + typed(paper(plan(), DEFINITION))
    lines += typed(paper(plan(serving(), hooks=HOOKS), PEACE)) + typed(paper(plan(usual()), {**PEACE, "fence": {"minimum": 4}}))
    for kind, predictions in (("failover", serving()), ("failback", giving_back(silent=False)), ("failback", giving_back(silent=True))):
        lines += typed(paper(plan(predictions, kind=kind, definition=ISOLATED), ISOLATED))
    script = tmp_path / "paper.ps1"
    script.write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    programs = "dnscmd.exe,dsacls.exe,sqlcmd.exe,setspn.exe,sc.exe,down.exe,ask.exe,powershell.exe"
    command = [str(engine()), "-Check", "-Unresolved", "-ModulePath", str(facts), "-Allow", programs, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == ("", 0)
    script.write_text("Set-Service -Nmae 'x'\n", encoding="utf-8")
    assert subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).returncode == 1


@pytest.mark.parametrize(
    ("before", "after", "verbs"),
    [("Running", "Paused", ["Suspend"]), ("Stopped", "Paused", ["Start", "Suspend"]), ("Paused", "Running", ["Resume"]), ("Paused", "Stopped", ["Stop"])],
)
def test_a_service_is_paused_and_resumed_by_hand(before: str, after: str, verbs: list[str]) -> None:
    lines = commands({**change("W3SVC", {**RUNNING, "state": before}, {**RUNNING, "state": after}), "item": "W3SVC", "step": "services@exch2"}, DEFINITION)
    assert [line.text for line in lines[:-1]] == [f"{verb}-Service -Name 'W3SVC'" for verb in verbs]
    assert f"Status: {after};" in lines[-1].answer


HANDED = said("data@exch2", change("data", None, {"state": "promoted", "choice": "discard_queues"}, grade="unknown"))


@pytest.mark.parametrize(("choice", "action"), [("apply_queues", "Apply"), ("discard_queues", "Flush"), ("revert_to_snapshot", "Revert")])
def test_the_choice_for_the_data_is_the_commands_of_the_product(choice: str, action: str) -> None:
    told = said("data@exch2", change("data", None, {"state": "promoted", "choice": choice}, grade="unknown"))
    text = paper(plan([told]), {**DEFINITION, "engine": {"kind": "double_take", "job": "5f3c"}})
    lines = typed(text)
    assert "$job = Get-DtJob -ServiceHost $server -JobId '5f3c'" in lines
    assert f"$options.FailoverMode = 'Live'; $options.FailoverDataAction = '{action}'" in lines
    assert "Start-DtJobFailover -ServiceHost $server -JobId $job.Id -FailoverOptions $options" in lines
    assert "FailedOver" in text and "$job" not in text.partition("## The way back")[2]


def test_an_engine_that_we_do_not_know_is_told_in_words() -> None:
    text = paper(plan([HANDED]), {**DEFINITION, "engine": {"kind": "other"}})
    assert "discard queues, and stop the replication from the source" in text and "Start-DtJobFailover" not in text
    unnamed = paper(plan([HANDED]), {**DEFINITION, "engine": {"kind": "double_take"}})
    assert "Read-Host" in unnamed and "Format-Table Id, JobType" in unnamed


@needs_engine
def test_windows_powershell_can_read_the_commands_of_the_product(tmp_path: pathlib.Path) -> None:
    script = tmp_path / "data.ps1"
    script.write_text("\ufeff" + "\n".join(typed(paper(plan([HANDED]), {**DEFINITION, "engine": {"kind": "double_take"}}))) + "\n", encoding="utf-8")
    done = subprocess.run([str(engine()), "-Check", str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_a_paper_holds_no_credential() -> None:
    with_secret: dict[str, t.Any] = {**DEFINITION, "dns": {**DEFINITION["dns"], "credential": "dns", "secret": "hunter2"}}
    assert "hunter2" not in paper(plan(EVERY, definition=with_secret), with_secret)
