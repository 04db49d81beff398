# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# How stub modules reach the lab: one JSON line to the address in LAB_CALLBACK, one back. The token belongs to this run on this host.

function Invoke-Lab {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)][string]$Verb,
        [System.Collections.IDictionary]$Arguments = @{}
    )
    $place = $env:LAB_CALLBACK.Split([char]':')
    $line = ConvertTo-Json -InputObject @{ token = $env:LAB_TOKEN; verb = $Verb; arguments = $Arguments } -Depth 10 -Compress
    $client = [System.Net.Sockets.TcpClient]::new($place[0], [int]$place[1])
    try {
        $stream = $client.GetStream()
        $bytes = [System.Text.Encoding]::UTF8.GetBytes($line + "`n")
        $stream.Write($bytes, 0, $bytes.Length)
        $reader = [System.IO.StreamReader]::new($stream, [System.Text.Encoding]::UTF8)
        $answer = ConvertFrom-Json -InputObject $reader.ReadLine()
    } finally { $client.Dispose() }
    if (-not $answer.ok) { throw (New-LabException $answer.error) }
    return $answer.value
}

# An exception with what the lab knows of it: LabId, LabKind, and the number under the names that Windows' exceptions give it.
function New-LabException($failure) {
    $number = [int]$failure.code
    if ($failure.kind -eq 'Win32Exception') { $exception = [System.ComponentModel.Win32Exception]::new($number, [string]$failure.message) }
    else { $exception = [System.InvalidOperationException]::new([string]$failure.message) }
    Add-Member -InputObject $exception -NotePropertyMembers @{ LabId = [string]$failure.id; LabKind = [string]$failure.kind } -Force
    if ($failure.kind -eq 'SqlException') { Add-Member -InputObject $exception -NotePropertyName Number -NotePropertyValue $number -Force }
    if ($failure.kind -like 'AD*' -or $failure.kind -eq 'AuthenticationException') {
        Add-Member -InputObject $exception -NotePropertyName ErrorCode -NotePropertyValue $number -Force
    }
    return $exception
}

# The error record that the real command would write; the id is completed with the command's name by the engine.
function New-LabError($exception, [System.Management.Automation.ErrorCategory]$category = 'NotSpecified', $target = $null) {
    $exception = $exception.GetBaseException()
    $id = [string]$exception.LabId
    if ($id -eq '') { $id = 'LabError' }
    return [System.Management.Automation.ErrorRecord]::new($exception, @($id.Split([char]','))[0], $category, $target)
}

Export-ModuleMember -Function Invoke-Lab, New-LabError, New-LabException
