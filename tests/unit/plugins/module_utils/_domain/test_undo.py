# Copyright (c) 2026, the continuity.identity_failover contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of an undo, and what stays."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.continuity.identity_failover.plugins.module_utils._domain import undo
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.fold import Fold
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.journal import Event
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.run_record import RunRecord
from ansible_collections.continuity.identity_failover.plugins.module_utils._domain.runs import NOTHING_TO_PUT_BACK, abandoning
from ansible_collections.continuity.identity_failover.plugins.module_utils._errors import WrongState

AT = "2026-11-22T19:59:00.000Z"
DEFINITION: dict[str, t.Any] = {
    "source": {"host": "exch1"},
    "target": {"host": "exch2"},
    "addresses": [{"address": "10.0.0.21"}],
    "services": [{"name": "IS"}],
    "databases": [{"name": "DB01"}],
    "dns": {"repoint": {"names": ["mail.example.com"]}},
}
FAILOVER = ["fence@exch1", "identity@exch2", "spns", "services@exch2", "databases@exch2", "script@exch2", "dns", "clients"]


def record(kind: str = "failover") -> RunRecord:
    return RunRecord(id="r1", kind=kind, mode="execute", opened_at=AT, by="ops", planned=False, epoch=1)


def intent(step: str, *names: str, reverts: str = "") -> Event:
    changes = [{"name": name, "before": "old", "after": "new"} for name in names or (f"an item of {step}",)]
    return Event(seq=1, at=AT, kind="step_intent", run="r1", step=step, data={"changes": changes, "reverts": reverts})


def outcome(step: str, *, reverts: str = "", failed: bool = False, bad: t.Sequence[t.Mapping[str, str]] = (), evidence: t.Any = None) -> Event:
    data = {"changed": [], "failed": failed, "counts": {}, "reverts": reverts, "bad": list(bad), "evidence": evidence}
    return Event(seq=1, at=AT, kind="step_outcome", run="r1", step=step, data=data)


def ran(made: RunRecord, *steps: str) -> RunRecord:
    for step in steps:
        made.intended(intent(step))
        made.concluded(outcome(step))
    return made


def folded(made: RunRecord, state: str = "failing_over") -> Fold:
    return Fold(state=state, runs={"r1": made}, active_run="" if made.ended else "r1")


@given(st.permutations(FAILOVER), st.integers(0, len(FAILOVER)))
def test_an_undo_goes_back_the_way_that_the_run_came(order: list[str], many: int) -> None:
    made = record()
    for step in order[:many]:
        made.intended(intent(step))
    kept = [step for step in order[:many] if step.partition("@")[0] not in NOTHING_TO_PUT_BACK]
    assert [step["key"] for step in undo.undo_order(made)] == kept[::-1]


def test_an_undo_that_goes_on_leaves_alone_what_it_has_put_back_on_a_host() -> None:
    """The fence of a failback disables, put back, services that were put back before it: looked at again, somebody else would have changed them."""
    made = ran(record("failback"), "spns", "fence@exch1", "services@exch1", "databases@exch1", "dns")
    assert undo.still_to_put_back(made) == undo.undo_order(made)
    for step in ("databases@exch1", "services@exch1", "fence@exch1", "dns", "spns"):
        made.intended(intent(step, reverts="r1"))
        if step == "fence@exch1":
            assert [one["key"] for one in undo.still_to_put_back(made)] == ["fence@exch1", "dns", "spns"]  # begun is not put back
        made.concluded(outcome(step, reverts="r1"))
    assert [one["key"] for one in undo.still_to_put_back(made)] == ["dns", "spns"]  # others write them too
    assert undo.undone(folded(made, "failing_back"), "mail", "r1") is made
    made.intended(intent("services@exch1"))  # forward again
    assert [one["key"] for one in undo.still_to_put_back(made)] == ["services@exch1", "dns", "spns"]


@pytest.mark.parametrize("end", [{"failed": True}, {"bad": [{"name": "IS", "status": "failed", "reason": "x", "msg": ""}]}])
def test_what_could_not_be_put_back_is_tried_again(end: dict[str, t.Any]) -> None:
    made = ran(record(), "services@exch2")
    made.intended(intent("services@exch2", reverts="r1"))
    made.concluded(outcome("services@exch2", reverts="r1", **end))
    assert [one["key"] for one in undo.still_to_put_back(made)] == ["services@exch2"]


@given(st.lists(st.sampled_from(FAILOVER[:5]), min_size=1, unique=True), st.integers(0, 5), st.booleans())
def test_a_run_is_undone_when_every_step_that_it_begun_was_put_back_since(order: list[str], many: int, killed: bool) -> None:
    made = ran(record(), *order)
    back = [step["key"] for step in undo.undo_order(made)][:many]
    for number, step in enumerate(back):
        made.intended(intent(step, reverts="r1"))
        if not (killed and number == len(back) - 1):
            made.concluded(outcome(step, reverts="r1"))
    whole = len(back) == len(order) and not killed
    if whole:
        assert undo.undone(folded(made), "mail", "r1") is made
        assert abandoning(folded(made), "mail") is made  # nothing is moved any more
    else:
        with pytest.raises(WrongState, match="is not undone"):
            undo.undone(folded(made), "mail", "r1")
        with pytest.raises(WrongState, match="has begun to move things"):
            abandoning(folded(made), "mail")
    assert made.images == ran(record(), *order).images  # putting back leaves the first images alone


def test_a_step_that_goes_forward_again_after_it_was_put_back_is_moved_again() -> None:
    made = ran(record(), "services@exch2")
    made.intended(intent("services@exch2", reverts="r1"))
    made.concluded(outcome("services@exch2", reverts="r1"))
    assert made.moved() == {}
    ran(made, "services@exch2")
    assert made.moved() == {"services@exch2": ["an item of services@exch2"]}


def test_an_accepted_failure_ends_an_undo_and_is_told() -> None:
    made = ran(record(), "dns")
    bad = [{"name": "mail A", "status": "failed", "reason": "changed_by_other", "msg": "is 10.9.9.9 now"}]
    made.concluded(outcome("dns", reverts="r1", failed=True, bad=bad))
    with pytest.raises(WrongState, match="dns is not as it was before"):
        undo.undone(folded(made), "mail", "r1")
    made.concluded(outcome("dns", reverts="r1", failed=False, bad=bad))
    assert undo.undone(folded(made), "mail", "r1") is made
    assert undo.left_behind(made) == ["dns: mail A is 10.9.9.9 now"]
    assert made.moved_anything()


def test_what_was_not_read_back_leaves_the_intended_image() -> None:
    made = record()
    made.intended(intent("services@exch2", "IS"))
    lost = outcome("services@exch2")
    lost.data["changed"] = [{"name": "IS", "status": "unconfirmed", "after": None}]
    made.concluded(lost)
    assert made.images["services@exch2"]["IS"]["after"] == "new"
    gone = outcome("services@exch2")
    gone.data["changed"] = [{"name": "IS", "status": "done", "after": None}]
    made.concluded(gone)
    assert made.images["services@exch2"]["IS"] == {"before": "old", "after": None, "afters": ["new", None], "detail": None, "recorded": True}


@pytest.mark.parametrize(
    ("kind", "put_back", "may"),
    [
        ("failover", ["dns", "services@exch2"], True),
        ("failover", ["dns", "services@exch2", "fence@exch1"], False),
        ("failback", ["dns", "services@exch1"], True),
        ("failback", ["dns", "services@exch1", "identity@exch2"], False),
        ("failback", ["services@exch2"], False),
        ("drill", ["services@exch2"], True),
    ],
)
def test_a_run_turns_forward_again_until_the_former_owner_may_have_served(kind: str, put_back: list[str], may: bool) -> None:
    made = ran(record(kind), *put_back)
    made.undo_begun_at = AT
    for step in put_back:
        made.intended(intent(step, reverts="r1"))
    assert (undo.forward_refusal(made, "exch1", "exch2") == "") is may
    made.undo_begun_at = ""
    assert undo.forward_refusal(made, "exch1", "exch2") == ""


def test_only_an_open_run_is_undone() -> None:
    made = record()
    assert undo.undoing(folded(made), "mail") is made
    made.ended = "closed"
    with pytest.raises(WrongState, match=r"can't be undone.*continuity\.identity_failover\.failback") as refused:
        undo.undoing(folded(made, "failed_over"), "mail")
    assert refused.value.details["next"].startswith("ansible-playbook continuity.identity_failover.failback -e failover_identity=mail ")
    assert undo.undoing(folded(made, "protected"), "mail") is None
    with pytest.raises(WrongState, match="was closed"):
        undo.undone(folded(made, "failed_over"), "mail", "r1")
    with pytest.raises(WrongState, match="knows no run r9"):
        undo.undone(folded(made), "mail", "r9")
    made.ended = "reverted"
    assert undo.undone(folded(made, "pending"), "mail", "r1") is None


@pytest.mark.parametrize(("state", "owner"), [("failed_over", "target"), ("protected", "source")])
def test_a_drill_that_a_failover_went_on_beside_is_undone_once_nothing_else_is_open(state: str, owner: str) -> None:
    drill = ran(record("drill"), "services@exch2")
    beside = Fold(state=state, runs={drill.id: drill, "r2": RunRecord("r2", "failover", "execute", AT, "ops", False, 2, ended="closed")})
    assert (undo.undoing(beside, "mail"), undo.owner_after_undo(beside, "drill")) == (drill, owner)
    beside.active_run, beside.runs["r2"].ended = "r2", ""
    assert undo.undoing(beside, "mail") is beside.runs["r2"]
    assert undo.undoing(Fold(state="protected", runs={"r1": record("drill")}), "mail") is None  # it moved nothing


def test_what_stays_is_named() -> None:
    made = ran(record(), "script@exch2", "clients")
    made.images["script@exch2"] = {r"D:\dr\post.ps1": {"before": None, "after": None, "afters": [], "detail": None}}
    made.images["databases@exch2"] = {"DB01": {"before": {"state": "RESTORING"}, "after": {}, "afters": [], "detail": None}}
    hook = [{"grade": 4, "kind": "hypervisor", "observed": "exch1 is off", "at": AT}, {"grade": 1, "kind": "silence", "observed": "", "at": AT}]
    made.steps["fence@exch1"] = {"evidence": hook}  # a dead source: the fence changed nothing itself
    said = undo.lasting(undo.begun(made), made.images, made.steps)
    assert len(said) == 4
    text = " ".join(said)
    assert r"D:\dr\post.ps1" in text and "caches" in text and "hypervisor: exch1 is off" in text and "DB01 was restoring" in text and "silence" not in text


def test_records_that_the_source_registered_itself_during_a_failback_lead_to_the_target_again() -> None:
    def image(values: list[str], ttl: int) -> dict[str, t.Any]:
        return {"values": values, "ttl": ttl}

    old, new, registered, other = image(["10.0.0.21"], 300), image(["10.0.0.22"], 60), image(["10.0.0.21"], 1200), image(["10.0.0.22"], 30)

    def change(before: t.Any, after: t.Any) -> dict[str, t.Any]:
        return {"before": before, "after": after, "afters": [after], "detail": None}

    failover, failback = record(), record("failback")
    failover.images["dns"] = {"a A": change(old, new), "b A": change(old, new), "c A": change(old, new)}
    failback.images = {"fence@exch1": {"service IS": change({}, {})}, "services@exch1": {"IS": change({}, {})}}
    # Not begun: the source may have registered its names all the same, and only after its fence is back it no longer does.
    assert [step["key"] for step in undo.undo_order(failback, failover)] == ["services@exch1", "fence@exch1", "dns"]
    assert [step["key"] for step in undo.undo_order(failback)] == ["services@exch1", "fence@exch1"]
    failback.images["dns"] = {"a A": change(registered, old), "b A": change(other, old)}
    assert [step["key"] for step in undo.undo_order(failback)] == ["services@exch1", "fence@exch1", "dns"]
    found = undo.images_to_put_back(failback, failover, "dns")
    assert {name: one["before"] for name, one in found.items()} == {"a A": new, "b A": other, "c A": new}
    assert found["a A"]["after"] == old
    assert undo.images_to_put_back(failback, None, "dns") == failback.images["dns"]
    assert undo.images_to_put_back(failback, failover, "services@exch1") == failback.images["services@exch1"]


@pytest.mark.parametrize(
    ("begun", "back"),
    [
        ((), ["dns"]),  # the hook before_source_joins ran perhaps, of which the journal knows nothing
        (("services@exch2", "identity@exch2", "spns"), ["dns", "spns", "identity@exch2", "services@exch2"]),
        (
            ("services@exch2", "identity@exch2", "spns", "identity@exch1", "services@exch1"),
            ["services@exch1", "identity@exch1", "dns", "spns", "identity@exch2", "services@exch2"],
        ),
        (("services@exch2", "services@exch1", "dns", "dns_lock"), ["dns_lock", "services@exch1", "dns", "services@exch2"]),
        (("services@exch1", "dns"), ["services@exch1", "dns"]),
    ],
)
def test_records_are_looked_at_also_where_the_source_that_a_failback_let_join_had_no_fence(begun: tuple[str, ...], back: list[str]) -> None:
    """It was powered off: there was nothing to fence, and it registered its names when it had power again."""
    failover = ran(record(), "services@exch2", "identity@exch2", "spns", "dns")
    assert [step["key"] for step in undo.undo_order(ran(record("failback"), *begun), failover)] == back
