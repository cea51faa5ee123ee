#!/usr/bin/python3
"""Logs the diagnostics of a run as CSV, a row a step, for pandas, spreadsheets or gnuplot. With
torch.utils.tensorboard, `writer.add_scalars("spikeloss", row, step)` takes the same row.

    PYTHONPATH=clients/python /usr/bin/python3 examples/log_diagnostics.py > run.csv
"""

import csv
import sys

import numpy

import spikeloss


def columns(diagnostics, prefix=""):
    """Yields ("layers.0.rate", 0.25) and so on of whatever a loss says."""
    items = enumerate(diagnostics) if isinstance(diagnostics, list) else diagnostics.items()
    for name, value in items:
        if isinstance(value, (dict, list)):
            yield from columns(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", float(value)


random = numpy.random.default_rng(0)
with spikeloss.Client() as client:
    for step in range(20):
        # In the place of a network whose layers learn to fire more.
        spikes = [random.random((8, 25, neurons)) < 0.01 * step for neurons in (100, 60)]
        result = client.firing_rate_target_mse_loss(spikes, [0.15, 0.15], [1, 1], gradients=False)
        row = {"step": step, "loss": result.loss, **dict(columns(result.diagnostics))}
        if step == 0:
            table = csv.DictWriter(sys.stdout, row)
            table.writeheader()
        table.writerow(row)
