# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Accounts of the lab's directory: reading by identity or a plain LDAP filter, and writing service principal names.

Import-Module Lab

function Get-Reach([string]$server, [pscredential]$credential) {
    $reach = @{ server = $server }
    if ($null -ne $credential) { $reach.user = $credential.UserName; $reach.password = $credential.GetNetworkCredential().Password }
    return $reach
}

function ConvertFrom-LdapText([string]$text) {
    return [regex]::Replace($text, '\\([0-9a-fA-F]{2})', { param($found) [string][char][Convert]::ToInt32($found.Groups[1].Value, 16) })
}

# An attribute comes only where -Properties asks for it, but for the few that always come.
function ConvertTo-AdObject($found, [string[]]$properties) {
    $made = [ordered]@{ DistinguishedName = $found.distinguished_name; Name = $found.name; ObjectClass = $found.kind; ObjectGUID = [guid]$found.guid }
    foreach ($name in @($properties)) {
        switch ($name) {
            'sAMAccountName' { $made.sAMAccountName = $found.sam_account_name }
            'servicePrincipalName' { $made.servicePrincipalName = @($found.spns) }
            'dNSHostName' { $made.dNSHostName = $found.dns_host_name }
        }
    }
    return [pscustomobject]$made
}

function Get-ADObject {
    [CmdletBinding(DefaultParameterSetName = 'Filter')]
    param(
        [Parameter(ParameterSetName = 'Identity', Mandatory, Position = 0, ValueFromPipeline)][object]$Identity,
        [Parameter(ParameterSetName = 'Filter', Mandatory)][string]$Filter,
        [Parameter(ParameterSetName = 'LdapFilter', Mandatory)][string]$LDAPFilter,
        [string[]]$Properties,
        [AllowEmptyString()][string]$SearchBase,
        [string]$SearchScope,
        [string]$Server,
        [pscredential]$Credential
    )
    try {
        $arguments = Get-Reach $Server $Credential
        if ($PSCmdlet.ParameterSetName -eq 'Identity') { $arguments.identity = [string]$Identity }
        elseif ($LDAPFilter -match '^\(servicePrincipalName=([^*()]+)\)$') { $arguments.spn = ConvertFrom-LdapText $Matches[1] }
        elseif ($LDAPFilter -match '^\(sAMAccountName=([^*()]+)\)$') { $arguments.sam_account_name = ConvertFrom-LdapText $Matches[1] }
        else { throw [System.ArgumentException]::new('The search filter cannot be recognized: the lab takes an LDAPFilter with one servicePrincipalName or sAMAccountName') }
        if ($PSBoundParameters.ContainsKey('SearchBase') -and $SearchBase -eq '' -and $Server -notlike '*:3268') {
            throw [System.ArgumentException]::new('An empty SearchBase is only supported while connected to a GlobalCatalog.')
        }
        foreach ($found in @(Invoke-Lab directory_get $arguments)) { if ($null -ne $found) { ConvertTo-AdObject $found $Properties } }
    } catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'NotSpecified' $Identity)) }
}

function Get-ADComputer {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline)][object]$Identity, [string[]]$Properties, [string]$Server, [pscredential]$Credential)
    try {
        $arguments = Get-Reach $Server $Credential
        $arguments.identity = [string]$Identity
        $found = @(Invoke-Lab directory_get $arguments)[0]
        $made = ConvertTo-AdObject $found @('sAMAccountName', 'dNSHostName')
        foreach ($name in @($Properties)) { if ($name -match '^servicePrincipalNames?$') { Add-Member -InputObject $made -NotePropertyName $name -NotePropertyValue @($found.spns) } }
        $made
    } catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'ObjectNotFound' $Identity)) }
}

function Set-Spn($identity, [string]$server, [pscredential]$credential, [System.Collections.IDictionary]$changes) {
    $arguments = Get-Reach $server $credential
    $arguments.identity = [string]$identity
    foreach ($name in @($changes.Keys)) { $arguments[[string]$name] = @($changes[$name] | ForEach-Object { [string]$_ }) }
    $null = Invoke-Lab directory_write $arguments
}

function Set-ADObject {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline)][object]$Identity,
        [hashtable]$Add,
        [hashtable]$Remove,
        [hashtable]$Replace,
        [string[]]$Clear,
        [string]$Server,
        [pscredential]$Credential
    )
    try {
        $changes = @{}
        foreach ($pair in @(@('remove', $Remove), @('add', $Add), @('replace', $Replace))) {
            if ($null -eq $pair[1]) { continue }
            foreach ($name in @($pair[1].Keys)) {
                if ($name -ne 'servicePrincipalName') { throw [System.ArgumentException]::new("The lab's accounts have no attribute $name to change") }
                $changes[$pair[0]] = @($pair[1][$name])
            }
        }
        Set-Spn $Identity $Server $Credential $changes
    } catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'NotSpecified' $Identity)) }
}

function Set-ADComputer {
    [CmdletBinding(SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline)][object]$Identity,
        [hashtable]$ServicePrincipalNames,
        [string]$Server,
        [pscredential]$Credential
    )
    try {
        $changes = @{}
        foreach ($name in @($ServicePrincipalNames.Keys)) { $changes[$name.ToLowerInvariant()] = @($ServicePrincipalNames[$name]) }
        Set-Spn $Identity $Server $Credential $changes
    } catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'NotSpecified' $Identity)) }
}

Export-ModuleMember -Function Get-ADObject, Get-ADComputer, Set-ADObject, Set-ADComputer
