# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The user's own script or program on this host: looks at its file and its markers, or runs it once.

Input  ``{action: look|run, folder, mark, path, program, arguments, working_directory, seconds, cap, again, lease: {file, epoch}|null}``; ``mark`` is "" for
       a run without markers; ``arguments`` is a whole command line, quoted by the caller; ``cap`` characters are kept of each stream
Output ``{exists, sha256, started, done, ran, refused, record}``; ``done`` and ``record`` are ``{exit_code, started, ended, sha256, account, pid, timed_out,
       stdout_tail, stderr_tail}`` or null; ``refused`` is "", ``started`` (the marker is there already) or ``lease_lost``

Facts it stands on (reference: documentation of System.Diagnostics.Process and System.IO.FileMode):

* ``FileMode.CreateNew`` fails when the file is there, so that of two runs only one gets to start the script;
* the epoch is read and the marker written under the mutex of the store (``_powershell/store.py``), so that a run that was taken over
  in between is not started by the controller that lost it;
* a full pipe stops a program, so both streams are read while it runs; a program that it leaves behind may hold them open;
* a process that started others is ended with them (``taskkill /T``), because ending it alone leaves the work going on.
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
$encoding = New-Object System.Text.UTF8Encoding $false
$folder = [string]$data.folder
$path = [string]$data.path
$startedFile = $folder + '\' + [string]$data.mark + '.started'
$doneFile = $folder + '\' + [string]$data.mark + '.done'

function Get-Stamp { return [System.DateTime]::UtcNow.ToString('yyyy-MM-ddTHH:mm:ss.fffZ') }

function Get-Tail([string]$text, [int]$cap) {
    if ($text.Length -le $cap) { return $text }
    return $text.Substring($text.Length - $cap)
}

function Write-Mark([string]$file, [System.IO.FileMode]$mode, $content) {
    $bytes = $encoding.GetBytes((ConvertTo-Json -InputObject $content -Compress))
    $share = [System.IO.FileShare]::None
    $stream = New-Object System.IO.FileStream($file, $mode, [System.IO.FileAccess]::Write, $share, 4096, [System.IO.FileOptions]::WriteThrough)
    try { $stream.Write($bytes, 0, $bytes.Length); $stream.Flush($true) } finally { $stream.Dispose() }
}

$answer = @{ exists = [System.IO.File]::Exists($path); sha256 = ''; started = $false; done = $null; ran = $false; refused = ''; record = $null }
if ($answer.exists) {
    $sha = [System.Security.Cryptography.SHA256]::Create()
    $hash = $sha.ComputeHash([System.IO.File]::ReadAllBytes($path))
    $sha.Dispose()
    $answer.sha256 = [System.BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant()
}
if ([string]$data.mark -ne '') {
    $answer.started = [System.IO.File]::Exists($startedFile)
    if ([System.IO.File]::Exists($doneFile)) { $answer.done = ConvertFrom-Json -InputObject ([System.IO.File]::ReadAllText($doneFile, $encoding)) }
}
if ($data.action -ne 'run' -or -not $answer.exists) { return $answer }

$begun = Get-Stamp
$account = [string][System.Security.Principal.WindowsIdentity]::GetCurrent().Name
# Nobody takes the lease between the look at its epoch and the marker.
$ours = Use-Lease $data.lease {
    if ([string]$data.mark -eq '') { return }
    if (-not [System.IO.Directory]::Exists($folder)) { $null = [System.IO.Directory]::CreateDirectory($folder) }
    $mode = [System.IO.FileMode]::CreateNew
    if ($data.again) { $mode = [System.IO.FileMode]::Create }
    try { Write-Mark $startedFile $mode @{ path = $path; sha256 = $answer.sha256; started = $begun; account = $account } }
    catch {
        if (-not [System.IO.File]::Exists($startedFile) -or $data.again) { throw }
        $answer.refused = 'started'; $answer.started = $true
    }
}
if (-not $ours) { $answer.refused = 'lease_lost' }
if ($answer.refused -ne '') { return $answer }

$info = New-Object System.Diagnostics.ProcessStartInfo
$info.FileName = [string]$data.program
$info.Arguments = [string]$data.arguments
$info.UseShellExecute = $false
$info.CreateNoWindow = $true
$info.RedirectStandardInput = $true
$info.RedirectStandardOutput = $true
$info.RedirectStandardError = $true
if ([string]$data.working_directory -ne '') { $info.WorkingDirectory = [string]$data.working_directory }
$process = New-Object System.Diagnostics.Process
$process.StartInfo = $info
$timedOut = $false
try {
    $null = $process.Start()
    $id = $process.Id
    $process.StandardInput.Close()
    $out = $process.StandardOutput.ReadToEndAsync()
    $err = $process.StandardError.ReadToEndAsync()
    if (-not $process.WaitForExit([int]([double]$data.seconds * 1000))) {
        $timedOut = $true
        $killer = New-Object System.Diagnostics.ProcessStartInfo
        $killer.FileName = 'taskkill.exe'
        $killer.Arguments = '/T /F /PID ' + $id
        $killer.UseShellExecute = $false
        $killer.CreateNoWindow = $true
        try {
            $kill = [System.Diagnostics.Process]::Start($killer)
            $null = $kill.WaitForExit(10000)
            $kill.Dispose()
        } catch { $null = $_ }
        if (-not $process.HasExited) { $process.Kill() }
        $null = $process.WaitForExit(10000)
    }
    $exitCode = $null
    if ($process.HasExited -and -not $timedOut) { $exitCode = $process.ExitCode }
    $outText = ''
    $errText = ''
    if ($out.Wait(5000)) { $outText = Get-Tail ([string]$out.Result) ([int]$data.cap) }
    if ($err.Wait(5000)) { $errText = Get-Tail ([string]$err.Result) ([int]$data.cap) }
} finally { $process.Dispose() }

$answer.ran = $true
$answer.started = $true
$answer.record = @{
    exit_code = $exitCode; started = $begun; ended = (Get-Stamp); sha256 = $answer.sha256; account = $account; pid = $id; timed_out = $timedOut
    stdout_tail = $outText; stderr_tail = $errText
}
if ([string]$data.mark -ne '') {
    Write-Mark $doneFile ([System.IO.FileMode]::Create) $answer.record
    $answer.done = $answer.record
}
return $answer
"""
)
