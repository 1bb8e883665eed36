"""DataDesigner: one text column with the picture as context. Resumes if its artifacts allow it."""

import os

import data_designer.config as dd
import pandas
from bench_job import JOB, Work, base64_of, rows
from data_designer.config.run_config import ResumeMode
from data_designer.interface import DataDesigner

if __name__ == "__main__":
    work = Work()
    todo = rows()
    frame = pandas.DataFrame(
        {
            "id": [row["id"] for row in todo],
            "instruction": [row["text"] for row in todo],
            "picture": [base64_of(row["path"]) for row in todo],
        }
    )
    provider = dd.ModelProvider(name="mock", endpoint=JOB["baseUrl"], api_key="none")
    designer = DataDesigner(artifact_path=os.path.join(JOB["work"], "artifacts"), model_providers=[provider])
    model = dd.ModelConfig(
        alias="mock",
        model=JOB["model"],
        provider="mock",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(
            max_parallel_requests=JOB["concurrency"], timeout=JOB["timeoutSeconds"]
        ),
    )
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=frame))
    picture = dd.ImageContext(
        column_name="picture", data_type=dd.ModalityDataType.BASE64, image_format=dd.ImageFormat.JPEG
    )
    builder.add_column(
        dd.LLMTextColumnConfig(
            name="caption", model_alias="mock", prompt="{{ instruction }}", multi_modal_context=[picture]
        )
    )
    made = designer.create(builder, num_records=len(todo), dataset_name="bench", resume=ResumeMode.IF_POSSIBLE)
    captions = made.load_dataset()["caption"]
    kept = int((captions.notna() & (captions.astype(str).str.len() > 0)).sum())
    work.report(kept, len(todo) - kept)
