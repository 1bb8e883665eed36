/**
 * The part that every reward file shares: Python ≥ 3.8 on the standard library alone, since a
 * trainer's environment has its own pins and Hone is not in it. The trainer's own part follows and
 * calls `_score`. The settings stand above it.
 *
 * - One request holds at most 1,024 items. A deadline covers a whole request: the time limit of a
 *   socket starts anew with every byte, so a server that drips could hold a training for ever.
 * - Redirects are refused, since they would carry the token to another host.
 * - 4xx replies but 408, 425 and 429 raise: asking again would be refused again, and a training
 *   whose every reward is 0 or left out is worse than one that stops with the reason.
 */
export const clientSource = String.raw`
_BATCH = 1024
_MAX_REPLY = 64 * 1024 * 1024
_PASSING = (408, 425, 429)
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_FIELDS = ("kind", "choices", "precision", "policy", "question", "reward")


class RewardRefused(RuntimeError):
    """The reward server will not take these requests, however often they are sent."""


class _Failed(Exception):
    """One attempt that may succeed when made again."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args, **_kwargs):
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _headers():
    headers = {"Content-Type": "application/json"}
    if TOKEN_ENV is not None:
        token = os.environ.get(TOKEN_ENV, "").strip()
        if not token:
            raise RewardRefused(
                f"the variable {TOKEN_ENV} that holds the reward server's token is not set; "
                "set it where the training runs"
            )
        headers["Authorization"] = f"Bearer {token}"
    return headers


def _attempt(body, ids):
    """The scores of one request, in order. Raises _Failed where another attempt may help, else RewardRefused."""
    url = URL + "/v1/score"
    until = time.monotonic() + TIMEOUT_SECONDS
    request = urllib.request.Request(url, data=body, headers=_headers(), method="POST")
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            text = bytearray()
            while True:
                part = response.read1(65536)
                if not part:
                    break
                text += part
                if time.monotonic() > until:
                    raise _Failed(f"no whole reply within {TIMEOUT_SECONDS:g} s")
                if len(text) > _MAX_REPLY:
                    raise _Failed("the reply is too large")
    except urllib.error.HTTPError as error:
        if error.code in _PASSING or error.code >= 500:
            raise _Failed(f"HTTP {error.code}") from error
        said = error.read(500).decode("utf-8", "replace")
        raise RewardRefused(
            f"the reward server {url} refused the request with {error.code}: {said}. "
            "Check the reward's name, the token and the rows"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise _Failed(f"{type(reason).__name__}: {reason}") from error
    try:
        scores = json.loads(text)["scores"]
        known = [score["id"] for score in scores]
        for score in scores:
            score["overall"] = None if score["overall"] is None else float(score["overall"])
    except (ValueError, KeyError, TypeError) as error:
        raise _Failed("the reply has no scores") from error
    if known != ids:
        raise _Failed("the reply has scores of other items")
    return scores


def _ask(items):
    """The scores of some items, or None after the last attempt."""
    ids = [item["id"] for item in items]
    body = json.dumps({"reward": {"name": REWARD}, "stage": "rl", "items": items}).encode("utf-8")
    reason = ""
    for attempt in range(RETRIES + 1):
        if attempt > 0:
            time.sleep(min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1)))
        try:
            return _attempt(body, ids)
        except _Failed as error:
            reason = str(error)
    _count({"event": "failed", "items": len(items), "attempts": RETRIES + 1, "reason": reason, "did": ON_FAILURE})
    return None


def _count(event):
    """One JSON line a failure, in the file of HONE_REWARD_FAILURES or beside this one. Never stops the training."""
    line = json.dumps({"time": round(time.time(), 3), "trainer": TRAINER, "reward": REWARD, **event})
    print(f"hone reward: {line}", file=sys.stderr, flush=True)
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reward-failures.jsonl")
    try:
        # One write of one line: processes that append at the same time do not mix their lines.
        file = os.open(os.environ.get("HONE_REWARD_FAILURES") or beside, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, (line + "\n").encode("utf-8"))
        finally:
            os.close(file)
    except OSError as error:
        print(f"hone reward: cannot write the line: {error}", file=sys.stderr, flush=True)


def _score(items):
    """One result an item: {"overall": number or None, "accuracy", "format", "failed"}. None: no reward can be given."""
    results = []
    for start in range(0, len(items), _BATCH):
        some = items[start : start + _BATCH]
        scores = _ask(some)
        for place in range(len(some)):
            score = {} if scores is None else scores[place]
            parts = score.get("parts") or {}
            results.append(
                {
                    "overall": score.get("overall"),
                    "accuracy": float(parts.get("accuracy") or 0.0),
                    "format": float(parts.get("format") or 0.0),
                    "failed": 1.0 if scores is None else 0.0,
                }
            )
        open_ = 0 if scores is None else sum(score["overall"] is None for score in scores)
        if open_ > 0:
            _count({"event": "abstained", "items": open_})
    return results


def _text(completion):
    """A completion is text, or messages whose last one is the model's, or its parts."""
    if isinstance(completion, str):
        return completion
    if isinstance(completion, dict):
        return _text(completion.get("content") or "")
    if completion and isinstance(completion[-1], dict) and "role" in completion[-1]:
        return _text(completion[-1])
    return "".join(part.get("text") or "" for part in completion if isinstance(part, dict))


def _row(gold):
    """The row that Hone packed into a reference answer ({"hone": 1, …}); any other text is the reference itself."""
    text = gold if isinstance(gold, str) else str(gold)
    if text.startswith('{"hone":1,'):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return {"gold": text}


def _item(place, row, completion):
    """One completion in the server's form. Ids repeat within a group, so the place is part of them."""
    item = {"id": f"{row.get('id', '')}#{place}", "gold": row["gold"], "answer": _text(completion)}
    for name in _FIELDS:
        value = row.get(name)
        if name == "policy" and isinstance(value, str):
            value = json.loads(value)
        if isinstance(value, dict):
            value = {key: said for key, said in value.items() if said is not None}  # tables fill every key
        if value is not None:
            item[name] = value
    return item
`
