"""Topics by tomotopy, on a file of LDA-C or UCI: seconds and the joint log-likelihood a token as it trains.

python3 lda_tomotopy.py counts.dat --topics 100 --threads 1 --seconds 4
"""

import argparse
import time

import numpy as np
import tomotopy

from lda_likelihood import likelihood
from word_counts import documents, tokens


def state(model):
    """Document, word and topic of each token."""
    lengths = [len(document.topics) for document in model.docs]
    words, topics = (np.concatenate([getattr(document, name) for document in model.docs]) for name in ("words", "topics"))
    return np.repeat(np.arange(len(lengths)), lengths), words, topics


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--alpha", type=float, help="of each topic; 50 / topics unless said")
    parser.add_argument("--beta", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--sweeps", type=int, default=5, help="from one look at the clock to the next")
    options = parser.parse_args()
    alpha = options.alpha or 50 / options.topics
    model = tomotopy.LDAModel(k=options.topics, alpha=alpha, eta=options.beta, seed=1)
    for document in documents(options.file):
        model.add_doc(tokens(document))
    # Priors stay as they are.
    model.optim_interval = 0
    start = time.perf_counter()
    model.train(0, workers=options.threads)
    seconds, look = time.perf_counter() - start, 0.25
    while seconds < options.seconds:
        start = time.perf_counter()
        model.train(options.sweeps, workers=options.threads)
        seconds += time.perf_counter() - start
        if seconds >= look or seconds >= options.seconds:
            judged = likelihood(*state(model), options.topics, alpha, options.beta)
            print(f"{options.threads} threads: {seconds:.3f} s: {judged:.4f}", flush=True)
            look = seconds * 1.25
    print(f"    by tomotopy itself {model.ll_per_word:.4f}")


if __name__ == "__main__":
    main()
