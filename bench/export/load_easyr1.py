"""Reads an export with EasyR1's own data set, from a checkout on PYTHONPATH.

Arguments: Parquet file, model, folder of pictures or ``.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

file, model, pictures_folder = sys.argv[1:4]

from transformers import AutoProcessor
from verl.utils.dataset import RLHFDataset, collate_fn, process_image

processor = AutoProcessor.from_pretrained(model)
rows = RLHFDataset(
    file,
    processor.tokenizer,
    processor,
    prompt_key="problem",
    image_dir=pictures_folder or None,
    filter_overlong_prompts_workers=1,
)
batch = collate_fn([rows[place] for place in range(len(rows))])
pictures = [process_image(image, None, None) for data in batch["multi_modal_data"] for image in data["images"]]
print(
    json.dumps(
        {
            "library": f"EasyR1 (checkout), transformers {version('transformers')}, datasets {version('datasets')}",
            "read": "RLHFDataset, its collator and process_image",
            "rows": len(rows),
            "pictures": len(pictures),
            "references": list(batch["ground_truth"]),
        }
    )
)
