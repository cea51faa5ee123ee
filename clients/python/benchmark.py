"""What a loss costs that comes from a server on this machine, beside the same loss in process.

    python3 benchmark.py [URL]

Every figure is for the loss and the gradients of a float32 tensor [128, 100, 1000], whose JSON text
is 25.6 MB: the median of runs that take turns, PyTorch on one thread. Needs a running server,
python3-torch, and spikeloss on the path.

A gradient with respect to a leaf, `loss.backward()`, is written out in full, 51 MB: that is most of
PyTorch's time. Within a network autograd may hand it on as a view that repeats its 0.5 MB; so it
does in process for one of the losses, and spikeloss always.
"""

import statistics
import sys
import time

import numpy
import torch

import spikeloss
import spikeloss.torch

ROUNDS = 25
CLASSES, NEURONS_PER_CLASS = 10, 100
IN_FULL, AS_VIEW = "gradient in full", "gradient as a view"


def in_process_population(spk, targets, num_classes, neurons_per_class, correct, incorrect):
    owners = torch.arange(num_classes).repeat_interleave(neurons_per_class)
    wanted = torch.where(owners == targets[:, None], correct, incorrect) * spk.shape[1]
    return ((spk.sum(dim=1) - wanted) ** 2).mean()


def in_process_rate(spikes_list, offsets, multipliers):
    terms = zip(spikes_list, offsets, multipliers)
    return sum(((spikes.mean() - o) * m) ** 2 for spikes, o, m in terms)


def medians(alternatives):
    seconds = {name: [] for name in alternatives}
    for round_number in range(ROUNDS + 1):
        for name, run in alternatives.items():
            started = time.perf_counter()
            run()
            if round_number > 0:  # the first one warms up
                seconds[name].append(time.perf_counter() - started)
    return {name: 1000 * statistics.median(times) for name, times in seconds.items()}


def main():
    torch.set_num_threads(1)
    client = spikeloss.Client(*sys.argv[1:])
    spikeloss.torch.use_client(client)
    array = (numpy.random.default_rng(1).random((128, 100, 1000)) < 0.2).astype(numpy.float32)
    leaf = torch.from_numpy(array).requires_grad_()
    labels = numpy.arange(128) % CLASSES
    population = torch.from_numpy(labels), CLASSES, NEURONS_PER_CLASS
    rates = torch.tensor(0.8, requires_grad=True), torch.tensor(0.1, requires_grad=True)
    targets, weights = torch.tensor([0.1], requires_grad=True), torch.ones(1, requires_grad=True)

    def into_leaf(loss):
        def run():
            leaf.grad = None
            loss().backward()

        return run

    def within_network(loss):
        return lambda: torch.autograd.grad(loss(), leaf)

    losses = {
        "balanced_population_mse": (
            lambda: client.balanced_population_mse(
                array, labels, CLASSES, NEURONS_PER_CLASS, 0.8, 0.1
            ),
            lambda: spikeloss.torch.balanced_population_mse(leaf, *population, *rates),
            lambda: in_process_population(leaf, *population, *rates),
        ),
        "firing_rate_target_mse_loss": (
            lambda: client.firing_rate_target_mse_loss([array], [0.1], [1]),
            lambda: spikeloss.torch.firing_rate_target_mse_loss([leaf], targets, weights),
            lambda: in_process_rate([leaf], targets, weights),
        ),
    }
    print(f"{'milliseconds':28}  {IN_FULL:>16}  {AS_VIEW:>18}")
    for name, (numpy_call, served, in_process) in losses.items():
        result = medians(
            {
                ("PyTorch in process", IN_FULL): into_leaf(in_process),
                ("PyTorch in process", AS_VIEW): within_network(in_process),
                ("spikeloss.torch", IN_FULL): into_leaf(served),
                ("spikeloss.torch", AS_VIEW): within_network(served),
                ("spikeloss for NumPy", AS_VIEW): numpy_call,
            }
        )
        print(name)
        for who in dict.fromkeys(who for who, _ in result):
            full, view = result.get((who, IN_FULL)), result[who, AS_VIEW]
            print(f"  {who:26}  {f'{full:.1f}' if full else '':>16}  {view:18.1f}")


main()
