#!/usr/bin/python3
"""Trains a small spiking network on handwritten digits and records its spikes as requests.

    pixels, rate-coded ──► 64 LIF ──► 48 LIF ──► 40 LIF = 10 classes x 4 neurons
                           hidden_1   hidden_2   output

Needs Debian's python3-numpy, python3-sklearn (which ships the digits) and python3-torch:

    /usr/bin/python3 examples/digits/record_requests.py

The network is trained by surrogate gradients on the sum of the two losses that spikelossd
computes, then shown 16 digits that it has never seen. What its neurons do in 25 time steps is
written beside this script, in nested arrays and again in packed bits. expected.json says what
each request must be answered with; those numbers are computed here from the recorded spikes by
the published formulas in NumPy, and know nothing of spikelossd.
"""

import base64
import json
from pathlib import Path

import numpy
import torch
from sklearn.datasets import load_digits

STEPS = 25
BATCH = 16
CLASSES, NEURONS_PER_CLASS = 10, 4
LAYER_SIZES = [64, 64, 48, CLASSES * NEURONS_PER_CLASS]

CORRECT_RATE, INCORRECT_RATE = 0.8, 0.1
OFFSETS = [0.2, 0.2, 0.15]  # the mean rate wanted of each layer
MULTIPLIERS = [5.0, 5.0, 10.0]  # how much each layer's distance from it matters

LEAK, THRESHOLD = 0.85, 1.0
TRAINED_ON, EPOCHS = 1500, 40


class Spike(torch.autograd.Function):
    """A step forwards, a fast sigmoid's slope backwards."""

    @staticmethod
    def forward(context, distance):
        context.save_for_backward(distance)
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(context, gradient):
        (distance,) = context.saved_tensors
        return gradient / (1 + 10 * distance.abs()) ** 2


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.synapses = torch.nn.ModuleList(
            torch.nn.Linear(before, after) for before, after in zip(LAYER_SIZES, LAYER_SIZES[1:])
        )
        for layer in self.synapses:
            torch.nn.init.normal_(layer.weight, 0.0, 1.2 / layer.in_features**0.5)
            torch.nn.init.constant_(layer.bias, 0.05)

    def forward(self, spikes):
        """spikes [batch, time, pixels] -> one tensor [batch, time, neurons] for each layer."""
        layers = []
        for synapses in self.synapses:
            current = synapses(spikes)
            potential = torch.zeros_like(current[:, 0])
            steps = []
            for step in range(STEPS):
                potential = LEAK * potential + current[:, step]
                fired = Spike.apply(potential - THRESHOLD)
                potential = potential - THRESHOLD * fired.detach()
                steps.append(fired)
            spikes = torch.stack(steps, dim=1)
            layers.append(spikes)
        return layers


def rate_coded(images, generator):
    """A pixel of brightness p in [0, 1] fires with probability p in each step."""
    probability = images.unsqueeze(1).expand(-1, STEPS, -1)
    return torch.bernoulli(probability, generator=generator)


def training_loss(layers, targets):
    rates = torch.stack([layer.mean() for layer in layers])
    rate_loss = (((rates - torch.tensor(OFFSETS)) * torch.tensor(MULTIPLIERS)) ** 2).sum()

    counts = layers[-1].sum(dim=1)
    correct = torch.nn.functional.one_hot(targets, CLASSES).repeat_interleave(NEURONS_PER_CLASS, 1)
    wanted = STEPS * (INCORRECT_RATE + (CORRECT_RATE - INCORRECT_RATE) * correct)
    return ((counts - wanted) ** 2).mean() + rate_loss


def predicted(output):
    return output.sum(dim=1).reshape(-1, CLASSES, NEURONS_PER_CLASS).sum(dim=2).argmax(dim=1)


def train(images, targets, generator):
    network = Network()
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3)
    for epoch in range(EPOCHS):
        order = torch.randperm(len(images), generator=generator)
        for chosen in order.split(64):
            optimiser.zero_grad()
            loss = training_loss(network(rate_coded(images[chosen], generator)), targets[chosen])
            loss.backward()
            optimiser.step()
        print(f"epoch {epoch + 1:2}: loss of the last batch {loss.item():.3f}")
    return network


def nested(spikes):
    return spikes.tolist()


def bits(spikes):
    packed = numpy.packbits(spikes.reshape(-1)).tobytes()
    return {
        "shape": list(spikes.shape),
        "encoding": "bits",
        "data": base64.b64encode(packed).decode("ascii"),
    }


def expected_of_rates(layers):
    """Each mean is one division of two integers and each term one product: no rounding is left
    to the order of a sum, but that of the terms, which is the order of the layers."""
    loss, rates = 0.0, []
    for spikes, offset, multiplier in zip(layers, OFFSETS, MULTIPLIERS):
        rate = int(spikes.sum(dtype=numpy.int64)) / spikes.size
        difference = (rate - offset) * multiplier
        loss += difference * difference
        rates.append(rate)
    return {"loss": loss, "rates": rates}


def expected_of_population(output, targets):
    counts = output.sum(axis=1, dtype=numpy.int64).astype(numpy.float64)
    owner = numpy.arange(output.shape[2]) // NEURONS_PER_CLASS
    correct = owner[None, :] == targets[:, None]
    wanted = numpy.where(correct, STEPS * CORRECT_RATE, STEPS * INCORRECT_RATE)
    squares = (counts - wanted) ** 2
    votes = counts.reshape(len(targets), CLASSES, NEURONS_PER_CLASS).sum(axis=2)
    return {
        "loss": float(squares.sum() / squares.size),
        "accuracy": float((votes.argmax(axis=1) == targets).mean()),
    }


def write(name, request):
    path = Path(__file__).parent / name
    path.write_text(json.dumps(request, separators=(",", ":")) + "\n", encoding="ascii")
    print(f"{name}: {path.stat().st_size} bytes")


def record(layers, targets):
    """Asks for broadcast gradients: the same numbers as dense ones, without their repetitions."""
    for suffix, spelt in [("", nested), (".bits", bits)]:
        write(
            f"firing_rate_target_mse_loss{suffix}.json",
            {
                "gradient": "broadcast",
                "offsets": OFFSETS,
                "multipliers": MULTIPLIERS,
                "spikes_list": [spelt(spikes) for spikes in layers],
            },
        )
        write(
            f"balanced_population_mse{suffix}.json",
            {
                "gradient": "broadcast",
                "targets": targets.tolist(),
                "num_classes": CLASSES,
                "neurons_per_class": NEURONS_PER_CLASS,
                "correct_rate": CORRECT_RATE,
                "incorrect_rate": INCORRECT_RATE,
                "spk": spelt(layers[-1]),
            },
        )
    expected = {
        "firing_rate_target_mse_loss": expected_of_rates(layers),
        "balanced_population_mse": expected_of_population(layers[-1], targets),
    }
    text = json.dumps(expected, indent=2) + "\n"
    (Path(__file__).parent / "expected.json").write_text(text, encoding="ascii")
    print(text, end="")


def main():
    torch.manual_seed(2024)
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(2024)

    digits = load_digits()
    images = torch.tensor(digits.data / 16, dtype=torch.float32)
    targets = torch.tensor(digits.target, dtype=torch.int64)
    network = train(images[:TRAINED_ON], targets[:TRAINED_ON], generator)

    with torch.no_grad():
        unseen, answers = images[TRAINED_ON:], targets[TRAINED_ON:]
        layers = network(rate_coded(unseen, generator))
        share = (predicted(layers[-1]) == answers).double().mean().item()
        print(f"{share:.1%} of the {len(answers)} unseen digits are recognised")

    recorded = [layer[:BATCH].numpy().astype(numpy.uint8) for layer in layers]
    record(recorded, answers[:BATCH].numpy())


if __name__ == "__main__":
    main()
