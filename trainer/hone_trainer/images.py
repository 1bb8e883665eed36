"""Pictures for training: opened once, as the model sees them, and prepared once.

TRL gives the same picture to the processor for each completion of a group, and again for the
loss. Preparing a picture is slow compared to a small model's step. So prepared pixels are kept,
up to a limit in bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from hone_trainer.seen import as_seen

KEPT_BYTES = 512 * 1024 * 1024


class Pictures:
    """Opens pictures by path as the model sees them (RGB) and keeps the most recent pictures, so
    that equal paths give the same object.
    """

    def __init__(self, kept: int = 4096) -> None:
        self._kept = kept
        self._open: OrderedDict[str, Image.Image] = OrderedDict()

    def get(self, path: str | Path) -> Image.Image:
        """Opens a picture. Raises OSError for a file that is no picture."""
        key = str(path)
        if key in self._open:
            self._open.move_to_end(key)
            return self._open[key]
        with Image.open(key) as file:
            picture = as_seen(file)
        self._open[key] = picture
        if len(self._open) > self._kept:
            self._open.popitem(last=False)
        return picture


def remember_pixels(processor: Any) -> None:
    """Makes the processor's image processor keep prepared pixels, when its results can be split by
    picture.

    This is possible for the Qwen-VL family, whose `pixel_values` are rows of patches counted by
    `image_grid_thw`. Other processors stay as they are.
    """
    plain = processor.image_processor
    if not {"pixel_values", "image_grid_thw"} <= set(getattr(plain, "model_input_names", ())):
        return
    base = type(plain)
    remembering = type(base.__name__, (_Remembering, base), {"_kept_pixels": OrderedDict(), "_kept_size": [0]})
    # the instance keeps its settings, and saves itself under its own name
    plain.__class__ = remembering


class _Remembering:
    """A mixin before an image processor's class. It recognises a picture by its object, which
    Pictures keeps alive.
    """

    _kept_pixels: OrderedDict[int, tuple[Image.Image, torch.Tensor, torch.Tensor]]
    _kept_size: list[int]

    def __call__(self, images: Any, *args: Any, **kwargs: Any) -> Any:
        flat = _flat(images)
        settings = {name: value for name, value in kwargs.items() if name != "return_tensors" and value is not None}
        if args or settings or kwargs.get("return_tensors") != "pt" or not flat:
            return super().__call__(images, *args, **kwargs)  # type: ignore[misc]
        for image in {id(image): image for image in flat}.values():
            if id(image) not in self._kept_pixels:
                prepared = super().__call__([image], return_tensors="pt")  # type: ignore[misc]
                self._keep(image, prepared["pixel_values"], prepared["image_grid_thw"])
        found = [self._kept_pixels[id(image)] for image in flat]
        self._shrink()
        from transformers import BatchFeature

        return BatchFeature(
            {
                "pixel_values": torch.cat([pixels for _image, pixels, _grid in found]),
                "image_grid_thw": torch.cat([grid for _image, _pixels, grid in found]),
            }
        )

    def _keep(self, image: Image.Image, pixels: torch.Tensor, grid: torch.Tensor) -> None:
        self._kept_pixels[id(image)] = (image, pixels, grid)
        self._kept_size[0] += pixels.nbytes

    def _shrink(self) -> None:
        while self._kept_size[0] > KEPT_BYTES and len(self._kept_pixels) > 1:
            _key, (_image, pixels, _grid) = self._kept_pixels.popitem(last=False)
            self._kept_size[0] -= pixels.nbytes


def _flat(images: Any) -> list[Any]:
    if isinstance(images, (list, tuple)):
        return [image for item in images for image in _flat(item)]
    return [images]
