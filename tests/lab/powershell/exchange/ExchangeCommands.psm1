# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What Import-PSSession brings from Exchange's endpoint: three cmdlets with their documented parameters and traps. Not on the module path, as a plain
# WinRM logon does not have them either.

param([System.Collections.IDictionary]$Session)

Import-Module Lab

function Invoke-Exchange([string]$Verb, [System.Collections.IDictionary]$Arguments) {
    $all = $Arguments.Clone()
    foreach ($name in @('user', 'password', 'uri')) { if ($Session.Contains($name)) { $all[$name] = $Session[$name] } }
    Invoke-Lab $Verb $all
}

# An identity that is empty or unknown gives every database; Mounted is filled with -Status only.
function Get-MailboxDatabase {
    [CmdletBinding(DefaultParameterSetName = 'Identity')]
    param(
        [Parameter(ParameterSetName = 'Identity', Position = 0, ValueFromPipeline)][object]$Identity,
        [Parameter(ParameterSetName = 'Server', Mandatory, ValueFromPipeline)][object]$Server,
        [string]$DomainController,
        [switch]$IncludePreExchange2013,
        [switch]$Status
    )
    try {
        $arguments = @{ status = $Status.IsPresent }
        if ($null -ne $Identity) { $arguments.identity = [string]$Identity }
        if ($null -ne $Server) { $arguments.server = [string]$Server }
        foreach ($found in @(Invoke-Exchange exchange_get $arguments)) {
            if ($null -eq $found) { continue }
            [pscustomobject]@{
                Name = $found.name; Identity = $found.name; Guid = [guid]$found.guid; Server = $found.server; EdbFilePath = $found.edb_path; Mounted = $found.mounted
                MountAtStartup = $found.mount_at_startup; AllowFileRestore = $found.allow_file_restore; Recovery = $false; IsMailboxDatabase = $true
            }
        }
    } catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'NotSpecified' $Identity)) }
}

function Mount-Database {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline)][object]$Identity,
        [switch]$AcceptDataLoss,
        [string]$DomainController,
        [switch]$Force,
        [switch]$NewCapacity
    )
    process {
        if (-not $PSCmdlet.ShouldProcess([string]$Identity)) { return }
        try { $null = Invoke-Exchange exchange_mount @{ identity = [string]$Identity; force = $Force.IsPresent; accept_data_loss = $AcceptDataLoss.IsPresent } }
        catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'InvalidOperation' $Identity)) }
    }
}

function Dismount-Database {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][object]$Identity, [string]$DomainController)
    process {
        if (-not $PSCmdlet.ShouldProcess([string]$Identity)) { return }
        try { $null = Invoke-Exchange exchange_dismount @{ identity = [string]$Identity } }
        catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'InvalidOperation' $Identity)) }
    }
}

function Set-MailboxDatabase {
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline)][object]$Identity,
        [Nullable[bool]]$MountAtStartup,
        [Nullable[bool]]$AllowFileRestore,
        [string]$DomainController
    )
    process {
        if (-not $PSCmdlet.ShouldProcess([string]$Identity)) { return }
        try { $null = Invoke-Exchange exchange_set @{ identity = [string]$Identity; mount_at_startup = $MountAtStartup; allow_file_restore = $AllowFileRestore } }
        catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'InvalidOperation' $Identity)) }
    }
}

Export-ModuleMember -Function Get-MailboxDatabase, Mount-Database, Dismount-Database, Set-MailboxDatabase
