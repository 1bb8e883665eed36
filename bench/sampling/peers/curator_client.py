"""curator: one LLM subclass. Its cache is in the work folder, so that a second run continues."""

import tiktoken


class Bytes:
    """Replaces the tokenizer, whose file would be downloaded from a public host."""

    def encode(self, text, **_):
        return [0] * (len(text) // 4)


tiktoken.get_encoding = lambda _: Bytes()
tiktoken.encoding_for_model = lambda _: Bytes()

from bench_job import JOB, Work, rows  # noqa: E402
from bespokelabs import curator  # noqa: E402


class Captions(curator.LLM):
    def prompt(self, row):
        return row["text"], curator.types.Image(url=row["path"])

    def parse(self, row, reply):
        return [{"id": row["id"], "caption": reply}]


if __name__ == "__main__":
    work = Work()
    todo = rows()
    params = {
        "base_url": JOB["baseUrl"],
        "api_key": "none",
        "max_requests_per_minute": 10**6,
        "max_tokens_per_minute": 10**9,
        "max_concurrent_requests": JOB["concurrency"],
        "request_timeout": JOB["timeoutSeconds"],
        "require_all_responses": False,
    }
    captions = Captions(model_name="gpt-4o-mini", backend="openai", backend_params=params)
    answered = captions(todo, working_dir=JOB["work"])
    table = getattr(answered, "dataset", answered)
    kept = sum(1 for row in table if row["caption"])
    work.report(kept, len(todo) - kept)
