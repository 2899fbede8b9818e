"""Small files in the form of CLINC150, with made-up requests."""

import json
from pathlib import Path

import numpy as np

# Each intent has words of its own, and all requests of a domain share one.
DOMAINS = {
    "pets": {"feed": "food bowl hungry", "walk": "leash park outside", "wash": "soap bath dirty"},
    "cars": {"park": "garage spot street", "fuel": "tank pump liter", "race": "fast track lap"},
    "work": {"meet": "room agenda noon", "mail": "inbox letter send"},
}
FILLERS = ["please", "can", "you", "now", "my", "the", "today", "soon"]


def write_clinc150(folder: Path, *, per_intent: int = 8) -> Path:
    random = np.random.default_rng(0)

    def request(domain: str, words: str) -> str:
        return " ".join([domain, *random.choice(words.split(), 2), *random.choice(FILLERS, 2)])

    def requests(number: int) -> list[list[str]]:
        return [
            [request(domain, words), intent]
            for domain, intents in DOMAINS.items()
            for intent, words in intents.items()
            for _ in range(number)
        ]

    folder.mkdir(parents=True, exist_ok=True)
    texts = {"train": requests(per_intent), "val": requests(1), "test": requests(2)}
    texts |= {"oos_train": [["what is it all about", "oos"]]}
    (folder / "data_full.json").write_text(json.dumps(texts))
    intents = {domain: list(members) for domain, members in DOMAINS.items()}
    (folder / "domains.json").write_text(json.dumps(intents))
    return folder
