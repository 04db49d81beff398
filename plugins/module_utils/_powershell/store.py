# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The store's script on the target: one transaction of the journal and its lease under one named mutex.

Input  ``{path, request: {identity, after, checkpoint, lines, expect: {seq, hash}|null, lease: {...}|null, aside, actor}}``
Output ``{verdict, head: {seq, hash}, mark: {seq, hash}, lines, lease: {...}, damaged, torn, account: {name, sid}}``

Facts it stands on (reference: Microsoft's documentation of System.IO, Mutex objects and ConvertFrom-Json):

* a mutex whose owner died is ours (``AbandonedMutexException``), and the file may end in half a line;
* ``FileOptions.WriteThrough`` with ``Flush($true)`` returns once the line is on the disk;
* ``WindowsIdentity.GetCurrent`` is the account of the logon that runs the script: over WinRM the one that was authenticated;
* ``Stopwatch.GetTimestamp`` counts from boot and knows no clock steps; a changed boot time restarts the lease's full
  time, once, which is the safe side (Windows moves the boot time with the clock, so a clock step may look like a restart).

The lease follows the rules of ``_domain/lease_rules.py``.
"""

from __future__ import annotations

SCRIPT = r"""
param($data)
Set-StrictMode -Version 2
$request = $data.request
$encoding = New-Object System.Text.UTF8Encoding $false
$folder = [string]$data.path
$journal = $folder + '\' + $request.identity + '.journal'
$leaseFile = $folder + '\' + $request.identity + '.lease'
$markFile = $folder + '\' + $request.identity + '.head'
$uptime = [double][System.Diagnostics.Stopwatch]::GetTimestamp() / [double][System.Diagnostics.Stopwatch]::Frequency
$system = Get-CimInstance -ClassName Win32_OperatingSystem -Property LastBootUpTime
$boot = $system.LastBootUpTime.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ')

function Get-LineHash([string]$line) {
    $sha = [System.Security.Cryptography.SHA256]::Create()
    try { return ([System.BitConverter]::ToString($sha.ComputeHash($encoding.GetBytes($line)))).Replace('-', '').ToLowerInvariant() } finally { $sha.Dispose() }
}

function Open-Through([string]$path, [System.IO.FileMode]$mode) {
    $through = [System.IO.FileOptions]::WriteThrough
    return New-Object System.IO.FileStream($path, $mode, [System.IO.FileAccess]::Write, [System.IO.FileShare]::Read, 4096, $through)
}

# Only an object's own number is followed by its step: within a text both quotes would be escaped.
function Get-Number([string]$line) {
    $found = [regex]::Match($line, '"seq":([0-9]+),"step":', [System.Text.RegularExpressions.RegexOptions]::RightToLeft)
    if ($found.Success) { return [int]$found.Groups[1].Value }
    return 0
}

function Write-Whole([string]$path, [string]$text, [string]$backup) {
    $bytes = $encoding.GetBytes($text)
    $new = $path + '.new'
    $stream = Open-Through $new ([System.IO.FileMode]::Create)
    try { $stream.Write($bytes, 0, $bytes.Length); $stream.Flush($true) } finally { $stream.Dispose() }
    if ($backup -eq '') { $backup = $path + '.old' }
    if ([System.IO.File]::Exists($path)) { [System.IO.File]::Replace($new, $path, $backup) } else { [System.IO.File]::Move($new, $path) }
}

function Add-Line([string]$path, [string]$text) {
    $bytes = $encoding.GetBytes($text)
    $stream = Open-Through $path ([System.IO.FileMode]::Append)
    try { $stream.Write($bytes, 0, $bytes.Length); $stream.Flush($true) } finally { $stream.Dispose() }
}

# Who is logged on, as Windows knows it: a vote of this account is taken under this account only.
$identity = [System.Security.Principal.WindowsIdentity]::GetCurrent()
$account = @{ name = [string]$identity.Name; sid = [string]$identity.User.Value }

$mutex = New-Object System.Threading.Mutex($false, ('Global\continuity.identity_failover.' + $request.identity))
$owned = $false
try {
    try { $owned = $mutex.WaitOne(10000) } catch [System.Threading.AbandonedMutexException] { $owned = $true }
    if (-not $owned) { throw 'another transaction has held the journal for 10 seconds' }

    if (-not [System.IO.Directory]::Exists($folder)) {
        $null = [System.IO.Directory]::CreateDirectory($folder)
        $acl = Get-Acl -LiteralPath $folder
        $acl.SetSecurityDescriptorSddlForm('D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)')
        Set-Acl -LiteralPath $folder -AclObject $acl
    }

    $torn = ''
    $lines = @()
    if ([System.IO.File]::Exists($journal)) {
        $text = [System.IO.File]::ReadAllText($journal, $encoding)
        $end = $text.LastIndexOf("`n")
        if ($end + 1 -lt $text.Length) {
            $torn = $text.Substring($end + 1)
            Add-Line ($journal + '.torn') ($torn + "`n")
            Write-Whole $journal $text.Substring(0, $end + 1)
            $text = $text.Substring(0, $end + 1)
        }
        if ($text.Length -gt 0) { $lines = @($text.TrimEnd("`n").Split([char]10)) }
    }
    $count = $lines.Length
    $base = 0
    $hash = '0' * 64
    if ($count -gt 0) {
        $hash = Get-LineHash $lines[$count - 1]
        $base = [Math]::Max(0, (Get-Number $lines[0]) - 1)
    }
    $seq = $base + $count
    $mark = @{ seq = 0; hash = '0' * 64 }
    if ([System.IO.File]::Exists($markFile)) {
        try {
            $kept = [System.IO.File]::ReadAllText($markFile, $encoding) | ConvertFrom-Json
            $mark = @{ seq = [int]$kept.seq; hash = [string]$kept.hash }
        } catch { $mark = @{ seq = 0; hash = '0' * 64 } }
    }

    $lease = @{ holder = ''; epoch = 0; by = ''; run = ''; seconds = 0.0; granted = 0.0; longest = 0.0; settling = 0.0; boot = $boot; since = '' }
    $damaged = $false
    if ([System.IO.File]::Exists($leaseFile)) {
        $read = $lease.Clone()
        try {
            $kept = [System.IO.File]::ReadAllText($leaseFile, $encoding) | ConvertFrom-Json
            if ($kept -isnot [System.Management.Automation.PSCustomObject]) { throw 'no lease' }
            foreach ($name in @($lease.Keys)) { if ($null -ne $kept.PSObject.Properties[$name]) { $read[$name] = $kept.$name } }
            foreach ($name in @('epoch', 'seconds', 'granted', 'longest', 'settling')) {
                if (($read[$name] -is [bool]) -or ($read[$name] -isnot [System.ValueType])) { throw 'no lease' }
            }
            $lease = $read
        } catch { $damaged = $true }
        if ($damaged) {
            # Nobody's lease: whoever held it is told so, and the epochs go on behind those that the journal tells of.
            [System.IO.File]::Delete($leaseFile + '.damaged')
            [System.IO.File]::Move($leaseFile, ($leaseFile + '.damaged'))
        } elseif (([string]$lease.boot -ne $boot) -or ([double]$lease.granted -gt $uptime)) {
            # Kept at once, or the lease of a dead holder would begin anew at every look.
            $lease.boot = $boot; $lease.granted = $uptime
            Write-Whole $leaseFile (ConvertTo-Json -InputObject $lease -Compress)
        }
    }
    $passed = $uptime - [double]$lease.granted
    $remaining = 0.0
    if ([string]$lease.holder -ne '') { $remaining = [double]$lease.seconds - $passed }
    $longest = [System.Math]::Max(0.0, [double]$lease.longest - $passed)
    $settling = [System.Math]::Max(0.0, [double]$lease.settling - $passed)

    $verdict = 'ok'
    $claim = $request.lease
    if ($null -ne $claim) {
        $mine = ([string]$lease.holder -ceq [string]$claim.holder)
        if ($claim.acquire) {
            if (($remaining -gt 0) -and (-not $mine) -and (-not $claim.force)) { $verdict = 'lease_held' }
            elseif ([int]$claim.epoch -le [int]$lease.epoch) { $verdict = 'head_moved' }
        } elseif ((-not $mine) -or ([int]$claim.epoch -ne [int]$lease.epoch)) { $verdict = 'lease_lost' }
    }
    if (($verdict -eq 'ok') -and ($null -ne $request.expect)) {
        if (([int]$request.expect.seq -ne $seq) -or ([string]$request.expect.hash -ne $hash)) { $verdict = 'head_moved' }
    }

    $behind = ($mark.seq -gt $seq) -or (($mark.seq -eq $seq) -and ($mark.hash -cne $hash))
    if ($behind -and ([string]$request.aside -eq '')) { $verdict = 'rewound' }

    if (([string]$request.actor -ne '') -and ([string]$request.actor -ne $account.sid)) { $verdict = 'actor_mismatch' }

    $from = [Math]::Max(0, [int]$request.after - $base)
    if ($request.checkpoint) {
        for ($index = $count - 1; $index -gt $from; $index--) {
            if ($lines[$index].Contains('"kind":"checkpoint","prev":"')) { $from = $index }
        }
    }
    $tail = @()
    if ($from -lt $count) { $tail = @($lines[$from..($count - 1)]) }

    if ($verdict -eq 'ok') {
        $new = @($request.lines)
        if ($new.Length -gt 0) {
            $text = ($new -join "`n") + "`n"
            if ([string]$request.aside -eq '') {
                Add-Line $journal $text
            } else {
                # Without the mark first: a crash must not leave one that the new journal is behind.
                [System.IO.File]::Delete($markFile)
                Write-Whole $journal $text ($journal + '.' + $request.aside)
                $seq = (Get-Number $new[0]) - 1
            }
            $seq = $seq + $new.Length
            $hash = Get-LineHash $new[$new.Length - 1]
            # Behind the journal: a crash between the two leaves a mark that is behind, which says nothing.
            Write-Whole $markFile (ConvertTo-Json -InputObject @{ seq = $seq; hash = $hash } -Compress)
        }
        if ($null -ne $claim) {
            if ($claim.acquire) { $lease.epoch = [int]$claim.epoch; $lease.since = [System.DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ssZ') }
            # What the holder has begun may still be going on: it is carried over when the lease changes hands.
            if ($claim.acquire -or $claim.release) { $settling = [System.Math]::Max($longest, $settling) }
            if ($null -ne $claim.settling) { $settling = [System.Math]::Max($settling, [double]$claim.settling) }
            $longest = [double]$claim.longest
            $lease.holder = [string]$claim.holder
            if ($claim.release) { $lease.holder = ''; $longest = 0.0 }
            $lease.by = [string]$claim.by; $lease.run = [string]$claim.run
            $lease.seconds = [double]$claim.seconds; $lease.longest = $longest; $lease.settling = $settling; $lease.granted = $uptime
            Write-Whole $leaseFile (ConvertTo-Json -InputObject $lease -Compress)
            $remaining = 0.0
            if ($lease.holder -ne '') { $remaining = $lease.seconds }
        }
    }
    return @{
        verdict = $verdict; head = @{ seq = $seq; hash = $hash }; mark = $mark; lines = $tail; torn = $torn; damaged = $damaged; account = $account
        lease = @{
            holder = $lease.holder; epoch = $lease.epoch; by = $lease.by; run = $lease.run
            longest = $longest; settling = $settling; since = $lease.since; remaining = $remaining
        }
    }
} finally {
    if ($owned) { $mutex.ReleaseMutex() }
    $mutex.Dispose()
}
"""
