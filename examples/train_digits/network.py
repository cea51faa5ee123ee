"""A network of leaky integrate-and-fire neurons that reads handwritten digits.

    64 pixels ──► 100 LIF ──► 60 LIF ──► 100 LIF = 10 digits x 10 neurons
    constant      hidden 1    hidden 2   output
    currents
"""

import torch

from settings import (
    CLASSES,
    LAYERS,
    LEAK,
    NEURONS_PER_CLASS,
    PIXELS,
    SURROGATE_STEEPNESS,
    THRESHOLD,
    TIME_STEPS,
)


class Spike(torch.autograd.Function):
    """A step forwards; backwards the slope of a fast sigmoid, because a step has none."""

    @staticmethod
    def forward(context, distance):
        context.save_for_backward(distance)
        return (distance > 0).to(distance.dtype)

    @staticmethod
    def backward(context, gradient):
        (distance,) = context.saved_tensors
        return gradient / (1 + SURROGATE_STEEPNESS * distance.abs()) ** 2


def integrate_and_fire(currents):
    """currents [batch, time, neurons] -> spikes of the same shape."""
    potential = torch.zeros_like(currents[:, 0])
    spikes = []
    for current in currents.unbind(dim=1):
        potential = LEAK * potential + current
        fired = Spike.apply(potential - THRESHOLD)
        potential = potential - THRESHOLD * fired.detach()
        spikes.append(fired)
    return torch.stack(spikes, dim=1)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [PIXELS, *LAYERS.values()]
        self.synapses = torch.nn.ModuleList(
            torch.nn.Linear(before, after) for before, after in zip(sizes, sizes[1:])
        )

    def forward(self, images):
        """images [batch, pixels] -> for each layer its spikes [batch, time, neurons]."""
        first, *others = self.synapses
        # A pixel is a current that does not change, so its synapses are computed once.
        currents = first(images).unsqueeze(1).expand(-1, TIME_STEPS, -1)
        layers = [integrate_and_fire(currents)]
        for synapses in others:
            layers.append(integrate_and_fire(synapses(layers[-1])))
        return layers


def recognised(output):
    """output [batch, time, neurons] -> the digit whose population fired most, [batch]."""
    return output.sum(dim=1).reshape(-1, CLASSES, NEURONS_PER_CLASS).sum(dim=2).argmax(dim=1)
