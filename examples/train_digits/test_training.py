#!/usr/bin/python3
"""What docs/training.md says, in a short form: fewer epochs, one seed.

    test_training.py [PROGRAM]

PROGRAM is the daemon, by default the one that scripts/serve builds. The last line counts.
"""

import signal
import sys
import unittest
from pathlib import Path

import torch

import handwritten
import losses_in_process
import spikeloss
import spikeloss.torch
from daemon import PROGRAM, Daemon
from population_count_loss import population_count_loss
from populations import evenness
from settings import LAYERS, TARGET_RATES
from survive_restart import REFUSALS, disturbed, through
from training import Losses, train
from trajectories import largest_difference

EPOCHS = 10
DISTURBED_EPOCHS = 2

# The second worked example of docs/losses.md: [2 samples, 4 steps, 2 classes x 2 neurons].
WORKED = torch.tensor(
    [
        [[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]],
        [[0, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1], [0, 0, 1, 0]],
    ],
    dtype=torch.float64,
)
LABELS = torch.tensor([0, 0])

program = PROGRAM


class LossesWrittenOut(unittest.TestCase):
    """The measures themselves, against numbers computed by hand."""

    def test_the_firing_rate_loss_of_the_worked_example_is_1_625(self):
        layers = [
            torch.tensor([[[1, 0, 1], [0, 0, 1]], [[0, 1, 0], [1, 0, 1]]], dtype=torch.float64),
            torch.tensor([[[0, 0], [0, 1]], [[0, 0], [0, 0]]], dtype=torch.float64),
        ]
        loss = losses_in_process.firing_rate_target_mse_loss(layers, [0.25, 0.25], [1, 10])
        self.assertEqual(loss.item(), 1.625)

    def test_the_population_loss_of_the_worked_example_is_3_625(self):
        loss = losses_in_process.balanced_population_mse(WORKED, LABELS, 2, 2, 0.75, 0.125)
        self.assertEqual(loss.item(), 3.625)

    def test_the_count_loss_sees_totals_alone_and_cuts_its_targets(self):
        # Totals [[5, 1], [1, 6]]; wanted int(4 * 0.7 * 2) = 5 and int(4 * 0.2 * 2) = 1:
        # (0 + 0 + 16 + 25) / 4 / 4 steps.
        loss = population_count_loss(WORKED, LABELS, 2, 2, 0.7, 0.2)
        self.assertEqual(loss.item(), 41 / 16)

    def test_the_count_loss_does_not_care_who_fires(self):
        swapped = WORKED[:, :, [1, 0, 2, 3]]
        self.assertEqual(
            population_count_loss(swapped, LABELS, 2, 2, 0.75, 0.125),
            population_count_loss(WORKED, LABELS, 2, 2, 0.75, 0.125),
        )

    def test_a_neuron_that_leaves_its_work_to_others_is_found(self):
        even = torch.ones(10, 5, 100)
        self.assertEqual(evenness(even, torch.arange(10)).variation, 0)
        even[:, :, 7] = 0
        uneven = evenness(even, torch.arange(10))
        self.assertAlmostEqual(uneven.silent, 0.01)
        self.assertAlmostEqual(uneven.nearly_silent, 0.01)
        self.assertAlmostEqual(uneven.variation, 0.1 / 3)  # one of ten populations: 0.3 / 0.9


class Training(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.digits = handwritten.load()
        with Daemon(program) as daemon:
            cls.run_through_server = through(daemon, EPOCHS, cls.digits)
        cls.last = cls.run_through_server.examinations[-1]

    def with_losses(self, population, epochs=EPOCHS):
        losses = Losses(population, losses_in_process.firing_rate_target_mse_loss)
        return train(losses, epochs=epochs, digits=self.digits)

    def test_95_percent_of_the_unseen_digits_are_recognised(self):
        self.assertGreaterEqual(self.last.accuracy, 0.95)

    def test_every_layer_ends_within_a_tenth_of_its_rate(self):
        for name, rate, target in zip(LAYERS, self.last.layer_rates, TARGET_RATES):
            self.assertAlmostEqual(rate / target, 1, delta=0.1, msg=name)

    def test_losses_in_process_take_the_same_path(self):
        in_process = self.with_losses(losses_in_process.balanced_population_mse)
        difference = largest_difference((self.run_through_server, in_process))
        print(f"server and in process, {len(in_process.steps)} steps: {difference}")
        self.assertLessEqual(difference.relative, 1e-6)

    def test_a_population_stays_alive_where_the_count_loss_lets_neurons_fall_silent(self):
        counted = self.with_losses(population_count_loss).examinations[-1]
        balanced = evenness(self.last.output, self.digits[1].labels)
        lopsided = evenness(counted.output, self.digits[1].labels)
        self.assertEqual(balanced.nearly_silent, 0)
        self.assertGreater(lopsided.nearly_silent, 0)
        self.assertLess(balanced.variation, lopsided.variation / 2)

    def test_restarts_of_the_server_cost_retries_and_not_the_run(self):
        blows = {15: signal.SIGTERM, 30: signal.SIGKILL}
        with Daemon(program) as daemon:
            run, retries = disturbed(daemon, DISTURBED_EPOCHS, self.digits, blows)
        self.assertEqual(retries, REFUSALS * len(blows))
        undisturbed = self.run_through_server.steps[: len(run.steps)]
        self.assertEqual([step.loss for step in run.steps], [step.loss for step in undisturbed])

    def test_a_wrong_label_is_refused_in_the_servers_words(self):
        with Daemon(program) as daemon, spikeloss.Client(daemon.address) as client:
            spikeloss.torch.use_client(client)
            self.addCleanup(spikeloss.torch.use_client, None)
            with self.assertRaisesRegex(ValueError, "class_out_of_range"):
                spikeloss.torch.balanced_population_mse(WORKED, [0, 2], 2, 2, 0.75, 0.125)


class Counted(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    global program
    if len(sys.argv) > 1:
        program = Path(sys.argv[1])
    tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=2, resultclass=Counted).run(tests)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
