# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The DNS client of the host that the script runs on: its cache, its hosts file, its servers.

Import-Module Lab

$types = @{ 1 = 'A'; 2 = 'NS'; 5 = 'CNAME'; 6 = 'SOA'; 12 = 'PTR'; 15 = 'MX'; 16 = 'TXT'; 28 = 'AAAA'; 33 = 'SRV' }
$messages = @{ 9003 = 'DNS name does not exist'; 9701 = 'DNS records not found'; 9501 = 'No records found for given DNS query'; 1460 = 'This operation returned because the timeout period expired' }

function Resolve-DnsName {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0, ValueFromPipeline)][string]$Name,
        [Parameter(Position = 1)][string]$Type = 'A_AAAA',
        [string[]]$Server,
        [switch]$DnsOnly,
        [switch]$CacheOnly,
        [switch]$NoHostsFile,
        [switch]$QuickTimeout,
        [switch]$TcpOnly
    )
    process {
        $asked = $Type
        if ($asked -eq 'A_AAAA') { $asked = 'A' }
        $answer = Invoke-Lab resolve @{ name = $Name; type = $asked; server = [string]@($Server)[0]; dns_only = $DnsOnly.IsPresent }
        $status = [int]$answer.status
        if ($status -eq 9701) { $status = 9501 }
        if ($status -ne 0) {
            $exception = [System.ComponentModel.Win32Exception]::new($status, "$Name : $($messages[$status])")
            $id = 'DNS_ERROR_' + $status
            if ($status -eq 9003) { $id = 'DNS_ERROR_RCODE_NAME_ERROR' } elseif ($status -eq 1460) { $id = 'ERROR_TIMEOUT' } elseif ($status -eq 9501) { $id = 'DNS_INFO_NO_RECORDS' }
            $PSCmdlet.WriteError([System.Management.Automation.ErrorRecord]::new($exception, $id, 'ResourceUnavailable', $Name))
            return
        }
        foreach ($record in @($answer.records)) {
            $made = [ordered]@{ Name = $record.name; Type = $types[[int]$record.type]; TTL = [int]$record.ttl; Section = 'Answer' }
            if (@(1, 28) -contains [int]$record.type) { $made.IPAddress = $record.data } else { $made.NameHost = $record.data }
            [pscustomobject]$made
        }
    }
}

function Clear-DnsClientCache {
    [CmdletBinding(SupportsShouldProcess)]
    param()
    try { $null = Invoke-Lab clear_cache }
    catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'NotSpecified')) }
}

function Get-DnsClientCache {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]]$Entry, [string[]]$Name, [string[]]$Type)
    foreach ($found in @(Invoke-Lab cache)) {
        foreach ($data in @($found.data)) {
            if ($null -eq $found -or ($Entry -and $Entry -notcontains $found.name) -or ($Name -and $Name -notcontains $found.name)) { continue }
            [pscustomobject]@{ Entry = $found.name; Name = $found.name; Type = $found.type; Status = $found.status; TimeToLive = $found.ttl; Data = $data }
        }
    }
}

Export-ModuleMember -Function Resolve-DnsName, Clear-DnsClientCache, Get-DnsClientCache
