"""The demo model's shape and processor: the real classes of Qwen2.5-VL with small numbers."""

from __future__ import annotations

from typing import Any

from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

from hone_trainer.base.tokenizer import CHAT_TEMPLATE
from hone_trainer.config import BaseConfig

PATCH = 14

# About 1 / sqrt(hidden size / 2). With the large models' 0.02 the attention of a narrow model
# starts out flat and does not find the image tokens: that model saw nothing after 900 steps, and
# this one saw everything after 250.
INITIALIZER_RANGE = 0.06


def make_processor(tokenizer: PreTrainedTokenizerFast, settings: BaseConfig) -> Qwen2_5_VLProcessor:
    """Patches of 14 pixels, merged two by two, as in the large models. Only the pixel limits are
    smaller.
    """
    limits = {"shortest_edge": settings.image_min_pixels, "longest_edge": settings.image_max_pixels}
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(size=limits),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(size=limits),
        chat_template=CHAT_TEMPLATE,
    )


def make_model(tokenizer: PreTrainedTokenizerFast, settings: BaseConfig) -> Any:
    """Makes a model with random weights. Seed torch before the call."""
    head = settings.hidden_size // settings.heads
    half = head // 2
    time_part = half // 4
    side_part = (half - time_part) // 2
    # The rotary dimensions are split between time, height and width, as in the published models
    # (16, 24, 24).
    sections = [half - 2 * side_part, side_part, side_part]
    special = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": settings.hidden_size,
            "intermediate_size": settings.hidden_size * 3,
            "num_hidden_layers": settings.layers,
            "num_attention_heads": settings.heads,
            "num_key_value_heads": max(1, settings.heads // 2),
            "max_position_embeddings": 2048,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": sections},
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": None,
            "tie_word_embeddings": True,
            "initializer_range": INITIALIZER_RANGE,
        },
        vision_config={
            "depth": settings.vision_depth,
            "hidden_size": settings.vision_hidden_size,
            "intermediate_size": settings.vision_hidden_size * 3,
            "num_heads": 4,
            "out_hidden_size": settings.hidden_size,
            "patch_size": PATCH,
            "window_size": 112,
            "fullatt_block_indexes": [settings.vision_depth - 1],
            "initializer_range": INITIALIZER_RANGE,
        },
        image_token_id=special("<|image_pad|>"),
        video_token_id=special("<|video_pad|>"),
        vision_start_token_id=special("<|vision_start|>"),
        vision_end_token_id=special("<|vision_end|>"),
        tie_word_embeddings=True,
        initializer_range=INITIALIZER_RANGE,
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model
