"""The joint log-likelihood a token of a model that `gasworks lda --model` wrote, by the code that judges the other programs.

python3 lda_gasworks.py articles.topics
"""
import argparse
import json

import numpy as np

from lda_likelihood import likelihood

TYPES = {"F64": np.float64, "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8}


def tensors(path):
    """Those of a safetensors file by name: 8 bytes with the length of a header of JSON, the header, and the numbers."""
    data = open(path, "rb").read()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    details = header.pop("__metadata__")
    found = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        found[name] = np.frombuffer(data[start + begin : start + end], TYPES[entry["dtype"]])
    return found, details


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    options = parser.parse_args()
    found, details = tensors(options.model)
    alpha, beta = found["alpha"], found["beta"][0]
    if np.ptp(alpha) > 0:
        raise ValueError("one alpha for all topics, got several, as --optimize-interval learns")
    counts = found["entry_counts"].astype(np.int64)
    rows = np.diff(found["entry_offsets"].astype(np.int64))
    if rows.sum() != len(counts) or counts.sum() != len(found["topics"]):
        raise ValueError(f"{counts.sum()} topics, one for each token, got {len(found['topics'])}")
    documents = np.repeat(np.repeat(np.arange(len(rows)), rows), counts)
    words = np.repeat(found["entry_words"], counts)
    prior_words = json.loads(details["details"])["prior_words"]
    print(f"{likelihood(documents, words, found['topics'], len(alpha), alpha[0], beta, prior_words):.4f}")


if __name__ == "__main__":
    main()
