"""Whether indexed gradients are, to the last bit, those that plain floats would have been.

    indexed_gradients.py http://127.0.0.1:8080

Asks every loss for the same gradients as f32 and indexed_f32, and as f64 and indexed_f64. Takes
table and data apart with Python's own base64 and builds what plain floats must have been. The last
line says "N passed, N failed".
"""

import base64
import json
import random
import sys
import urllib.request

SAMPLES, CLASSES, NEURONS = 12, 4, 60
WIDTHS = {"f32": 4, "f64": 8}

POPULATION = {"num_classes": CLASSES, "correct_rate": 0.7, "incorrect_rate": 0.1}
OF_OUTPUTS = {
    "balanced_population_mse": {**POPULATION, "neurons_per_class": NEURONS // CLASSES},
    "spike_count_mse": POPULATION,
    "spike_count_cross_entropy": {"num_classes": CLASSES},
}
OF_LAYERS = {
    "firing_rate_target_mse_loss": {"offsets": [0.25, 0.1], "multipliers": [1, 10]},
    "activity_regularization": {"upper": [0.1, 0.2], "per": "neuron", "samples": "each"},
}
SEEN = set()


def tensor_of(spikes, steps, values):
    """Returns sums over time of spikes, or values that are hardly ever the same."""
    if values == "different":
        numbers = [spikes.random() for _ in range(SAMPLES * NEURONS)]
        return {"shape": [SAMPLES, 1, NEURONS], "data": numbers}
    counts = bytes(spikes.randrange(steps + 1) for _ in range(SAMPLES * NEURONS))
    return {"shape": [SAMPLES, steps, NEURONS], "encoding": "u8", "summed": "time",
            "data": base64.b64encode(counts).decode()}


def request_of(loss, spikes, steps, values):
    if loss in OF_LAYERS:
        layers = [tensor_of(spikes, steps, values) for _ in range(2)]
        return {"spikes_list": layers, **OF_LAYERS[loss]}
    targets = [spikes.randrange(CLASSES) for _ in range(SAMPLES)]
    return {"spk": tensor_of(spikes, steps, values), "targets": targets, **OF_OUTPUTS[loss]}


def gradients_of(address, loss, request, form, encoding):
    """Returns the gradients of tensors, and all other members of the answer."""
    body = json.dumps({**request, "gradient": form, "gradient_encoding": encoding}).encode()
    kind = {"Content-Type": "application/json"}
    target = f"{address}/v1/losses/{loss}"
    with urllib.request.urlopen(urllib.request.Request(target, body, kind)) as said:
        answer = json.loads(said.read())
    gradients = answer["gradients"].pop("spk", None)
    return [gradients] if gradients else answer["gradients"].pop("spikes_list"), answer


def fault_of(plain, came, wished, small):
    """Returns what is wrong with a gradient that came for one with plain floats, or None. The
    shape of the small tensor tells whether elements repeat along an axis."""
    width = WIDTHS[plain["encoding"]]
    floats = base64.b64decode(plain["data"], validate=True)
    elements = [floats[i:i + width] for i in range(0, len(floats), width)]
    distinct = list(dict.fromkeys(elements))
    may_index = len(distinct) <= 256 and len(distinct) * width + len(elements) < len(floats)
    repeats = plain["shape"] != small["shape"]
    SEEN.add(came["encoding"])
    if came == plain:
        return "plain, but few values" if may_index and not repeats else None
    if list(came) != ["shape", "encoding", "table", "data"] or came["encoding"] != wished:
        return f"members {list(came)}, encoding {came['encoding']}"
    table = base64.b64decode(came["table"], validate=True)
    entries = [table[i:i + width] for i in range(0, len(table), width)]
    data = base64.b64decode(came["data"], validate=True)
    if repeats or not may_index:
        return "indexed, but not wished so"
    if came["shape"] != plain["shape"] or [entries[byte] for byte in data] != elements:
        return "other values"
    if len(entries) > 256:
        return "the table is too long for a byte"
    needed = list(dict.fromkeys(entries)) == distinct
    return None if needed or len(table) <= len(data) else "the table is not worth it"


def main():
    address, spikes, faults, passed = sys.argv[1], random.Random(7), [], 0
    cases = [(loss, steps, values, form, plain)
             for loss in {**OF_OUTPUTS, **OF_LAYERS}
             for steps, values in ((1, "few"), (9, "few"), (100, "few"), (1, "different"))
             for form in ("broadcast", "dense")
             for plain in WIDTHS]
    for case in cases:
        loss, steps, values, form, plain = case
        request = request_of(loss, spikes, steps, values)
        expected, rest = gradients_of(address, loss, request, form, plain)
        gradients, other_rest = gradients_of(address, loss, request, form, f"indexed_{plain}")
        small, _ = gradients_of(address, loss, request, "broadcast", plain)
        found = [fault_of(*three[:2], f"indexed_{plain}", three[2])
                 for three in zip(expected, gradients, small, strict=True)]
        found += ["other members differ"] if rest != other_rest else []
        faults += [f"{case}: {fault}" for fault in found if fault]
        passed += not any(found)
    faults += [] if SEEN == {*WIDTHS, *(f"indexed_{plain}" for plain in WIDTHS)} else [SEEN]
    print(*faults, f"{passed} passed, {len(faults)} failed", sep="\n")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
