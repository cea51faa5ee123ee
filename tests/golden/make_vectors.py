#!/usr/bin/python3
"""Makes cases.json and count_cases.json: what the losses must answer, computed without spikelossd.

An independent implementation: the losses are written straight from their formulas with PyTorch
tensors in double precision, and every gradient comes from automatic differentiation. Needs
Debian's python3-torch to run; the tests that read cases.json need no Python.

    /usr/bin/python3 tests/golden/make_vectors.py cases > tests/golden/cases.json
    /usr/bin/python3 tests/golden/make_vectors.py count_cases > tests/golden/count_cases.json

cases.json, of the two losses of nWave, is the table that the library and the clients in all
languages must agree with; count_cases.json is the same for the three other losses. Each is a list
of objects:

    name     what is special about the case; no two cases of a loss have the same
    loss     which loss: POST /v1/losses/<loss>
    request  its arguments, tensors as nested arrays; a client may spell them as it likes
    options  only in some cases: "gradient" and "gradient_encoding", as the service names them;
             elsewhere a client chooses them
    expect   the answer, gradients in "broadcast" form; where `options` say "gradient": "none"
             the answer has no gradients
    problem  instead of `expect`: the request is refused with this status and code. "pointer" is
             there where it does not depend on how a tensor is spelt

Numbers of `expect` hold to a relative error of 1e-12: summation orders differ. The worked examples
and every count and flag hold exactly. Gradients of tensors that came as f32 hold to 1e-7, and what
is smaller than the least normal f32 to 1e-45. A gradient's small shape broadcasts to its tensor's
shape. 1e999 in a tensor is legal JSON and reads as infinity: binary encodings can carry it.
"""

import itertools
import json
import random
import sys

import torch

torch.set_default_dtype(torch.float64)


def binary(generator, shape, rate=0.3):
    return (torch.rand(shape, generator=generator) < rate).to(torch.float64)


def graded(generator, shape):
    """Spikes of several strengths, most values 0; three decimals keep the file small."""
    strength = (torch.rand(shape, generator=generator) * 3).round(decimals=3)
    return strength * binary(generator, shape)


def signed(generator, shape):
    """Ones, minus ones and strengths of either sign between them."""
    strength = (torch.randn(shape, generator=generator)).round(decimals=3)
    ones = binary(generator, shape)
    return torch.where(binary(generator, shape, 0.2) > 0, strength, ones)


def reals(source, count, low, high):
    return [round(source.uniform(low, high), 4) for _ in range(count)]


def small_gradient(gradient, small_shape):
    """Folds a full gradient to its small shape; it must be constant along every folded axis."""
    small = gradient
    for axis, length in enumerate(small_shape):
        if length == 1:
            small = small.narrow(axis, 0, 1)
    if not torch.allclose(small.expand_as(gradient), gradient, rtol=1e-14, atol=0):
        raise AssertionError("a gradient is not constant where the formula says it is")
    return {"shape": list(small_shape), "data": small.flatten().tolist()}


def health(spikes, neurons):
    """Silent and saturated neurons and binarity of spikes given as [anything, neurons]."""
    fired = spikes.reshape(-1, neurons) != 0
    shape = [1] * (3 - spikes.dim()) + list(spikes.shape)
    return {
        "samples": shape[0],
        "steps": shape[1],
        "neurons": neurons,
        "silent": int((~fired).all(dim=0).sum()),
        "saturated": int(fired.all(dim=0).sum()),
        "binary": bool(((spikes == 0) | (spikes == 1)).all()),
    }


def neurons_of(spikes):
    """Rank 1 is [neurons], rank 2 [time, neurons], from rank 3 on [batch, time, neurons...]."""
    axes_before = min(spikes.dim() - 1, 2)
    return spikes[(0,) * axes_before].numel()


def firing_rate_target_mse_loss(name, spikes_list, offsets, multipliers):
    spikes = [layer.clone().requires_grad_() for layer in spikes_list]
    o = torch.tensor(offsets, requires_grad=True)
    m = torch.tensor(multipliers, requires_grad=True)
    rates = torch.stack([layer.mean() for layer in spikes])
    terms = ((rates - o) * m) ** 2
    loss = terms.sum()
    loss.backward()
    layers = [
        {"rate": rates[i].item(), "target": offsets[i], "loss": terms[i].item()}
        | health(layer.detach(), neurons_of(layer))
        for i, layer in enumerate(spikes)
    ]
    return {
        "name": name,
        "loss": "firing_rate_target_mse_loss",
        "request": {
            "spikes_list": [layer.tolist() for layer in spikes_list],
            "offsets": offsets,
            "multipliers": multipliers,
        },
        "expect": {
            "loss": loss.item(),
            "gradients": {
                "spikes_list": [small_gradient(s.grad, [1] * s.dim()) for s in spikes],
                "offsets": o.grad.tolist(),
                "multipliers": m.grad.tolist(),
            },
            "diagnostics": {"layers": layers},
        },
    }


def population_accuracy(spk, targets, num_classes, neurons_per_class):
    """Spikes over time and population; the lowest of the best classes wins; shared wins are ties."""
    samples = spk.shape[0]
    totals = spk.sum(dim=1).reshape(samples, num_classes, neurons_per_class).sum(dim=2).tolist()
    hits = sum(row.index(max(row)) == target for row, target in zip(totals, targets))
    ties = sum(row.count(max(row)) > 1 for row in totals)
    return hits / samples, ties


def balanced_population_mse(
    name, spk, targets, num_classes, neurons_per_class, correct_rate, incorrect_rate
):
    spikes = spk.clone().requires_grad_()
    correct = torch.tensor(correct_rate, requires_grad=True)
    incorrect = torch.tensor(incorrect_rate, requires_grad=True)
    samples, steps, neurons = spk.shape
    class_of_neuron = torch.arange(neurons) // neurons_per_class
    right = class_of_neuron[None, :] == torch.tensor(targets)[:, None]
    counts = spikes.sum(dim=1)
    wanted = torch.where(right, steps * correct, steps * incorrect)
    loss = ((counts - wanted) ** 2).mean()
    loss.backward()
    accuracy, ties = population_accuracy(spk, targets, num_classes, neurons_per_class)
    rates = spk.mean(dim=1)
    return {
        "name": name,
        "loss": "balanced_population_mse",
        "request": {
            "spk": spk.tolist(),
            "targets": targets,
            "num_classes": num_classes,
            "neurons_per_class": neurons_per_class,
            "correct_rate": correct_rate,
            "incorrect_rate": incorrect_rate,
        },
        "expect": {
            "loss": loss.item(),
            "gradients": {
                "spk": small_gradient(spikes.grad, [samples, 1, neurons]),
                "correct_rate": correct.grad.item(),
                "incorrect_rate": incorrect.grad.item(),
            },
            "diagnostics": {"accuracy": accuracy, "ties": ties}
            | health(spk, neurons)
            | {
                "mean_rate_correct": rates[right].mean().item(),
                "mean_rate_incorrect": rates[~right].mean().item() if num_classes > 1 else 0.0,
            },
        },
    }


def firing_rate_cases():
    generator = torch.Generator().manual_seed(20240311)
    source = random.Random(7)

    def case(name, spikes_list):
        layers = len(spikes_list)
        return firing_rate_target_mse_loss(
            name, spikes_list, reals(source, layers, 0, 0.6), reals(source, layers, -3, 12)
        )

    yield firing_rate_target_mse_loss(
        "the worked example",
        [
            torch.tensor([[[1, 0, 1], [0, 0, 1]], [[0, 1, 0], [1, 0, 1]]], dtype=torch.float64),
            torch.tensor([[[0, 0], [0, 1]], [[0, 0], [0, 0]]], dtype=torch.float64),
        ],
        [0.25, 0.25],
        [1.0, 10.0],
    )
    yield case("one layer of binary spikes", [binary(generator, (4, 13, 10))])
    yield case("a single value", [torch.ones(1)])
    yield case("one sample and one time step", [binary(generator, (1, 1, 67), 0.5)])
    yield case("graded spikes", [graded(generator, (3, 7, 11)), graded(generator, (2, 5))])
    yield case("signed spikes", [signed(generator, (2, 9, 17))])
    yield case(
        "every rank from 1 to 8",
        [binary(generator, tuple([3, 2, 3, 1, 2, 2, 1, 2][:rank]), 0.4) for rank in range(1, 9)],
    )
    yield case(
        "binary, graded and signed layers of odd sizes",
        [
            binary(generator, (2, 3, 129)),
            graded(generator, (5, 1, 7)),
            signed(generator, (1, 31, 3)),
            binary(generator, (63,)),
        ],
    )
    yield case("silent and saturated layers", [torch.zeros(2, 4, 5), torch.ones(2, 4, 6)])
    mixed = binary(generator, (3, 6, 8), 0.5)
    mixed[:, :, 2] = 0
    mixed[:, :, 5] = 1
    yield case("a silent and a saturated neuron among others", [mixed])
    yield firing_rate_target_mse_loss(
        "every layer on its target", [torch.tensor([1.0, 0, 0, 1])] * 2, [0.5, 0.5], [3.0, 0.1]
    )
    yield firing_rate_target_mse_loss(
        "multipliers and offsets of any sign",
        [binary(generator, (2, 3, 5)), binary(generator, (2, 3, 5)), binary(generator, (6, 4))],
        [-0.75, 1.5, 0.25],
        [-4.0, 0.0, 1e-6],
    )
    yield firing_rate_target_mse_loss(
        "large and tiny numbers", [graded(generator, (2, 3)) * 1e9], [1e-9], [1e20]
    )


def population_cases():
    generator = torch.Generator().manual_seed(20240312)
    source = random.Random(11)

    def case(name, spk, num_classes, neurons_per_class):
        targets = [source.randrange(num_classes) for _ in range(spk.shape[0])]
        correct, incorrect = reals(source, 1, 0.5, 1) + reals(source, 1, 0, 0.2)
        return balanced_population_mse(
            name, spk, targets, num_classes, neurons_per_class, correct, incorrect
        )

    yield balanced_population_mse(
        "the worked example",
        torch.tensor(
            [
                [[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]],
                [[0, 0, 1, 1], [0, 0, 1, 0], [1, 0, 1, 1], [0, 0, 1, 0]],
            ],
            dtype=torch.float64,
        ),
        [0, 0],
        2,
        2,
        0.75,
        0.125,
    )
    yield case("ten classes of four neurons", binary(generator, (5, 13, 40)), 10, 4)
    yield case("one class", binary(generator, (3, 8, 5)), 1, 5)
    yield case("one neuron a class", binary(generator, (4, 9, 7)), 7, 1)
    yield case("one sample, one time step, one neuron", torch.ones(1, 1, 1), 1, 1)
    yield case("one time step", binary(generator, (6, 1, 9)), 3, 3)
    yield case("one sample", binary(generator, (1, 33, 6)), 2, 3)
    yield case("graded spikes", graded(generator, (3, 11, 12)), 4, 3)
    yield case("signed spikes", signed(generator, (4, 7, 15)), 5, 3)
    yield case("more neurons than a machine word has bits", binary(generator, (2, 9, 129)), 43, 3)
    yield case("a silent network: every sample a tie", torch.zeros(4, 5, 6), 3, 2)
    yield case("a saturated network: every sample a tie", torch.ones(3, 4, 6), 2, 3)
    tied = torch.zeros(3, 4, 6)
    tied[0, 0, 2] = tied[0, 3, 5] = 1
    tied[1, 1, 4] = 1
    tied[2, 2, 0] = tied[2, 0, 3] = 1
    yield balanced_population_mse(
        "ties among some classes: the lowest wins", tied, [1, 2, 1], 3, 2, 0.5, 0.25
    )
    exact = torch.zeros(2, 4, 4)
    exact[0, :3, :2] = exact[1, 1:, 2:] = 1
    exact[0, 0, 2:] = exact[1, 3, :2] = 1
    yield balanced_population_mse(
        "every count on its target", exact, [0, 1], 2, 2, 0.75, 0.25
    )
    yield balanced_population_mse(
        "rates outside [0, 1], and target counts that are no integers",
        binary(generator, (3, 7, 6)),
        [2, 0, 1],
        3,
        2,
        1.3,
        -0.15,
    )


def classes_of(spk, num_classes):
    """The spikes of every class's population: [batch, time, class, neuron of the class]."""
    return spk.reshape(*spk.shape[:2], num_classes, -1)


def population_diagnostics(spk, targets, num_classes):
    neurons = spk.shape[2]
    accuracy, ties = population_accuracy(spk, targets, num_classes, neurons // num_classes)
    right = torch.nn.functional.one_hot(torch.tensor(targets), num_classes) > 0
    rates = classes_of(spk, num_classes).mean(dim=(1, 3))
    return {"accuracy": accuracy, "ties": ties} | health(spk, neurons) | {
        "mean_rate_correct": rates[right].mean().item(),
        "mean_rate_incorrect": rates[~right].mean().item() if num_classes > 1 else 0.0,
    }


def spike_count_mse(name, spk, targets, num_classes, correct_rate, incorrect_rate, **options):
    spikes = spk.clone().requires_grad_()
    correct = torch.tensor(correct_rate, requires_grad=True)
    incorrect = torch.tensor(incorrect_rate, requires_grad=True)
    samples, steps, neurons = spk.shape
    activity = classes_of(spikes, num_classes).sum(dim=1)
    wanted_steps = steps
    if options.get("per") == "population":
        activity = activity.sum(dim=2, keepdim=True)
    if options.get("measure") == "rate":
        activity = activity / steps
        wanted_steps = 1
    in_unit = neurons // num_classes // activity.shape[2]
    right = torch.nn.functional.one_hot(torch.tensor(targets), num_classes)[:, :, None] > 0
    wanted = torch.where(right, correct, incorrect) * wanted_steps * in_unit
    if options.get("truncate"):
        wanted = torch.trunc(wanted)
    squares = (activity - wanted) ** 2
    loss = squares.sum() if options.get("reduction") == "sum" else squares.mean()
    loss = loss * options.get("weight", 1.0)
    loss.backward()
    gradients = {
        "spk": small_gradient(spikes.grad, [samples, 1, neurons]),
        "correct_rate": correct.grad.item(),
        "incorrect_rate": incorrect.grad.item(),
    }
    request = {"spk": spk.tolist(), "targets": targets, "num_classes": num_classes}
    request |= {"correct_rate": correct_rate, "incorrect_rate": incorrect_rate} | options
    diagnostics = population_diagnostics(spk, targets, num_classes)
    return answered("spike_count_mse", name, request, loss, gradients, diagnostics)


def spike_count_cross_entropy(name, spk, targets, num_classes, **options):
    spikes = spk.clone().requires_grad_()
    samples, steps, neurons = spk.shape
    logits = classes_of(spikes, num_classes).sum(dim=(1, 3))
    if options.get("measure") == "rate":
        logits = logits / steps
    weights = options.get("class_weights")
    loss = torch.nn.functional.cross_entropy(
        logits,
        torch.tensor(targets),
        weight=None if weights is None else torch.tensor(weights, dtype=torch.float64),
        label_smoothing=options.get("label_smoothing", 0.0),
        reduction=options.get("reduction", "mean"),
    ) * options.get("weight", 1.0)
    loss.backward()
    probability = torch.softmax(logits.detach(), dim=1)[torch.arange(samples), targets].mean()
    gradients = {"spk": small_gradient(spikes.grad, [samples, 1, neurons])}
    request = {"spk": spk.tolist(), "targets": targets, "num_classes": num_classes} | options
    diagnostics = population_diagnostics(spk, targets, num_classes)
    diagnostics["mean_probability_correct"] = probability.item()
    return answered("spike_count_cross_entropy", name, request, loss, gradients, diagnostics)


def activity_of(layer, options):
    """What the bounds are of: [samples or 1, neurons or 1]."""
    shape = [1] * (3 - layer.dim()) + list(layer.shape)
    activity = layer.reshape(shape[0], shape[1], -1)
    count = options.get("measure") == "count"
    activity = activity.sum(dim=1) if count else activity.mean(dim=1)
    if options.get("samples", "mean") == "mean":
        activity = activity.mean(dim=0, keepdim=True)
    if options.get("per", "layer") == "layer":
        activity = activity.mean(dim=1, keepdim=True)
    return activity


def activity_regularization(name, spikes_list, lower=None, upper=None, weights=None, **options):
    layers = [layer.clone().requires_grad_() for layer in spikes_list]
    lists = {"lower": lower, "upper": upper, "weights": weights}
    given = {key: value for key, value in lists.items() if value is not None}
    learned = {key: torch.tensor(value, requires_grad=True) for key, value in given.items()}
    learned.setdefault("weights", torch.ones(len(layers), requires_grad=True))
    power = 1 if options.get("norm") == "l1" else 2
    terms, diagnostics = [], []
    for i, layer in enumerate(layers):
        activity = activity_of(layer, options)
        below = above = torch.zeros_like(activity)
        if lower is not None:
            below = torch.relu(learned["lower"][i] - activity)
        if upper is not None:
            above = torch.relu(activity - learned["upper"][i])
        units = below**power + above**power
        reduced = units.sum() if options.get("reduction") == "sum" else units.mean()
        terms.append(learned["weights"][i] * reduced)
        said = {"rate": layer.detach().mean().item(), "loss": terms[i].item()}
        said |= {"below": (below > 0).double().mean().item()}
        said |= {"above": (above > 0).double().mean().item()}
        diagnostics.append(said | health(layer.detach(), neurons_of(layer)))
    loss = sum(terms)
    loss.backward()
    by_sample = options.get("samples") == "each"
    by_neuron = options.get("per") == "neuron"

    def small_shape(layer):
        first = min(layer.dim() - 1, 2)
        before = [1] * first
        if by_sample and layer.dim() >= 3:
            before[0] = layer.shape[0]
        after = list(layer.shape[first:])
        return before + (after if by_neuron else [1] * len(after))

    gradients = {"spikes_list": [small_gradient(s.grad, small_shape(s)) for s in layers]}
    for key in lists:
        if key in learned:
            gradients[key] = learned[key].grad.tolist()
    request = {"spikes_list": [layer.tolist() for layer in spikes_list]} | given | options
    diagnostics = {"layers": diagnostics}
    return answered("activity_regularization", name, request, loss, gradients, diagnostics)


def answered(loss_name, name, request, loss, gradients, diagnostics):
    expect = {"loss": loss.item(), "gradients": gradients, "diagnostics": diagnostics}
    return {"name": name, "loss": loss_name, "request": request, "expect": expect}


def crossed(**choices):
    """Every combination; None is: not there."""
    for values in itertools.product(*choices.values()):
        yield {key: value for key, value in zip(choices, values) if value is not None}


def title(options):
    return ", ".join(f"{key} {value}" for key, value in options.items()) or "all defaults"


def spikes_of(kind, generator, shape):
    return {"binary": binary, "graded": graded, "signed": signed}[kind](generator, shape)


def spike_count_mse_cases():
    generator = torch.Generator().manual_seed(20240313)
    source = random.Random(13)
    kinds = itertools.cycle(["binary", "graded", "signed"])
    sizes = itertools.cycle([(3, 7, 6, 3), (2, 5, 8, 2), (4, 9, 5, 5), (1, 11, 6, 1)])
    for options in crossed(
        per=[None, "population"],
        measure=[None, "rate"],
        truncate=[None, True],
        reduction=[None, "sum"],
        weight=[None, 0.37],
    ):
        kind, (samples, steps, neurons, classes) = next(kinds), next(sizes)
        spk = spikes_of(kind, generator, (samples, steps, neurons))
        targets = [source.randrange(classes) for _ in range(samples)]
        rates = reals(source, 1, 0.5, 1) + reals(source, 1, 0.05, 0.3)
        name = f"{kind} spikes, {title(options)}"
        yield spike_count_mse(name, spk, targets, classes, *rates, **options)
    spk = binary(generator, (2, 4, 4))
    words = {"per": "neuron", "measure": "count", "truncate": False, "reduction": "mean"}
    yield spike_count_mse("the defaults, written", spk, [1, 0], 2, 0.7, 0.2, weight=1.0, **words)
    yield spike_count_mse(
        "negative targets are cut toward zero", spk, [1, 0], 2, -0.4, -0.9, truncate=True
    )


def spike_count_cross_entropy_cases():
    generator = torch.Generator().manual_seed(20240314)
    source = random.Random(17)
    kinds = itertools.cycle(["binary", "graded", "signed"])
    sizes = itertools.cycle([(3, 7, 6, 3), (2, 5, 8, 2), (4, 9, 5, 5), (2, 6, 12, 4)])
    for options in crossed(
        measure=[None, "rate"],
        label_smoothing=[None, 0.23, 1.0],
        class_weights=[None, True],
        reduction=[None, "sum"],
        weight=[None, -1.5],
    ):
        kind, (samples, steps, neurons, classes) = next(kinds), next(sizes)
        if "class_weights" in options:
            options["class_weights"] = reals(source, classes, 0.1, 3)
        spk = spikes_of(kind, generator, (samples, steps, neurons))
        targets = [source.randrange(classes) for _ in range(samples)]
        name = f"{kind} spikes, {title(options)}"
        yield spike_count_cross_entropy(name, spk, targets, classes, **options)
    spk = binary(generator, (3, 6, 4))
    yield spike_count_cross_entropy("a single class", spk, [0, 0, 0], 1)
    yield spike_count_cross_entropy(
        "a class without weight", spk, [1, 0, 3], 4, class_weights=[0.0, 2.0, 1.0, 0.0]
    )
    yield spike_count_cross_entropy("a silent network", torch.zeros(2, 3, 6), [1, 2], 3)


def activity_cases():
    generator = torch.Generator().manual_seed(20240315)
    source = random.Random(19)
    kinds = itertools.cycle(["binary", "graded", "signed"])
    bounds = itertools.cycle([("lower", "upper"), ("upper",), ("lower",)])
    shapes = itertools.cycle(
        [((3, 5, 4), (2, 4, 3, 2)), ((6, 7),), ((2, 3, 5), (9,), (1, 2, 2, 3))]
    )
    for options in crossed(
        per=[None, "neuron"],
        samples=[None, "each"],
        measure=[None, "count"],
        norm=[None, "l1"],
        reduction=[None, "sum"],
    ):
        kind, names, layers = next(kinds), next(bounds), next(shapes)
        spikes = [spikes_of(kind, generator, shape) for shape in layers]
        steps = [([1, 1] + list(shape))[-2] if len(shape) < 3 else shape[1] for shape in layers]
        scale = [step if "measure" in options else 1 for step in steps]
        lists = {"lower": [round(0.31234 * s, 6) for s in scale]}
        lists["upper"] = [round(0.38123 * s, 6) for s in scale]
        lists = {key: lists[key] for key in names}
        if source.random() < 0.5:
            lists["weights"] = reals(source, len(layers), -1, 3)
        name = f"{kind} spikes, {' and '.join(names)}, {title(options)}"
        yield activity_regularization(name, spikes, **lists, **options)
    words = {"per": "layer", "samples": "mean", "measure": "rate", "norm": "l2"}
    yield activity_regularization(
        "the defaults, written",
        [binary(generator, (2, 4, 3))],
        [0.67],
        [0.71],
        [1.0],
        reduction="mean",
        **words,
    )
    yield activity_regularization(
        "silent and saturated layers",
        [torch.zeros(2, 4, 5), torch.ones(2, 4, 6)],
        lower=[0.1, 0.1],
        upper=[0.4, 0.4],
        per="neuron",
    )


def with_options(case, name, **options):
    """The same case once more; options change the form of an answer, never its numbers."""
    place = list(case).index("expect")
    members = list(case.items())
    return dict(members[:place] + [("options", options)] + members[place:]) | {"name": name}


def option_cases(cases):
    """Graded spikes, whose gradients are exact in neither f32 nor f64."""
    for case in cases:
        if case["name"] == "graded spikes":
            yield with_options(case, "no gradients", gradient="none")
            for encoding in "f32", "f64":
                options = {"gradient": "broadcast", "gradient_encoding": encoding}
                yield with_options(case, f"gradients as {encoding}", **options)


def problem_cases():
    """Refusals that a client with typed arguments can still run into, as docs/api.md has them."""
    layers = {"spikes_list": [[[[1, 0], [0, 1]]], [[1, 1]]], "offsets": [0.1, 0.2]}
    layers["multipliers"] = [1, 10]
    population = {"spk": [[[1, 0, 0, 1], [0, 1, 0, 0]], [[0, 0, 1, 1], [0, 0, 0, 0]]]}
    population |= {"targets": [1, 0], "num_classes": 2, "neurons_per_class": 2}
    population |= {"correct_rate": 0.75, "incorrect_rate": 0.125}

    def case(name, request, status, code, pointer=None, options=None):
        loss = "balanced_population_mse" if "spk" in request else "firing_rate_target_mse_loss"
        problem = {"status": status, "code": code} | ({"pointer": pointer} if pointer else {})
        chosen = {"options": options} if options else {}
        return {"name": name, "loss": loss, "request": request} | chosen | {"problem": problem}

    def layers_case(name, changes, *problem, **rest):
        return case(name, layers | changes, *problem, **rest)

    def population_case(name, changes, *problem, **rest):
        return case(name, population | changes, *problem, **rest)

    infinity = float("inf")
    mismatch = 422, "length_mismatch"
    yield layers_case("too few offsets", {"offsets": [0.1]}, *mismatch, "/offsets")
    yield layers_case("too many multipliers", {"multipliers": [1, 2, 3]}, *mismatch, "/multipliers")
    nine = {"spikes_list": [[[[[[[[[[1]]]]]]]]]], "offsets": [0.1], "multipliers": [1]}
    yield layers_case("nine dimensions", nine, 422, "wrong_rank")
    empty = {"spikes_list": [[[1, 0]], [[[]]]]}
    yield layers_case("a layer without neurons", empty, 422, "empty_tensor")
    infinite = {"spikes_list": [[[0, 0.5]], [[[0, infinity]]]]}
    yield layers_case("an infinite spike", infinite, 422, "not_finite")
    yield layers_case("a loss beyond doubles", {"offsets": [1e200, 0]}, 422, "result_not_finite")
    yield layers_case(
        "a gradient beyond f32",
        {"multipliers": [1e30, 1]},
        422,
        "result_not_finite",
        options={"gradient": "broadcast", "gradient_encoding": "f32"},
    )

    yield population_case("too few targets", {"targets": [1]}, *mismatch, "/targets")
    yield population_case("too many targets", {"targets": [1, 0, 1]}, *mismatch, "/targets")
    no_such_class = 422, "class_out_of_range", "/targets/1"
    yield population_case("a target beyond the classes", {"targets": [1, 2]}, *no_such_class)
    yield population_case("a negative target", {"targets": [1, -1]}, *no_such_class)
    too_many = {"num_classes": 3}
    yield population_case("more populations than neurons", too_many, *mismatch, "/spk")
    out_of_range = 422, "out_of_range"
    yield population_case("no classes", {"num_classes": 0}, *out_of_range, "/num_classes")
    no_neurons = {"neurons_per_class": 0}
    yield population_case("empty classes", no_neurons, *out_of_range, "/neurons_per_class")
    yield population_case("no batch axis", {"spk": [[1, 0, 0, 1]]}, 422, "wrong_rank")
    yield population_case("no neurons", {"spk": [[[]], [[]]]}, 422, "empty_tensor")
    infinite = {"spk": [[[0.5, 0, 0, 0]], [[0, 0, -infinity, 0]]]}
    yield population_case("an infinite spike", infinite, 422, "not_finite")
    yield population_case("a loss beyond doubles", {"correct_rate": 1e200}, 422, "result_not_finite")


def tidy(value):
    """Whole numbers as integers and no negative zeros, as the service writes them."""
    if isinstance(value, dict):
        return {key: tidy(member) for key, member in value.items()}
    if isinstance(value, list):
        return [tidy(member) for member in value]
    if isinstance(value, float) and abs(value) < 2**53 and value == int(value):
        return int(value)
    return value


def text(value):
    """JSON as compact as can be; infinities, which JSON has no word for, as 1e999."""
    return json.dumps(value, separators=(",", ":")).replace("Infinity", "1e999")


def main():
    if sys.argv[1:] == ["count_cases"]:
        cases = [*spike_count_mse_cases(), *spike_count_cross_entropy_cases(), *activity_cases()]
    else:
        cases = [*firing_rate_cases(), *population_cases()]
        cases += [*option_cases(cases), *problem_cases()]
    lines = []
    for case in map(tidy, cases):
        members = [f"  {json.dumps(key)}: {text(member)}" for key, member in case.items()]
        lines.append("{\n" + ",\n".join(members) + "\n}")
    print("[" + ",\n".join(lines) + "]")


main()
