"""Both losses as one writes them in PyTorch; every gradient comes from autograd."""

import torch


def firing_rate_target_mse_loss(spikes_list, offsets, multipliers):
    loss = 0
    for spikes, offset, multiplier in zip(spikes_list, offsets, multipliers):
        loss = loss + ((spikes.mean() - offset) * multiplier) ** 2
    return loss


def balanced_population_mse(spk, targets, num_classes, neurons_per_class, correct_rate, incorrect_rate):
    steps = spk.shape[1]
    of_class = torch.arange(num_classes).repeat_interleave(neurons_per_class)
    correct = of_class[None, :] == targets[:, None]
    wanted = torch.where(correct, correct_rate * steps, incorrect_rate * steps)
    return ((spk.sum(dim=1) - wanted) ** 2).mean()


def _leaf(values):
    return torch.tensor(values, dtype=torch.float32, requires_grad=True)


def answer(name, question):
    """Loss and gradients for a request of spikelossd's, gradients of spikes in broadcast form."""
    if name == "firing_rate_target_mse_loss":
        inputs = {
            "spikes_list": [_leaf(spikes) for spikes in question["spikes_list"]],
            "offsets": _leaf(question["offsets"]),
            "multipliers": _leaf(question["multipliers"]),
        }
        loss = firing_rate_target_mse_loss(**inputs)
        loss.backward()
        spikes = [spikes.grad.flatten()[:1].tolist() for spikes in inputs["spikes_list"]]
        rest = {name: inputs[name].grad.tolist() for name in ("offsets", "multipliers")}
        return {"loss": loss.item(), "gradients": {"spikes_list": spikes, **rest}}

    spk = _leaf(question["spk"])
    rates = {name: _leaf(question[name]) for name in ("correct_rate", "incorrect_rate")}
    targets = torch.tensor(question["targets"])
    counts = question["num_classes"], question["neurons_per_class"]
    loss = balanced_population_mse(spk, targets, *counts, **rates)
    loss.backward()
    rest = {name: rate.grad.item() for name, rate in rates.items()}
    return {"loss": loss.item(), "gradients": {"spk": spk.grad[:, :1].tolist(), **rest}}
