# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Commands and types that the engine has, or lacks on Linux, and that must act on the lab instead. Imported before every script.

Import-Module Lab

# WindowsIdentity works on Windows only, so its name leads to a type of ours: the account that WinRM logged on. Made once for each engine process.
$accelerators = [psobject].Assembly.GetType('System.Management.Automation.TypeAccelerators')
if (-not $accelerators::Get.ContainsKey('System.Security.Principal.WindowsIdentity')) {
    $codes = [System.Reflection.Emit.OpCodes]
    $assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly([System.Reflection.AssemblyName]::new('LabTypes'), 'Run')
    $type = $assembly.DefineDynamicModule('LabTypes').DefineType('LabIdentity', 'Public,Class')
    $make = $type.DefineMethod('GetCurrent', 'Public,Static', $type, [type[]]@()).GetILGenerator()
    $make.Emit($codes::Newobj, $type.DefineDefaultConstructor('Public'))
    $make.Emit($codes::Ret)
    $getter = $type.DefineMethod('get_Name', 'Public,SpecialName,HideBySig', [string], [type[]]@())
    $body = $getter.GetILGenerator()
    $body.Emit($codes::Ldstr, 'LAB_ACCOUNT')
    $body.Emit($codes::Call, [Environment].GetMethod('GetEnvironmentVariable', [type[]]@([string])))
    $body.Emit($codes::Ret)
    $type.DefineProperty('Name', 'None', [string], [type[]]@()).SetGetMethod($getter)
    # Its User is the same object, whose Value is the SID.
    $user = $type.DefineMethod('get_User', 'Public,SpecialName,HideBySig', $type, [type[]]@())
    $body = $user.GetILGenerator()
    $body.Emit($codes::Ldarg_0)
    $body.Emit($codes::Ret)
    $type.DefineProperty('User', 'None', $type, [type[]]@()).SetGetMethod($user)
    $value = $type.DefineMethod('get_Value', 'Public,SpecialName,HideBySig', [string], [type[]]@())
    $body = $value.GetILGenerator()
    $body.Emit($codes::Ldstr, 'LAB_SID')
    $body.Emit($codes::Call, [Environment].GetMethod('GetEnvironmentVariable', [type[]]@([string])))
    $body.Emit($codes::Ret)
    $type.DefineProperty('Value', 'None', [string], [type[]]@()).SetGetMethod($value)
    $accelerators::Add('System.Security.Principal.WindowsIdentity', $type.CreateType())
}

function New-Object {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0, Mandatory)][string]$TypeName,
        [Parameter(Position = 1)][Alias('Args')][object[]]$ArgumentList,
        [System.Collections.IDictionary]$Property
    )
    $name = $TypeName -replace '^System\.', ''
    if ($name -eq 'Data.SqlClient.SqlConnection') { $made = New-LabSqlConnection ([string]@($ArgumentList)[0]) }
    elseif ($name -eq 'Net.Sockets.TcpClient' -and @($ArgumentList).Count -le 1) {
        # Connections leave from the host's own address, so that the lab's cuts hold for them.
        $made = [System.Net.Sockets.TcpClient]::new([System.Net.IPEndPoint]::new([System.Net.IPAddress]::Parse($env:LAB_ADDRESS), 0))
    } else { $made = Microsoft.PowerShell.Utility\New-Object @PSBoundParameters }
    $PSCmdlet.WriteObject($made, $false)
}

function New-LabSqlConnection([string]$text) {
    $connection = [pscustomobject]@{ ConnectionString = $text; State = 'Closed' }
    Add-Member -InputObject $connection -MemberType ScriptMethod -Name Open -Value {
        $null = Invoke-Lab sql_open @{ connection = $this.ConnectionString }
        $this.State = 'Open'
    }
    Add-Member -InputObject $connection -MemberType ScriptMethod -Name CreateCommand -Value { New-LabSqlCommand $this }
    foreach ($name in @('Close', 'Dispose')) { Add-Member -InputObject $connection -MemberType ScriptMethod -Name $name -Value { $this.State = 'Closed' } }
    return $connection
}

function New-LabSqlCommand($connection) {
    $command = [pscustomobject]@{ CommandText = ''; CommandTimeout = 30; Connection = $connection; Parameters = [pscustomobject]@{ Values = @{} } }
    Add-Member -InputObject $command.Parameters -MemberType ScriptMethod -Name AddWithValue -Value { param($name, $value) $this.Values[[string]$name] = $value }
    Add-Member -InputObject $command -MemberType ScriptMethod -Name Run -Value {
        if ($this.Connection.State -ne 'Open') { throw [System.InvalidOperationException]::new('ExecuteReader requires an open and available Connection.') }
        Invoke-Lab sql @{ connection = $this.Connection.ConnectionString; text = $this.CommandText; parameters = $this.Parameters.Values }
    }
    Add-Member -InputObject $command -MemberType ScriptMethod -Name ExecuteNonQuery -Value { $null = $this.Run(); -1 }
    Add-Member -InputObject $command -MemberType ScriptMethod -Name ExecuteScalar -Value { $found = $this.Run(); if (@($found.rows).Count -gt 0) { $found.rows[0][0] } }
    Add-Member -InputObject $command -MemberType ScriptMethod -Name ExecuteReader -Value { New-LabSqlReader ($this.Run()) }
    Add-Member -InputObject $command -MemberType ScriptMethod -Name Dispose -Value { }
    return $command
}

function New-LabSqlReader($result) {
    $reader = [pscustomobject]@{ Result = $result; At = -1; FieldCount = @($result.columns).Count }
    Add-Member -InputObject $reader -MemberType ScriptMethod -Name Read -Value { $this.At = $this.At + 1; $this.At -lt @($this.Result.rows).Count }
    Add-Member -InputObject $reader -MemberType ScriptMethod -Name GetValue -Value {
        param($column)
        $value = @($this.Result.rows)[$this.At][[int]$column]
        if ($null -eq $value) { [System.DBNull]::Value } else { $value }
    }
    foreach ($name in @('Close', 'Dispose')) { Add-Member -InputObject $reader -MemberType ScriptMethod -Name $name -Value { } }
    return $reader
}

# A session to Exchange's endpoint: the only kind that there is here.
function New-PSSession {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)][string[]]$ComputerName,
        [string]$ConfigurationName,
        [uri]$ConnectionUri,
        [string]$Authentication,
        [pscredential]$Credential,
        [switch]$AllowRedirection,
        [object]$SessionOption
    )
    try {
        if ($ConfigurationName -ne 'Microsoft.Exchange' -or $null -eq $ConnectionUri) { throw 'the lab has sessions to Microsoft.Exchange only' }
        $arguments = @{ uri = [string]$ConnectionUri; authentication = $Authentication }
        if ($null -ne $Credential) { $arguments.user = $Credential.UserName; $arguments.password = $Credential.GetNetworkCredential().Password }
        $answer = Invoke-Lab exchange_session $arguments
        [pscustomobject]@{ PSTypeName = 'Lab.ExchangeSession'; Id = 1; Name = 'Session1'; ComputerName = $answer.server; ConfigurationName = $ConfigurationName; Arguments = $arguments }
    } catch { $PSCmdlet.ThrowTerminatingError((New-LabError $_.Exception 'OpenError')) }
}

function Import-PSSession {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)][object]$Session,
        [Parameter(Position = 2)][string[]]$CommandName,
        [string]$Prefix,
        [switch]$AllowClobber,
        [switch]$DisableNameChecking
    )
    $path = [System.IO.Path]::Combine([System.IO.Path]::GetDirectoryName([System.IO.Path]::GetDirectoryName($PSScriptRoot)), 'exchange', 'ExchangeCommands.psm1')
    Import-Module -Name $path -ArgumentList $Session.Arguments -Global -PassThru -DisableNameChecking
}

function Remove-PSSession {
    [CmdletBinding()]
    param([Parameter(ValueFromPipeline, Position = 0)][object[]]$Session, [int[]]$Id)
    process { }
}

# The lab keeps a Windows file under its whole path, as a plain name in the current folder.
function Get-ChildItem {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]]$Path, [string[]]$LiteralPath, [switch]$Force)
    $folder = [string]@(@($LiteralPath) + @($Path) | Where-Object { $_ })[0]
    if ($folder -notmatch '^[A-Za-z]:\\') { return Microsoft.PowerShell.Management\Get-ChildItem @PSBoundParameters }
    $inside = $folder.TrimEnd('\') + '\'
    foreach ($file in [System.IO.Directory]::GetFiles([System.IO.Directory]::GetCurrentDirectory())) {
        $whole = [System.IO.Path]::GetFileName($file)
        if (-not $whole.StartsWith($inside, [System.StringComparison]::OrdinalIgnoreCase)) { continue }
        [pscustomobject]@{ Name = $whole.Substring($inside.Length); FullName = $whole; PSIsContainer = $false }
    }
}

function Get-Acl {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]]$Path, [string[]]$LiteralPath)
    foreach ($name in @($LiteralPath) + @($Path)) {
        if ([string]$name -eq '') { continue }
        $acl = [pscustomobject]@{ Path = $name; Sddl = (Invoke-Lab acl_get @{ path = $name }).sddl }
        Add-Member -InputObject $acl -MemberType ScriptMethod -Name SetSecurityDescriptorSddlForm -Value { param($form, $sections) $this.Sddl = [string]$form }
        Add-Member -InputObject $acl -MemberType ScriptMethod -Name GetSecurityDescriptorSddlForm -Value { param($sections) $this.Sddl }
        $acl
    }
}

function Set-Acl {
    [CmdletBinding()]
    param([Parameter(Position = 0)][string[]]$Path, [string[]]$LiteralPath, [Parameter(Mandatory, Position = 1, ValueFromPipeline)][object]$AclObject)
    process {
        foreach ($name in @($LiteralPath) + @($Path)) {
            if ([string]$name -ne '') { $null = Invoke-Lab acl_set @{ path = $name; sddl = [string]$AclObject.Sddl } }
        }
    }
}

Export-ModuleMember -Function New-Object, Get-ChildItem, New-PSSession, Import-PSSession, Remove-PSSession, Get-Acl, Set-Acl
