"""The kernels in C: what they write, and nothing beside it; what they leave to Python."""

import base64
import ctypes
import itertools
import pathlib
import shutil
import struct

import numpy
import pytest

from spikeloss import native

CANARY = 0xA5
RANDOM = numpy.random.default_rng(5)


@pytest.fixture(autouse=True, params=["best", "avx2", "scalar"])
def _instructions(request, library):
    library.spikeloss_native_start(None if request.param == "best" else request.param.encode())
    yield
    library.spikeloss_native_start(None)


STEPS = [1, 2, 3, 5, 8, 25, 100, 255]
NEURONS = [*range(1, 20), 31, 32, 33, 63, 64, 65, 100, 127, 129, 511, 1023, 1024, 1025, 2050]


def with_canaries(size):
    return numpy.full(size + 128, CANARY, numpy.uint8)


def written(array, size):
    """What is between the canaries, which are as they were."""
    assert (array[:64] == CANARY).all()
    assert (array[64 + size :] == CANARY).all()
    return array[64 : 64 + size].tobytes()


def address(array, offset=0):
    return array.__array_interface__["data"][0] + offset


def count(library, spikes):
    """The text, or None."""
    samples, steps, neurons = spikes.shape
    length = (samples * neurons + 2) // 3 * 4
    text = with_canaries(length)
    counted = library.spikeloss_native_count(
        address(text, 64), length, address(spikes), samples, steps, neurons
    )
    return written(text, length) if counted else None


@pytest.mark.parametrize("steps", STEPS)
def test_sums_of_any_shape_are_the_base64_of_counts(library, steps):
    for neurons, samples in itertools.product(NEURONS, (1, 2, 7)):
        spikes = (RANDOM.random((samples, steps, neurons)) < 0.4).astype(numpy.float32)
        # A numpy.ndarray may begin at any float.
        moved = numpy.empty(spikes.size + 1, numpy.float32)[1:].reshape(spikes.shape)
        moved[:] = spikes
        counts = spikes.astype(int).sum(axis=1).astype(numpy.uint8)
        assert count(library, moved) == base64.b64encode(counts), (samples, neurons)


@pytest.mark.parametrize("value", [-1, 0.5, 1 + 2**-23, 1e-45, numpy.nan, numpy.inf, -numpy.inf, 256])
def test_a_sum_that_is_no_byte_is_refused_wherever_it_is(library, value):
    for steps, neurons in itertools.product((1, 9, 100), (1, 7, 8, 10, 1025)):
        for position in {0, neurons - 1, steps * neurons - 1, steps * neurons // 2}:
            spikes = numpy.zeros((3, steps, neurons), numpy.float32)
            spikes[1].reshape(-1)[position] = value
            assert count(library, spikes) is None, (steps, neurons, position)


def test_a_value_that_only_part_of_a_sum_has_is_no_error(library):
    spikes = numpy.zeros((1, 64, 10), numpy.float32)
    spikes[0, :2, 3], spikes[0, 2:4, 7] = 0.5, (300, -100)
    assert count(library, spikes) == base64.b64encode(bytes([0, 0, 0, 1, 0, 0, 0, 200, 0, 0]))


def test_bytes_of_any_length_become_base64_and_again_floats(library):
    for size in range(300):
        data = RANDOM.integers(0, 256, size, numpy.uint8)
        length = (size + 2) // 3 * 4
        text = with_canaries(length)
        assert library.spikeloss_native_encode(address(text, 64), length, address(data), size)
        assert written(text, length) == base64.b64encode(data)
    for width, number in itertools.product((4, 8), range(70)):
        values = RANDOM.normal(size=number).astype(f"<f{width}")
        text = base64.b64encode(values)
        read = with_canaries(number * width)
        assert library.spikeloss_native_floats(address(read, 64), width, number, text, len(text))
        assert written(read, number * width) == values.tobytes()


@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("entries", [1, 2, 3, 50, 255, 256])
def test_indices_of_any_number_are_looked_up(library, width, entries):
    table = RANDOM.normal(size=entries).astype(f"<f{width}")
    table_text = base64.b64encode(table)
    for number in [*range(1, 70), 3071, 3072, 3073, 9000]:
        indices = RANDOM.integers(0, entries, number).astype(numpy.uint8)
        text = base64.b64encode(indices)
        values = with_canaries(number * width)
        assert library.spikeloss_native_look_up(
            address(values, 64), width, number, text, len(text), table_text, len(table_text)
        )
        assert written(values, number * width) == table[indices].tobytes()


@pytest.mark.parametrize("position", [0, 1, 3070, 3071, 3072, 3999])
def test_an_index_beyond_the_table_is_refused_wherever_it_is(library, position):
    indices = numpy.zeros(4000, numpy.uint8)
    indices[position] = 2
    text, table = base64.b64encode(indices), base64.b64encode(struct.pack("<2f", 1, 2))
    values = with_canaries(16000)
    look_up = library.spikeloss_native_look_up
    assert not look_up(address(values, 64), 4, 4000, text, len(text), table, len(table))
    written(values, 16000)


ONE, TWO = (base64.b64encode(struct.pack(f"<{n}f", *[1] * n)) for n in (1, 2))


@pytest.mark.parametrize(
    "text",
    [b"", ONE[:-1], ONE + b"=", ONE[:-2] + b"A=", ONE[:-2] + b"==A", b"====" + ONE[:4], ONE[:-3] + b"===",
     ONE[:5] + b"/==", ONE[:5] + b"===", b"AACA" + b"P!==", b"AACA" + b"Px==", b"AAC-Pw==", TWO, ONE + ONE],
)  # fmt: skip
def test_only_the_one_base64_of_so_many_bytes_is_read(library, text):
    value = with_canaries(4)
    read, look_up = library.spikeloss_native_floats, library.spikeloss_native_look_up
    assert read(address(value, 64), 4, 1, ONE, len(ONE))
    assert not read(address(value, 64), 4, 1, text, len(text))
    if text != TWO:
        assert not look_up(address(value, 64), 4, 1, b"AA==", 4, text, len(text))
    written(value, 4)


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
@pytest.mark.parametrize("width", [4, 8])
def test_what_is_not_finite_is_refused(library, width, value):
    for position in range(20):
        values = numpy.zeros(20, f"<f{width}")
        values[position] = value
        text, index = base64.b64encode(values), b"AA=="
        read = numpy.empty(20, values.dtype)
        assert not library.spikeloss_native_floats(address(read), width, 20, text, len(text))
        assert not library.spikeloss_native_look_up(address(read), width, 1, index, 4, text, len(text))


def test_sizes_that_overflow_or_do_not_fit_are_refused(library):
    spikes, text = numpy.ones((1, 1, 3), numpy.float32), with_canaries(4)
    for samples, steps, neurons in [
        (1 << 63, 1, 3), (1, 1 << 63, 3), (1, 1, 1 << 63), (1 << 32, 1 << 32, 3), (1, 1 << 62, 3), (2, 1, 3),
    ]:  # fmt: skip
        assert not library.spikeloss_native_count(address(text, 64), 4, address(spikes), samples, steps, neurons)
    assert not library.spikeloss_native_encode(address(text, 64), 4, address(spikes), 4)
    for width, number in (4, 1 << 62), (8, 1 << 61), (2, 1), (0, 1), (3, 1), (16, 1):
        assert not library.spikeloss_native_floats(address(text, 64), width, number, b"", 0)
        assert not library.spikeloss_native_look_up(address(text, 64), width, number, b"", 0, ONE, len(ONE))
    written(text, 4)


def test_a_table_of_more_than_256_floats_is_left_to_python(library):
    table, value = base64.b64encode(bytes(257 * 4)), with_canaries(4)
    look_up = library.spikeloss_native_look_up
    assert not look_up(address(value, 64), 4, 1, b"AA==", 4, table, len(table))


@pytest.mark.parametrize("largest", [0, 9, 10, 99, 100, 999, 1000, 9999])
def test_labels_are_decimals_of_the_same_width(library, largest):
    for number in 1, 2, 65:
        labels = RANDOM.integers(0, largest + 1, number)
        labels[number // 2] = largest
        width = len(str(largest)) + 1
        text = with_canaries(5 * number)
        assert library.spikeloss_native_labels(address(text, 64), 5 * number, address(labels), number) == width
        expected = b"".join(b"%*d," % (width - 1, label) for label in labels)
        assert written(text, 5 * number)[: width * number] == expected
        assert (text[64 + width * number :] == CANARY).all()


@pytest.mark.parametrize("label", [-1, 10_000, 2**32, -(2**63), 2**63 - 1])
def test_labels_of_other_numbers_or_for_too_small_a_text_are_refused(library, label):
    labels, text = numpy.zeros(65, numpy.int64), with_canaries(325)
    assert not library.spikeloss_native_labels(address(text, 64), 324, address(labels), 65)
    for position in 0, 64:
        labels[:] = 0
        labels[position] = label
        assert not library.spikeloss_native_labels(address(text, 64), 325, address(labels), 65)
    assert (text == CANARY).all()


def unusual(name):
    spikes = (RANDOM.random((4, 12, 6)) < 0.4).astype(numpy.float32)
    return {
        "every-other": lambda: numpy.repeat(spikes, 2, axis=2)[:, :, ::2],
        "backwards": lambda: spikes[:, ::-1],
        "big-endian": lambda: spikes.astype(">f4"),
        "double": lambda: spikes.astype(float),
        "expanded": lambda: numpy.broadcast_to(spikes[:, :1], spikes.shape),
        "unaligned": lambda: numpy.frombuffer(b"\0" + spikes.tobytes(), numpy.uint8)[1:]
        .view(numpy.float32).reshape(spikes.shape),
        "none": lambda: spikes[:0],
    }[name]()  # fmt: skip


@pytest.mark.parametrize(
    "name", ["every-other", "backwards", "big-endian", "double", "expanded", "unaligned", "none"]
)
def test_spikes_that_are_not_plain_rows_of_floats_are_left_to_numpy(name):
    assert native.base64_of_counts(unusual(name)) is None


def test_spikes_with_time_first_in_memory_are_one_sample():
    spikes = (RANDOM.random((12, 4, 6)) < 0.4).astype(numpy.float32)
    counts = spikes.sum(axis=0).astype(numpy.uint8)
    text = native.base64_of_counts(spikes.transpose(1, 0, 2))
    assert bytes(text) == base64.b64encode(counts)


def test_a_library_that_is_missing_broken_or_of_another_version_is_not_used(tmp_path, pytestconfig):
    broken = tmp_path / "native.so"
    broken.write_bytes(b"\x7fELF" + bytes(100))
    other = next(pathlib.Path("/lib").rglob("libm.so.6"), None)
    stale = tmp_path / "stale.so"
    stale.symlink_to(tmp_path / "removed.so")
    for path in (tmp_path / "none.so", broken, stale, other):
        assert path is None or native.load(str(path)) is None
    whole = tmp_path / "whole.so"
    shutil.copy(pytestconfig.getoption("--native"), whole)
    assert isinstance(native.load(str(whole)), ctypes.CDLL)
