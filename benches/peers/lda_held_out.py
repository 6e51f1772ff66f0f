"""Perplexity of held-out documents under samplers of topics, by one piece of code: gasworks, and tomotopy and Mallet where they are asked for.

  python3 lda_held_out.py counts.dat --topics 100 --gasworks target/release/gasworks --passes 10,40,160 --tomotopy 40,160 --mallet 40,160 --classes ...
  python3 lda_held_out.py --check

All learn from the same nine tenths of the documents. Of their topics of tokens phi is (n_kw + beta) / (n_k + V beta). The shares theta of a held-out
document are those under which its observed half is most probable with alpha added to what each topic is expected to have (expectation and maximization,
Dempster, Laird, Rubin 1977), and the other half is judged; see held_out.py. Seconds are those of sampling, as of the drivers of likelihoods.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np

import lda_gasworks
import lda_mallet
from held_out import Split
from word_counts import tokens, write_lda_c


def shares(observed, phi, alpha, rounds=50):
    """Theta of each document, from (word, count) of its observed half."""
    found = np.full((len(observed), len(phi)), 1 / len(phi))
    for at, document in enumerate(observed):
        if document:
            words, counts = (np.array(column) for column in zip(*document))
            of_words = phi[:, words]
            theta = found[at]
            for _ in range(rounds):
                joint = theta[:, None] * of_words
                theta = alpha + (joint * (counts / joint.sum(axis=0))).sum(axis=1)
                theta = theta / theta.sum()
            found[at] = theta
    return found


def perplexity(split, words, topics, options, alpha):
    """Of a model that gives these numbers of words these topics, a token each."""
    counts = np.zeros((options.topics, len(split.numbers)))
    np.add.at(counts, (topics, words), 1)
    phi = (counts + options.beta) / (counts.sum(axis=1, keepdims=True) + options.beta * len(split.numbers))
    return split.perplexity(shares(split.observed, phi, alpha), phi)


def gasworks(split, options, alpha, passes, folder):
    train, model = folder / "train.dat", folder / "model"
    write_lda_c(train, split.trained())
    command = [options.gasworks, "lda", train, "--model", model, "--topics", options.topics, "--alpha", alpha, "--beta", options.beta, "--iterations",
               passes, "--threads", options.threads, "--seed", options.seed, "--json", *options.gasworks_options.split()]
    told = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout
    seconds = [event["seconds"] for event in map(json.loads, told.splitlines()) if event["event"] == "done"][0]
    found, _ = lda_gasworks.tensors(model)
    return seconds, np.repeat(found["entry_words"], found["entry_counts"].astype(np.int64)), found["topics"].astype(np.int64)


def with_tomotopy(split, options, alpha, passes):
    import tomotopy

    from lda_tomotopy import state

    model = tomotopy.LDAModel(k=options.topics, alpha=alpha, eta=options.beta, seed=options.seed)
    for document in split.trained():
        model.add_doc([str(number) for number in tokens(document)])
    model.optim_interval = 0
    start = time.perf_counter()
    model.train(passes, workers=options.threads)
    seconds = time.perf_counter() - start
    _, words, topics = state(model)
    return seconds, np.array([int(word) for word in model.vocabs])[words], topics


def with_mallet(split, options, alpha, passes, folder):
    mallet = lda_mallet.Mallet(folder, ([str(number) for number in tokens(document)] for document in split.trained()), options)
    seconds, _, (_, _, words, topics) = mallet.run(passes, alpha)
    return seconds, np.array([int(word) for word in words]), topics


def check():
    # Two words, each of one topic: a half of a, a, b has shares (2 + alpha) / (3 + 2 alpha) of the first.
    found = shares([[(0, 2), (1, 1)], []], np.array([[1.0, 0.0], [0.0, 1.0]]), 0.5)
    assert np.allclose(found, [[2.5 / 4, 1.5 / 4], [0.5, 0.5]]), found
    # Topics that are alike leave the shares as alpha has them.
    found = shares([[(0, 5)]], np.array([[0.5, 0.5], [0.5, 0.5]]), 1.0)
    assert np.allclose(found, 0.5), found
    print("as by hand")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--alpha", type=float, help="of each topic; 50 / topics unless said")
    parser.add_argument("--beta", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--holdout", type=float, default=0.1)
    parser.add_argument("--gasworks", help="its program")
    parser.add_argument("--gasworks-options", default="", help="more of them, such as --sampler sparse")
    parser.add_argument("--passes", default="10,40,160")
    parser.add_argument("--tomotopy", default="", help="numbers of passes")
    parser.add_argument("--mallet", default="", help="numbers of passes; needs --classes")
    lda_mallet.add_options(parser, required=False)
    options = parser.parse_args()
    if options.check:
        return check()
    if not options.file:
        parser.error("a file of counts, or --check")
    alpha, split = options.alpha or 50 / options.topics, Split(options.file, options.holdout, options.seed)

    def judge(name, passes, run):
        for number in map(int, filter(None, passes.split(","))):
            with tempfile.TemporaryDirectory() as folder:
                seconds, words, topics = run(number, pathlib.Path(folder))
            judged = perplexity(split, words, topics, options, alpha)
            print(f"{name}, {options.threads} threads: {seconds:.3f} s, {number} passes: perplexity {judged:.1f}", flush=True)

    if options.gasworks:
        judge("gasworks", options.passes, lambda number, folder: gasworks(split, options, alpha, number, folder))
    judge("tomotopy", options.tomotopy, lambda number, _: with_tomotopy(split, options, alpha, number))
    judge("Mallet", options.mallet, lambda number, folder: with_mallet(split, options, alpha, number, folder))


if __name__ == "__main__":
    main()
