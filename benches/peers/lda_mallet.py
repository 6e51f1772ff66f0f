"""Topics by Mallet, on a file of LDA-C or UCI: seconds of sampling and the joint log-likelihood a token after so many sweeps.

python3 lda_mallet.py counts.dat --classes "mallet/lib/*:mallet/classes" --topics 100 --threads 1 --sweeps 5,20,80

Each number of sweeps is a run of its own from the same seed, so that writing the state falls outside of what is timed. Seconds are the sum of the
milliseconds that Mallet logs for each sweep; import, random topics at the start, its own likelihood and the start of the Java machine are left out.
"""
import argparse
import gzip
import pathlib
import re
import subprocess
import tempfile

import numpy as np

from lda_likelihood import likelihood
from word_counts import documents, tokens, write_texts

# Milliseconds of a sweep are told at this level.
LOGGING = """handlers=java.util.logging.ConsoleHandler
.level=FINE
java.util.logging.ConsoleHandler.level=FINE
java.util.logging.ConsoleHandler.formatter=java.util.logging.SimpleFormatter
java.util.logging.SimpleFormatter.format=%1$tQ %5$s%n
"""


def seconds(log):
    """Of each sweep. Mallet tells them in milliseconds, or cut off to seconds from one second on; those are taken from the clock of the line before."""
    times, before = [], None
    for line in log.splitlines():
        stamp, _, told = line.partition(" ")
        if not stamp.isdigit():
            continue
        if found := re.fullmatch(r"(\d+)(ms|s) ", told):
            times.append(int(found[1]) if found[2] == "ms" else int(stamp) - before)
        before = int(stamp)
    return [time / 1000 for time in times]


def add_options(parser, required=True):
    """How Mallet is started."""
    parser.add_argument("--classes", required=required, help="Mallet and what it depends on, as java's -classpath takes them")
    parser.add_argument("--java", default="java")
    parser.add_argument("--memory", default="2g")
    parser.add_argument("--seed", type=int, default=1)


class Mallet:
    """A corpus of lists of words, in a folder, and runs on it."""

    def __init__(self, folder, texts, options):
        (folder / "logging").write_text(LOGGING)
        flags = [f"-Xmx{options.memory}", f"-Djava.util.logging.config.file={folder / 'logging'}", "-classpath", options.classes]
        self.folder, self.options, self.command = folder, options, [options.java, *flags]
        write_texts(folder / "texts", texts, "none")
        self.start("cc.mallet.classify.tui.Csv2Vectors", input=folder / "texts", output=folder / "corpus", keep_sequence="true",
                   preserve_case="true", token_regex=r"\S+")

    def start(self, name, **arguments):
        pairs = [word for key, value in arguments.items() for word in ("--" + key.replace("_", "-"), str(value))]
        return subprocess.run([*self.command, name, *pairs], check=True, capture_output=True, text=True).stderr

    def run(self, sweeps, alpha):
        """Seconds, what Mallet logged, and document, number of the word, word and topic of each token, in columns."""
        options, state = self.options, self.folder / "state.gz"
        log = self.start("cc.mallet.topics.tui.TopicTrainer", input=self.folder / "corpus", num_topics=options.topics, alpha=alpha * options.topics,
                         beta=options.beta, num_iterations=sweeps, num_threads=options.threads, optimize_interval=0, show_topics_interval=0,
                         random_seed=options.seed, output_state=state)
        times = seconds(log)
        if len(times) != sweeps:
            raise ValueError(f"the time of {sweeps} sweeps, got {len(times)} in what Mallet logged")
        with gzip.open(state, "rt") as lines:
            rows = [line.split() for line in lines if not line.startswith("#")]
        document, number, topic = (np.array([row[at] for row in rows], dtype=np.int64) for at in (0, 3, 5))
        return sum(times), log, (document, number, [row[4] for row in rows], topic)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    add_options(parser)
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--alpha", type=float, help="of each topic; 50 / topics unless said")
    parser.add_argument("--beta", type=float, default=0.01)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sweeps", default="5,20,80")
    options = parser.parse_args()
    alpha = options.alpha or 50 / options.topics
    with tempfile.TemporaryDirectory() as folder:
        mallet = Mallet(pathlib.Path(folder), map(tokens, documents(options.file)), options)
        for sweeps in map(int, options.sweeps.split(",")):
            time, log, (found, words, _, topics) = mallet.run(sweeps, alpha)
            judged = likelihood(found, words, topics, options.topics, alpha, options.beta)
            print(f"{options.threads} threads: {time:.3f} s, {sweeps} sweeps: {judged:.4f}", flush=True)
            own = re.findall(r"LL/token: (\S+)", log)
            if own and sweeps % 10 == 0:
                print(f"    by Mallet itself {own[-1]}")


if __name__ == "__main__":
    main()
