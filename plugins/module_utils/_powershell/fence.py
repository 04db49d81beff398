# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The fence of scripts on the host where the store lies: whether the run's lease still has the epoch that the script came with.

``Use-Lease $lease { ... }``: ``$lease`` is ``{file, epoch}`` or null. Runs the block, which should be short, under the mutex of the store
(``_powershell/store.py``), so that nobody takes the lease meanwhile, and answers true. Answers false, and runs nothing, where the lease's file
has another epoch. Without a lease, or where its file is not there, the block runs without the mutex.
"""

from __future__ import annotations

FENCE = r"""
function Use-Lease($lease, [scriptblock]$act) {
    if ($null -eq $lease -or -not [System.IO.File]::Exists([string]$lease.file)) { $null = & $act; return $true }
    $file = [string]$lease.file
    $name = $file.Substring($file.LastIndexOf([char]92) + 1)
    $mutex = New-Object System.Threading.Mutex($false, ('Global\continuity.identity_failover.' + $name.Substring(0, $name.LastIndexOf([char]46))))
    $owned = $false
    try {
        try { $owned = $mutex.WaitOne(10000) } catch [System.Threading.AbandonedMutexException] { $owned = $true }
        if (-not $owned) { throw 'a transaction has held the journal for 10 seconds' }
        $kept = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($file, (New-Object System.Text.UTF8Encoding $false)))
        if ([int]$kept.epoch -ne [int]$lease.epoch) { return $false }
        $null = & $act
        return $true
    } finally {
        if ($owned) { $mutex.ReleaseMutex() }
        $mutex.Dispose()
    }
}
"""
