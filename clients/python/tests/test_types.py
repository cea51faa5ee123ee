"""What type checkers of users see: py.typed promises them complete hints."""

import pathlib
import subprocess

from conftest import ROOT

PACKAGE = pathlib.Path(__file__).parents[1]


def mypy(*arguments):
    return subprocess.run(
        ["mypy", "--cache-dir", ROOT / "build" / "mypy", *arguments],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_is_typed_strictly():
    checked = mypy("spikeloss")
    assert checked.returncode == 0, checked.stdout


def test_results_have_types_and_misuse_is_found():
    checked = mypy(
        "-c",
        """
import numpy, spikeloss
client = spikeloss.Client("http://127.0.0.1:8080", token="secret", timeout=5, retries=2)
result = client.balanced_population_mse([[[1, 0]]], [0], 2, 1, 0.8, 0.1)
client.balanced_population_mse(
    numpy.ones((1, 1, 2)), numpy.array([0]), numpy.int64(2), numpy.int32(1), numpy.float32(0.8), 0.1
)
reveal_type(result.loss)
reveal_type(result.diagnostics["ties"])
result.gradients.spikes_list
client.balanced_population_mse([[[1, 0]]], [0], "2", 1, 0.8, 0.1)
""",
    )
    assert 'Revealed type is "builtins.float"' in checked.stdout
    assert 'Revealed type is "builtins.int"' in checked.stdout
    assert '"PopulationGradients" has no attribute "spikes_list"' in checked.stdout
    assert 'has incompatible type "str"; expected "Union[int, integer[Any]]"' in checked.stdout
    assert "Found 2 errors" in checked.stdout
