from __future__ import annotations

from typing import Any

import pytest

from headrace.api.schemas.job_filters import OTHER_KINDS, JobFilters
from headrace.errors import InvalidInput
from headrace.model.job import JobKind
from headrace.model.run import Choice, Part, RunFilter


def wanted(given: dict[str, Any] | None = None, part: Part = Part.ALL) -> RunFilter:
    found = JobFilters(**(given or {})).wanted(part)
    assert found is not None
    return found


def test_without_filters_everything_is_wanted():
    assert wanted() == RunFilter()
    assert wanted(part=Part.LIVE) == RunFilter(part=Part.LIVE)


def test_an_empty_text_narrows_nothing():
    texts = {name: "" for name, field in JobFilters.model_fields.items() if "str" in str(field.annotation)}
    assert len(texts) > 10
    assert wanted(texts) == RunFilter()


def test_kinds_that_we_have_are_picked_out():
    assert wanted({"job_kinds": "script,singlestepflow,flow"}).kinds == (JobKind.SCRIPT, JobKind.FLOW)
    assert wanted({"job_kinds": "!preview"}).kinds_unwanted == (JobKind.PREVIEW,)


@pytest.mark.parametrize("kind", sorted(OTHER_KINDS))
def test_a_kind_of_the_contract_that_we_lack_matches_nothing(kind: str):
    assert JobFilters(job_kinds=kind).wanted() is None


@pytest.mark.parametrize("kinds", ["odd", "script,odd", "!odd"])
def test_a_kind_that_nobody_has_is_refused(kinds: str):
    with pytest.raises(InvalidInput, match="job_kinds"):
        JobFilters(job_kinds=kinds).wanted()


def test_all_workspaces_is_refused_where_nobody_heeds_it():
    with pytest.raises(InvalidInput, match="all_workspaces"):
        JobFilters(all_workspaces=True).wanted()


def test_what_is_no_filter_at_all_is_ignored():
    assert JobFilters.model_validate({"cache_buster": "1"}).wanted() == RunFilter()


@pytest.mark.parametrize(
    ("text", "any_of", "none_of"),
    [
        ("a", ("a",), ()),
        ("a, b ,", ("a", "b"), ()),
        ("!a,b,! c", ("b",), ("a", "c")),
        ("", (), ()),
        (None, (), ()),
    ],
)
def test_texts_are_wanted_or_with_a_mark_unwanted(
    text: str | None, any_of: tuple[str, ...], none_of: tuple[str, ...]
):
    for name in ("label", "created_by", "tag", "worker", "schedule_path", "script_path_exact"):
        field = {"label": "labels", "script_path_exact": "path_exact"}.get(name, name)
        assert getattr(wanted({name: text}), field) == Choice(any_of, none_of), name


def test_a_star_stands_for_anything_only_where_that_is_asked_for():
    assert wanted({"tag": "a*"}).tag == Choice(("a*",))
    assert not wanted({"tag": "a*"}).is_scan
    assert wanted({"tag": "a*", "allow_wildcards": True}).tag == Choice(("a*",), are_patterns=True)
    assert wanted({"tag": "a*", "allow_wildcards": True}).is_scan
    assert not wanted({"tag": "a", "allow_wildcards": True}).is_scan
