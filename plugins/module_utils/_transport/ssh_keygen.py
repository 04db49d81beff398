# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""ssh-keygen of the controller: signs and verifies texts. No secret passes through here, only paths, public keys and signatures."""

from __future__ import annotations

import os
import pathlib
import subprocess
import tempfile

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import FailoverError, InvalidInput, MissingLibrary

PROGRAM = "ssh-keygen"
TIMEOUT = 20.0
#: Of the one line of allowed signers that a signature is verified with.
_PRINCIPAL = "signer"


def sign(text: str, key: str, namespace: str) -> str:
    """The armoured signature. ``key`` is the path of a private key without passphrase, or of a public key whose private half is in ssh-agent."""
    path = pathlib.Path(key).expanduser()
    if not path.is_file():
        raise InvalidInput(f"signing_key: there is no file {key}")
    done = _run(["-Y", "sign", "-f", str(path), "-n", namespace], text)
    if done.returncode != 0:
        raise FailoverError(
            f"could not sign with {key}: {_last(done)}; a key with a passphrase must be in ssh-agent, and signing_key then names its .pub file",
        )
    return done.stdout.decode("ascii", "replace")


def verifies(text: str, signature: str, key: str, namespace: str) -> bool:
    """Whether ``signature`` is of ``text`` by the public ``key`` (``type base64``) in this namespace."""
    with tempfile.TemporaryDirectory() as folder:
        allowed, signed = pathlib.Path(folder, "allowed"), pathlib.Path(folder, "signature")
        allowed.write_text(f'{_PRINCIPAL} namespaces="{namespace}" {key}\n', encoding="utf-8")
        signed.write_text(signature, encoding="utf-8")
        done = _run(["-Y", "verify", "-f", str(allowed), "-I", _PRINCIPAL, "-n", namespace, "-s", str(signed)], text)
    return done.returncode == 0


def _run(arguments: list[str], text: str) -> subprocess.CompletedProcess[bytes]:
    # A session of its own has no terminal: ssh-keygen must fail rather than ask for a passphrase.
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "SSH_AUTH_SOCK") if name in os.environ} | {"LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function # run_command has no time limit and keeps the terminal
            [PROGRAM, *arguments], input=text.encode("utf-8"), capture_output=True, timeout=TIMEOUT, env=environment, start_new_session=True, check=False
        )
    except FileNotFoundError as error:
        raise MissingLibrary(
            "ssh-keygen is not on this controller: install the package openssh-client (Debian, Ubuntu) or openssh (Red Hat, SUSE, Alpine openssh-keygen)"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise FailoverError(f"ssh-keygen did not end within {TIMEOUT:g} s; a key on a token waits for a touch: sign by hand and pass the signature") from error
    if b"illegal option" in done.stderr or b"unknown option" in done.stderr:
        raise MissingLibrary("ssh-keygen of this controller can not sign texts: install OpenSSH 8.1 or newer (package openssh-client or openssh)")
    return done


def _last(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"
