"""Reads an export with verl's own data sets. Arguments: Parquet file, model, `sft` or `rl`."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib.metadata import version

file, model, kind = sys.argv[1:4]

from omegaconf import OmegaConf
from transformers import AutoProcessor
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

processor = AutoProcessor.from_pretrained(model)
said = {"library": f"verl {version('verl')}, transformers {version('transformers')}, datasets {version('datasets')}"}


def rl() -> dict:
    config = OmegaConf.create({"max_prompt_length": 1024, "filter_overlong_prompts": True, "filter_overlong_prompts_workers": 1})
    rows = RLHFDataset(file, processor.tokenizer, config, processor)
    batch = collate_fn([rows[place] for place in range(len(rows))])
    pictures = [
        picture
        for messages in batch["raw_prompt"]
        for picture in asyncio.run(RLHFDataset.process_vision_info(messages, 14, config))[0]
    ]
    return {
        "read": "RLHFDataset, its collator and process_vision_info",
        "rows": len(rows),
        "pictures": len(pictures),
        "sources": sorted({str(source) for source in batch["data_source"]}),
        "references": [reward["ground_truth"] for reward in batch["reward_model"]],
    }


def sft() -> dict:
    config = OmegaConf.create({"max_length": 1024, "pad_mode": "no_padding", "truncation": "error", "ignore_input_ids_mismatch": True})
    rows = MultiTurnSFTDataset(file, processor.tokenizer, config, processor)
    items = [rows[place] for place in range(len(rows))]
    return {
        "read": "MultiTurnSFTDataset",
        "rows": len(rows),
        "pictures": sum(len(item["multi_modal_inputs"]["image_grid_thw"]) for item in items),
        "learned": [processor.tokenizer.decode(item["input_ids"][item["loss_mask"].bool()]) for item in items],
    }


print(json.dumps({**said, **(sft() if kind == "sft" else rl())}))
