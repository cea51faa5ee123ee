#!/usr/bin/python3
"""Writes the golden requests as inputs of fuzz_decode, a file each: golden_seeds.py FOLDER."""

import json
import pathlib
import sys

# What is before a body: the loss, with large limits, and a seed for the splits.
HEADS = {"firing_rate_target_mse_loss": "0abc", "balanced_population_mse": "1abc"}
LONGEST = 3000

cases = pathlib.Path(__file__).parent.parent / "golden" / "cases.json"
folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for number, case in enumerate(json.loads(cases.read_text(encoding="utf-8"))):
    body = json.dumps(case["request"])
    if len(body) <= LONGEST:
        (folder / f"golden-{number}").write_text(HEADS[case["loss"]] + body, encoding="utf-8")
