"""PyTorch in the same process: loss and gradients of tensors that are there already.

    in_process.py balanced_population_mse 128x100x1000 2        two threads
"""

import sys

import question
import torch
import torch_losses

name, shape, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
spk = torch.from_numpy(question.spikes(shape)).requires_grad_()
targets = torch.from_numpy(question.targets(spk.shape[0]))
parameters = [torch.tensor(value, requires_grad=True) for value in
              ((question.CORRECT_RATE, question.INCORRECT_RATE) if name == "balanced_population_mse"
               else (question.OFFSET, question.MULTIPLIER))]


def run():
    for leaf in (spk, *parameters):
        leaf.grad = None
    if name == "balanced_population_mse":
        per_class = spk.shape[2] // question.CLASSES
        loss = torch_losses.balanced_population_mse(
            spk, targets, question.CLASSES, per_class, *parameters)
    else:
        offset, multiplier = parameters
        loss = torch_losses.firing_rate_target_mse_loss([spk], [offset], [multiplier])
    loss.backward()


question.serve(run)
