"""Whether docs/coming_from.md says what the libraries' own code computed.

    coming_from.py http://127.0.0.1:8080

Sends the members of every row of its tables, with the spikes of tests/golden/library_cases.json,
and runs every curl line. Compares losses and gradients. The last line says "N passed, N failed".
"""

import base64
import json
import math
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/coming_from.md").read_text()
GOLDEN = json.loads((ROOT / "tests/golden/library_cases.json").read_text())

AXES = ("batch", "time", "neurons")
ALLOWED = 1e-12

# Where a row scales a strength by the size of the batch, this is the strength in the cases.
STRENGTH = 1e-5

ROW = re.compile(r"^\| `.*` \| `(\w+)` \| (.*) <!-- (.*) --> \|$", re.MULTILINE)
MEMBER = re.compile(r'`"(\w+)": ([^`]*)`')
LINE = re.compile(
    r"^```sh\n(curl [^`]*?/v1/losses/(\w+) --json '([^']*)')\n```\n\nanswers `([^`]*)`",
    re.MULTILINE,
)


def close(number, expected):
    return math.isclose(number, expected, rel_tol=ALLOWED, abs_tol=ALLOWED * 1e-3)


def spikes_of(case):
    """Returns the spikes as [sample][step][neuron]."""
    samples = GOLDEN["spikes"][case["spikes"]]
    return [[list(map(int, step)) for step in sample] for sample in samples]


def sizes_of(case):
    samples = GOLDEN["spikes"][case["spikes"]]
    return len(samples), len(samples[0]), len(samples[0][0])


def member_of(name, expression, case):
    """Returns the value of a member of a row. Letters that are not sizes are what the case has."""
    letters = set(re.findall(r"\b[A-Za-z]+\b", re.sub(r'"[^"]*"|true', "", expression)))
    sizes = dict(zip("BTN", sizes_of(case)))
    if not letters:
        return json.loads(expression)
    if not letters & set(sizes):
        return case["request"][name]
    return eval(expression, {"__builtins__": {}}, {**dict.fromkeys(letters, STRENGTH), **sizes})


def request_of(members, case):
    request = {name: member_of(name, expression, case) for name, expression in members}
    if case["loss"] == "activity_regularization":
        request["spikes_list"] = [spikes_of(case)]
    else:
        request.update(spk=spikes_of(case), targets=case["request"]["targets"])
    return request


def post(address, loss, request):
    """Returns the answer; of a refused request, what is wrong with it."""
    body = json.dumps({**request, "gradient": "broadcast"}).encode()
    kind = {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{address}/v1/losses/{loss}", body, kind)
        ) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        return json.load(refusal)


def in_axes(axes, sample, step, neuron):
    index = dict(zip(AXES, (sample, step, neuron)))
    return [index[axis] for axis in axes]


def element(shape, index):
    """Returns where an index is in row-major data that broadcasts along axes of length 1."""
    place = 0
    for length, position in zip(shape, index):
        place = place * length + min(position, length - 1)
    return place


def is_expected(answer, case, axes=AXES):
    if not close(answer.get("loss", math.nan), case["expected"]["loss"]):
        return False
    gradients = answer["gradients"]
    small = gradients["spk"] if "spk" in gradients else gradients["spikes_list"][0]
    return all(
        close(small["data"][element(small["shape"], in_axes(axes, sample, 0, neuron))], expected)
        for sample, neurons in enumerate(case["expected"]["gradient"])
        for neuron, expected in enumerate(neurons)
    )


def sends_spikes_of(request, case, axes):
    """Returns whether the packed bits of a request, in the order of these axes, are a case's."""
    tensor = request["spk"] if "spk" in request else request["spikes_list"][0]
    bits = "".join(f"{byte:08b}" for byte in base64.b64decode(tensor["data"]))
    samples, steps, neurons = sizes_of(case)
    return tensor["shape"] == in_axes(axes, samples, steps, neurons) and all(
        int(bits[element(tensor["shape"], in_axes(axes, sample, step, neuron))]) == fired
        for sample, of_sample in enumerate(spikes_of(case))
        for step, of_step in enumerate(of_sample)
        for neuron, fired in enumerate(of_step)
    )


def run(line, address):
    """Runs a curl line against this daemon."""
    command = line.replace("http://127.0.0.1:8080", address)
    environment = {**os.environ, "no_proxy": "*"}
    return subprocess.run(
        ["sh", "-c", command], env=environment, capture_output=True, text=True, check=True
    ).stdout


def checks(address):
    """Yields what is checked and whether it is so."""
    named = set()
    for loss, members, source in ROW.findall(PAGE):
        named.add(source)
        for case in GOLDEN["cases"]:
            if case["source"] == source:
                answer = post(address, loss, request_of(MEMBER.findall(members), case))
                yield f"row of {source}, {case['spikes']}", is_expected(answer, case)

    yield "every case has its row", named == {case["source"] for case in GOLDEN["cases"]}

    sections = PAGE.split("\n## ")[1:]
    yield "every library has its line", all(LINE.search(section) for section in sections)
    for line, loss, body, shown in LINE.findall(PAGE):
        request = json.loads(body)
        axes = request.get("axes", "_".join(AXES)).split("_")
        printed = run(line, address)
        fitting = [
            case["source"]
            for case in GOLDEN["cases"]
            if case["loss"] == loss
            and sends_spikes_of(request, case, axes)
            and is_expected(json.loads(printed), case, axes)
        ]
        said = json.loads("{" + shown + "}")["loss"]
        yield f"line that answers {shown} is of {fitting}", fitting and close(
            said, json.loads(printed)["loss"]
        )


def main():
    results = list(checks(sys.argv[1]))
    for what, is_so in results:
        print(f"{'ok' if is_so else 'not ok'} - {what}")
    failed = sum(not is_so for _, is_so in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed or len(results) < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
