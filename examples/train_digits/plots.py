"""Pictures of a run."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from settings import (
    CLASSES,
    CORRECT_RATE,
    LAYERS,
    NEURONS_PER_CLASS,
    TARGET_RATES,
    TIME_STEPS,
)

LAYER_COLOURS = ["tab:blue", "tab:green", "tab:purple"]
ALLOWED = 0.1  # a rate should end within a tenth of its target


def curves(run, path):
    """The loss of every batch, and the accuracy after every epoch."""
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.8))
    left.semilogy([step.population_loss for step in run.steps], label="balanced_population_mse")
    left.semilogy(
        [step.rate_loss for step in run.steps], label="firing_rate_target_mse_loss", linewidth=1
    )
    left.set(xlabel="training step", ylabel="loss of the batch")
    left.legend()

    accuracies = [100 * examination.accuracy for examination in run.examinations]
    right.axhline(95, color="grey", linestyle="--", linewidth=1, label="95 %")
    right.plot(accuracies, color="tab:red", marker=".", label="unseen digits")
    right.set(xlabel="epoch", ylabel="recognised, %", ylim=(0, 102))
    right.legend(loc="lower right")
    save(figure, path)


def rates(run, path):
    """Each layer's mean rate in every batch, and the band within a tenth of its target."""
    figure, axes = pyplot.subplots(1, len(LAYERS), figsize=(10, 3.4), sharey=True)
    for layer, (name, target, colour) in enumerate(zip(LAYERS, TARGET_RATES, LAYER_COLOURS)):
        axis = axes[layer]
        axis.axhspan(
            target * (1 - ALLOWED), target * (1 + ALLOWED), color=colour, alpha=0.15, linewidth=0
        )
        axis.axhline(target, color="black", linestyle="--", linewidth=1)
        axis.plot([step.layer_rates[layer] for step in run.steps], color=colour, linewidth=1)
        axis.set(title=f"{name}: target {target:.3g}", xlabel="training step", ylim=(0, 0.35))
    axes[0].set_ylabel("spikes per neuron and time step")
    save(figure, path)


def rasters(run, labels, path, shown=(0, 1, 2, 3)):
    """What the output did with one image of each shown digit, before and after the training.

    The band is the population of the digit in the image: after the training it fires, all of it.
    """
    figure, rows = pyplot.subplots(2, len(shown), figsize=(10, 6), sharex=True, sharey=True)
    for row, moment, examination in zip(
        rows, ("before", "after"), (run.examinations[0], run.examinations[-1])
    ):
        for axis, digit in zip(row, shown):
            sample = int((labels == digit).nonzero()[0])
            steps, neurons = examination.output[sample].nonzero(as_tuple=True)
            first = digit * NEURONS_PER_CLASS
            axis.axhspan(first, first + NEURONS_PER_CLASS, color="tab:orange", alpha=0.3)
            axis.plot(steps, neurons + 0.5, "|", color="black", markersize=3)
            axis.set_title(f"an image of {digit}, {moment}", fontsize=9)
            axis.set(xlim=(-0.5, TIME_STEPS - 0.5), ylim=(0, CLASSES * NEURONS_PER_CLASS))
            axis.set_yticks(
                [(population + 0.5) * NEURONS_PER_CLASS for population in range(CLASSES)],
                labels=range(CLASSES),
            )
        row[0].set_ylabel("population of digit")
    for axis in rows[-1]:
        axis.set_xlabel("time step")
    save(figure, path)


def populations(outcomes, path):
    """outcomes: for each training, one outcome with its evenness for each seed.

    Left: how often each output neuron fires for its own digit, sorted, one curve a seed. Right:
    what the curves come to, one dot a seed.
    """
    figure, (left, silent, variation, accuracy) = pyplot.subplots(
        1, 4, figsize=(12, 4.2), gridspec_kw={"width_ratios": [3, 1, 1, 1]}
    )
    left.axhline(CORRECT_RATE, color="black", linestyle="--", linewidth=1, label="asked for")
    for place, (name, of_seeds) in enumerate(outcomes.items()):
        colour = f"C{place}"
        for number, outcome in enumerate(of_seeds):
            rates = outcome.evenness.rates.flatten().sort().values
            left.plot(rates, color=colour, linewidth=1, label=None if number else name)
        places = [place] * len(of_seeds)
        silent.plot(places, [100 * one.evenness.nearly_silent for one in of_seeds], "o", color=colour)
        variation.plot(places, [one.evenness.variation for one in of_seeds], "o", color=colour)
        accuracy.plot(places, [100 * one.accuracy for one in of_seeds], "o", color=colour)
    left.set(xlabel="output neurons, sorted", ylabel="spikes per time step for the own digit")
    left.legend(fontsize=8)
    silent.set(title="silent or nearly so, %", ylim=(-1, None))
    variation.set(title="coefficient of variation", ylim=(-0.03, None))
    accuracy.set(title="test accuracy, %", ylim=(90, 100))
    for axis in (silent, variation, accuracy):
        axis.title.set_fontsize(9)
        axis.set(xticks=[], xlim=(-0.5, len(outcomes) - 0.5))
    save(figure, path)


def save(figure, path):
    figure.tight_layout()
    figure.savefig(Path(path), dpi=100)
    pyplot.close(figure)
