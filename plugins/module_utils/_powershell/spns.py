# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Service principal names, on a domain controller: who holds them in the forest, and moving them.

Input  ``{accounts: [sAMAccountName], values: [spn], moves: [{value, from, to}], lease: {file, epoch}|null}``; ``from`` or ``to`` empty = nobody
Output ``{accounts: [{account, dn}], holders: [{value, account, dn}], forest, failed: [{value, code, message, restored}],
       refused: [spn]}``; an account that is absent is left out of ``accounts``; ``refused`` were left alone because another controller has taken the
       lease; ``forest`` is false where this controller has no global catalogue, so that only its own domain was searched

Facts it stands on (reference: MS-ADTS 3.1.1.5.1.3, documentation of Set-ADObject):

* the directory refuses a value that another account holds (error 8647), so it is removed first and added then, on the same controller;
* no account with the name means NTLM, the wrong account means that logons fail: when adding fails, the value goes back where it was;
* several values of one account travel in one request, removed or added as a whole.
"""

from __future__ import annotations

from ansible_collections.continuity.identity_failover.plugins.module_utils._powershell.fence import FENCE

SCRIPT = (
    r"""
param($data)
Set-StrictMode -Version 2
"""
    + FENCE
    + r"""
$here = 'localhost'

function Format-Filter([string]$text) {
    return $text.Replace('\', '\5c').Replace('*', '\2a').Replace('(', '\28').Replace(')', '\29').Replace([string][char]0, '\00')
}

function Get-Account([string]$name) {
    return @(Get-ADObject -LDAPFilter ('(sAMAccountName=' + (Format-Filter $name) + ')') -Properties sAMAccountName -Server $here -ErrorAction Stop)
}

function Get-Holder([string[]]$values) {
    $found = @{ holders = @(); forest = $true }
    foreach ($value in $values) {
        $filter = '(servicePrincipalName=' + (Format-Filter $value) + ')'
        $objects = @()
        if ($found.forest) {
            try {
                $objects = @(Get-ADObject -LDAPFilter $filter -SearchBase '' -Properties sAMAccountName -Server ($here + ':3268') -ErrorAction Stop)
            } catch { $found.forest = $false }
        }
        $objects += @(Get-ADObject -LDAPFilter $filter -Properties sAMAccountName -Server $here -ErrorAction Stop)
        $seen = @()
        foreach ($object in $objects) {
            if ($seen -contains [string]$object.DistinguishedName) { continue }
            $seen += [string]$object.DistinguishedName
            $found.holders += @{ value = $value; account = [string]$object.sAMAccountName; dn = [string]$object.DistinguishedName }
        }
    }
    return $found
}

function Get-Failure($record) {
    $cause = $record.Exception.GetBaseException()
    $code = [int]$cause.HResult -band 0xFFFF
    if ($null -ne $cause.PSObject.Properties['ErrorCode']) { $code = [int]$cause.ErrorCode }
    return @{ code = $code; message = [string]$cause.Message }
}

$names = @{}
$accounts = @()
foreach ($name in @($data.accounts)) {
    $objects = @(Get-Account ([string]$name))
    if ($objects.Count -eq 1) {
        $names[[string]$name] = [string]$objects[0].DistinguishedName
        $accounts += @{ account = [string]$objects[0].sAMAccountName; dn = [string]$objects[0].DistinguishedName }
    }
}

$failed = @()
$refused = @()
foreach ($pair in @($data.moves | Group-Object -Property from, to)) {
    $from = [string]$pair.Group[0].from
    $to = [string]$pair.Group[0].to
    $values = [string[]]@($pair.Group | ForEach-Object { [string]$_.value })
    if (-not (Use-Lease $data.lease {})) { $refused += $values; continue }
    $removed = $false
    try {
        if ($from -ne '') { Set-ADObject -Identity $names[$from] -Remove @{ servicePrincipalName = $values } -Server $here -ErrorAction Stop; $removed = $true }
        if ($to -ne '') { Set-ADObject -Identity $names[$to] -Add @{ servicePrincipalName = $values } -Server $here -ErrorAction Stop }
    } catch {
        $failure = Get-Failure $_
        $restored = -not $removed
        if ($removed) {
            try {
                Set-ADObject -Identity $names[$from] -Add @{ servicePrincipalName = $values } -Server $here -ErrorAction Stop
                $restored = $true
            } catch { $restored = $false }
        }
        foreach ($value in $values) { $failed += @{ value = $value; code = $failure.code; message = $failure.message; restored = $restored } }
    }
}

$found = Get-Holder ([string[]]@($data.values))
return @{ accounts = $accounts; holders = $found.holders; forest = $found.forest; failed = $failed; refused = $refused }
"""
)
