"""Losses of spiking neural networks and their gradients, from a spikelossd server.

    import numpy, spikeloss

    client = spikeloss.Client("http://127.0.0.1:8080")
    result = client.firing_rate_target_mse_loss([numpy.eye(4)], offsets=[0.1], multipliers=[1])
    result.loss, result.gradients.spikes_list[0], result.diagnostics["layers"][0]["rate"]

Without NumPy, spikes and gradients are nested lists. PyTorch users want `spikeloss.torch`: the same
losses with autograd.
"""

from spikeloss._local_server import local_server
from spikeloss.client import Client
from spikeloss.errors import BadAnswer, InputError, ProblemError, SpikelossError, Unreachable
from spikeloss.layout import Sums
from spikeloss.results import (
    ActivityDiagnostics,
    ActivityGradients,
    ActivityLayerDiagnostics,
    CrossEntropyDiagnostics,
    CrossEntropyGradients,
    LayerDiagnostics,
    LayersDiagnostics,
    LayersGradients,
    PopulationDiagnostics,
    PopulationGradients,
    Result,
)
from spikeloss.version import VERSION as __version__

__all__ = [
    "ActivityDiagnostics",
    "ActivityGradients",
    "ActivityLayerDiagnostics",
    "BadAnswer",
    "Client",
    "CrossEntropyDiagnostics",
    "CrossEntropyGradients",
    "InputError",
    "LayerDiagnostics",
    "LayersDiagnostics",
    "LayersGradients",
    "PopulationDiagnostics",
    "PopulationGradients",
    "ProblemError",
    "Result",
    "SpikelossError",
    "Sums",
    "Unreachable",
    "__version__",
    "local_server",
]
