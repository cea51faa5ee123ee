"""The count losses of snnTorch, from the server: same names, arguments and numbers. To use them,
change the import line.

    from spikeloss.snntorch import ce_count_loss, l1_rate_sparsity, mse_count_loss

Spikes are [time, batch, neurons]. The server is that of `spikeloss.torch`.
"""

from __future__ import annotations

from typing import Any, Optional, Union

from spikeloss import torch as served  # first, as it says what is missing

from torch import Tensor

__all__ = ["ce_count_loss", "l1_rate_sparsity", "mse_count_loss"]


class _CountLoss:
    __name__: str

    def __init__(
        self, population_code: bool, num_classes: Union[int, bool], reduction: str
    ) -> None:
        if population_code and not num_classes:
            raise ValueError("num_classes: must be given with population_code=True")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction: expected mean or sum, not {reduction!r}")
        self.population_code = population_code
        self.num_classes = num_classes
        self.reduction: Any = reduction
        self.__name__ = type(self).__name__

    def _classes(self, spk_out: Tensor) -> int:
        return int(self.num_classes) if self.population_code else spk_out.shape[-1]


class mse_count_loss(_CountLoss):
    """Mean over samples and classes of (spike count - target count)^2, divided by the time steps.

    correct_rate     the target of the right class, in spikes per neuron and time step. Target
                     counts are cut to integers
    incorrect_rate   that of all other classes
    population_code  whether a class has several neurons, one after the other, which count together
    num_classes      how many classes there are, with population_code
    weight           is not supported: snnTorch's is wrong unless there are as many samples as classes
    """

    def __init__(
        self,
        correct_rate: float = 1,
        incorrect_rate: float = 0,
        population_code: bool = False,
        num_classes: Union[int, bool] = False,
        reduction: str = "mean",
        weight: Optional[Tensor] = None,
    ) -> None:
        super().__init__(population_code, num_classes, reduction)
        if weight is not None:
            raise NotImplementedError("weight: mse_count_loss has none; leave it out")
        self.correct_rate = correct_rate
        self.incorrect_rate = incorrect_rate

    def __call__(self, spk_out: Tensor, targets: Tensor) -> Tensor:
        return served.spike_count_mse(
            spk_out,
            targets,
            self._classes(spk_out),
            self.correct_rate,
            self.incorrect_rate,
            per="population" if self.population_code else "neuron",
            truncate=True,
            reduction=self.reduction,
            weight=1 / spk_out.shape[0],
            axes="time_batch_neurons",
        )


class ce_count_loss(_CountLoss):
    """Cross entropy of the softmax of the spike counts of the classes.

    population_code  whether a class has several neurons, one after the other, which count together
    num_classes      how many classes there are, with population_code
    weight           a number a class. The mean divides by the weights of the samples' classes, as
                     PyTorch's does; snnTorch 0.9.1 to 0.9.4 divide by the number of samples
    """

    def __init__(
        self,
        population_code: bool = False,
        num_classes: Union[int, bool] = False,
        reduction: str = "mean",
        weight: Optional[Tensor] = None,
    ) -> None:
        super().__init__(population_code, num_classes, reduction)
        self.weight = weight

    def __call__(self, spk_out: Tensor, targets: Tensor) -> Tensor:
        return served.spike_count_cross_entropy(
            spk_out,
            targets,
            self._classes(spk_out),
            class_weights=None if self.weight is None else self.weight.detach(),
            reduction=self.reduction,
            axes="time_batch_neurons",
        )


class l1_rate_sparsity:
    """Lambda * number of all spikes."""

    def __init__(self, Lambda: float = 1e-5) -> None:
        self.Lambda = Lambda
        self.__name__ = "l1_rate_sparsity"

    def __call__(self, spk_out: Tensor) -> Tensor:
        loss = served.activity_regularization(
            [spk_out],
            upper=[0],
            weights=[self.Lambda * spk_out.numel() / spk_out.shape[0]],
            measure="count",
            norm="l1",
            reduction="sum",
            axes="time_batch_neurons",
        )
        # A regularization has no gradient at its bound; this has one in a silent network, too.
        return loss if loss > 0 else self.Lambda * spk_out.sum()
