"""Whatever a server answers, a call ends in time, with a result or with an error of this package."""

import importlib.util
import time

import pytest
from conftest import ROOT

import spikeloss

_spec = importlib.util.spec_from_file_location("malicious", ROOT / "tests/malicious/server.py")
malicious = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(malicious)

# What `must` in answers.json means here.
ERRORS = {
    "bad_answer": spikeloss.BadAnswer,
    "redirect": spikeloss.BadAnswer,
    "problem": spikeloss.ProblemError,
    "unreachable": spikeloss.Unreachable,
    "error": spikeloss.SpikelossError,
}


@pytest.fixture(scope="module")
def server():
    with malicious.Server() as server:
        yield server


def ask(server, case):
    request = malicious.REQUESTS[case.get("request", "population")]
    url = f"{server.url}/{case['name']}"
    timeout, retries = case.get("timeout", 60), case.get("retries", 0)
    with spikeloss.Client(url, timeout=timeout, retries=retries) as client:
        return getattr(client, request["name"])(**request["fields"]), request["loss"]


@pytest.mark.parametrize("case", malicious.CASES, ids=lambda case: case["name"])
def test_an_answer_that_no_spikelossd_gives(server, backend, case):
    started = time.monotonic()
    if case["must"] == "answer":
        result, loss = ask(server, case)
        assert result.loss == loss
    else:
        with pytest.raises(ERRORS[case["must"]]) as caught:
            ask(server, case)
        check_words(server, case, caught.value)
    assert time.monotonic() - started < 20


def check_words(server, case, error):
    if case["must"] in ("bad_answer", "redirect"):
        assert f"{server.url}/{case['name']}" in str(error)
    if case["must"] == "redirect":
        assert "elsewhere" in str(error)
    if case["must"] == "problem":
        assert error.status == case["status"]
        assert error.code == case.get("code", error.code)
    assert len(str(error)) < 12_000
