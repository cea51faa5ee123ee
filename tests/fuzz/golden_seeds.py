#!/usr/bin/python3
"""Writes the golden requests as inputs of fuzz_decode, a file each: golden_seeds.py FOLDER."""

import json
import pathlib
import sys

# What is before a body: the loss, with large limits, and a seed for the splits.
HEADS = {
    "firing_rate_target_mse_loss": b"0abc",
    "balanced_population_mse": b"1abc",
    "spike_count_mse": b"pabc",
    "spike_count_cross_entropy": b"\xb0abc",
    "activity_regularization": b"\xf0abc",
}
LONGEST = 3000

# How gradients are written: each in turn, so that every encoder is reached.
ENCODINGS = "text", "f32", "f64", "indexed_f32", "indexed_f64"
FORMS = "dense", "broadcast"

tables = pathlib.Path(__file__).parent.parent / "golden"
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for table in "cases", "count_cases":
    cases = json.loads((tables / f"{table}.json").read_text(encoding="utf-8"))
    for number, case in enumerate(cases):
        members = {"gradient": FORMS[number % len(FORMS)],
                   "gradient_encoding": ENCODINGS[number % len(ENCODINGS)]}
        body = json.dumps({**members, **case["request"]})
        if len(body) <= LONGEST:
            (folder / f"golden-{table}-{number}").write_bytes(HEADS[case["loss"]] + body.encode())
