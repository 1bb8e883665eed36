"""distilabel: a pipeline of two steps with its own cache. A batch is as large as the requests in
flight.
"""

import os

from bench_job import JOB, Work, base64_of, rows
from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGenerationWithImage

if __name__ == "__main__":
    work = Work()
    todo = rows()
    data = [{"id": row["id"], "instruction": row["text"], "image": base64_of(row["path"])} for row in todo]
    with Pipeline(name="bench", cache_dir=os.path.join(JOB["work"], "cache")) as pipeline:
        load = LoadDataFromDicts(data=data, batch_size=JOB["concurrency"])
        model = OpenAILLM(model=JOB["model"], base_url=JOB["baseUrl"], api_key="none", timeout=JOB["timeoutSeconds"])
        load >> TextGenerationWithImage(llm=model, image_type="base64", input_batch_size=JOB["concurrency"])
    made = pipeline.run(use_cache=True)
    kept = sum(1 for text in made["default"]["train"]["generation"] if text)
    work.report(kept, len(todo) - kept)
