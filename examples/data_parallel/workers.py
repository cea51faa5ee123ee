"""Training in several processes that share every batch.

Every worker has the same weights and its own share of the batch. What the workers exchange is
small: for each layer how often each neuron spiked, and the gradients of the weights.

    worker 0: 16 digits ──► spikes ──► sums ──┐                 ┌──► gradient of its own spikes
    worker 1: 16 digits ──► spikes ──► sums ──┤   all-reduce    ├──► gradient of its own spikes
    worker 2: 16 digits ──► spikes ──► sums ──┼──► sums of 64 ──┼──► ...        each asks spikelossd
    worker 3: 16 digits ──► spikes ──► sums ──┘      digits     └──► ...        for the same loss
"""

import json
import os
import urllib.request
from typing import NamedTuple

import torch
from torch import distributed

from handwritten import Digits
from network import Network
from settings import (
    BATCH,
    CLASSES,
    CORRECT_RATE,
    INCORRECT_RATE,
    LEARNING_RATE,
    MULTIPLIERS,
    TARGET_RATES,
)

URL = os.environ.get("SPIKELOSSD_URL", "http://127.0.0.1:8080")


class Step(NamedTuple):
    """What one batch cost. The last two say what the mean of the workers' own losses would have
    been with the same weights, and in which share of (worker, layer) its gradient has the wrong
    sign."""

    population_loss: float
    rate_loss: float
    mean_of_rate_losses: float = 0.0
    wrong_signs: float = 0.0

    @property
    def loss(self):
        return self.population_loss + self.rate_loss


def ask(loss, **members):
    """Returns the answer of spikelossd."""
    body = json.dumps({"gradient": "broadcast", **members}).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/v1/losses/{loss}", body, kind)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def rate_loss(sums, shapes):
    """The loss of spikes that have these sums over batch and time, and a gradient for each layer:
    one number, since it is the same for every spike of the layer."""
    answer = ask(
        "firing_rate_target_mse_loss",
        spikes_list=[
            {"shape": shape, "summed": "batch_time", "data": neurons.tolist()}
            for neurons, shape in zip(sums, shapes)
        ],
        offsets=TARGET_RATES,
        multipliers=MULTIPLIERS,
    )
    return answer["loss"], [layer["data"][0] for layer in answer["gradients"]["spikes_list"]]


def population_loss(output, labels, batch):
    """What these samples add to the mean over the batch, and the gradient of their spikes.

    This loss is a sum over samples, so it needs no sums of other workers, only their number."""
    counts = output.sum(1)
    answer = ask(
        "spike_count_mse",
        spk={"shape": list(output.shape), "summed": "time", "data": counts.flatten().tolist()},
        targets=labels.tolist(),
        num_classes=CLASSES,
        correct_rate=CORRECT_RATE,
        incorrect_rate=INCORRECT_RATE,
        weight=len(labels) / batch,
    )
    gradient = torch.tensor(answer["gradients"]["spk"]["data"], dtype=output.dtype)
    return answer["loss"], gradient.reshape(len(labels), 1, -1)


def of_all_workers(values):
    """Returns the sums over all workers, added in the order of their ranks: the same bits in each
    of them, in every run, and in one process that adds in this order."""
    own = torch.as_tensor(values, dtype=torch.float64)
    gathered = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
    distributed.all_gather(gathered, own)
    return torch.stack(gathered).sum(0)


def learn(network, optimiser, share, batch, exact):
    """One step with this worker's share of a batch. Without `exact` the rate loss is the mean of
    the workers' own losses, which is what frameworks make of it."""
    workers = distributed.get_world_size()
    layers = network(share.images)
    population, of_output = population_loss(layers[-1].detach(), share.labels, batch)

    own_sums = [spikes.detach().sum((0, 1)) for spikes in layers]
    own_shapes = [list(spikes.shape) for spikes in layers]
    own_loss, own_gradients = rate_loss(own_sums, own_shapes)

    sums = [of_all_workers(neurons) for neurons in own_sums]
    shapes = [[batch, *shape[1:]] for shape in own_shapes]
    whole_loss, whole_gradients = rate_loss(sums, shapes)

    # Gradients of weights are added up below. So the loss of the whole batch needs no factor: each
    # worker adds what its own spikes do to it. A mean of the workers' losses needs 1 / workers.
    of_rates = whole_gradients if exact else [one / workers for one in own_gradients]
    gradients = [torch.full_like(spikes, one) for spikes, one in zip(layers, of_rates)]
    gradients[-1] += of_output
    optimiser.zero_grad()
    torch.autograd.backward(layers, gradients)
    for weights in network.parameters():
        weights.grad = of_all_workers(weights.grad)
    optimiser.step()

    wrong = sum(own * whole < 0 for own, whole in zip(own_gradients, whole_gradients))
    population, mean, wrong = of_all_workers(
        [population, own_loss / workers, wrong / workers / len(layers)]
    ).tolist()
    return Step(population, whole_loss if exact else mean, mean, wrong)


def batches(samples, epochs, seed=0):
    """Yields the samples of each batch; what does not fill a batch is left out of an epoch."""
    order = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        yield from torch.randperm(samples, generator=order)[: samples // BATCH * BATCH].split(BATCH)


def new_network(seed=0):
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = Network().double()
    return network, torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)


def work(rank, workers, folder, digits, epochs, exact):
    """The life of one worker. The first writes the steps into the folder."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/workers", rank=rank, world_size=workers
    )
    network, optimiser = new_network()
    steps = []
    for chosen in batches(len(digits.labels), epochs):
        mine = chosen[rank::workers]
        share = Digits(digits.images[mine].double(), digits.labels[mine])
        steps.append(learn(network, optimiser, share, len(chosen), exact))
    if rank == 0:
        torch.save([tuple(step) for step in steps], f"{folder}/steps")
