"""Reads an export with ms-swift's load_dataset and encodes it with its template.

Arguments: export, model, `sft` or `rl`.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version

folder, model, kind = sys.argv[1:4]
os.environ["ROOT_IMAGE_DIR"] = folder

from swift import get_processor, get_template
from swift.dataset import load_dataset

rows, _ = load_dataset(f"{folder}/train.jsonl", remove_unused_columns=kind == "sft", load_from_cache_file=False, strict=True)
template = get_template(get_processor(model, model_type="qwen2_5_vl"), template_type="qwen2_5_vl")
template.set_mode("train")
pictures, learned = 0, []
for row in rows:
    encoded = template.encode(row)
    pictures += len(encoded["image_grid_thw"])
    learned.append(template.tokenizer.decode([token for token in encoded["labels"] or [] if token != -100]))
print(
    json.dumps(
        {
            "library": f"ms-swift {version('ms-swift')}, transformers {version('transformers')}, datasets {version('datasets')}",
            "read": "load_dataset and the template of qwen2_5_vl",
            "rows": len(rows),
            "pictures": pictures,
            "columns": sorted(rows.features),
            **({"learned": learned} if kind == "sft" else {"references": rows["hone_row"][:]}),
        }
    )
)
