"""Runs LLaMA-Factory for one job of Hone: `python run.py train` or `python run.py export`, beside its files.

Hone writes `config.yaml` (keys of LLaMA-Factory) and `plan.json` (what only the job's machine can settle). This script
settles that, writes `resolved.yaml`, and hands over to `llamafactory-cli`. It adds three things that the product lacks:

- Training and generation must read the same prompt. A template is chosen by what it renders, token by token, against
  the checkpoint's own chat template; another one would train for prompts that the server never sends.
- Weights come out as a plain folder, `output/`, which appears by rename. It holds the start's config and processor and
  each tensor in the start's number format: LLaMA-Factory saves bf16 models as fp32, pads on the other side, and turns
  the cache of generation off.
- What cannot be used ends with exit status 2 and one line that says why.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).absolute().parent
UNUSABLE = 2
IMAGE_MARK = "<image>"
SHAPES_CHECKED = 16
IGNORED = -100

# What makes a folder of weights servable, besides the weights.
COPIED = (
    "config.json",
    "generation_config.json",
    "chat_template.*",
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "*.py",
)


class Unusable(Exception):
    """Input that the user must mend. Its text is the last line of the job's stderr."""


def main(arguments: list[str]) -> int:
    """Runs one subcommand in the folder of this file and returns the exit status."""
    if arguments not in (["train"], ["export"]):
        print("usage: run.py train|export", file=sys.stderr)
        return UNUSABLE
    os.chdir(HERE)
    # LLaMA-Factory starts `torchrun` by name: the one of this environment must be found first.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    plan = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    try:
        if arguments == ["train"]:
            train(plan)
        else:
            export(plan)
    except Unusable as error:
        sys.stdout.flush()
        print(f"hone: {error}", file=sys.stderr, flush=True)
        return UNUSABLE
    return 0


def train(plan: dict[str, Any]) -> None:
    """Trains by `config.yaml`. Full weights go to `output/`; adapters stay in `train/` until the export."""
    # The product writes this file last. It is there when an earlier run of this job was ended after its training.
    if not Path("train/trainer_state.json").is_file():
        config = read_yaml(Path("config.yaml"))
        config |= devices(plan, config)
        rows = sample_rows(Path("train.jsonl"))
        config |= choose_template(config, rows, plan["ownImageLimits"])
        config |= resume_here(Path("train"), plan)
        write_yaml(Path("resolved.yaml"), config)
        follow_row_count(Path("rows.json"))
        cli("train", "resolved.yaml")
    if not plan["lora"]:
        assemble(Path("train"), Path(plan["model"]), Path("output"))
    shutil.rmtree("cache", ignore_errors=True)


def export(plan: dict[str, Any]) -> None:
    """Merges the adapters of `train/` into the start's weights and leaves the whole in `output/`."""
    trained = read_yaml(Path("resolved.yaml"))
    if not Path("train/adapter_model.safetensors").is_file():
        raise Unusable("train/ holds no adapter_model.safetensors: the training left no adapters to merge")
    shutil.rmtree("merged", ignore_errors=True)
    config = {key: trained[key] for key in ("template", "default_system", "trust_remote_code") if key in trained}
    config |= {
        "model_name_or_path": plan["model"],
        "adapter_name_or_path": "train",
        "finetuning_type": "lora",
        "export_dir": "merged",
        "export_size": 5,
        "export_device": "cpu",
        # Left to itself it halves fp32 weights on a machine with a GPU.
        "infer_dtype": number_format(Path(plan["model"])),
    }
    write_yaml(Path("export.yaml"), config)
    cli("export", "export.yaml")
    assemble(Path("merged"), Path(plan["model"]), Path("output"))
    shutil.rmtree("merged", ignore_errors=True)


def cli(command: str, config: str) -> None:
    """`llamafactory-cli` in this process, whose imports are paid for already. A failure ends this process as it would
    end that one."""
    from llamafactory.cli import main as llamafactory

    sys.argv = ["llamafactory-cli", command, config]
    try:
        llamafactory()
    except SystemExit as leaving:  # with several devices it ends by the exit status of torchrun
        if leaving.code not in (None, 0):
            raise


def devices(plan: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Keys that depend on what this machine has. One process a GPU, as many as the batch was cut for."""
    import torch

    there = torch.cuda.device_count()
    if plan["gpus"] > max(1, there):
        raise Unusable(f"the step asks for {plan['gpus']} GPUs and this job sees {there}; ask for as many as there are")
    if there > 1:
        os.environ["FORCE_TORCHRUN"] = "1"
        os.environ["NPROC_PER_NODE"] = str(plan["gpus"])
    settled: dict[str, Any] = {"bf16": there > 0 and plan["precision"] != "fp32"}
    if "disable_gradient_checkpointing" not in config:
        settled["disable_gradient_checkpointing"] = there == 0
    return settled


def resume_here(trained: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """Keys to go on from the newest whole checkpoint of this very job, which its scheduler may have started again.

    LLaMA-Factory would do so itself, from the newest one, whole or not. And transformers 5.6 finds no weights in a
    checkpoint of Qwen2.5-VL, whose tensors have other names in files, and goes on from the start's: the weights are
    therefore read from the checkpoint as a model. Adapters have the same names.
    """
    whole = []
    for folder in trained.glob("checkpoint-*"):
        try:
            json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if folder.name[11:].isdigit():
            whole.append((int(folder.name[11:]), folder))
    if not whole:
        for leftover in trained.glob("*.safetensors"):  # the product refuses a folder with weights and no checkpoint
            leftover.unlink()
        return {}
    _step, newest = max(whole)
    print(f"hone: goes on from {newest}", flush=True)
    path = str(newest.absolute())
    return {"resume_from_checkpoint": path, **({} if plan["lora"] else {"model_name_or_path": path})}


def follow_row_count(path: Path) -> None:
    """Keeps the number of rows that transformers' Trainer says it trains on: LLaMA-Factory drops rows it dislikes."""
    import logging

    class Counter(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            name, _, value = record.getMessage().partition("=")
            if name.strip() == "Num examples" and value.strip().replace(",", "").isdigit():
                path.write_text(json.dumps({"rows": int(value.strip().replace(",", ""))}), encoding="utf-8")

    logging.getLogger("transformers.trainer").addHandler(Counter())


# --- The template -----------------------------------------------------------------------------------------------------


def sample_rows(path: Path) -> list[dict[str, Any]]:
    """One row of each shape (roles, number of pictures): a template treats rows of one shape alike."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            shape = (tuple(message["role"] for message in row["messages"]), len(row["images"]))
            found.setdefault(shape, row)
            if len(found) == SHAPES_CHECKED:
                break
    return list(found.values())


def choose_template(config: dict[str, Any], rows: list[dict[str, Any]], own_image_limits: bool) -> dict[str, Any]:
    """`template` and `default_system` that render the rows as the checkpoint's chat template does.

    The user's own choice is checked; without one all of LLaMA-Factory's are tried. Raises Unusable with the first
    difference.
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
    """Templates that this tokenizer can take, the plain Qwen-VL one first: it has the most models."""
    with_images = any(row["images"] for row in rows)

    def fits(template: Any) -> bool:
        token = template.mm_plugin.image_token
        if with_images and (token is None or tokenizer.convert_tokens_to_ids(token) in (None, tokenizer.unk_token_id)):
            return False
        return not (template.replace_eos and template.stop_words[0] != tokenizer.eos_token)

    names = [name for name, template in templates.items() if fits(template)]
    return sorted(names, key=lambda name: name != "qwen2_vl")


def served_prompt(row: dict[str, Any], loaded: Any) -> list[int]:
    """Tokens of a row's prompt as a server makes them, by the checkpoint's own chat template and image processor."""
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
    """Where a template's prompt is another than the served one, in words; null when all are the same."""
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
    """The same for one row. The answer must end by the token at which generation stops."""
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
    if own_image_limits:  # the job's own limits give a picture another number of tokens, on purpose
        image = tokenizer.convert_tokens_to_ids(encoder.template.mm_plugin.image_token or "")
        ours, theirs = without_repeats(ours, image), without_repeats(theirs, image)
    if ours != theirs:
        place = next((at for at, (one, other) in enumerate(zip(ours, theirs)) if one != other), min(len(ours), len(theirs)))
        seen = slice(max(0, place - 4), place + 8)
        return (
            f"it renders row {row.get('id')} from token {place} on as {tokenizer.decode(ours[seen])!r} "
            f"where the checkpoint's chat template gives {tokenizer.decode(theirs[seen])!r}"
        )
    if tokenizer.eos_token_id is not None and tokenizer.eos_token_id not in ids[start:]:
        return f"answers do not end with {tokenizer.eos_token}, at which generation stops"
    return None


def without_repeats(ids: list[int], token: int) -> list[int]:
    """The ids with each run of `token` cut to one."""
    return [value for at, value in enumerate(ids) if value != token or at == 0 or ids[at - 1] != token]


# --- The weights ------------------------------------------------------------------------------------------------------


def assemble(weights: Path, start: Path, output: Path) -> None:
    """Puts the weights of one folder and the start's other files together in `output`, which appears whole."""
    files = sorted(weights.glob("model*.safetensors"))
    if not files:
        raise Unusable(f"{weights} holds no weights in safetensors: the training saved none")
    draft = output.with_name(f".{output.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    formats = tensor_formats(start)
    for path in files:
        place_weights(path, draft / path.name, formats)
    index = weights / "model.safetensors.index.json"
    if index.is_file():
        shutil.copyfile(index, draft / index.name)
    for pattern in COPIED:
        for path in start.glob(pattern):
            if path.is_file() and not (draft / path.name).exists():
                shutil.copyfile(path, draft / path.name)
    shutil.rmtree(output, ignore_errors=True)
    draft.rename(output)
    print(f"hone: weights in {output.absolute()}", flush=True)


def place_weights(source: Path, target: Path, formats: dict[str, Any]) -> None:
    """A file of weights with each tensor in the start's number format: a link where nothing changes."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(source, framework="pt") as file:
        names = list(file.keys())
        same = all(file.get_slice(name).get_dtype() == formats.get(name, file.get_slice(name).get_dtype()) for name in names)
        if not same:
            tensors = {name: in_format(file.get_tensor(name), formats.get(name)) for name in names}
            save_file(tensors, target, metadata={"format": "pt"})
            return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def tensor_formats(folder: Path) -> dict[str, str]:
    """Number format of each tensor of a folder, as safetensors names them, e.g. BF16."""
    from safetensors import safe_open

    formats = {}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            formats.update({name: file.get_slice(name).get_dtype() for name in file.keys()})  # noqa: SIM118 (no dict)
    return formats


def in_format(tensor: Any, name: str | None) -> Any:
    """The tensor in a number format of safetensors; as it is where the start has no tensor of its name."""
    import torch

    formats = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16, "F64": torch.float64}
    return tensor.to(formats[name]) if name in formats else tensor


def number_format(folder: Path) -> str:
    """The format that most of a folder's tensors have, as LLaMA-Factory names it."""
    formats = list(tensor_formats(folder).values())
    most = max(set(formats), key=formats.count) if formats else "F32"
    return {"BF16": "bfloat16", "F16": "float16"}.get(most, "float32")


# --- Files ------------------------------------------------------------------------------------------------------------


def read_yaml(path: Path) -> dict[str, Any]:
    """A settings file as LLaMA-Factory reads it. (Plain YAML takes `2e-4` for a word.)"""
    from omegaconf import OmegaConf

    return OmegaConf.to_container(OmegaConf.load(path))  # type: ignore[return-value]


def write_yaml(path: Path, config: dict[str, Any]) -> None:
    """One key a line, values as JSON, which is YAML too. The file appears whole."""
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text("".join(f"{key}: {json.dumps(config[key])}\n" for key in sorted(config)), encoding="utf-8")
    draft.rename(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
