"""Where NumPy is not installed, tensors are nested lists."""

import array
import os
import subprocess
import sys

import pytest
import stub

import spikeloss
from spikeloss import lists

SPIKES = [[[1, 0, 1], [0, 0, 1]], [[1, 1, 0], [0, 0.5, 0]]]
POPULATION = {
    "targets": [0, 2],
    "num_classes": 3,
    "neurons_per_class": 1,
    "correct_rate": 0.8,
    "incorrect_rate": 0.1,
}

WITHOUT_NUMPY = """
import sys
sys.modules["numpy"] = None  # cannot be imported
import spikeloss

with spikeloss.local_server(daemon=sys.argv[1]) as client:
    result = client.firing_rate_target_mse_loss([[[1, 0], [0, 0]]], offsets=[0], multipliers=[2])
    print(result.loss, result.gradients.spikes_list)
try:
    import spikeloss.snntorch
except ImportError as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def without_numpy(monkeypatch):
    for user in spikeloss.answers, spikeloss.client:
        monkeypatch.setattr(user, "backend", lists)


def test_the_package_works_where_numpy_cannot_be_imported(program):
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY, program],
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(spikeloss.__file__))},
        capture_output=True,
        text=True,
        check=True,
    )
    loss, needs = ran.stdout.splitlines()
    assert loss == "0.25 ([[0.5, 0.5], [0.5, 0.5]],)"
    assert needs.startswith("spikeloss.torch needs NumPy and PyTorch: pip install 'spikeloss[torch]'")


def sent(spikes, **options):
    with stub.serving((422, {}, b"{}")) as server, spikeloss.Client(server.url) as client:
        with pytest.raises(spikeloss.InputError):
            client.balanced_population_mse(spikes, **{**POPULATION, **options})
        return server.requests[0][2]


@pytest.mark.parametrize(
    "spikes, text",
    [
        ([[[True, False, True]]], [[[1, 0, 1]]]),
        ([[array.array("B", [1, 0, 1])]], [[[1, 0, 1]]]),
        ([[memoryview(b"\1\0\1")]], [[[1, 0, 1]]]),
        (memoryview(b"\1\0\1").cast("B", (1, 1, 3)), [[[1, 0, 1]]]),
        ((((0.5, 0, 3),),), [[[0.5, 0, 3]]]),
    ],
)
def test_what_has_a_list_is_sent_as_its_list(spikes, text):
    assert sent(spikes)["spk"] == text


def test_sums_are_sent_with_the_shape_of_the_spikes(client):
    spikes = [[[1, 0, 1], [0, 0, 1]], [[1, 1, 0], [0, 1, 0]]]
    sums = spikeloss.Sums([[1, 0, 2], [1, 2, 0]], shape=(2, 2, 3))
    assert sent(sums)["spk"] == {"shape": [2, 2, 3], "summed": "time", "data": sums.values}
    given = client.balanced_population_mse(sums, **POPULATION)
    assert given == client.balanced_population_mse(spikes, **POPULATION)


@pytest.mark.parametrize("axes", ["time_batch_neurons", "batch_neurons_time"])
def test_gradients_have_the_layout_of_the_spikes(client, axes):
    order = {"time_batch_neurons": (1, 0, 2), "batch_neurons_time": (0, 2, 1)}[axes]
    expected = client.balanced_population_mse(SPIKES, **POPULATION)
    moved = client.balanced_population_mse(moved_axes(SPIKES, order), **POPULATION, axes=axes)
    assert moved.loss == expected.loss
    assert moved.gradients.spk == moved_axes(expected.gradients.spk, order)


def moved_axes(nested, order):
    lengths = len(nested), len(nested[0]), len(nested[0][0])
    a, b, c = (range(lengths[axis]) for axis in order)

    def item(*index):
        place = dict(zip(order, index))
        return nested[place[0]][place[1]][place[2]]

    return [[[item(i, j, k) for k in c] for j in b] for i in a]


def test_a_change_of_one_step_of_a_gradient_changes_no_other(client):
    for gradient in (
        client.balanced_population_mse(SPIKES, **POPULATION).gradients.spk,
        client.firing_rate_target_mse_loss([SPIKES], [0.1], [1]).gradients.spikes_list[0],
    ):
        gradient[0][0][0] = "changed"
        assert str(gradient).count("changed") == 1


@pytest.mark.parametrize("dtype, encoding", [(None, "indexed_f64"), ("float32", "indexed_f32"), (float, "indexed_f64")])
def test_a_type_of_gradients_is_named_by_its_word(dtype, encoding):
    assert sent(SPIKES, gradient_dtype=dtype)["gradient_encoding"] == encoding
    with pytest.raises(ValueError, match="expected 'float32' or 'float64', not 'int8'"):
        sent(SPIKES, gradient_dtype="int8")


@pytest.mark.parametrize(
    "spikes, found",
    [
        ([[["x"]]], "text"),
        ("spikes", "text"),
        ([[[None]]], "None"),
        ([[{"a": 1}]], "dictionaries"),
        ([[[1j]]], "complex"),
        ([[{1}]], "set"),
    ],
)
def test_what_is_no_number_is_refused_before_it_is_sent(client, spikes, found):
    with pytest.raises(TypeError, match=f"^spk: expected .* not {found}$"):
        client.balanced_population_mse(spikes, **POPULATION)
    with pytest.raises(TypeError, match=rf"^spikes_list\[1\]: expected .* not {found}$"):
        client.firing_rate_target_mse_loss([SPIKES, spikes], [0, 0], [1, 1])


def test_labels_may_be_a_range():
    assert sent(SPIKES, targets=range(2))["targets"] == [0, 1]


@pytest.mark.parametrize(
    "spikes, code",
    [
        ([[[1, 0, 1], [0, 1]]], "ragged"),
        ([], "empty_tensor"),
        ([[]], "empty_tensor"),
        ([[[1, 0, float("nan")]]], "not_finite"),
        (1, "wrong_type"),
    ],
)
def test_what_is_no_tensor_is_named_by_the_server(client, spikes, code):
    with pytest.raises(spikeloss.InputError) as caught:
        client.balanced_population_mse(spikes, **POPULATION)
    assert caught.value.code == code


def test_a_list_within_itself_is_refused(client):
    spikes = []
    spikes.append(spikes)
    with pytest.raises(ValueError, match="Circular"):
        client.balanced_population_mse(spikes, **POPULATION)
