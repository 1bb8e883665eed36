"""Loads weights and processors from a folder, in the same way for training, checking and serving."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
from transformers.utils import logging as hf_logging

from hone_trainer.errors import TrainerError


def quiet() -> None:
    """Turns off progress bars of weight loading: job logs are files."""
    hf_logging.disable_progress_bar()
    logging.getLogger("transformers").setLevel(logging.ERROR)


def device() -> torch.device:
    """The accelerator, or the CPU without an accelerator."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def dtype(precision: str) -> torch.dtype:
    """`auto` is bf16 on CUDA, and fp32 on a CPU, where bf16 is slower and loses small updates."""
    if precision == "auto":
        return torch.bfloat16 if torch.cuda.is_available() else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


def use_threads(threads: int | None) -> None:
    """Sets the number of torch's CPU threads. Without a number, the launcher's OMP_NUM_THREADS
    counts.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    elif "OMP_NUM_THREADS" not in os.environ and not torch.cuda.is_available():
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2))


def load_model(folder: Path, precision: str) -> Any:
    """Loads the weights of any image-text-to-text model. Raises TrainerError when the folder holds
    no such model.
    """
    if not (folder / "config.json").is_file():
        raise TrainerError(f"{folder} holds no config.json: it is not a folder of weights in Hugging Face layout")
    try:
        return AutoModelForImageTextToText.from_pretrained(folder, dtype=dtype(precision))
    except (OSError, ValueError, RuntimeError) as error:
        raise TrainerError(f"the weights in {folder} do not load: {error}") from error
    except Exception as error:
        if type(error).__name__ == "SafetensorError":
            raise TrainerError(f"the weights in {folder} are damaged: {error}") from error
        raise


def load_processor(folder: Path, min_pixels: int | None = None, max_pixels: int | None = None) -> Any:
    """Loads tokenizer, image processor and chat template. The given pixel limits replace the limits
    of the folder.
    """
    limits = {}
    if min_pixels is not None:
        limits["min_pixels"] = min_pixels
    if max_pixels is not None:
        limits["max_pixels"] = max_pixels
    try:
        processor = AutoProcessor.from_pretrained(folder, **limits)
    except (OSError, ValueError, KeyError) as error:
        raise TrainerError(f"the processor in {folder} does not load: {error}") from error
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise TrainerError(
            f"{folder} holds no processor for pictures and text, only a {type(processor).__name__}: copy "
            "processor_config.json or preprocessor_config.json from the base model's folder"
        )
    if getattr(processor, "chat_template", None) is None:
        raise TrainerError(f"{folder} has no chat template: copy chat_template.jinja from the base model's folder")
    if processor.tokenizer.pad_token_id is None:
        processor.tokenizer.pad_token = processor.tokenizer.eos_token
    return processor


def architecture(folder: Path) -> str:
    """The model type that the folder declares. Used in messages."""
    return str(AutoConfig.from_pretrained(folder).model_type)
