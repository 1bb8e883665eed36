"""The settings of a job as the planner writes them: one JSON object with keys in camelCase and
units in the names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from hone_trainer.errors import TrainerError

Precision = Literal["auto", "fp32", "bf16"]


class Settings(BaseModel):
    """Refuses unknown keys: a misspelt rate that silently keeps its default costs a training."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class JobConfig(Settings):
    """The settings that every training job has."""

    kind: str
    output: Path
    metrics: Path
    result: Path
    seed: int = 0
    log_every_steps: int = Field(default=5, ge=1)
    precision: Precision = "auto"
    threads: int | None = Field(default=None, ge=1, description="CPU threads of torch; null leaves torch's choice")


class LoraSettings(Settings):
    """Training of small matrices beside the frozen weights. They are merged at the end, so the
    output is plain weights.
    """

    rank: int = Field(ge=1)
    alpha: float | None = Field(default=None, gt=0, description="null: twice the rank; the update counts alpha / rank")
    dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: list[str] | Literal["all-linear"] = "all-linear"
    exclude_vision: bool = True

    @field_validator("target_modules")
    @classmethod
    def _usable_names(cls, given: list[str] | str) -> list[str] | str:
        if isinstance(given, str):
            return given
        if not given:
            raise ValueError('name at least one module, or give "all-linear"')
        # The trainers' loss reads the head's weight directly and bypasses any adapter. And where
        # input and output embeddings are one tensor, a merged update of one would change the other.
        embeddings = [name for name in given if name.split(".")[-1] in ("lm_head", "embed_tokens")]
        if embeddings:
            raise ValueError(f"{embeddings[0]} cannot have an adapter: leave out lm_head and embed_tokens")
        return given

    @property
    def scale_alpha(self) -> float:
        """The given alpha, or its default."""
        return 2 * self.rank if self.alpha is None else self.alpha


class TrainingConfig(JobConfig):
    """The settings that SFT and GRPO share. `model` holds the start weights, `base` the weights of
    round 0.
    """

    model: Path
    base: Path
    data: Path
    checkpoints: Path
    resume_from: Path | None = None
    learning_rate: float = Field(gt=0)
    scheduler: str = "constant_with_warmup"
    warmup_ratio: float = Field(default=0.05, ge=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, gt=0)
    micro_batch_size: int | None = Field(default=None, ge=1)
    save_every_steps: int | None = Field(default=None, ge=1)
    freeze_vision: bool = False
    image_min_pixels: int | None = Field(default=None, ge=1)
    image_max_pixels: int | None = Field(default=None, ge=1)
    gradient_checkpointing: Literal["auto", "on", "off"] = "auto"
    lora: LoraSettings | None = None
    options: dict[str, Any] = Field(default={}, description="TRL's own arguments, under TRL's names")


class SftConfig(TrainingConfig):
    """The settings of SFT, with either a number of steps or a number of epochs."""

    kind: Literal["sft"]
    batch_size: int = Field(ge=1, description="rows in one step, over all devices")
    max_steps: int | None = Field(default=None, ge=1)
    epochs: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_length(self) -> SftConfig:
        if (self.max_steps is None) == (self.epochs is None):
            raise ValueError("give exactly one of maxSteps and epochs")
        return self


class RewardConfig(Settings):
    """The reward server. `token_env` names the variable that holds the token. The token is never in
    a file.
    """

    url: str
    name: str
    judge: str | None = Field(default=None, description="id of the judge that the server asks; null: its own, if any")
    token_env: str | None = None
    timeout_seconds: float = Field(default=30, gt=0)
    # Seven attempts wait 12.6 s in total. A reward server needs less time to restart.
    attempts: int = Field(default=7, ge=1)
    on_failure: Literal["abstain", "zero"] = "abstain"


class SnapshotConfig(Settings):
    """Keeps the weights of every `every` steps over the `last` steps before the end."""

    every: int = Field(ge=1)
    last: int = Field(ge=1)


class GenerationSettings(Settings):
    """Completions by vLLM: on the training's own devices, or by a separate server (`trl
    vllm-serve`).
    """

    engine: Literal["vllm"]
    mode: Literal["colocate", "server"]
    server_url: str | None = Field(default=None, pattern=r"^https?://\S+$")
    gpu_memory_share: float | None = Field(default=None, gt=0, le=1)
    tensor_parallel: int | None = Field(default=None, ge=1)
    max_model_tokens: int | None = Field(default=None, ge=1, description="longest prompt and completion together")

    @model_validator(mode="after")
    def _fits_the_mode(self) -> GenerationSettings:
        if (self.mode == "server") != (self.server_url is not None):
            raise ValueError("serverUrl belongs to mode server, and mode server needs it")
        own = [self.gpu_memory_share, self.tensor_parallel, self.max_model_tokens]
        if self.mode == "server" and any(value is not None for value in own):
            raise ValueError(
                "gpuMemoryShare, tensorParallel and maxModelTokens belong to mode colocate; "
                "a server has its own at its start"
            )
        return self


class GrpoConfig(TrainingConfig):
    """The settings of GRPO. One step takes `prompts_per_step` questions and `generations` answers
    to each question.
    """

    kind: Literal["grpo"]
    prompts_per_step: int = Field(ge=1)
    generations: int = Field(ge=2)
    steps: int = Field(ge=1)
    max_completion_tokens: int = Field(ge=1)
    temperature: float = Field(default=1.0, gt=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    kl_beta: float = Field(default=0.0, ge=0)
    epsilon_low: float = Field(default=0.2, gt=0)
    epsilon_high: float = Field(default=0.2, gt=0)
    loss: Literal["grpo", "dr_grpo", "dapo", "bnpo", "cispo"] = "grpo"
    importance_sampling: Literal["token", "sequence"] = Field(default="token", description="sequence with grpo: GSPO")
    scale_rewards: Literal["group", "batch", "none"] = "group"
    drop_zero_spread: bool = True
    steps_per_generation: int = Field(default=1, ge=1, description="steps served by one generation pass")
    batch_size: int | None = Field(default=None, description="ignored: promptsPerStep x generations is the batch")
    snapshots: SnapshotConfig | None = None
    generation: GenerationSettings | None = Field(default=None, description="null: the trainer generates by itself")
    reward: RewardConfig

    @model_validator(mode="after")
    def _loss_has_its_numbers(self) -> GrpoConfig:
        if self.loss == "cispo" and self.epsilon_high < 1:
            raise ValueError(
                f"with loss cispo epsilonHigh is the largest ratio itself, not its distance from 1: "
                f"{self.epsilon_high:g} would shrink every step; give 1 or more (its authors use 5)"
            )
        return self


class BaseConfig(JobConfig):
    """The demo's base model: a tiny Qwen2.5-VL, trained from random weights on `corpus`."""

    kind: Literal["base"]
    corpus: Path
    vocabulary: Path | None = Field(default=None, description="more text for the tokenizer, one sample a line")
    steps: int = Field(ge=1)
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    hidden_size: int = 128
    layers: int = 4
    heads: int = 4
    vision_hidden_size: int = 128
    vision_depth: int = 2
    image_min_pixels: int = 56 * 56
    image_max_pixels: int = 112 * 112
    vocabulary_size: int = 512


ConfigT = TypeVar("ConfigT", bound=Settings)


def read(path: Path, shape: type[ConfigT]) -> ConfigT:
    """Reads one settings file. Raises TrainerError with the path of each wrong key, its value and
    the expected value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TrainerError(
            f"cannot read the settings {path}: {error.strerror}. Give --config an existing file"
        ) from error
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']} "
            f"(got {problem['input']!r:.80})"
            for problem in error.errors()
        ]
        raise TrainerError("the settings " + str(path) + " are not usable: " + "; ".join(lines)) from error
