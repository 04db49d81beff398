# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Everything of one identity in the collection's folder on this host: looked at, or removed under the store's mutex.

Input  ``{action: look|remove, path, identity, last: hash|""}``; ``last``: SHA-256 of the journal's last line, "" where there may be no journal
Output ``{files, removed, failed: [{name, message}], others, folder, refused}``; ``files`` are the names found, ``others`` says that further files lie
       there, ``folder`` is ``absent``, ``kept`` or ``removed``, ``refused`` is "" or ``journal_moved`` (nothing was removed then)

Facts it stands on (reference: documentation of System.IO.Directory, System.IO.File and Mutex objects):

* a name of an identity holds no dot, so that everything that begins with it and a dot is its own;
* the journal goes last: whoever is interrupted finds it again, and with it what is left to remove;
* ``Directory.Delete`` refuses a folder that is not empty, so nothing of anybody else can go with it.
"""

from __future__ import annotations

SCRIPT = r"""
param($data)
Set-StrictMode -Version 2
$folder = [string]$data.path
$identity = [string]$data.identity
$answer = @{ files = @(); removed = @(); failed = @(); others = $false; folder = 'absent'; refused = '' }
if (-not [System.IO.Directory]::Exists($folder)) { return $answer }
$answer.folder = 'kept'
$encoding = New-Object System.Text.UTF8Encoding $false
$mutex = New-Object System.Threading.Mutex($false, ('Global\continuity.identity_failover.' + $identity))
$owned = $false
try {
    try { $owned = $mutex.WaitOne(10000) } catch [System.Threading.AbandonedMutexException] { $owned = $true }
    if (-not $owned) { throw 'another transaction has held the journal for 10 seconds' }

    $journal = $identity + '.journal'
    $ours = @()
    $paths = @{}
    foreach ($item in @(Get-ChildItem -LiteralPath $folder -Force)) {
        $name = [string]$item.Name
        if ((-not $item.PSIsContainer) -and $name.StartsWith($identity + '.', [System.StringComparison]::OrdinalIgnoreCase)) {
            $ours += $name
            $paths[$name] = [string]$item.FullName
        } else { $answer.others = $true }
    }
    $rest = @($ours | Where-Object { $_ -ne $journal } | Sort-Object)
    $last = @($ours | Where-Object { $_ -eq $journal })
    $answer.files = @($rest + $last)
    if ($data.action -ne 'remove') { return $answer }

    if ($last.Length -gt 0) {
        $text = [System.IO.File]::ReadAllText($paths[$last[0]], $encoding).TrimEnd("`n")
        $line = $text.Substring($text.LastIndexOf("`n") + 1)
        $sha = [System.Security.Cryptography.SHA256]::Create()
        try { $hash = [System.BitConverter]::ToString($sha.ComputeHash($encoding.GetBytes($line))) } finally { $sha.Dispose() }
        $hash = $hash.Replace('-', '').ToLowerInvariant()
        if ($hash -ne [string]$data.last) { $answer.refused = 'journal_moved'; return $answer }
    }
    foreach ($name in $answer.files) {
        # While anything of it is left the journal stays.
        if (($name -eq $journal) -and ($answer.failed.Length -gt 0)) { continue }
        try {
            [System.IO.File]::Delete($paths[$name])
            $answer.removed += $name
        } catch { $answer.failed += @{ name = $name; message = [string]$_.Exception.Message } }
    }
    if ((-not $answer.others) -and ($answer.failed.Length -eq 0)) {
        try {
            [System.IO.Directory]::Delete($folder)
            $answer.folder = 'removed'
        } catch { $answer.failed += @{ name = $folder; message = [string]$_.Exception.Message } }
    }
    return $answer
} finally {
    if ($owned) { $mutex.ReleaseMutex() }
    $mutex.Dispose()
}
"""
