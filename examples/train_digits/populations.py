"""How evenly the neurons of a population share the work of their digit."""

from typing import NamedTuple

import torch

from settings import CLASSES, CORRECT_RATE, NEURONS_PER_CLASS

# Nearly silent: fires less than a tenth of its target, even for its own digit.
NEARLY_SILENT = CORRECT_RATE / 10


class Evenness(NamedTuple):
    rates: torch.Tensor  # [digits, neurons of its population], spikes per step for that digit
    silent: float  # share of the output's neurons that fire for none of the tested digits at all
    nearly_silent: float  # share of them at or below NEARLY_SILENT, the silent included
    variation: float  # standard deviation / mean of rates within a population, mean over the
    # populations that fire at all


def evenness(output, labels):
    """output: spikes [samples, time, neurons] of the last layer."""
    rates = torch.stack(
        [population(output[labels == digit], digit).mean(dim=(0, 1)) for digit in range(CLASSES)]
    ).double()
    never_fired = output.sum(dim=(0, 1)) == 0
    variation = rates.std(dim=1, unbiased=False) / rates.mean(dim=1)
    return Evenness(
        rates,
        never_fired.double().mean().item(),
        (rates < NEARLY_SILENT).double().mean().item(),
        variation.nanmean().item(),
    )


def population(spikes, digit):
    first = digit * NEURONS_PER_CLASS
    return spikes[..., first : first + NEURONS_PER_CLASS]
