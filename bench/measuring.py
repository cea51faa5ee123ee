"""What every measurement needs: where programs are, how long to measure, and how to ask servers."""

import collections
import dataclasses
import os
from statistics import median

from processes import core, output_of, server

POPULATION, RATE = "balanced_population_mse", "firing_rate_target_mse_loss"


@dataclasses.dataclass(frozen=True)
class Spelling:
    words: str
    value_bytes: float  # of the text, for each value of the tensor
    gradient: str       # what those who write so ask for


# By the names that bench/body.c gives them.
SPELLINGS = {
    "ints": Spelling("compact ints", 2, "broadcast"),
    "python_ints": Spelling("Python ints", 3, "broadcast"),
    "python_floats": Spelling("Python floats", 5, "broadcast"),
    "graded": Spelling("6 decimals", 9, "broadcast"),
    "digits17": Spelling("17 digits", 20.5, "broadcast"),
    "bits": Spelling("bits", 1 / 6, "f32"),
    "u8": Spelling("u8", 4 / 3, "f32"),
    "f32": Spelling("f32, 0 and 1", 16 / 3, "f32"),
    "f32_graded": Spelling("f32, graded", 16 / 3, "f32"),
    "coo1": Spelling("coo, 1 %", 0.12, "broadcast"),
    "coo10": Spelling("coo, 10 %", 1.2, "broadcast"),
}


@dataclasses.dataclass(frozen=True)
class Question:
    loss: str
    spelling: str
    shape: str
    gradient: str = ""

    def words(self):
        """What the programs read from their command lines."""
        return self.loss, self.spelling, self.shape, self.gradient or self.spelt.gradient

    @property
    def spelt(self):
        return SPELLINGS[self.spelling]


@dataclasses.dataclass(frozen=True)
class Asked:
    """Medians of one server."""
    seconds: float        # from the first byte sent to the last one read
    after_sending: float  # of these
    answer_bytes: int


class Bench:
    """Where things are, how much is measured, and what came out."""

    def __init__(self, build, folder, threads, quick):
        self.build, self.folder, self.threads, self.quick = build, folder, threads, quick
        self.of_servers, self.of_clients = (core(0), core(1)) if threads == 1 else ([], [])
        self.rounds = 3 if quick else 21
        self.wide = "4x20x1000" if quick else "128x100x1000"
        self.narrow = "128x20x10" if quick else "4096x100x10"
        self.rows = []
        self.left_out = []

    def program(self, name):
        return os.path.join(self.build, "bench", name)

    def has_program(self, name):
        return os.path.exists(self.program(name))

    def listening(self, program):
        """Runs spikelossd or what takes its options; gives its port."""
        return server(*self.of_servers, program, "--listen", "127.0.0.1:0", "--threads", self.threads)

    def daemon(self):
        return self.listening(os.path.join(self.build, "src", "spikelossd"))

    def sink(self):
        return self.listening(self.program("sink"))

    def client(self, program, *arguments):
        """The lines that a client prints, as words."""
        said = output_of(*self.of_clients, self.program(program), *arguments)
        return [line.split() for line in said.strip().split("\n")]

    def ask(self, question, rounds=None, seconds=1.0, **ports):
        """Asks servers in turn. (bytes of the body, Asked for each server)

        The first is spikelossd; what is named sink answers as many bytes as it.
        """
        lines = self.client("large_client", rounds or self.rounds, seconds, *question.words(),
                            *named(ports))
        figures = collections.defaultdict(list)
        for name, *line in lines[1:]:
            figures[name].append([float(word) for word in line])
        return int(lines[0][1]), {
            name: Asked(*(median(column) for column in zip(*of))) for name, of in figures.items()}

    def ask_small(self, question, connections, turns, **ports):
        """(requests a second, median and 99th percentile of seconds) for each server."""
        lines = self.client("small_client", turns, 0.1 if self.quick else 0.25, connections,
                            *question.words(), *named(ports))
        figures = collections.defaultdict(list)
        for name, *line in lines:
            figures[name].append([float(word) for word in line])
        return {name: tuple(median(column) for column in zip(*of)) for name, of in figures.items()}

    def decode(self, question, program="alone"):
        """Bytes a second of each decoder that the program measures."""
        lines = self.client(program, self.rounds, 0.1, *question.words())
        return [int(size) / float(duration) for size, duration in lines]

    def skip(self, what, missing):
        self.left_out.append(f"{what} is left out: {missing}")
        print(f"-- {self.left_out[-1]}", flush=True)


def named(ports):
    return [f"{name}={port}{'/' if name == 'sink' else ''}" for name, port in ports.items()]


def sized(spelling, steps, neurons, body_bytes):
    """The shape BxTxN whose body has about so many bytes, labels included; at least one sample.

    No more labels than fit into what the daemon reads of one member, no more pairs than it counts.
    """
    sample_bytes = steps * neurons * SPELLINGS[spelling].value_bytes + 2 * steps + 4
    if spelling in ("bits", "u8", "f32", "f32_graded", "coo1", "coo10"):
        sample_bytes -= 2 * steps + 2  # no brackets
    most = min(1_500_000, 15_000_000 // neurons)
    return f"{max(1, min(most, round(body_bytes / sample_bytes)))}x{steps}x{neurons}"
