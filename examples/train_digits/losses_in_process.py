"""Both losses written out in PyTorch, to compare the server with: same names, same arguments as
spikeloss.torch, so that one import line chooses between them.

This is the maths of docs/losses.md and nothing of spikelossd's code. Like the server it counts in
double precision and gives back what came: a loss, and gradients, in the precision of the spikes.
"""

import torch


def firing_rate_target_mse_loss(spikes_list, offsets, multipliers):
    loss = 0.0
    for spikes, offset, multiplier in zip(spikes_list, offsets, multipliers):
        loss = loss + ((spikes.double().mean() - offset) * multiplier) ** 2
    return loss.to(spikes_list[0].dtype)


def balanced_population_mse(
    spk, targets, num_classes, neurons_per_class, correct_rate, incorrect_rate
):
    _, steps, neurons = spk.shape
    assert neurons == num_classes * neurons_per_class
    owner = torch.arange(neurons) // neurons_per_class
    correct = (owner == targets.unsqueeze(1)).double()
    wanted = steps * (correct * correct_rate + (1 - correct) * incorrect_rate)
    counts = spk.double().sum(dim=1)
    return ((counts - wanted) ** 2).mean().to(spk.dtype)
