"""Chooses a template of LLaMA-Factory by the prompts that it renders. Used by run.py.

Training and generation must use the same prompt. LLaMA-Factory knows templates by name and reads
no template from the checkpoint. So a wrong name, or a template's default system message, trains
for prompts that the server never sends.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hone_files import Unusable

IMAGE_MARK = "<image>"
SHAPES_CHECKED = 16
SMALL_SIDE = 28
IGNORED = -100


def sample_rows(path: Path) -> list[dict[str, Any]]:
    """One row of each shape (roles, number of pictures): a template renders rows of one shape in
    the same way. Rows with small pictures only serve where a file has no other rows.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    small: dict[tuple[Any, ...], dict[str, Any]] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            shape = (tuple(message["role"] for message in row["messages"]), len(row["images"]))
            if shape in found:
                continue
            fitting = small if any(is_small(image) for image in row["images"]) else found
            fitting.setdefault(shape, row)
            if len(found) == SHAPES_CHECKED:
                break
    return list((found or small).values())


def is_small(path: str) -> bool:
    """Whether LLaMA-Factory stretches the picture before it counts its tokens (data/mm_plugin.py).
    A server does not, so the numbers of tokens may differ, and that says nothing of the template.
    """
    from PIL import Image

    with Image.open(path) as image:
        return min(image.size) < SMALL_SIDE


def choose_template(config: dict[str, Any], rows: list[dict[str, Any]], own_image_limits: bool) -> dict[str, Any]:
    """Chooses `template` and `default_system` so that rows render as in the checkpoint's chat
    template.

    The user's own choice is checked. Without a choice all templates of LLaMA-Factory are tried.
    Raises Unusable with the first difference.
    """
    from llamafactory.data import TEMPLATES
    from llamafactory.hparams import ModelArguments
    from llamafactory.model import load_tokenizer

    keys = ("model_name_or_path", "trust_remote_code", "image_max_pixels", "image_min_pixels")
    loaded = load_tokenizer(ModelArguments(**{key: config[key] for key in keys if key in config}))
    if loaded["tokenizer"].chat_template is None and getattr(loaded["processor"], "chat_template", None) is None:
        raise Unusable(f"{config['model_name_or_path']} has no chat template: copy the one of the base model's folder")
    wanted = [(row, served_prompt(row, loaded)) for row in rows]
    names = [config["template"]] if "template" in config else likely(TEMPLATES, loaded["tokenizer"], rows)
    systems = [config["default_system"]] if "default_system" in config else [None, ""]
    if "template" in config and config["template"] not in TEMPLATES:
        raise Unusable(f"LLaMA-Factory has no template {config['template']}; leave the option out to let it be found")
    differences = []
    for name in names:
        for system in systems:
            difference = first_difference(name, system, wanted, loaded, config, own_image_limits)
            if difference is None:
                print(f"hone: template {name}, default system {system!r}: the checkpoint's own prompts", flush=True)
                return {"template": name, **({} if system is None else {"default_system": system})}
            differences.append(f"{name}: {difference}")
    if not differences:
        raise Unusable("LLaMA-Factory has no template whose picture token this model's tokenizer knows")
    if "template" in config:
        raise Unusable(
            f"the template {differences[0]}; the served model would read other prompts than the trained one: "
            "leave out template and default_system to let them be found"
        )
    raise Unusable(
        f"none of {len(names)} templates of LLaMA-Factory renders prompts as this checkpoint's chat template does; "
        f"{differences[0]}"
    )


def likely(templates: dict[str, Any], tokenizer: Any, rows: list[dict[str, Any]]) -> list[str]:
    """The templates that fit this tokenizer. The plain Qwen-VL template comes first, because most
    models use it.
    """
    with_images = any(row["images"] for row in rows)

    def fits(template: Any) -> bool:
        token = template.mm_plugin.image_token
        if with_images and (token is None or tokenizer.convert_tokens_to_ids(token) in (None, tokenizer.unk_token_id)):
            return False
        return not (template.replace_eos and template.stop_words[0] != tokenizer.eos_token)

    names = [name for name, template in templates.items() if fits(template)]
    return sorted(names, key=lambda name: name != "qwen2_vl")


def served_prompt(row: dict[str, Any], loaded: Any) -> list[int]:
    """The tokens of a row's prompt in a server, which uses the checkpoint's chat template and image
    processor.
    """
    from PIL import Image

    renderer = loaded["processor"] or loaded["tokenizer"]
    images = [Image.open(path).convert("RGB") for path in row["images"]]
    messages = []
    for message in row["messages"][:-1]:
        content: list[dict[str, Any]] = []
        for index, text in enumerate(message["content"].split(IMAGE_MARK)):
            if index > 0:
                content.append({"type": "image", "image": images.pop(0)})
            if text:
                content.append({"type": "text", "text": text})
        plain = loaded["processor"] is None
        messages.append({"role": message["role"], "content": message["content"] if plain else content})
    found = renderer.apply_chat_template(messages, add_generation_prompt=True, tokenize=True, return_dict=True)
    ids = found["input_ids"]
    ids = ids.tolist() if hasattr(ids, "tolist") else ids
    return list(ids[0]) if ids and isinstance(ids[0], list) else list(ids)


def first_difference(
    name: str,
    system: str | None,
    wanted: list[tuple[dict[str, Any], list[int]]],
    loaded: Any,
    config: dict[str, Any],
    own_image_limits: bool,
) -> str | None:
    """Describes the first row for which a template's prompt differs from the served prompt, or
    returns None.
    """
    from llamafactory.data import TEMPLATES
    from llamafactory.data.processor import SupervisedDatasetProcessor
    from llamafactory.hparams import DataArguments

    template = TEMPLATES[name]
    own_system = template.default_system
    settings = DataArguments(template=name, default_system=system, mask_history=True, cutoff_len=config["cutoff_len"])
    encoder = SupervisedDatasetProcessor(
        template=template, tokenizer=loaded["tokenizer"], processor=loaded["processor"], data_args=settings
    )
    try:
        template.default_system = own_system if system is None else system
        for row, prompt in wanted:
            found = difference_in_row(encoder, row, prompt, own_image_limits)
            if found is not None:
                return found
    finally:
        template.default_system = own_system
    return None


def difference_in_row(encoder: Any, row: dict[str, Any], prompt: list[int], own_image_limits: bool) -> str | None:
    """Describes the difference for one row. The answer must end with the token that stops
    generation.
    """
    tokenizer = encoder.tokenizer
    turns = [dict(message) for message in row["messages"]]
    system = turns.pop(0)["content"] if turns[0]["role"] == "system" else ""
    try:
        ids, labels = encoder._encode_data_example(
            prompt=turns[:-1], response=turns[-1:], system=system, tools="", images=row["images"], videos=[], audios=[]
        )
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        return f"it cannot render row {row.get('id')} ({error})"
    start = next((place for place, label in enumerate(labels) if label != IGNORED), len(ids))
    ours, theirs = ids[:start], prompt
    if own_image_limits:  # the job's own limits change the number of a picture's tokens on purpose
        image = tokenizer.convert_tokens_to_ids(encoder.template.mm_plugin.image_token or "")
        ours, theirs = without_repeats(ours, image), without_repeats(theirs, image)
    if ours != theirs:
        pairs = enumerate(zip(ours, theirs, strict=False))
        place = next((at for at, (one, other) in pairs if one != other), min(len(ours), len(theirs)))
        seen = slice(max(0, place - 4), place + 8)
        return (
            f"it renders row {row.get('id')} from token {place} on as {tokenizer.decode(ours[seen])!r} "
            f"where the checkpoint's chat template gives {tokenizer.decode(theirs[seen])!r}"
        )
    if tokenizer.eos_token_id is not None and tokenizer.eos_token_id not in ids[start:]:
        return f"answers do not end with {tokenizer.eos_token}, at which generation stops"
    return None


def without_repeats(ids: list[int], token: int) -> list[int]:
    """The ids, with each run of `token` shortened to a single token."""
    return [value for at, value in enumerate(ids) if value != token or at == 0 or ids[at - 1] != token]
