# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Kerberos tickets for the names that moved: whether the client's computer account gets one, and which logons hold one and since when.

Input  ``{spns: [..]}``
Output ``{tickets: [{spn, issued, age, sessions: [{logon, account, age}]}], sessions_error}``, in the order asked. Ages are seconds, -1 where the
       start of a ticket can't be read

A logon over WinRM has no ticket-granting ticket of its own, unless it was delegated; so no ticket can be had for it. What can be asked there, as an
administrator (reference: Microsoft, klist):

* ``klist -li 0x3e7 get SPN`` gets a ticket for the computer account, whose logon is 0x3e7; ``issued`` is its exit code, 0 = there is one. It comes from
  that logon's cache where it was had before, which its age shows;
* ``klist sessions`` lists the logons, ``klist -li LOGON tickets`` what each holds.

klist's words are localised, so only what is not is read: the marks ``#0>``, ``0:0x3e7``, the name itself, and the first time in a ticket, which is its
start. Written from the documentation, seen on no Windows.
"""

from __future__ import annotations

SCRIPT = r"""
param($data)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Continue'
$now = Get-Date

function Get-TicketAges($lines, [string]$spn) {
    $ages = New-Object System.Collections.ArrayList
    $name = '(?i)(?<![\w/.-])' + [regex]::Escape($spn) + '(?![\w/.:-])'
    $mine = $false
    $open = $false
    foreach ($line in @($lines)) {
        $line = [string]$line
        if ($line -match '^\s*#\d+>') {
            if ($mine -and $open) { $null = $ages.Add(-1) }
            $mine = $false
            $open = $true
        }
        if ($line -match $name) { $mine = $true }
        $at = $line.IndexOf(':')
        if ($mine -and $open -and $at -ge 0) {
            $text = ($line.Substring($at + 1) -replace '\([^)]*\)', '').Trim()
            $start = [DateTime]::MinValue
            if ($text.Length -ge 8 -and [DateTime]::TryParse($text, [ref]$start)) {
                $null = $ages.Add([int][Math]::Max(0, [Math]::Round(($now - $start).TotalSeconds)))
                $open = $false
            }
        }
    }
    if ($mine -and $open) { $null = $ages.Add(-1) }
    return , $ages.ToArray()
}

$sessions = New-Object System.Collections.ArrayList
$failed = 0
try {
    $listed = @(& klist.exe sessions)
    $failed = $LASTEXITCODE
    foreach ($line in $listed) {
        if ([string]$line -match '\b0:(0x[0-9a-fA-F]+)\s+(\S+)') { $null = $sessions.Add(@{ logon = $Matches[1].ToLower(); account = $Matches[2] }) }
    }
} catch {
    $failed = -1
}

$found = New-Object System.Collections.ArrayList
foreach ($spn in @($data.spns)) {
    $seen = @{ spn = [string]$spn; issued = -1; age = -1; sessions = @() }
    try {
        $lines = @(& klist.exe -li 0x3e7 get ([string]$spn))
        $seen.issued = $LASTEXITCODE
        $ages = Get-TicketAges $lines ([string]$spn)
        if ($ages.Count -gt 0) { $seen.age = ($ages | Measure-Object -Minimum).Minimum }
    } catch {
        $seen.issued = -1
    }
    $holders = New-Object System.Collections.ArrayList
    foreach ($session in $sessions) {
        if ($session.logon -eq '0x3e7') { continue }
        $ages = Get-TicketAges @(& klist.exe -li $session.logon tickets) ([string]$spn)
        if ($ages.Count -gt 0) {
            $oldest = ($ages | Measure-Object -Maximum).Maximum
            if (@($ages) -contains -1) { $oldest = -1 }
            $null = $holders.Add(@{ logon = $session.logon; account = $session.account; age = [int]$oldest })
        }
    }
    $seen.sessions = @($holders.ToArray())
    $null = $found.Add($seen)
}
return @{ tickets = @($found.ToArray()); sessions_error = [int]$failed }
"""
