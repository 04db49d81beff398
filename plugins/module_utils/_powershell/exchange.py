# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Mailbox databases: reads, mounts, dismounts and waits for all databases of one server in one call.

Input  ``{server, user, password, action: read|mount|dismount|wait, databases: [{name, guid}], mounted, seconds, lease: {file, epoch}|null}``; ``server``
       empty = this one; ``mounted`` and ``seconds`` belong to ``wait``, ``lease`` to ``mount`` and ``dismount`` (``_powershell/fence.py``)
Output ``{reachable, message, server, databases: [{name, guid, mounted}], failed: [{name, message, id}], refused: [name]}``; ``mounted`` is null where
       nobody knows; ``refused`` were left alone because another controller has taken the lease

Facts it stands on (reference: the Exchange cmdlets' documentation):

* ``Mounted`` is filled only with ``-Status``, and an ``-Identity`` that is empty or unknown gives **every** database. So databases are fetched by
  server, compared by name, and changed by GUID.
* Commands come from the server's remote endpoint over Kerberos, where the roles of the account count. A WinRM logon cannot be passed on, so the second hop
  needs credentials of its own. Where the commands are there already and no account is given, they are used as they are.
* Neither ``-Force`` nor ``-AcceptDataLoss``: the one mounts an empty database where the file is missing, the other drops mail.
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
$server = [string]$data.server
if ($server -eq '') { $server = [string]$env:COMPUTERNAME }
$short = @($server.Split([char]46))[0]
$commands = @('Get-MailboxDatabase', 'Mount-Database', 'Dismount-Database')

function Get-State {
    $states = @()
    foreach ($database in @(Get-MailboxDatabase -Server $server -Status -ErrorAction Stop)) {
        if ([string]$database.Server -ne $short -and [string]$database.Server -ne $server) { continue }
        $mounted = $null
        if ($null -ne $database.Mounted) { $mounted = [bool]$database.Mounted }
        $states += @{ name = [string]$database.Name; guid = [string]$database.Guid; mounted = $mounted }
    }
    return , $states
}

$session = $null
$module = $null
try {
    try {
        if ([string]$data.user -ne '' -or $null -eq (Get-Command -Name 'Get-MailboxDatabase' -ErrorAction SilentlyContinue)) {
            $name = $server
            $domain = [string][System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().DomainName
            if ($name.IndexOf([char]46) -lt 0 -and $domain -ne '') { $name = $name + '.' + $domain }
            $address = 'http://' + $name + '/PowerShell/'
            $logon = @{ Authentication = 'Kerberos' }
            if ([string]$data.user -ne '') {
                $secret = ConvertTo-SecureString -String ([string]$data.password) -AsPlainText -Force
                $logon.Credential = New-Object System.Management.Automation.PSCredential ([string]$data.user), $secret
            }
            $session = New-PSSession -ConfigurationName 'Microsoft.Exchange' -ConnectionUri $address @logon -ErrorAction Stop
            $module = Import-PSSession -Session $session -CommandName $commands -AllowClobber -DisableNameChecking -ErrorAction Stop
        }
        $states = Get-State
    } catch {
        $why = [string]$_.Exception.GetBaseException().Message
        return @{ reachable = $false; message = $why; server = $short; databases = @(); failed = @(); refused = @() }
    }

    $failed = @()
    $refused = @()
    if ($data.action -eq 'mount' -or $data.action -eq 'dismount') {
        foreach ($database in @($data.databases)) {
            $guid = [string]$database.guid
            if ($guid -eq '' -or @($states | Where-Object { $_.guid -eq $guid }).Count -ne 1) {
                $failed += @{ name = [string]$database.name; message = 'the server has no database with this GUID'; id = 'NoSuchDatabase' }
                continue
            }
            if (@($states | Where-Object { $_.guid -eq $guid -and $_.mounted -eq ($data.action -eq 'mount') }).Count -eq 1) { continue }
            try {
                # Before each of them: the one before it may have taken minutes.
                if (-not (Use-Lease $data.lease {})) { $refused += [string]$database.name; continue }
                if ($data.action -eq 'mount') { $null = Mount-Database -Identity $guid -Confirm:$false -ErrorAction Stop }
                else { $null = Dismount-Database -Identity $guid -Confirm:$false -ErrorAction Stop }
            } catch {
                $failed += @{ name = [string]$database.name; message = [string]$_.Exception.GetBaseException().Message; id = [string]$_.FullyQualifiedErrorId }
            }
        }
        $states = Get-State
    }

    if ($data.action -eq 'wait') {
        $wanted = @($data.databases | ForEach-Object { [string]$_.guid })
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        while ($true) {
            $open = @($states | Where-Object { $wanted -contains $_.guid -and $_.mounted -ne [bool]$data.mounted })
            if ($open.Count -eq 0 -or $watch.Elapsed.TotalSeconds -ge [double]$data.seconds) { break }
            Start-Sleep -Milliseconds 500
            $states = Get-State
        }
    }
    return @{ reachable = $true; message = ''; server = $short; databases = $states; failed = $failed; refused = $refused }
} finally {
    if ($null -ne $module) { Remove-Module -ModuleInfo $module -ErrorAction SilentlyContinue }
    if ($null -ne $session) { Remove-PSSession -Session $session -ErrorAction SilentlyContinue }
}
"""
)
