from __future__ import annotations

import pytest

from headrace.api.schemas.job_filters import OTHER_KINDS, REFUSED, JobFilters
from headrace.errors import InvalidInput
from headrace.model.job import JobKind
from headrace.model.run import RunFilter


def test_without_filters_everything_is_wanted():
    assert JobFilters().wanted() == RunFilter()


def test_kinds_that_we_have_are_picked_out():
    wanted = JobFilters(job_kinds="script,singlestepflow,flow").wanted()
    assert wanted is not None
    assert wanted.kinds == (JobKind.SCRIPT, JobKind.FLOW)


@pytest.mark.parametrize("kind", sorted(OTHER_KINDS))
def test_a_kind_of_the_contract_that_we_lack_matches_nothing(kind: str):
    assert JobFilters(job_kinds=kind).wanted() is None


@pytest.mark.parametrize("kinds", ["odd", "script,odd", "script, flow", ","])
def test_a_kind_that_nobody_has_is_refused(kinds: str):
    with pytest.raises(InvalidInput, match="job_kinds"):
        JobFilters(job_kinds=kinds).wanted()


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_filter_that_we_lack_is_refused_unless_it_narrows_nothing(name: str):
    with pytest.raises(InvalidInput, match=name):
        JobFilters.model_validate({name: "x"}).wanted()
    assert JobFilters.model_validate({name: ""}).wanted() == RunFilter()


def test_what_is_no_filter_at_all_is_ignored():
    assert JobFilters.model_validate({"cache_buster": "1"}).wanted() == RunFilter()


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("a", ("a",), ()),
        ("a, b ,", ("a", "b"), ()),
        ("!a,b,! c", ("b",), ("a", "c")),
        ("", (), ()),
        (None, (), ()),
    ],
)
def test_labels_are_wanted_or_with_a_mark_unwanted(
    text: str | None, wanted: tuple[str, ...], unwanted: tuple[str, ...]
):
    found = JobFilters(label=text).wanted()
    assert found is not None
    assert (found.labels, found.labels_unwanted) == (wanted, unwanted)
