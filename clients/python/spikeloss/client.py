"""The client: each loss is a method with the arguments of the loss."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any, Optional

import numpy
import urllib3
from numpy.typing import ArrayLike, DTypeLike, NDArray

from spikeloss.errors import ProblemError, problem_error
from spikeloss.results import (
    LayersDiagnostics,
    LayersGradients,
    PopulationDiagnostics,
    PopulationGradients,
    Result,
)
from spikeloss.tensors import plain_json, tensor_json, with_arrays
from spikeloss.transport import TlsFiles, Transport

DEFAULT_URL = "http://127.0.0.1:8080"


class Client:
    """Losses and gradients from the spikelossd at `url`. Threads may share it.

    url      http://HOST:PORT, https://HOST:PORT or unix:PATH. Default: the environment variable
             SPIKELOSSD_URL (with SPIKELOSSD_TOKEN), else http://127.0.0.1:8080
    token    sent as bearer token, for servers that require one
    timeout  seconds to wait for a connection, and for each read from it
    retries  how often a request is sent again if the connection is refused or broken, or the server
             is full or stopped; the first time at once, then after pauses of 0.2 s, 0.4 s … up to 5 s,
             or as long as Retry-After says. The default covers an outage of half a minute
    ca_file  for https: PEM file of the authorities to trust instead of the system's
    certificate, key
             for https: PEM files, for a server that requires client certificates
    """

    def __init__(
        self,
        url: Optional[str] = None,
        *,
        token: Optional[str] = None,
        timeout: float = 60.0,
        retries: int = 10,
        ca_file: Optional[str] = None,
        certificate: Optional[str] = None,
        key: Optional[str] = None,
    ) -> None:
        if url is None:
            url = os.environ.get("SPIKELOSSD_URL", DEFAULT_URL)
            token = token or os.environ.get("SPIKELOSSD_TOKEN")
        self._transport = Transport(
            url,
            token=token,
            timeout=timeout,
            retries=retries,
            tls=TlsFiles(ca_file, certificate, key),
        )

    def firing_rate_target_mse_loss(
        self,
        spikes_list: Iterable[ArrayLike],
        offsets: ArrayLike,
        multipliers: ArrayLike,
        *,
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
    ) -> Result[LayersGradients, LayersDiagnostics]:
        """Sum over layers of ((mean rate - offset) * multiplier)^2.

        spikes_list     one array a layer, of rank 1 to 8, typically [batch, time, neurons]
        offsets         the target rate of each layer, in spikes per neuron and time step
        multipliers     the weight of each layer
        gradients       False asks for the loss and the diagnostics alone
        gradient_dtype  float32 or float64, of the spikes' gradients; by default float32 if that is
                        what the spikes are, else float64
        """
        layers = [numpy.asarray(spikes) for spikes in spikes_list]
        answer = self._ask(
            "firing_rate_target_mse_loss",
            spikes_list=b"[" + b",".join(map(tensor_json, layers)) + b"]",
            offsets=plain_json(offsets),
            multipliers=plain_json(multipliers),
            **_gradient_members(gradients, gradient_dtype, layers),
        )
        given = answer.get("gradients")
        return Result(
            answer["loss"],
            answer["diagnostics"],
            given
            and LayersGradients(
                tuple(map(_view, given["spikes_list"], layers)),
                numpy.array(given["offsets"], numpy.float64),
                numpy.array(given["multipliers"], numpy.float64),
            ),
        )

    def balanced_population_mse(
        self,
        spk: ArrayLike,
        targets: ArrayLike,
        num_classes: int,
        neurons_per_class: int,
        correct_rate: float,
        incorrect_rate: float,
        *,
        gradients: bool = True,
        gradient_dtype: Optional[DTypeLike] = None,
    ) -> Result[PopulationGradients, PopulationDiagnostics]:
        """Mean over samples and neurons of (spike count - target count)^2.

        spk                [batch, time, output_neurons]: class k owns the neurons from
                           k * neurons_per_class to (k + 1) * neurons_per_class - 1
        targets            the class of each sample
        correct_rate       the rate to reach in the target's population, in spikes per time step
        incorrect_rate     the same for all other neurons

        `gradients` and `gradient_dtype` are as in the other loss.
        """
        spikes = numpy.asarray(spk)
        answer = self._ask(
            "balanced_population_mse",
            spk=tensor_json(spikes),
            targets=plain_json(targets),
            num_classes=plain_json(num_classes),
            neurons_per_class=plain_json(neurons_per_class),
            correct_rate=plain_json(correct_rate),
            incorrect_rate=plain_json(incorrect_rate),
            **_gradient_members(gradients, gradient_dtype, [spikes]),
        )
        given = answer.get("gradients")
        return Result(
            answer["loss"],
            answer["diagnostics"],
            given
            and PopulationGradients(
                _view(given["spk"], spikes), given["correct_rate"], given["incorrect_rate"]
            ),
        )

    def close(self) -> None:
        """Closes idle connections. The client can still be used."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, loss: str, **members: bytes) -> dict[str, Any]:
        body = b"{" + b",".join(b'"%b":%b' % (k.encode(), v) for k, v in members.items()) + b"}"
        response = self._transport.post("/v1/losses/" + loss, body)
        if response.status != 200:
            raise _problem(response)
        answer: dict[str, Any] = json.loads(response.data, object_hook=with_arrays)
        return answer


def _gradient_members(
    wanted: bool, dtype: Optional[DTypeLike], tensors: Sequence[NDArray[Any]]
) -> dict[str, bytes]:
    if not wanted:
        return {"gradient": b'"none"'}
    if dtype is None:
        dtype = numpy.result_type(*tensors) if tensors else numpy.float64
        single = dtype == numpy.float32
    elif numpy.dtype(dtype) in (numpy.float32, numpy.float64):
        single = numpy.dtype(dtype) == numpy.float32
    else:
        raise ValueError(f"gradient_dtype: expected float32 or float64, not {numpy.dtype(dtype)}")
    return {"gradient": b'"broadcast"', "gradient_encoding": b'"f32"' if single else b'"f64"'}


def _view(small: NDArray[Any], tensor: NDArray[Any]) -> NDArray[Any]:
    return numpy.broadcast_to(small, tensor.shape)


def _problem(response: urllib3.HTTPResponse) -> ProblemError:
    """The exception for an answer. A proxy may answer without a problem document."""
    try:
        document = json.loads(response.data)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        document = {"detail": f"the answer is not a problem document: {response.data[:200]!r}"}
    return problem_error(response.status, document, response.headers.get("X-Request-Id"))
