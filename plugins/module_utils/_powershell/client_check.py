# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""What a user at a client would reach: the client resolves, connects and reads the first line, or asks for a page.

Input  ``{checks: [{name, type, port, protocol, path, identity}], timeout_ms}``; port 0 = resolve only; protocol ``banner``, ``http`` or ``https``
Output ``{checks: [{name, addresses, resolve_error, address, connected, connect_error, banner, tls_failed, http_status, named}]}``, in the order asked

Facts it stands on (reference: Microsoft's documentation of Resolve-DnsName, System Error Codes and Windows Sockets Error Codes):

* Resolve-DnsName without ``-Server``, ``-DnsOnly`` or ``-NoHostsFile`` asks as programs do, through hosts file and cache;
* its errors are Win32 codes: 9003 no such name, 9501 no records, 1460 no server answered; ``resolve_error`` is 0 or such a code,
  -1 where there is none;
* ``connect_error`` is 0 or a Windows Sockets code: 10060 no answer in time, 10061 refused, 10054 closed;
* with https the client itself judges the certificate, by its own store and for the name; ``tls_failed`` says that it would not have it. TLS 1.2 is
  asked for, because .NET Framework's own choice may be an older one (reference: Microsoft, TLS best practices with .NET Framework);
* a page is asked for by HTTP/1.0, so that it comes in one piece; ``named`` is whether the identity stands in status, headers or body as a word of
  its own, ``http_status`` 0 where the answer is no HTTP. Of a page ``banner`` is the first line.
"""

from __future__ import annotations

SCRIPT = r"""
param($data)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$found = New-Object System.Collections.ArrayList

function Get-ErrorCode($exception, [int]$otherwise) {
    while ($null -ne $exception) {
        if ($exception -is [System.Net.Sockets.SocketException]) { return [int]$exception.SocketErrorCode }
        if ($exception -is [System.ComponentModel.Win32Exception]) { return [int]$exception.NativeErrorCode }
        $exception = $exception.InnerException
    }
    return $otherwise
}

function Read-FirstLine($stream) {
    $bytes = New-Object System.IO.MemoryStream
    while ($bytes.Length -lt 512) {
        $one = $stream.ReadByte()
        if ($one -lt 0 -or $one -eq 10) { break }
        if ($one -ne 13) { $bytes.WriteByte([byte]$one) }
    }
    return [System.Text.Encoding]::ASCII.GetString($bytes.ToArray())
}

function Get-Page($stream, $check, [int]$timeout) {
    $answer = @{ banner = ''; tls_failed = $false; http_status = 0; named = $false }
    if ([string]$check.protocol -eq 'https') {
        $secure = New-Object System.Net.Security.SslStream($stream, $false)
        $secure.ReadTimeout = $timeout
        try {
            $secure.AuthenticateAsClient([string]$check.name, $null, [System.Security.Authentication.SslProtocols]::Tls12, $false)
        } catch [System.Security.Authentication.AuthenticationException] {
            $answer.tls_failed = $true
            return $answer
        }
        $stream = $secure
    }
    $request = [System.Text.Encoding]::ASCII.GetBytes("GET $($check.path) HTTP/1.0`r`nHost: $($check.name)`r`nConnection: close`r`n`r`n")
    $stream.Write($request, 0, $request.Length)
    $bytes = New-Object System.IO.MemoryStream
    $buffer = New-Object byte[] 8192
    while ($bytes.Length -lt 262144) {
        try { $count = $stream.Read($buffer, 0, $buffer.Length) } catch [System.IO.IOException] { break }
        if ($count -le 0) { break }
        $bytes.Write($buffer, 0, $count)
    }
    $text = [System.Text.Encoding]::ASCII.GetString($bytes.ToArray())
    $answer.banner = ($text -split "`r?`n", 2)[0]
    if ($answer.banner.Length -gt 512) { $answer.banner = $answer.banner.Substring(0, 512) }
    if ($text -match '^HTTP/\d\.\d (\d{3})') { $answer.http_status = [int]$Matches[1] }
    $word = [regex]::Escape([string]$check.identity)
    $answer.named = [string]$check.identity -ne '' -and [regex]::IsMatch($text, "(?<![\w-])$word(?![\w-])", 'IgnoreCase')
    return $answer
}

foreach ($check in @($data.checks)) {
    $seen = @{ name = [string]$check.name; addresses = @(); resolve_error = 0; address = ''; connected = $false; connect_error = 0; banner = ''
        tls_failed = $false; http_status = 0; named = $false }
    try {
        $records = @(Resolve-DnsName -Name ([string]$check.name) -Type ([string]$check.type) -ErrorAction Stop)
        $seen.addresses = @($records | Where-Object { $_.PSObject.Properties['IPAddress'] } | ForEach-Object { [string]$_.IPAddress })
        if ($seen.addresses.Count -eq 0) { $seen.resolve_error = 9501 }
    } catch {
        $seen.resolve_error = Get-ErrorCode $_.Exception -1
    }
    if ($seen.addresses.Count -gt 0 -and [int]$check.port -gt 0) {
        $seen.address = $seen.addresses[0]
        $address = [System.Net.IPAddress]::Parse($seen.address)
        $client = New-Object System.Net.Sockets.TcpClient($address.AddressFamily)
        try {
            $pending = $client.BeginConnect($address, [int]$check.port, $null, $null)
            if ($pending.AsyncWaitHandle.WaitOne([int]$data.timeout_ms)) {
                $client.EndConnect($pending)
                $seen.connected = $true
                $stream = $client.GetStream()
                $stream.ReadTimeout = [int]$data.timeout_ms
                if ([string]$check.protocol -eq 'banner') {
                    $seen.banner = Read-FirstLine $stream
                } else {
                    $page = Get-Page $stream $check ([int]$data.timeout_ms)
                    foreach ($key in @($page.Keys)) { $seen[$key] = $page[$key] }
                }
            } else {
                $seen.connect_error = 10060
            }
        } catch {
            $seen.connect_error = Get-ErrorCode $_.Exception 10054
        } finally {
            $client.Close()
        }
    }
    $null = $found.Add($seen)
}
return @{ checks = @($found.ToArray()) }
"""
