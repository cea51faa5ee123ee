"""Results. Gradients of spikes are read-only views with the shape of the spikes. They are constant
along time, so each value is stored once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Optional, TypedDict, TypeVar

import numpy
from numpy.typing import NDArray

Gradients = TypeVar("Gradients")
Diagnostics = TypeVar("Diagnostics")


@dataclass(frozen=True)
class LayersGradients:
    """spikes_list: one view of each layer's shape; offsets, multipliers: a number a layer."""

    spikes_list: tuple[NDArray[Any], ...]
    offsets: NDArray[numpy.float64]
    multipliers: NDArray[numpy.float64]


@dataclass(frozen=True)
class PopulationGradients:
    """spk: a view of the spikes' shape [batch, time, output_neurons]."""

    spk: NDArray[Any]
    correct_rate: float
    incorrect_rate: float


class LayerDiagnostics(TypedDict):
    rate: float
    target: float
    loss: float
    neurons: int
    silent: int
    saturated: int
    binary: bool


class LayersDiagnostics(TypedDict):
    layers: list[LayerDiagnostics]


class PopulationDiagnostics(TypedDict):
    accuracy: float
    ties: int
    neurons: int
    silent: int
    saturated: int
    binary: bool
    mean_rate_correct: float
    mean_rate_incorrect: float


@dataclass(frozen=True)
class Result(Generic[Gradients, Diagnostics]):
    loss: float
    diagnostics: Diagnostics
    requested_gradients: Optional[Gradients]

    @property
    def gradients(self) -> Gradients:
        if self.requested_gradients is None:
            raise AttributeError("there are no gradients: the call said gradients=False")
        return self.requested_gradients
