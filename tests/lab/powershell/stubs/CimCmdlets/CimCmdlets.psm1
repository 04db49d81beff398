# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Get-CimInstance for what scripts of ours read; everything else goes over WS-Man.

Import-Module Lab

function Get-CimInstance {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][string]$ClassName,
        [string]$Namespace = 'root/cimv2',
        [string]$Filter,
        [string[]]$Property,
        [switch]$KeyOnly,
        [uint32]$OperationTimeoutSec
    )
    try {
        $system = Invoke-Lab operating_system
        switch ($ClassName) {
            'Win32_OperatingSystem' {
                [pscustomobject]@{ CSName = $system.name; LastBootUpTime = ([datetime]::Parse($system.last_boot, [cultureinfo]::InvariantCulture, 'AdjustToUniversal')).ToLocalTime() }
            }
            'Win32_ComputerSystemProduct' { [pscustomobject]@{ UUID = $system.uuid } }
            'Win32_ComputerSystem' { [pscustomobject]@{ Name = $system.name; Domain = $system.domain } }
            default { throw [System.InvalidOperationException]::new('Invalid class ') }
        }
    } catch {
        Add-Member -InputObject $_.Exception.GetBaseException() -NotePropertyName LabId -NotePropertyValue 'HRESULT 0x80041010' -ErrorAction SilentlyContinue
        $PSCmdlet.WriteError((New-LabError $_.Exception 'MetadataError' $ClassName))
    }
}

Export-ModuleMember -Function Get-CimInstance
