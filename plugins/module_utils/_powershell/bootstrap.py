# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""The one text that a command line carries: it reads script and data from standard input, runs the script, prints one line.

For Windows PowerShell 5.1. ``$input`` and not ``[Console]::In``: powershell.exe reads standard input itself when it runs a command. In ConstrainedLanguage
nothing but cmdlets works, so that is told before .NET is touched. The line is ASCII, because the console's code page is unknown.
"""

from __future__ import annotations

BOOTSTRAP = r"""
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$WarningPreference = 'SilentlyContinue'
$text = @($input) -join ''
$answer = @{ ok = $false; language_mode = [string]$ExecutionContext.SessionState.LanguageMode }
if ($answer.language_mode -ne 'FullLanguage') {
    $answer.error = @{ message = 'PowerShell runs in ' + $answer.language_mode + ', but the scripts of this collection need FullLanguage'
        id = 'LanguageMode'; hresult = 0; category = 'PermissionDenied'; line = 0 }
    'continuity:' + (ConvertTo-Json -InputObject $answer -Depth 10 -Compress)
    exit 0
}
try {
    $bytes = [Convert]::FromBase64String($text.Trim().TrimStart([char]0xFEFF))
    $sent = ConvertFrom-Json -InputObject ([Text.Encoding]::UTF8.GetString($bytes))
    $found = @(& ([scriptblock]::Create($sent.script)) $sent.data)
    if ($found.Count -gt 1) { throw ('the script returned {0} objects instead of one' -f $found.Count) }
    $answer.value = $null
    if ($found.Count -eq 1) { $answer.value = $found[0] }
    $answer.ok = $true
    $json = ConvertTo-Json -InputObject $answer -Depth 10 -Compress
} catch {
    $cause = $_.Exception.GetBaseException()
    $native = $null
    if ($cause -is [ComponentModel.Win32Exception]) { $native = $cause.NativeErrorCode }
    $answer.Remove('value')
    $answer.ok = $false
    $answer.error = @{ message = [string]$cause.Message; id = [string]$_.FullyQualifiedErrorId; hresult = [int]$cause.HResult; native = $native
        category = [string]$_.CategoryInfo.Category; line = [int]$_.InvocationInfo.ScriptLineNumber }
    $json = ConvertTo-Json -InputObject $answer -Depth 10 -Compress
}
$escape = [Text.RegularExpressions.MatchEvaluator] { param($found) '\u{0:x4}' -f [int][char]$found.Value }
[Console]::Out.WriteLine('continuity:' + [regex]::Replace($json, '[^\x20-\x7e]', $escape))
[Console]::Out.Flush()
"""
