"""Two plots, written by hand: the heat map of the grid, and bars of peers. Both have a ground of
their own, light or dark as the reader's system is."""

import math
from xml.sax.saxutils import escape

# Colours that the colour-blind tell apart: at most this ratio, fill, and letters on it.
SCALE = ((1.25, "#2c7fb8", "#ffffff"), (1.7, "#7fcdbb", "#1a1a1a"), (2.5, "#edf8b1", "#1a1a1a"),
         (5, "#fdae61", "#1a1a1a"), (10, "#d7301f", "#ffffff"), (math.inf, "#67000d", "#ffffff"))
CELL_WIDTH, CELL_HEIGHT, LEFT = 25, 20, 52

STYLE = """<style>
text { font: 12px sans-serif; fill: #1a1a1a }
.ground { fill: #ffffff } .title { font-size: 15px } .end { text-anchor: end }
.middle { text-anchor: middle } .small { font-size: 10px }
.ours { fill: #0072b2 } .sink { fill: #8c8c8c } .peer { fill: #e69f00 }
@media (prefers-color-scheme: dark) { text { fill: #e8e8e8 } .ground { fill: #16181c } }
.cells text { font-size: 10px; text-anchor: middle }
""" + "\n".join(f".cells .c{i} {{ fill: {fill} }} .cells .t{i} {{ fill: {letters} }}"
                for i, (_, fill, letters) in enumerate(SCALE)) + "\n</style>"


def document(width, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img">\n{STYLE}\n'
            f'<rect class="ground" width="100%" height="100%"/>\n' + "\n".join(parts) + "\n</svg>\n")


def text(x, y, words, kind=""):
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(str(words))}</text>'


def short(ratio):
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}"


def box(x, y, width, shade, words, title=""):
    """A coloured box with a few letters on it; `title` is told when the mouse is there."""
    title = f"<title>{escape(title)}</title>" if title else ""
    return (f'<rect x="{x}" y="{y}" width="{width - 1}" height="{CELL_HEIGHT - 1}" '
            f'class="c{shade}">{title}</rect>' + text(x + width / 2, y + 14, words, f"t{shade}"))


def draw_cell(x, y, cell):
    shade = next(i for i, (most, *_) in enumerate(SCALE) if cell.ratio <= most)
    return box(x, y, CELL_WIDTH, shade, short(cell.ratio), f"{cell.where()}: {cell.figure()}")


def draw_block(cells, spellings, steps, top, title):
    """One loss: neurons downwards, spellings and in each of them steps to the right."""
    neurons = sorted({cell.neurons for cell in cells})
    group = len(steps) * CELL_WIDTH + 8
    parts = [text(8, top, title), text(LEFT - 8, top + 36, "N \\ T", "small end")]
    for column, words in enumerate(spellings.values()):
        left = LEFT + column * group
        parts.append(text(left + (group - 8) / 2, top + 22, words, "middle"))
        parts += [text(left + (i + 0.5) * CELL_WIDTH, top + 36, of, "small middle")
                  for i, of in enumerate(steps)]
    for row, of in enumerate(neurons):
        parts.append(text(LEFT - 8, top + 56 + row * CELL_HEIGHT, of, "small end"))
    parts.append('<g class="cells">')
    for cell in cells:
        column = list(spellings).index(cell.spelling)
        x = LEFT + column * group + steps.index(cell.steps) * CELL_WIDTH
        parts.append(draw_cell(x, top + 42 + neurons.index(cell.neurons) * CELL_HEIGHT, cell))
    parts.append("</g>")
    return parts, top + 42 + len(neurons) * CELL_HEIGHT


def draw_legend(y):
    parts, before = [text(8, y + 14, "times the sink:"), '<g class="cells">'], None
    for shade, (most, *_) in enumerate(SCALE):
        words = f"≤ {most:g}" if most < math.inf else f"> {before:g}"
        parts.append(box(110 + 64 * shade, y, 61, shade, words))
        before = most
    return parts + ["</g>"]


def heat_map(cells, spellings, titles):
    """`spellings` name → words, `titles` loss → words; in the order in which they are drawn."""
    steps = sorted({cell.steps for cell in cells})
    spellings = {name: words for name, words in spellings.items()
                 if any(cell.spelling == name for cell in cells)}
    parts = [text(8, 24, "Time of a whole request over that of a server that ignores its body",
                  "title"),
             text(8, 42, "Downwards: N neurons. To the right: spellings, and in each of them "
                         "T time steps. Bodies have about 5 MB.")]
    bottom = 48
    for loss, title in titles.items():
        of_loss = [cell for cell in cells if cell.loss == loss]
        if of_loss:
            drawn, bottom = draw_block(of_loss, spellings, steps, bottom + 24, title)
            parts += drawn
    parts += draw_legend(bottom + 12)
    width = LEFT + len(spellings) * (len(steps) * CELL_WIDTH + 8) + 8
    return document(max(width, 520), bottom + 44, parts)


def bars(times, title):
    """Horizontal bars on a logarithmic axis; `times` is (name, seconds, kind of bar)."""
    times = sorted(times, key=lambda bar: bar[1])
    low = math.log10(times[0][1]) - 0.3
    scale = 520 / (math.log10(times[-1][1]) - low)
    parts = [text(8, 24, title, "title")]
    for row, (name, seconds, kind) in enumerate(times):
        y = 40 + row * 24
        width = scale * (math.log10(seconds) - low)
        parts += [text(272, y + 14, name, "end"),
                  f'<rect class="{kind}" x="280" y="{y}" width="{width:.1f}" height="18"/>',
                  text(286 + width, y + 14, f"{seconds * 1e3:.3g}" if seconds < 0.1 else
                       f"{seconds * 1e3:,.0f}")]
    return document(880, 52 + 24 * len(times), parts)
