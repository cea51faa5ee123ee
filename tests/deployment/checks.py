"""Counted checks, in the words of tests/support/checks.sh."""


class Checks:
    def __init__(self):
        self.counts = {True: 0, False: 0}

    def check(self, what, good):
        self.counts[bool(good)] += 1
        print(f"{'ok' if good else 'not ok'} - {what}", flush=True)

    def finish(self):
        """Prints the last line; the exit code."""
        print(f"{self.counts[True]} passed, {self.counts[False]} failed")
        return 0 if self.counts[True] and not self.counts[False] else 1
