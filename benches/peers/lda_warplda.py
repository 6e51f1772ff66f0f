"""Topics by WarpLDA (Chen, Li, Zhu, Chen 2016), on a file of LDA-C or UCI: seconds of sampling and the joint log-likelihood a token after so many sweeps.

python3 lda_warplda.py counts.dat --warplda warplda --format format --topics 100 --threads 1 --sweeps 10,40,160

Each number of sweeps is a run of its own. Seconds are the sum of those that WarpLDA prints for each sweep, in which it also computes a likelihood; reading,
random topics at the start and writing are left out. A sweep has one Metropolis-Hastings step by words and one by documents.
"""
import argparse
import os
import pathlib
import re
import subprocess
import tempfile

import numpy as np

from lda_likelihood import likelihood
from word_counts import documents, tokens, write_texts


def state(path):
    """Document, word and topic of each token, from a file of topics: on each line the tokens of a document, then word:topic of each."""
    columns = [[], [], []]
    with open(path) as lines:
        for document, line in enumerate(lines):
            pairs = [pair.split(":") for pair in line.split()[1:]]
            columns[0] += [document] * len(pairs)
            columns[1] += [int(word) for word, _ in pairs]
            columns[2] += [int(topic) for _, topic in pairs]
    return [np.array(column) for column in columns]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--warplda", required=True, help="its program of this name")
    parser.add_argument("--format", required=True, help="its program of this name")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--alpha", type=float, help="of each topic; 50 / topics unless said")
    parser.add_argument("--beta", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sweeps", default="10,40,160")
    options = parser.parse_args()
    alpha = options.alpha or 50 / options.topics
    with tempfile.TemporaryDirectory() as folder:
        prefix = str(pathlib.Path(folder) / "corpus")

        def run(*command):
            environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
            return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout

        texts = list(map(tokens, documents(options.file)))
        write_texts(prefix + ".txt", texts, "none")
        run(options.format, "-prefix", prefix)
        for sweeps in map(int, options.sweeps.split(",")):
            log = run(options.warplda, "-prefix", prefix, "-k", str(options.topics), "-alpha", str(alpha * options.topics), "-beta", str(options.beta),
                      "-niter", str(sweeps), "-nodumpmodel", "-nowriteinfo")
            times = [float(time) for time in re.findall(r"^Iteration \d+, (\S+) s", log, re.M)]
            if len(times) != sweeps:
                raise ValueError(f"the time of {sweeps} sweeps, got {len(times)} in what WarpLDA printed")
            found = state(prefix + ".z.estimate")
            if len(found[0]) != sum(map(len, texts)):
                raise ValueError(f"{sum(map(len, texts))} tokens, got {len(found[0])} in the topics that WarpLDA wrote")
            judged = likelihood(*found, options.topics, alpha, options.beta)
            print(f"{options.threads} threads: {sum(times):.3f} s, {sweeps} sweeps: {judged:.4f}", flush=True)
            own = re.findall(r"log_likelihood \(per token\) (\S+)", log)
            print(f"    by WarpLDA itself, on the way through the last sweep {float(own[-1]):.4f}")


if __name__ == "__main__":
    main()
