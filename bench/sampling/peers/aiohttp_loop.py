"""The lower bound in Python: a bare loop around aiohttp. It retries nothing and keeps only the
captions.
"""

import asyncio
import json
import os

import aiohttp
from bench_job import JOB, Work, base64_of, rows


async def main():
    work = Work()
    todo = rows()
    waiting = iter(todo)
    kept = 0

    async def lane(session, output):
        nonlocal kept
        for row in waiting:
            url = "data:image/jpeg;base64," + base64_of(row["path"])
            content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": row["text"]}]
            body = {"model": JOB["model"], "messages": [{"role": "user", "content": content}]}
            try:
                async with session.post(JOB["baseUrl"] + "/chat/completions", json=body) as response:
                    if response.status != 200:
                        continue
                    text = (await response.json())["choices"][0]["message"]["content"]
            except (aiohttp.ClientError, asyncio.TimeoutError, ValueError):
                continue
            kept += 1
            output.write(json.dumps({"id": row["id"], "text": text}) + "\n")

    connector = aiohttp.TCPConnector(limit=0)
    with open(os.path.join(JOB["work"], "captions.jsonl"), "w") as output:
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(lane(session, output) for _ in range(JOB["concurrency"])))
    work.report(kept, len(todo) - kept)


asyncio.run(main())
