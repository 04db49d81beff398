# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""Databases of one SQL Server instance on this host: reads, brings online or offline, and waits, in one call.

Input  ``{instance, user, password, action: read|change|wait, databases: [{name, do: online|recover|offline, timeout}], online, seconds,
       lease: {file, epoch}|null}``; ``online`` and ``seconds`` belong to ``wait``, ``lease`` to ``change`` (``_powershell/fence.py``); without ``user`` the
       Windows logon counts
Output ``{reachable, number, message, databases: [{name, state, standby, ready, read_only, member}], files: [{name, path}], failed: [{name, number,
       message}], refused: [name]}``; ``member`` is "", ``availability_group``, ``mirroring`` or ``log_shipping``; ``files`` are listed when one of them is
       in RECOVERY_PENDING; ``refused`` were left alone because another controller has taken the lease

Facts it stands on (reference: documentation of sys.databases, ALTER DATABASE and RESTORE):

* a database is ready when it is ONLINE and its ``collation_name`` is not null;
* ``SET OFFLINE`` waits without limit for other users unless it says what to do with them;
* ``RESTORE DATABASE … WITH RECOVERY`` without FROM ends a restore sequence and needs no backup;
* names of databases cannot be parameters, so they stand in brackets, with closing ones doubled.
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

function Format-Part([string]$text) { return '"' + $text.Replace('"', '""') + '"' }

function Get-Failure($record) {
    $cause = $record.Exception.GetBaseException()
    $number = 0
    if ($null -ne $cause.PSObject.Properties['Number']) { $number = [int]$cause.Number }
    return @{ number = $number; message = [string]$cause.Message }
}

function Read-Rows([string]$text, [int]$columns) {
    $command = $connection.CreateCommand()
    $command.CommandTimeout = 30
    $command.CommandText = $text
    $rows = @()
    $reader = $command.ExecuteReader()
    try {
        while ($reader.Read()) {
            $row = @()
            for ($column = 0; $column -lt $columns; $column++) { $row += [string]$reader.GetValue($column) }
            $rows += , $row
        }
    } finally { $reader.Close() }
    return , $rows
}

function Read-Names([string]$text) {
    $names = @()
    try {
        foreach ($row in (Read-Rows $text 1)) { $names += $row[0] }
    } catch {
        # An edition or version without this feature lacks its column (207) or its table (208).
        if (@(207, 208) -notcontains (Get-Failure $_).number) { throw }
    }
    return , $names
}

function Get-State {
    $grouped = Read-Names 'SELECT name FROM sys.databases WHERE replica_id IS NOT NULL'
    $mirrored = Read-Names 'SELECT DB_NAME(database_id) FROM sys.database_mirroring WHERE mirroring_guid IS NOT NULL'
    $shipped = Read-Names 'SELECT secondary_database FROM msdb.dbo.log_shipping_secondary_databases'
    $states = @()
    foreach ($row in (Read-Rows 'SELECT name, state_desc, is_in_standby, is_read_only, collation_name FROM sys.databases' 5)) {
        $member = ''
        if ($grouped -contains $row[0]) { $member = 'availability_group' }
        elseif ($mirrored -contains $row[0]) { $member = 'mirroring' }
        elseif ($shipped -contains $row[0]) { $member = 'log_shipping' }
        $states += @{ name = $row[0]; state = $row[1]; standby = (@('True', '1') -contains $row[2]); read_only = (@('True', '1') -contains $row[3])
            ready = ($row[1] -eq 'ONLINE' -and $row[4] -ne ''); member = $member }
    }
    return , $states
}

$source = '.'
if ([string]$data.instance -ne 'MSSQLSERVER') { $source = '.\' + [string]$data.instance }
$text = 'Data Source=' + $source + ';Initial Catalog=master;Connect Timeout=15;Pooling=false;Application Name=continuity.identity_failover;'
if ([string]$data.user -ne '') { $text = $text + 'User ID=' + (Format-Part ([string]$data.user)) + ';Password=' + (Format-Part ([string]$data.password)) }
else { $text = $text + 'Integrated Security=SSPI' }
$connection = New-Object System.Data.SqlClient.SqlConnection $text
try {
    try {
        $connection.Open()
    } catch {
        $failure = Get-Failure $_
        return @{ reachable = $false; number = $failure.number; message = $failure.message; databases = @(); files = @(); failed = @(); refused = @() }
    }

    $failed = @()
    $refused = @()
    foreach ($database in @($data.databases)) {
        if ($data.action -ne 'change') { break }
        $name = '[' + ([string]$database.name).Replace(']', ']]') + ']'
        $command = $connection.CreateCommand()
        $command.CommandTimeout = [int]$database.timeout
        if ($database.do -eq 'online') { $command.CommandText = 'ALTER DATABASE ' + $name + ' SET ONLINE' }
        elseif ($database.do -eq 'recover') { $command.CommandText = 'RESTORE DATABASE ' + $name + ' WITH RECOVERY' }
        elseif ($database.do -eq 'offline') { $command.CommandText = 'ALTER DATABASE ' + $name + ' SET OFFLINE WITH ROLLBACK IMMEDIATE' }
        else { throw 'unknown request for a database' }
        try {
            # Before each of them: the one before it may have taken minutes.
            if (-not (Use-Lease $data.lease {})) { $refused += [string]$database.name; continue }
            $null = $command.ExecuteNonQuery()
        } catch {
            $failure = Get-Failure $_
            $failed += @{ name = [string]$database.name; number = $failure.number; message = $failure.message }
        }
    }

    $states = Get-State
    if ($data.action -eq 'wait') {
        $wanted = @($data.databases | ForEach-Object { [string]$_.name })
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        while ($true) {
            $open = @($states | Where-Object { $wanted -contains $_.name -and $_.ready -ne [bool]$data.online })
            if ($open.Count -eq 0 -or $watch.Elapsed.TotalSeconds -ge [double]$data.seconds) { break }
            Start-Sleep -Milliseconds 500
            $states = Get-State
        }
    }
    $files = @()
    if (@($states | Where-Object { $_.state -eq 'RECOVERY_PENDING' }).Count -gt 0) {
        foreach ($row in (Read-Rows 'SELECT DB_NAME(database_id), physical_name FROM sys.master_files' 2)) { $files += @{ name = $row[0]; path = $row[1] } }
    }
    return @{ reachable = $true; number = 0; message = ''; databases = $states; files = $files; failed = $failed; refused = $refused }
} finally {
    $connection.Dispose()
}
"""
)
