# Copyright (c) 2026, the continuity.identity_failover contributors
# BSD-2-Clause License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/license/bsd-2-clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is private to the collection: no other code may rely on it.

"""A plan in the making: what each of its tasks predicted, in a file of the controller that only its user may read.

A plan writes to no store before it is whole; the tasks of one play have no other memory in common.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import tempfile

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.plan import Prediction, canonical
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import StoreError


class Predictions:
    """One line of JSON a task."""

    def __init__(self, path: str) -> None:
        self.path = path

    @classmethod
    def begin(cls) -> Predictions:
        """A new, empty file. mkstemp gives it to nobody else."""
        try:
            descriptor, path = tempfile.mkstemp(prefix="continuity-plan-", suffix=".jsonl")
        except OSError as error:
            raise StoreError(f"could not make a file for the plan in {tempfile.gettempdir()}: {error.strerror or error}") from error
        os.close(descriptor)
        return cls(path)

    def add(self, prediction: Prediction) -> None:
        try:
            # Not created here: a file that is gone means that the plan has ended.
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(canonical(prediction.as_dict()) + "\n")
        except OSError as error:
            raise StoreError(f"could not write {self.path}, which holds the plan in the making: {error.strerror or error}; start the plan again") from error

    def all(self) -> list[Prediction]:
        try:
            lines = pathlib.Path(self.path).read_text(encoding="ascii").splitlines()
            return [Prediction(**json.loads(line)) for line in lines]
        except OSError as error:
            raise StoreError(f"could not read {self.path}, which holds the plan in the making: {error.strerror or error}; start the plan again") from error
        except (ValueError, TypeError) as error:
            raise StoreError(f"{self.path}, which holds the plan in the making, was damaged ({error}); start the plan again") from error

    def end(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
