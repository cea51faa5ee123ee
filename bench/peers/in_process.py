"""PyTorch in the same process: loss and gradients of tensors that are there already.

    in_process.py balanced_population_mse 128x100x1000 2 leaf

On two threads. "leaf": spikes are a leaf, whose gradient is written out in full, as backward() does
for parameters. "network": the gradient is handed to the step before, as within a network; it is
constant along time, and PyTorch keeps it so, as a view of a small tensor.
"""

import sys

import question
import torch
import torch_losses

name, shape, threads, where = sys.argv[1:]
torch.set_num_threads(int(threads))
spk = torch.from_numpy(question.spikes(shape)).requires_grad_()
targets = torch.from_numpy(question.targets(spk.shape[0]))
parameters = [torch.tensor(value, requires_grad=True) for value in
              ((question.CORRECT_RATE, question.INCORRECT_RATE) if name == "balanced_population_mse"
               else (question.OFFSET, question.MULTIPLIER))]


def forward():
    if name == "balanced_population_mse":
        per_class = spk.shape[2] // question.CLASSES
        return torch_losses.balanced_population_mse(spk, targets, question.CLASSES, per_class,
                                                    *parameters)
    offset, multiplier = parameters
    return torch_losses.firing_rate_target_mse_loss([spk], [offset], [multiplier])


def run():
    if where == "network":
        torch.autograd.grad(forward(), (spk, *parameters))
        return
    for leaf in (spk, *parameters):
        leaf.grad = None
    forward().backward()


question.serve(run)
