# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The point of no return: the rule, when an undo asks for the data, and that a plan names it no later than an undo asks."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import no_return
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.progress import expected
from ansible_collections.continuity.identity_failover.tests.unit.plans import change as planned_change
from ansible_collections.continuity.identity_failover.tests.unit.plans import plan, said
from ansible_collections.continuity.identity_failover.tests.unit.plugins.module_utils._domain.test_undo import (
    DEFINITION,
    FAILOVER,
    intent,
    outcome,
    ran,
    record,
)


@pytest.mark.parametrize(
    ("kind", "taker", "steps", "point"),
    [
        # Led there first, served later, and the other way round.
        (
            "failover",
            "exch2",
            [("fence@exch1", ["x"]), ("identity@exch2", ["address 10.0.0.21"]), ("services@exch2", ["IS"]), ("dns", ["a"])],
            "services@exch2",
        ),
        ("failover", "exch2", [("fence@exch1", ["x"]), ("services@exch2", ["IS"]), ("databases@exch2", ["DB"]), ("dns", ["a"])], "dns"),
        # A workload that runs already: the first step that leads there.
        ("failover", "exch2", [("identity@exch2", ["address 10.0.0.21"]), ("services@exch2", []), ("dns", ["a"])], "identity@exch2"),
        ("failover", "exch2", [("fence@exch1", ["x"]), ("dns", ["a"])], "dns"),
        # A share is served by the server itself.
        ("failover", "exch2", [("identity@exch2", ["name files", "share data"]), ("dns", ["a"])], "identity@exch2"),
        ("failover", "exch2", [("identity@exch2", ["share data"]), ("dns", ["a"])], "dns"),
        # Nothing leads there: whoever reaches it by itself can write once it serves.
        ("failover", "exch2", [("fence@exch1", ["x"]), ("spns", ["http/mail"]), ("databases@exch2", ["DB"])], "databases@exch2"),
        # Neither fence, SPNs nor script let a client write.
        ("failover", "exch2", [("fence@exch1", ["x"]), ("spns", ["http/mail"]), ("script@exch2", ["s.ps1"])], ""),
        ("failover", "exch2", [], ""),
        # What a failback takes from the target is no client write on the source.
        ("failback", "exch1", [("services@exch2", ["IS"]), ("identity@exch2", ["address 10.0.0.21"])], ""),
        # A source that joins registers its names by itself; where nothing of it was fenced, its workload starts by itself too.
        ("failback", "exch1", [("fence@exch1", ["x"]), ("services@exch1", ["IS"]), ("dns", ["a"])], "services@exch1"),
        ("failback", "exch1", [("fence@exch1", ["x"]), ("services@exch1", ["IS"]), ("dns", [])], "services@exch1"),
        ("failback", "exch1", [("identity@exch2", ["address a"]), ("fence@exch1", []), ("services@exch1", []), ("dns", [])], "fence@exch1"),
        ("failback", "exch1", [("identity@exch2", ["address a"]), ("identity@exch1", ["address a"]), ("services@exch1", ["IS"])], "services@exch1"),
        ("drill", "exch2", [("identity@exch2", ["address a"]), ("services@exch2", ["IS"]), ("dns", ["drill"])], ""),
    ],
)
def test_the_first_step_from_which_a_client_could_write(kind: str, taker: str, steps: no_return.Steps, point: str) -> None:
    found = no_return.point_of_no_return(kind, taker, steps)
    assert found.step == point
    assert found.because or not point


@pytest.mark.parametrize(
    ("steps", "because"),
    [
        ([("identity@exch2", ["address a", "share data"]), ("services@exch2", ["IS"])], "identity@exch2 leads clients there and gives them shares"),
        ([("services@exch2", ["IS"]), ("dns", ["a"])], "dns leads clients there, and what serves them was started before"),
        ([("dns", ["a"])], "dns leads clients there, and what serves them may run already, as no step starts it"),
        ([("identity@exch2", ["address a"]), ("services@exch2", ["IS"])], "services@exch2 starts what serves clients, and they are led there"),
        ([("services@exch2", ["IS"])], "services@exch2 starts what serves clients, and they may be led there already, as no step leads them"),
    ],
)
def test_the_sentence_says_no_more_than_the_steps_show(steps: no_return.Steps, because: str) -> None:
    """Of services that a later step starts, nobody says that they run."""
    assert no_return.point_of_no_return("failover", "exch2", steps).because == f"{because}: from here on clients may write on exch2"


@given(st.lists(st.tuples(st.sampled_from(FAILOVER), st.lists(st.sampled_from(["a", "share b"]), max_size=2)), unique_by=lambda step: step[0]))
def test_the_point_of_no_return_is_a_step_that_changes_something_on_the_way_to_clients(steps: list[tuple[str, list[str]]]) -> None:
    point = no_return.point_of_no_return("failover", "exch2", steps).step
    assert not point or dict(steps)[point]
    assert point.partition("@")[0] in ("", "identity", "services", "databases", "dns")
    # A run that stops before its point of no return has none of its own behind it.
    before = [key for key, _items in steps][: [key for key, _items in steps].index(point)] if point else []
    leads = [key for key in before if key in ("identity@exch2", "dns") and any(not i.startswith("share") for i in dict(steps)[key])]
    serves = [key for key in before if key in ("services@exch2", "databases@exch2") and dict(steps)[key]]
    assert not (leads and serves)


@pytest.mark.parametrize(
    ("begun", "at_stake"),
    [
        ([], ""),
        (["fence@exch1"], ""),
        (["fence@exch1", "identity@exch2"], ""),
        (["fence@exch1", "identity@exch2", "services@exch2"], "services@exch2"),
        (["fence@exch1", "identity@exch2", "services@exch2", "databases@exch2", "dns"], "services@exch2"),
    ],
)
def test_data_are_at_stake_once_the_journal_shows_the_step_begun(begun: list[str], at_stake: str) -> None:
    made = record()
    for step in begun:
        made.intended(intent(step, "address 10.0.0.21" if step.startswith("identity") else "item"))  # an intent alone: a crash may have swallowed the rest
    point = no_return.data_at_stake(made, DEFINITION)
    assert (point.step if point else "") == at_stake


def test_a_source_that_joined_and_needed_nothing_has_users_whose_data_are_asked_for() -> None:
    """It was powered off: a hook gave it power, its services started and its names were registered, so that no step has an image."""
    made = ran(record("failback"), "services@exch2", "identity@exch2")
    assert no_return.data_at_stake(made, DEFINITION) is None
    made.concluded(outcome("fence@exch1"))
    point = no_return.data_at_stake(made, DEFINITION)
    assert point is not None and point.step == "fence@exch1" and "clients may write on exch1" in point.because


def test_a_hook_may_have_let_the_source_join_before_the_journal_knows_of_it() -> None:
    """It gives the source power before the fence is looked at; where the failover had fenced something, nothing starts there yet."""
    made = ran(record("failback"), "databases@exch2", "services@exch2")
    hooks, failover = ["data", "before_source_joins"], ran(record(), "identity@exch2")
    assert no_return.data_at_stake(made, DEFINITION, failover, hooks) is None, "the target has its addresses still: the hook comes later"
    ran(made, "identity@exch2")
    assert no_return.data_at_stake(made, DEFINITION, failover, ["data"]) is None
    changed = {**DEFINITION, "spns": [{"spn": "HTTP/mail"}]}
    assert no_return.data_at_stake(made, changed, failover, hooks) is not None, "that may be in the definition since the hook ran"
    point = no_return.data_at_stake(made, DEFINITION, failover, hooks)
    assert point is not None and point.step == "fence@exch1" and "of which no journal tells; it may let exch1 join" in point.because
    assert no_return.data_at_stake(made, DEFINITION, ran(record(), "identity@exch2", "fence@exch1"), hooks) is None
    assert no_return.data_at_stake(ran(record(), "identity@exch2"), DEFINITION, None, hooks) is None, "a failover lets nobody join"
    made.intended(intent("services@exch2"))
    made.concluded(outcome("identity@exch2", failed=True))
    assert no_return.data_at_stake(made, DEFINITION, failover, hooks) is not None, "the run was resumed behind the hook, and fails earlier now"
    nothing = {**DEFINITION, "addresses": [], "services": [], "databases": []}
    assert no_return.data_at_stake(record("failback"), nothing, failover, hooks) is not None, "the hook is the first thing that such a run does"


def test_a_step_that_the_run_passed_by_is_not_waited_for_before_data_are_asked_for() -> None:
    """A failback gives the source no shares, so it takes no step for its identity where its addresses never moved."""
    definition = {**DEFINITION, "shares": [{"name": "archive"}]}
    made = ran(record("failback"), "services@exch2", "identity@exch2", "fence@exch1")
    assert no_return.data_at_stake(made, definition) is None
    point = no_return.data_at_stake(ran(made, "services@exch1"), definition)
    assert point is not None and point.step == "services@exch1"


def test_a_workload_that_was_not_to_be_started_counts_as_running() -> None:
    made = record()
    made.intended(intent("identity@exch2", "address 10.0.0.21"))
    point = no_return.data_at_stake(made, {**DEFINITION, "services": [], "databases": []})
    assert point is not None and point.step == "identity@exch2"


#: What a definition may have, and what a run may find to do for it.
PARTS: dict[str, t.Any] = {
    "addresses": [{"address": "10.0.0.21"}],
    "shares": [{"name": "archive"}],
    "spns": [{"spn": "HTTP/mail"}],
    "services": [{"name": "IS"}],
    "databases": [{"name": "DB01"}],
    "dns": DEFINITION["dns"],
}
TO_DO = {"identity": ["address 10.0.0.21", "share archive"], "fence": ["service IS"], "dns": ["mail.example.com A"]}
ALL = [*PARTS, "fence"]


class Estate(t.NamedTuple):
    """``has``: of ``ALL``. ``idle``: steps that find all as wanted, or nothing that they could look at. ``unseen``: those that the plan could not look at."""

    kind: str
    has: frozenset[str]
    idle: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    hook: str = ""  #: whether there is a hook before_source_joins, and whether the plan plays it
    fenced: bool = False

    def definition(self) -> dict[str, t.Any]:
        safe = ["before_source_joins"] if self.hook == "plan_safe" else []
        return {"source": {"host": "exch1"}, "target": {"host": "exch2"}, "hooks": {"plan_safe": safe}, **{key: PARTS[key] for key in PARTS if key in self.has}}

    def steps(self) -> dict[str, list[str]]:
        """Every step of the run in its order -> what it changes."""
        return {key: [] if key in self.idle else self._to_do(key) for key in expected(self.kind, self.definition())}

    def _to_do(self, key: str) -> list[str]:
        kind = key.partition("@")[0]
        moves = [item for item in TO_DO["identity"] if {"address": "addresses", "share": "shares"}[item.partition(" ")[0]] in self.has]
        return moves if kind == "identity" else TO_DO.get(kind, [f"an item of {kind}"])


STEPS = [f"{step}@{host}" for step in ("fence", "identity", "services", "databases") for host in ("exch1", "exch2")] + ["dns", "spns"]
ESTATES = st.builds(
    Estate,
    st.sampled_from(["failover", "failback"]),
    st.frozensets(st.sampled_from(list(PARTS))),
    st.frozensets(st.sampled_from(STEPS)),
    st.frozensets(st.sampled_from(STEPS)),
    st.sampled_from(["", "there", "plan_safe"]),
    st.booleans(),
)
SOURCE = frozenset({"fence@exch1", "identity@exch1", "services@exch1", "databases@exch1"})


def planned(estate: Estate) -> dict[str, t.Any] | None:
    """The point that the plan names."""
    predictions = []
    for key, items in estate.steps().items():
        seen = key not in estate.unseen
        predictions.append(
            said(key, *(planned_change(item, "old", "new") for item in items if seen), reason="" if seen else "unreachable", msg="" if seen else "silent")
        )
    hooks = ["before_source_joins"] if estate.hook == "there" else []
    found: dict[str, t.Any] | None = plan(predictions, kind=estate.kind, definition=estate.definition(), hooks=hooks, fenced=estate.fenced)[
        "point_of_no_return"
    ]
    return found


def first_asked(estate: Estate) -> str | None:
    """The step that has begun when an undo asks for the data for the first time; "" = none yet; None = it never asks."""
    made, failover = record(estate.kind), record()
    if estate.fenced:
        ran(failover, "fence@exch1")
    hooks = ["before_source_joins"] if estate.hook else []

    def asks() -> bool:
        return no_return.data_at_stake(made, estate.definition(), failover, hooks) is not None

    if asks():
        return ""
    for key, items in estate.steps().items():
        if items:
            made.intended(intent(key, *items))
            if asks():
                return key
        made.concluded(outcome(key))
        if asks():
            return key
    return None


@given(ESTATES)
# A dead source: nothing of it could be looked at; with a hook that gives it power, and without.
@example(Estate("failback", frozenset(ALL), frozenset({"fence@exch1"}), SOURCE, "there"))
@example(Estate("failback", frozenset(ALL), frozenset({"fence@exch1"}), SOURCE, "plan_safe"))
@example(Estate("failback", frozenset(ALL), frozenset({"fence@exch1"}), SOURCE))
# One that answers: fenced by the failover, or by nobody.
@example(Estate("failback", frozenset(ALL), hook="there", fenced=True))
@example(Estate("failback", frozenset(ALL), frozenset({"fence@exch1"})))
# A failover from a source that died, a planned one, and one whose target was silent when it was planned.
@example(Estate("failover", frozenset(ALL), frozenset({"fence@exch1"}), frozenset({"fence@exch1"})))
@example(Estate("failover", frozenset(ALL)))
@example(Estate("failover", frozenset(ALL), frozenset(), frozenset({"identity@exch2", "services@exch2", "databases@exch2"})))
@example(Estate("failback", frozenset(), hook="there"))
def test_a_plan_names_the_point_no_later_than_an_undo_asks_for_the_data(estate: Estate) -> None:
    point, asked = planned(estate), first_asked(estate)
    if asked is None:
        return
    assert point is not None
    order = list(estate.steps())
    assert asked == "" or order.index(point["step"]) <= order.index(asked)
    numbers = [key for key, items in estate.steps().items() for _item in items if key not in estate.unseen]
    behind = [number for number, key in enumerate(numbers, 1) if asked == "" or order.index(key) >= order.index(asked)]
    assert point["number"] <= min([*behind, len(numbers) + 1])


@given(ESTATES)
def test_a_plan_that_saw_everything_names_a_point_only_where_an_undo_asks(estate: Estate) -> None:
    """Nothing else would tell a plan that always names its first change from a good one."""
    estate = estate._replace(unseen=frozenset())
    point, asked = planned(estate), first_asked(estate)
    assert (point is None) == (asked is None)


@pytest.mark.parametrize(
    ("estate", "step", "item", "number"),
    [
        (Estate("failback", frozenset(ALL), SOURCE, SOURCE), "fence@exch1", "", 6),
        (Estate("failback", frozenset(ALL), SOURCE, SOURCE, "there"), "identity@exch2", "address 10.0.0.21", 3),
        (Estate("failback", frozenset(ALL), SOURCE, SOURCE, "there", fenced=True), "fence@exch1", "", 6),
        (Estate("failback", frozenset(ALL), hook="there", fenced=True), "identity@exch1", "address 10.0.0.21", 7),
        (Estate("failback", frozenset(ALL) - {"shares"}, hook="there", fenced=True), "services@exch1", "an item of services", 7),
        (Estate("failback", frozenset({"addresses"}), SOURCE | {"dns"}, SOURCE), "fence@exch1", "", 2),
        (Estate("failback", frozenset(), hook="there"), "fence@exch1", "", 1),
    ],
)
def test_the_point_of_a_failback_in_its_plan(estate: Estate, step: str, item: str, number: int) -> None:
    point = planned(estate)
    assert point is not None
    assert (point["step"], point["item"], point["number"], point["host"]) == (step, item, number, step.partition("@")[2])
    assert "clients may write on exch1" in point["because"]
