"""Reads an export as LLaMA-Factory does before training: converter, tokenizer and pictures.

Arguments: export, model, data set's name.
"""

from __future__ import annotations

import json
import sys
import types
from importlib.machinery import ModuleSpec
from importlib.metadata import version

folder, model, name = sys.argv[1:4]

# Only imported for sound, and its releases need their own torch.
sys.modules["torchaudio"] = types.ModuleType("torchaudio")
sys.modules["torchaudio"].__spec__ = ModuleSpec("torchaudio", None)

from llamafactory.data import SFTDataCollatorWith4DAttentionMask, get_dataset, get_template_and_fix_tokenizer
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer

model_args, data_args, training_args, finetuning_args, _ = get_train_args(
    {
        "model_name_or_path": model,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full",
        "template": "qwen2_vl",
        "dataset_dir": folder,
        "dataset": name,
        "cutoff_len": 4096,
        "output_dir": f"{folder}-output",
        "overwrite_cache": True,
        "report_to": "none",
        "use_cpu": True,
    }
)
module = load_tokenizer(model_args)
template = get_template_and_fix_tokenizer(module["tokenizer"], data_args)
rows = get_dataset(template, model_args, data_args, training_args, stage="sft", **module)["train_dataset"]
collator = SFTDataCollatorWith4DAttentionMask(template=template, **module)
batch = collator([rows[place] for place in range(len(rows))])
learned = [
    module["tokenizer"].decode([token for token in labels if token != -100]) for labels in rows["labels"]
]
print(
    json.dumps(
        {
            "library": f"llamafactory {version('llamafactory')}, transformers {version('transformers')}, datasets {version('datasets')}",
            "read": "get_dataset and its collator",
            "rows": len(rows),
            "pictures": len(batch["image_grid_thw"]),
            "learned": learned,
        }
    )
)
