"""Two runs are the same if their losses are the same at every step: later losses depend on all
gradients before them, so a wrong gradient is noticed."""

from typing import NamedTuple


class Difference(NamedTuple):
    relative: float
    step: int

    def __str__(self):
        if self.relative == 0:
            return "the same at every step, to the last bit"
        return f"differs by {self.relative:.3g} at most, relative, in step {self.step}"


def largest_difference(runs, read=lambda step: step.loss):
    """Of two runs of equal length, what `read` differs by, relative to the second run's."""
    one, other = runs
    if len(one.steps) != len(other.steps):
        raise ValueError(f"{len(one.steps)} steps are not {len(other.steps)}")
    return max(
        Difference(relative(read(mine), read(theirs)), number)
        for number, (mine, theirs) in enumerate(zip(one.steps, other.steps))
    )


def relative(value, reference):
    return 0.0 if value == reference else abs(value - reference) / abs(reference)
