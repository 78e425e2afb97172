from __future__ import annotations

import pytest

from headrace.api.entrance.own_site import require_own_site
from headrace.errors import PermissionDenied

BASE = "https://jobs.example.com/x"
OURS = {"host": "jobs.example.com"}
MOZILLA = {"user_agent": "Mozilla/5.0 (X11; Linux x86_64)"}


def passes(method: str, **headers: str) -> bool:
    given = OURS | {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        require_own_site(method, given, "http", BASE)
    except PermissionDenied:
        return False
    return True


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://evil-jobs.example.com",
        "https://jobs.example.com.evil.example",
        "https://sub.jobs.example.com",
        "https://jobs.example.com:8443",
        "ftp://jobs.example.com",
        "null",
        "",
    ],
)
def test_a_page_of_another_origin_may_not_use_the_cookie(origin: str):
    for method in ("GET", "POST"):
        assert not passes(method, origin=origin)
        assert not passes(method, origin=origin, sec_fetch_site="same-origin")


def test_a_page_of_ours_may():
    assert passes("POST", origin="https://jobs.example.com", sec_fetch_site="same-origin")
    assert passes("POST", origin="http://jobs.example.com")
    assert passes("POST", referer="https://jobs.example.com/x/runs")
    assert passes("POST", sec_fetch_site="none")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd", ""])
def test_what_a_browser_marks_as_foreign_is_refused_whatever_it_does(site: str):
    assert not passes("GET", sec_fetch_site=site)
    assert not passes("POST", sec_fetch_site=site, origin="https://jobs.example.com")


def test_a_program_says_nothing_of_pages_and_may():
    assert passes("POST")
    assert passes("POST", user_agent="node", sec_fetch_mode="cors")


def test_a_browser_that_says_nothing_may_read_only():
    assert passes("GET", **MOZILLA)
    assert not passes("POST", **MOZILLA)
    assert not passes("POST", **MOZILLA, referer="https://evil.example/jobs.example.com")
