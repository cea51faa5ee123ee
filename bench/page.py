"""docs/performance.md and docs/performance.svg."""

import os
import platform
import re
import subprocess
import time

from processes import HERE, PYTHON, output_of
from table import as_markdown

INTRODUCTION = """# Performance

<!-- Written by scripts/bench; changes by hand are lost. -->

```sh
scripts/bench            # measures everything again, in a few minutes
scripts/bench --quick    # shows that the benchmarks run; its figures mean nothing
```

![Seconds for loss and gradient](performance.svg)

## How to read the tables

- Every figure is a median. Every ratio is one of medians of the same run, in which the alternatives
  took turns, so a slow minute of the machine is slow for all of them. Ratios can be compared
  between machines, milliseconds cannot.
- *The sink* is a server that reads a body, ignores it, and answers as many bytes as spikelossd
  does. It is set up by the code of spikelossd, with the same libmicrohttpd, the same options and as
  many threads. The ratio to it is what the work costs without HTTP: `1 ×` would be free.
- *Python ints* and *floats* are `json.dumps` of an array of zeros and ones: `[0, 1]` and
  `[0.0, 1.0]`. *Compact ints* are what JavaScript writes: `[0,1]`. Shapes are samples × time steps
  × neurons.
- *In-process PyTorch* starts from the float tensor and computes the loss forward and backward. The
  *NumPy client's round trip* starts from the same float array: it packs bits, writes base64, sends
  them over TCP, and ends with a NumPy gradient.
- *FastAPI* runs on uvicorn with one worker, and refuses malformed bodies by type annotations, as
  spikelossd does.
- Large bodies come from a small C client over one connection, small ones from wrk on one thread.
  Each server of one thread is bound to the first core (`taskset`), each of these clients to the
  second. Otherwise the system sometimes keeps both on one core, and the median depends on how
  often. All measurements use a loopback of their own (`bench/own_loopback.sh` says why).
"""


def first_match(pattern, text, otherwise="not here"):
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else otherwise


def said_by(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    return done.stdout


def python_version(module):
    return first_match(r"^(\d.*)$", said_by(PYTHON, "-c", f"import {module} as m; print(m.__version__)"))


def congestion_control():
    with open("/proc/sys/net/ipv4/tcp_congestion_control", encoding="utf-8") as file:
        return file.read().strip()


def machine(bench):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        processor = first_match(r"^model name\s*:\s*(.*)$", file.read(), platform.machine())
    version = output_of(os.path.join(bench.build, "src", "spikelossd"), "--version").strip()
    facts = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": f"{processor}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "network": f"loopback, congestion control: {congestion_control()}",
        "spikelossd": f"{version.removeprefix('spikelossd ')}, threads: {bench.threads}",
        "libmicrohttpd": said_by("pkg-config", "--modversion", "libmicrohttpd").strip(),
        "cJSON": said_by("pkg-config", "--modversion", "libcjson").strip(),
        "compiler": said_by("gcc", "--version").split("\n", maxsplit=1)[0],
        "Python": said_by(PYTHON, "-V").split()[-1],
        "peers": ", ".join(f"{name} {python_version(name)}"
                           for name in ("torch", "numpy", "fastapi", "uvicorn")),
        "wrk": first_match(r"wrk \S*?(\d[\d.]*)", said_by("wrk", "-v")),
    }
    return "\n".join(["| what | which |", "|---|---|"] +
                     [f"| {what} | {which} |" for what, which in facts.items()])


def write_page(bench, parts, path):
    sections = [INTRODUCTION, "## What must hold\n\n" + as_markdown(bench.rows)]
    if bench.left_out:
        sections.append("\n".join(f"- {line}" for line in bench.left_out))
    sections.append("## The parts alone\n\nNo server: the decoder is fed in pieces of 64 KiB, kernels "
                    "work on a quarter of a megabyte.\n\n" + as_markdown(parts))
    sections.append("## Where this was measured\n\n" + machine(bench))
    notes = os.path.join(HERE, "notes.md")
    if os.path.exists(notes):
        with open(notes, encoding="utf-8") as file:
            sections.append(file.read().strip())
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n\n".join(section.strip() for section in sections) + "\n")


def write_plot(bench, path):
    """One bar for each way to get loss and gradient, the fastest on top."""
    data = os.path.join(bench.folder, "times.txt")
    times = sorted(bench.times.items(), key=lambda item: -item[1])
    with open(data, "w", encoding="utf-8") as file:
        for place, (name, seconds) in enumerate(times):
            kind = 1 if name.startswith("spikelossd") else 2 if "sink" in name else 3
            file.write(f'{place} {seconds * 1e3:.4g} "{name}" {kind}\n')
    output_of("gnuplot", "-e", f"data='{data}'; out='{path}'; count={len(times)}; "
              f"shape='{bench.wide.replace('x', ' × ')}'; lowest={min(bench.times.values()) * 500}",
              os.path.join(HERE, "plot.gnuplot"))
