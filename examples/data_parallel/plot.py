"""The rate loss of the three runs, and how wrong the mean of the workers' own losses is."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from trajectories import relative


def draw(one, exact, naive, path):
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.8))
    for run, name, style in (
        (naive, "four workers, mean of their own losses", dict(color="tab:red", linewidth=1)),
        (one, "one process, whole batch", dict(color="lightgrey", linewidth=4)),
        (exact, "four workers, loss of the whole batch", dict(color="tab:blue", linewidth=1)),
    ):
        left.semilogy([step.rate_loss for step in run.steps], label=name, **style)
    left.set(xlabel="training step", ylabel="firing_rate_target_mse_loss")
    left.legend(fontsize=8)

    errors = [100 * relative(step.mean_of_rate_losses, step.rate_loss) for step in exact.steps]
    right.semilogy(errors, color="tab:red", linewidth=1)
    right.set(
        xlabel="training step",
        ylabel="too large by, %",
        title="mean of own losses against the loss of the whole batch,\nwith the same weights",
    )
    right.title.set_fontsize(9)
    figure.tight_layout()
    figure.savefig(Path(path), dpi=100)
    pyplot.close(figure)
