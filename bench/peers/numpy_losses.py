"""Both losses and their gradients by hand in NumPy, as fast as it goes without autograd."""

import numpy


def firing_rate_target_mse_loss(spikes_list, offsets, multipliers):
    spikes_list = [numpy.asarray(spikes, dtype=numpy.float32) for spikes in spikes_list]
    offsets, multipliers = numpy.array(offsets), numpy.array(multipliers)
    apart = numpy.array([spikes.mean(dtype=numpy.float64) for spikes in spikes_list]) - offsets
    slope = 2 * multipliers**2 * apart
    return {
        "loss": float(numpy.sum((apart * multipliers) ** 2)),
        "gradients": {
            "spikes_list": [[s / spikes.size] for s, spikes in zip(slope.tolist(), spikes_list)],
            "offsets": (-slope).tolist(),
            "multipliers": (2 * multipliers * apart**2).tolist(),
        },
    }


def balanced_population_mse(spk, targets, num_classes, neurons_per_class, correct_rate, incorrect_rate):
    spk = numpy.asarray(spk, dtype=numpy.float32)
    steps = spk.shape[1]
    of_class = numpy.repeat(numpy.arange(num_classes), neurons_per_class)
    correct = of_class[None, :] == numpy.array(targets)[:, None]
    apart = spk.sum(axis=1) - numpy.where(correct, correct_rate, incorrect_rate) * steps
    slope = 2 / apart.size * apart
    return {
        "loss": float((apart**2).mean()),
        "gradients": {
            "spk": slope[:, None, :].tolist(),
            "correct_rate": float(-steps * slope[correct].sum()),
            "incorrect_rate": float(-steps * slope[~correct].sum()),
        },
    }


def answer(name, question):
    return globals()[name](**question)
