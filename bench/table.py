"""The rows of the report, and how times, sizes and verdicts are written."""

import dataclasses
from typing import Optional


@dataclasses.dataclass
class Row:
    work: str
    figure: str
    bar: str = ""
    met: Optional[bool] = None  # None where there is no bar

    def cells(self):
        return self.work, self.figure, self.bar, {True: "yes", False: "**no**", None: ""}[self.met]


HEADINGS = ("work", "figure", "bar", "met?")


def milliseconds(seconds):
    return f"{seconds * 1e3:,.3g} ms" if seconds < 1 else f"{seconds:,.3g} s"


def ratio_of_times(work, seconds, other, bar=None, of=""):
    """A row that says how much time `work` takes next to another, and its bar: at most."""
    ratio = seconds / other
    figure = f"{ratio:.3g} × ({milliseconds(seconds)} / {milliseconds(other)})"
    return Row(work, figure, f"≤ {bar:.3g} × {of}" if bar else "", ratio <= bar if bar else None)


def ratio_of_speeds(work, ours, theirs, bar, of, note=""):
    """A row that says how fast `work` is next to another, and its bar: at least."""
    ratio = ours / theirs
    figure = f"{ratio:.3g} × ({quantity(ours)} / {quantity(theirs)}){note}"
    return Row(work, figure, f"≥ {bar} × {of}", ratio >= bar)


def quantity(a_second):
    return f"{a_second / 1e9:.3g} GB/s" if a_second > 1e7 else f"{a_second:,.0f}"


def speed(work, bytes_a_second, bar=None, note=""):
    """A row that says gigabytes a second, and its bar: at least."""
    figure = f"{bytes_a_second / 1e9:.3g} GB/s{note}"
    return Row(work, figure, f"≥ {bar} GB/s" if bar else "",
               bytes_a_second / 1e9 >= bar if bar else None)


def as_text(rows):
    """Columns for a terminal."""
    lines = [HEADINGS] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(" | ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in lines)


def as_markdown(rows):
    """Without the columns of bars where no row has one."""
    columns = 4 if any(row.bar for row in rows) else 2
    lines = [HEADINGS, ("---",) * 4] + [row.cells() for row in rows]
    return "\n".join("| " + " | ".join(line[:columns]) + " |" for line in lines)
