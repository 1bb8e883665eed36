"""A byte-level BPE tokenizer with Qwen's special tokens, learnt from the corpus.

Words of the corpus become single tokens, so that answers stay short, and every other text is still representable
byte by byte: a question of the user's own does not break the demo model.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]

# The parts of an answer are tokens of their own, as larger models' reasoning tags are. They are ordinary text to
# `decode(skip_special_tokens=True)`: a verifier must see them.
TAGS = ["<think>", "</think>", "<answer>", "</answer>"]

# Words with their leading space, single digits, runs of signs: numbers are read digit by digit.
SPLIT = r"<[^<>\s]+>| ?[A-Za-z]+|\d| ?[^\sA-Za-z\d<>]+|\s+|."

# Line ends are expressions, so that no stripping of template whitespace can take one away: the text before an answer
# must be the same in training, where the answer is there, and in generation, where it is not.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{%- if message['content'] is string -%}{{ message['content'] }}"
    "{%- else -%}{%- for part in message['content'] -%}"
    "{%- if part['type'] == 'image' or 'image' in part or 'image_url' in part -%}"
    "{{ '<|vision_start|><|image_pad|><|vision_end|>' }}"
    "{%- elif 'text' in part -%}{{ part['text'] }}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{{ '<|im_end|>\\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}"
)


def learn(texts: Iterable[str], size: int) -> PreTrainedTokenizerFast:
    """Learns merges from `texts` up to `size` tokens (256 of them single bytes). Deterministic for equal input."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(TAGS),
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(TAGS)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=2048,
    )
