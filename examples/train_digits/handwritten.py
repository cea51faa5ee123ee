"""The handwritten digits that ship inside scikit-learn: 1797 images of 8 x 8 pixels."""

from typing import NamedTuple

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from settings import TESTED_SHARE


class Digits(NamedTuple):
    """images [samples, pixels] between 0 and 1, labels [samples]."""

    images: torch.Tensor
    labels: torch.Tensor


def load(last_are_tested=False):
    """(to train on, to test on): 1347 and 450 digits, every digit equally frequent in both.

    With last_are_tested the 450 are the last of the file, not drawn from everywhere. That is
    harder, because neighbours in the file resemble each other.
    """
    source = load_digits()
    images = torch.tensor(source.data / 16, dtype=torch.float32)
    labels = torch.tensor(source.target, dtype=torch.int64)
    trained, tested = train_test_split(
        range(len(labels)),
        test_size=TESTED_SHARE,
        shuffle=not last_are_tested,
        stratify=None if last_are_tested else source.target,
        random_state=None if last_are_tested else 0,
    )
    return Digits(images[trained], labels[trained]), Digits(images[tested], labels[tested])
