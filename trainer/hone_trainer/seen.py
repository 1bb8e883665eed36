"""The picture as the model sees it: upright, on white, 8-bit sRGB.

docs/pictures.md has the definition, and data/pictures/seen.ts is its other half. Hone writes every
picture of a job, request or export in a form that all decoders read alike. So this module changes
nothing there. It is for the pictures that do not come from Hone: rows of another program, and
requests of other clients.

Rejected: `Image.convert("RGB")` alone. It drops alpha (so transparent pixels show the colour
behind them, mostly black), cuts 16-bit greys off at 255 and ignores EXIF and colour profiles.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageOps

# Modes whose pixels a colour profile describes, and in which littlecms takes them.
PROFILED = {"RGB": "RGB", "RGBA": "RGB", "P": "RGB", "CMYK": "CMYK", "L": "L", "LA": "L"}


def as_seen(picture: Image.Image) -> Image.Image:
    """The first frame of a picture, as RGB. Raises OSError or SyntaxError for a broken file."""
    picture.seek(0)
    picture.load()
    profile = picture.info.get("icc_profile")
    upright = _eight_bits(ImageOps.exif_transpose(picture))
    alpha = upright.convert("RGBA").getchannel("A") if upright.has_transparency_data else None
    colours = _to_srgb(upright, profile) if profile else upright.convert("RGB")
    return colours if alpha is None else _on_white(colours, alpha)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Greys of 16 bits without their low byte, as Pillow itself reads 16-bit colours."""
    if not picture.mode.startswith("I"):
        return picture
    wide = np.asarray(picture)
    grey = Image.fromarray((np.clip(wide, 0, 65535) >> 8).astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(wide == clear, 0, 255).astype(np.uint8)))
    return grey


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Colours by the embedded profile. A profile that cannot be read, or that is for other pixels,
    is ignored.
    """
    mode = PROFILED.get(picture.mode)
    if mode is None or b"sRGB" in profile.replace(b"\0", b""):
        return picture.convert("RGB")
    plain = picture if picture.mode == mode else picture.convert("RGBA").convert(mode)
    try:
        source: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        made = None
    return plain.convert("RGB") if made is None else made


def _on_white(colours: Image.Image, alpha: Image.Image) -> Image.Image:
    """Each channel as libvips flattens it: the shares of colour and white, rounded down."""
    share = np.asarray(alpha, dtype=np.uint32)[..., None]
    mixed = (np.asarray(colours, dtype=np.uint32) * share + 255 * (255 - share)) // 255
    return Image.fromarray(mixed.astype(np.uint8))
