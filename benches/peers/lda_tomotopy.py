"""Topics by tomotopy, on a file of LDA-C or UCI: seconds and the joint log-likelihood a token as it trains.

python3 lda_tomotopy.py counts.dat --topics 100 --threads 1 --seconds 4
"""

import argparse
import time

import tomotopy


def documents(path):
    """The words of each document, as often as they occur."""
    with open(path) as lines:
        rows = [line.split() for line in lines]
    if len(rows) > 3 and all(len(row) == 1 for row in rows[:3]) and ":" not in rows[3][-1]:
        words = {}
        for document, word, count in rows[3:]:
            words.setdefault(document, []).extend([word] * int(count))
        return words.values()
    return [[word for pair in row[1:] for word, count in [pair.split(":")] for _ in range(int(count))] for row in rows]


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
        if document:
            model.add_doc(document)
    # Priors stay as they are.
    model.optim_interval = 0
    model.train(0, workers=options.threads)
    seconds, look = 0.0, 0.25
    while seconds < options.seconds:
        start = time.perf_counter()
        model.train(options.sweeps, workers=options.threads)
        seconds += time.perf_counter() - start
        if seconds >= look or seconds >= options.seconds:
            print(f"{options.threads} threads: {seconds:.3f} s: {model.ll_per_word:.4f}", flush=True)
            look = seconds * 1.25


if __name__ == "__main__":
    main()
