"""Perplexity of documents that a model was not trained on, by document completion: half of the tokens of each document are observed and its shares theta
inferred from them; each token of the other half has the probability sum over k of theta_k phi_kw (Wallach, Murray, Salakhutdinov, Mimno 2009, "Evaluation
methods for topic models", section 5). Words that do not occur in training are not counted. The definition is that of `gasworks infer --perplexity`.

  python3 held_out.py     checks it by hand
"""
import argparse
import math
import re
import subprocess

import numpy as np

from word_counts import documents, halves, part, tokens, write_lda_c


def arguments(description):
    """The options that drivers have in common."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--alpha", type=float, help="of each topic; 50 / topics unless said")
    parser.add_argument("--beta", type=float, default=0.01)
    parser.add_argument("--passes", default="1,5,20")
    parser.add_argument("--holdout", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    return parser


def parsed(parser):
    """The options, alpha of each topic, and the documents."""
    options = parser.parse_args()
    return options, options.alpha or 50 / options.topics, Split(options.file, options.holdout, options.seed)


class Split:
    """Documents to learn from, and halves of those to measure on, as counts by the number of a word among those that occur in training."""

    def __init__(self, path, share, seed):
        self.train, held = part(documents(path), share, seed)
        names = sorted({word for document in self.train for word, _ in document})
        self.numbers = {name: number for number, name in enumerate(names)}
        self.held = [[(word, count) for word, count in document if word in self.numbers] for document in held]
        random = np.random.default_rng(seed + 1)
        parts = [halves(document, random) for document in self.held]
        self.observed = [self.counts(words) for words, _ in parts]
        self.foretold = [self.counts(words) for _, words in parts]

    def counts(self, words):
        numbers, counts = np.unique([self.numbers[word] for word in words], return_counts=True)
        return list(zip(numbers.astype(int).tolist(), counts.tolist()))

    def trained(self):
        return [self.counts(tokens(document)) for document in self.train]

    def perplexity(self, theta, phi):
        """`theta` has the shares of topics of each held-out document in rows, `phi` the probabilities of words of each topic."""
        total, count = 0.0, 0
        for shares, foretold in zip(theta, self.foretold):
            for word, times in foretold:
                total += times * math.log(shares @ phi[:, word])
                count += times
        return math.exp(-total / count)

    def of_gasworks(self, program, folder, options):
        """Perplexity of `gasworks` on the same documents, though with halves that it draws itself."""
        train, held, model = (str(folder / name) for name in ("train.dat", "held.dat", "model"))
        write_lda_c(train, self.train)
        write_lda_c(held, [document for document in self.held if document])
        subprocess.run([program, "lda", train, "--model", model, "-q", *options], check=True, capture_output=True)
        told = subprocess.run([program, "infer", model, held, "--perplexity"], check=True, capture_output=True, text=True)
        return float(re.search(r"[Pp]erplexity\D*([\d.,]+\d)", told.stdout + told.stderr)[1].replace(",", ""))


def check():
    split = Split.__new__(Split)
    # A word of chance 3/4 * 1/2 + 1/4 * 1/4 = 7/16 twice, and one of 3/4 * 1/2 + 1/4 * 3/4 = 9/16 once, in one document; none in the other.
    split.foretold = [[(0, 2), (1, 1)], []]
    phi = np.array([[1 / 2, 1 / 2], [1 / 4, 3 / 4]])
    found = split.perplexity(np.array([[3 / 4, 1 / 4], [1 / 2, 1 / 2]]), phi)
    assert math.isclose(found, (16**3 / (7 * 7 * 9)) ** (1 / 3)), found
    random = np.random.default_rng(1)
    for count in range(8):
        observed, foretold = halves([("a", count), ("b", 1)], random)
        assert len(observed) == (count + 2) // 2 and sorted(observed + foretold) == ["a"] * count + ["b"]
    # b of a, a, b is observed in two draws of three.
    draws = sum("b" in halves([("a", 2), ("b", 1)], random)[0] for _ in range(3000))
    assert abs(draws / 3000 - 2 / 3) < 0.04, draws
    print("as by hand")


if __name__ == "__main__":
    check()
