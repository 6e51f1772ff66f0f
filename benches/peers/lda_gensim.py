"""Topics by gensim's online variational Bayes, on a file of LDA-C or UCI: seconds of training and the perplexity of held-out documents.

python3 lda_gensim.py counts.dat --topics 100 --passes 1,5,20 --gasworks target/release/gasworks
"""
import pathlib
import tempfile
import time

from gensim.models import LdaModel

from held_out import arguments, parsed


def main():
    parser = arguments(__doc__)
    parser.add_argument("--batch", type=int, default=256, help="documents from one update of topics to the next")
    parser.add_argument("--gasworks", help="also measure this program, on the same documents")
    parser.add_argument("--gasworks-iterations", default="50,200")
    options, alpha, split = parsed(parser)
    corpus, words = split.trained(), {number: str(number) for number in split.numbers.values()}
    for passes in map(int, options.passes.split(",")):
        start = time.perf_counter()
        model = LdaModel(corpus, id2word=words, num_topics=options.topics, alpha=[alpha] * options.topics, eta=options.beta, passes=passes,
                         chunksize=options.batch, eval_every=None, random_state=options.seed)
        seconds = time.perf_counter() - start
        theta = model.inference(split.observed)[0]
        theta = theta / theta.sum(axis=1, keepdims=True)
        print(f"{seconds:.3f} s, {passes} passes: perplexity {split.perplexity(theta, model.get_topics()):.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for iterations in options.gasworks_iterations.split(",") if options.gasworks else ():
            flags = ["--topics", str(options.topics), "--alpha", str(alpha), "--beta", str(options.beta), "--iterations", iterations]
            start = time.perf_counter()
            found = split.of_gasworks(options.gasworks, pathlib.Path(folder), [*flags, "--threads", "1"])
            print(f"gasworks, {iterations} passes, {time.perf_counter() - start:.3f} s with reading, writing and measuring: perplexity {found:.1f}", flush=True)


if __name__ == "__main__":
    main()
