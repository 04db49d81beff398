# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and folders of one host.

A file is a real file in the host's own folder on this machine, named by its whole Windows path: .NET on Linux takes
``C:\\ProgramData\\x`` for the plain name of a file in the current folder, so scripts that run in the engine see the same ones.
"""

from __future__ import annotations

from pathlib import Path

NAME_LENGTH = 255
"""Bytes that a file's name may have on Linux."""


class Files:
    """Paths are matched without case."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Made when it is first needed: a thousand clients have none."""
        self._folders: dict[str, str] = {}
        for path in ("C:\\", "C:\\Windows", "C:\\ProgramData"):
            self.add_folder(path)

    def home(self) -> Path:
        """The host's folder here; exists afterwards."""
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        return self.folder

    def make_folders(self) -> None:
        """Makes every folder here too, for programs that look at the disk."""
        for name in self._folders.values():
            (self.home() / name).mkdir(exist_ok=True)

    def add_folder(self, path: str) -> None:
        parts = path.rstrip("\\").split("\\")
        for count in range(1, len(parts) + 1):
            name = "\\".join(parts[:count]) + ("\\" if count == 1 else "")
            self._folders.setdefault(name.lower(), name)

    def is_folder(self, path: str) -> bool:
        name = path.rstrip("\\") + ("\\" if path.rstrip("\\").endswith(":") else "")
        return name.lower() in self._folders or (
            self.folder.is_dir() and self._find(path.rstrip("\\")) is not None and self._on_disk(path.rstrip("\\")).is_dir()
        )

    def _find(self, path: str) -> str | None:
        """The name that a path has on the disk."""
        if not self.folder.is_dir():
            return None
        for entry in self.folder.iterdir():
            if entry.name.lower() == path.lower():
                return entry.name
        return None

    def _on_disk(self, path: str) -> Path:
        if "/" in path or len(path.encode()) > NAME_LENGTH or path in (".", ".."):
            raise OSError(f"the lab cannot hold a file named {path}")
        return self.home() / (self._find(path) or path)

    def exists(self, path: str) -> bool:
        name = self._find(path)
        return name is not None and (self.folder / name).is_file()

    def read(self, path: str) -> bytes:
        """Raises FileNotFoundError."""
        return self._on_disk(path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        self.add_folder(path.rpartition("\\")[0])
        self._on_disk(path).write_bytes(content)

    def delete(self, path: str) -> None:
        self._on_disk(path).unlink(missing_ok=True)

    def remove_folder(self, path: str) -> None:
        """An empty one."""
        self._folders.pop(path.rstrip("\\").lower(), None)
        if (self.folder / path).is_dir():
            (self.folder / path).rmdir()

    def names(self) -> list[str]:
        """Every file, by its Windows path."""
        if not self.folder.is_dir():
            return []
        return sorted(entry.name for entry in self.folder.iterdir() if entry.is_file() and ":" in entry.name)
