# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bootstraps pip in ansible-test's environments without a download: uv does pip's work, and where there is no uv, Python's own pip."""

from __future__ import annotations

import ensurepip
import pathlib
import shutil
import sysconfig

# ansible-test drops most environment variables, so the options say what uv would have read from them.
SHIM = """import subprocess
import sys

command, *args = sys.argv[1:]
if command != "install":
    sys.exit(0)
args = [arg for arg in args if arg != "--disable-pip-version-check"]
options = ["--quiet", "--system-certs", "--compile-bytecode", "--python", sys.executable]
sys.exit(subprocess.call(["uv", "pip", "install", *options, *args]))
"""

if shutil.which("uv"):
    package = pathlib.Path(sysconfig.get_path("purelib")) / "pip"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text('__version__ = "0"\n')
    (package / "__main__.py").write_text(SHIM)
else:
    ensurepip.bootstrap(default_pip=True)
