"""docs/performance.md."""

import os
import platform
import re
import subprocess
import time

import grid
import peers
from processes import PYTHON, output_of
from table import as_markdown, milliseconds

WORDS = {"spikelossd": "spikelossd", "sink": "the sink, which does no work"} | peers.WORDS

PAGE = """# Performance

<!-- Written by scripts/bench; changes by hand are lost. -->

![Time over the sink's for each shape and spelling](performance-grid.svg)

Each cell is one shape in one spelling: the time of a whole request to spikelossd over the time of
the same bytes to *the sink*, a server that reads a body, ignores it, and answers as many bytes.
1.0 means that the work is free. Text asks for the gradient as text; bits, u8 and f32 ask for f32.

```sh
scripts/bench            # measures everything again, in about five minutes
scripts/bench --grid     # the grid alone
scripts/bench --quick    # shows that the benchmarks run; its figures mean nothing
```

The worst cells, at most two of each spelling:

{worst}

## Bars

{bars}

{left_out}

## Peers

![Milliseconds for loss and gradient](performance.svg)

All read the same request and give the same loss and gradient (that is checked first); C++, Go and
Node give the same diagnostics too. In brackets: how many times as long as spikelossd. Of small
requests, many are asked at once; the milliseconds are the server's for each.

{peers}

- *C++ with simdjson* is the strongest that we could write: the on-demand parser, built for this
  processor, adds spikes up as it walks over them. It has the sink's libmicrohttpd, options and
  binding. It takes nested numbers and bits.
- *Go, streaming by hand* adds up while the body arrives, as spikelossd does, with a short way for
  single digits. *encoding/json* is what most programs in Go do.
- *Node* has JSON.parse and typed arrays.
- *FastAPI, raw body* gives the bytes to json.loads and NumPy. *Typed* declares the body, as most
  services in Python do, and refuses malformed bodies as spikelossd does. One uvicorn worker, with
  uvloop and httptools.
- *cJSON* builds its tree, and does nothing else.
- *PyTorch in process* starts from a float tensor in memory, so nothing is sent or parsed. Into a
  *leaf*, `backward()` writes a gradient of the tensor's size out. *Within a network*, the gradient
  is handed to the step before; it is constant along time, and for the population loss PyTorch
  keeps it as a view of a small tensor. The *NumPy client* starts from the same float array: it
  packs bits, writes base64, sends them over TCP, and ends with a NumPy gradient.

## The parts alone

No server: the decoder is fed pieces of 64 KiB of a body in memory, and what it gives back stays for
the next body, as in the daemon; kernels work on a quarter of a megabyte.

<details><summary>All figures</summary>

{parts}

</details>

## Method

- Every figure is a median. Every ratio is one of medians of the same run, in which the alternatives
  took turns, so a slow minute of the machine is slow for all of them; only peers that take seconds
  are asked once, by themselves. Ratios can be compared between machines, milliseconds cannot.
- The sink is set up with spikelossd's libmicrohttpd, its connection memory and as many threads.
- *Python ints* and *floats* are `json.dumps` of an array of zeros and ones: `[0, 1]` and
  `[0.0, 1.0]`. *Compact ints* are what JavaScript writes: `[0,1]`. *17 digits* are what
  `json.dumps` writes for doubles. One value in five is a spike. Shapes are samples × time steps ×
  neurons.
- Cells of the grid above nine tenths of their bar, met or not, are measured again for longer, and
  the second figure counts: among hundreds of cells, noise disturbs some in every run.
- Large bodies come from a small C client over one connection. Small ones come from a client that
  polls and never sleeps, one request on each connection (`bench/small_client.c`): a client that
  sleeps is woken by the server, which makes a server that does nothing look slower than it is.
- Each server of one thread is bound to the first core (`taskset`), each client to the second.
  All measurements use a loopback of their own (`bench/own_loopback.sh` says why).
- That every instruction set, split of the body and number of threads gives the same bits is not
  measured here but tested: `scripts/test`.

## Where this was measured

{machine}
"""


def first_match(pattern, text, otherwise="not here"):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else otherwise


def said_by(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout


def python_version(module):
    said = said_by(PYTHON, "-c", f"import {module} as m; print(m.__version__)")
    return first_match(r"^(\d.*)$", said)


def library_version(name):
    return first_match(r"^(\d\S*)$", said_by("pkg-config", "--modversion", name))


def congestion_control():
    with open("/proc/sys/net/ipv4/tcp_congestion_control", encoding="utf-8") as file:
        return file.read().strip()


def machine(bench):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = first_match(r"^model name\s*:\s*(.*)$", file.read(), platform.machine())
    version = output_of(os.path.join(bench.build, "src", "spikelossd"), "--version").strip()
    modules = [f"{name} {python_version(name)}" for name in ("torch", "numpy", "fastapi", "uvicorn")]
    facts = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": f"{processor}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "network": f"loopback, congestion control: {congestion_control()}",
        "spikelossd": f"{version.removeprefix('spikelossd ')}, threads: {bench.threads}",
        "libmicrohttpd": library_version("libmicrohttpd"),
        "compiler": said_by("gcc", "--version").split("\n", maxsplit=1)[0],
        "peers": ", ".join([f"simdjson {library_version('simdjson')}",
                            f"cJSON {library_version('libcjson')}",
                            f"Go {first_match(r'go(1[0-9.]*)', said_by('go', 'version'))}",
                            f"Node {first_match(r'v([0-9.]*)', said_by('node', '--version'))}",
                            f"Python {first_match(r'([0-9.]+)$', said_by(PYTHON, '-V'))}"] + modules),
    }
    return "\n".join(["| what | which |", "|---|---|"] +
                     [f"| {what} | {which} |" for what, which in facts.items()])


def peers_table(columns):
    """One line for each server, the fastest first; one column for each question."""
    names = dict.fromkeys(name for column in columns.values() for name in column)
    wide = next(iter(columns.values()))
    lines = ["| server | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for name in sorted(names, key=lambda name: wide.get(name, 0)):
        cells = [f"{milliseconds(column[name])} ({column[name] / column['spikelossd']:.3g})"
                 if name in column else "" for column in columns.values()]
        lines.append(f"| {WORDS.get(name, name)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def render(bench, cells, columns, parts):
    page = PAGE.format(worst=as_markdown(grid.worst(cells)), bars=as_markdown(bench.rows),
                       left_out="\n".join(f"- {line}" for line in bench.left_out),
                       peers=peers_table(columns), parts=as_markdown(parts), machine=machine(bench))
    return re.sub(r"\n{3,}", "\n\n", page)
