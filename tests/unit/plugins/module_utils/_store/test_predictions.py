# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that a plan's tasks share."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest

from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import StoreError
from ansible_collections.continuity.identity_failover.plugins.module_utils._store.predictions import Predictions
from ansible_collections.continuity.identity_failover.tests.unit.plans import usual


def test_what_is_kept_comes_back_in_order_and_nobody_else_may_read_it() -> None:
    kept = Predictions.begin()
    for prediction in usual():
        Predictions(kept.path).add(prediction)
    assert kept.all() == usual()
    assert stat.S_IMODE(os.stat(kept.path).st_mode) == 0o600
    kept.end()
    kept.end()
    assert not pathlib.Path(kept.path).exists()


def test_a_plan_that_has_ended_is_not_begun_again_by_a_late_task() -> None:
    kept = Predictions.begin()
    kept.end()
    with pytest.raises(StoreError, match="start the plan again"):
        kept.add(usual()[0])
    with pytest.raises(StoreError, match="start the plan again"):
        kept.all()


def test_a_damaged_file_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "p").write_text("{}\n", encoding="ascii")
    with pytest.raises(StoreError, match="was damaged"):
        Predictions(str(tmp_path / "p")).all()
