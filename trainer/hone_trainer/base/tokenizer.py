"""A byte-level BPE tokenizer with Qwen's special tokens, learnt from the corpus.

Words of the corpus become single tokens, so that answers stay short. Every other text can still
be written byte by byte, so a user's own question does not break the demo model.
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

# The tags of an answer are single tokens, like the reasoning tags of larger models. They are
# ordinary text to `decode(skip_special_tokens=True)`, because a verifier must see them.
TAGS = ["<think>", "</think>", "<answer>", "</answer>"]

# Words with their leading space, single digits, runs of signs. Numbers are read digit by digit.
SPLIT = r"<[^<>\s]+>| ?[A-Za-z]+|\d| ?[^\sA-Za-z\d<>]+|\s+|."

# Line ends are expressions, so that no stripping of template whitespace can remove them. The text
# before an answer must be the same in training, which has the answer, and in generation, which has
# not.
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
    """Learns merges from `texts` up to `size` tokens (256 of them single bytes). Equal input gives
    an equal tokenizer.
    """
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
