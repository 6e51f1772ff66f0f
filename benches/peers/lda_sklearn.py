"""Topics by scikit-learn's variational Bayes, on a file of LDA-C or UCI: seconds of training and the perplexity of held-out documents.

python3 lda_sklearn.py counts.dat --topics 100 --passes 1,5,20 --method batch
"""
import time

from scipy.sparse import csr_matrix
from sklearn.decomposition import LatentDirichletAllocation

from held_out import arguments, parsed


def matrix(rows, columns):
    """Rows of (column, count) as a sparse matrix."""
    starts, numbers, counts = [0], [], []
    for row in rows:
        numbers += [number for number, _ in row]
        counts += [float(count) for _, count in row]
        starts.append(len(numbers))
    return csr_matrix((counts, numbers, starts), shape=(len(rows), columns))


def main():
    parser = arguments(__doc__)
    parser.add_argument("--method", choices=("online", "batch"), default="online")
    parser.add_argument("--threads", type=int, default=1)
    options, alpha, split = parsed(parser)
    train, observed = (matrix(rows, len(split.numbers)) for rows in (split.trained(), split.observed))
    for passes in map(int, options.passes.split(",")):
        model = LatentDirichletAllocation(options.topics, doc_topic_prior=alpha, topic_word_prior=options.beta, learning_method=options.method,
                                          max_iter=passes, n_jobs=options.threads, random_state=options.seed)
        start = time.perf_counter()
        model.fit(train)
        seconds = time.perf_counter() - start
        phi = model.components_ / model.components_.sum(axis=1, keepdims=True)
        found = split.perplexity(model.transform(observed), phi)
        print(f"{options.threads} threads: {seconds:.3f} s, {passes} passes: perplexity {found:.1f}", flush=True)


if __name__ == "__main__":
    main()
