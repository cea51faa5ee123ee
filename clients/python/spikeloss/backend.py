"""Tensors are arrays where NumPy is installed, otherwise nested lists. Nothing else decides that."""

from importlib.util import find_spec
from typing import TYPE_CHECKING

__all__ = ["backend"]

# Asks for NumPy, instead of trying it: one that is broken must say so.
if TYPE_CHECKING or find_spec("numpy") is not None:
    from spikeloss import arrays as backend
else:
    from spikeloss import lists as backend
