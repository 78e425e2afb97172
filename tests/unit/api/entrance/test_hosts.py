from __future__ import annotations

import pytest

from headrace.api.entrance.hosts import HostCheck
from headrace.errors import InvalidInput
from headrace.settings import Settings

LOCAL = Settings()
NAMED = Settings(host="0.0.0.0", base_url="https://jobs.example.com/x", trusted_hosts=("inside",))
OPEN = Settings(host="0.0.0.0")


def passes(settings: Settings, *hosts: str, version: str = "1.1") -> bool:
    scope = {"http_version": version, "headers": [(b"host", host.encode("latin-1")) for host in hosts]}
    try:
        HostCheck(settings)(scope)
    except InvalidInput:
        return False
    return True


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "10.1.2.3"])
def test_addresses_and_localhost_lead_to_nobody_else(host: str):
    assert passes(LOCAL, host)
    assert passes(NAMED, host)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "1.2.3.4.evil.example", "", "[x"])
def test_a_name_of_somebody_else_is_refused(host: str):
    assert not passes(LOCAL, host)
    assert not passes(NAMED, host)
    assert passes(OPEN, host)


@pytest.mark.parametrize("host", ["jobs.example.com", "Jobs.Example.com.:443", "inside:8000"])
def test_names_of_settings_are_ours(host: str):
    assert passes(NAMED, host)
    assert not passes(LOCAL, host)


def test_a_host_is_named_once():
    assert not passes(OPEN)
    assert not passes(OPEN, "a", "b")
    assert passes(LOCAL, version="1.0")
