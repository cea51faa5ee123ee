"""Whole requests over a grid of shapes and spellings: time over the sink's for the same bytes."""

import dataclasses
import math

from measuring import POPULATION, RATE, SPELLINGS, Question, sized
from processes import CommandFailed
from table import Row, milliseconds

NEURONS = (1, 5, 10, 20, 31, 32, 40, 64, 100, 200, 1000, 4096)
STEPS = (1, 10, 100, 1000)
RATE_NEURONS = (10, 64, 1000)
BODY_BYTES = 5_000_000
BINARY_TEXT = ("ints", "python_ints", "python_floats")
F32_BARS = {1000: 1.25, 10: 1.7}


@dataclasses.dataclass(frozen=True)
class Cell:
    loss: str
    spelling: str
    steps: int
    neurons: int
    shape: str
    body_bytes: int
    seconds: float
    sink_seconds: float

    @property
    def ratio(self):
        return self.seconds / self.sink_seconds

    def where(self):
        return f"{self.shape}, {SPELLINGS[self.spelling].words}"

    def figure(self):
        return (f"{self.ratio:.3g} × ({milliseconds(self.seconds)} / "
                f"{milliseconds(self.sink_seconds)})")


def wanted(quick):
    """(loss, spelling, steps, neurons) of every cell."""
    if quick:
        return [(POPULATION, spelling, steps, 40) for spelling in SPELLINGS for steps in (1, 100)]
    return [(loss, spelling, steps, neurons)
            for loss, rows in ((POPULATION, NEURONS), (RATE, RATE_NEURONS))
            for spelling in SPELLINGS for neurons in rows for steps in STEPS]


def measure_cell(bench, ports, field, seconds):
    loss, spelling, steps, neurons = field
    shape = sized(spelling, steps, neurons, 200_000 if bench.quick else BODY_BYTES)
    size, asked = bench.ask(Question(loss, spelling, shape), seconds=seconds, **ports)
    return Cell(*field, shape, size, asked["spikelossd"].seconds, asked["sink"].seconds)


def measure(bench, ports, tell):
    """All cells. Spellings that the daemon refuses are left out, and said."""
    cells, refused, last = [], set(), None
    for field in wanted(bench.quick):
        loss, spelling, *_ = field
        if spelling in refused:
            continue
        if (loss, spelling) != last:
            last = loss, spelling
            tell(f"the grid, {loss}, {SPELLINGS[spelling].words}")
        try:
            cells.append(measure_cell(bench, ports, field, 0.3))
        except CommandFailed as problem:
            if "HTTP/1.1 4" not in str(problem):
                raise
            refused.add(spelling)
            bench.skip(f"Spelling {SPELLINGS[spelling].words}", "the daemon refuses it")
    return [again(bench, ports, cell) if cell.ratio > 0.9 * bar_of(cell) else cell
            for cell in cells]


def again(bench, ports, cell):
    """A cell near its bar or above, measured for longer: of hundreds some meet a slow moment."""
    return measure_cell(bench, ports, (cell.loss, cell.spelling, cell.steps, cell.neurons), 1)


def bar_of(cell):
    """The highest ratio that a cell may have."""
    if cell.loss != POPULATION:
        return math.inf
    if cell.spelling in BINARY_TEXT and cell.neurons >= 5 and cell.steps >= 100:
        return 1.25
    if cell.spelling in ("f32", "f32_graded") and cell.steps == 100:
        return F32_BARS.get(cell.neurons, math.inf)
    return math.inf


def worst_of(work, cells, bar):
    """A row for the worst of some cells."""
    if not cells:
        return Row(work, "not measured", f"≤ {bar} × the sink")
    worst_cell = max(cells, key=lambda cell: cell.ratio)
    above = sum(cell.ratio > bar for cell in cells)
    figure = f"{worst_cell.figure()} at {worst_cell.where()}; {above} of {len(cells)} above"
    return Row(work, figure, f"≤ {bar} × the sink", worst_cell.ratio <= bar)


def bars(cells):
    cells = [cell for cell in cells if bar_of(cell) < math.inf]
    text = [cell for cell in cells if cell.spelling in BINARY_TEXT]
    rows = [worst_of("binary text, N ≥ 5, T ≥ 100, three spellings: the worst cell", text, 1.25)]
    for neurons, bar in F32_BARS.items():
        floats = [cell for cell in cells if cell not in text and cell.neurons == neurons]
        rows.append(worst_of(f"f32, T = 100, N = {neurons}: the worse of 0 and 1, and graded",
                             floats, bar))
    return rows


def worst(cells, count=12):
    """Rows for the worst cells: at most two of each spelling, so that none hides the others."""
    rows, seen = [], {}
    for cell in sorted(cells, key=lambda cell: -cell.ratio):
        seen[cell.spelling] = seen.get(cell.spelling, 0) + 1
        if seen[cell.spelling] <= 2:
            rows.append(Row(f"{cell.where()}, `{cell.loss}`", cell.figure()))
    return rows[:count]
