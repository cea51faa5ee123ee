"""snnTorch's loss for population codes, mse_count_loss(population_code=True), in its published form.

It adds up the spikes of each class's population and compares that total with a target:

    total[b, k]  = spikes of sample b over all steps and all neurons of class k
    wanted[b, k] = int(T * rate * neurons_per_class), with the correct rate if k is b's class
    loss         = mean over b, k of (total - wanted)^2, divided by T

A population of ten that owes 150 spikes may pay with fifteen spikes of every neuron, or with
twenty-five of six neurons and none of the rest: the loss is 0 either way. balanced_population_mse
asks every neuron by itself. (snnTorch has time first; here, as in nwavesdk, the batch is first.)
"""

import torch


def population_count_loss(
    spk, targets, num_classes, neurons_per_class, correct_rate, incorrect_rate
):
    batch, steps, _ = spk.shape
    totals = spk.reshape(batch, steps, num_classes, neurons_per_class).sum(dim=(1, 3))
    wanted = torch.full_like(totals, int(steps * incorrect_rate * neurons_per_class))
    wanted[torch.arange(batch), targets] = int(steps * correct_rate * neurons_per_class)
    return torch.nn.functional.mse_loss(totals, wanted) / steps
