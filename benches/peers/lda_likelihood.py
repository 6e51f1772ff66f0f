"""The joint log-likelihood of words and topics a token, from the topic of each token, by one piece of code for every sampler.

Theta and phi are integrated out (Griffiths and Steyvers 2004, "Finding scientific topics", equations 2 and 3):

  sum over documents d of  ln G(K alpha) - ln G(K alpha + N_d) + sum over topics k of ln G(alpha + n_dk) - ln G(alpha)
  + sum over topics k of   ln G(V beta)  - ln G(V beta + n_k)  + sum over words w  of ln G(beta + n_kw) - ln G(beta)

for K topics, V words, N_d tokens of document d, n_dk of them of topic k, n_kw tokens of word w of topic k, n_k of topic k in all.

  python3 lda_likelihood.py --check     compares it with chances that are multiplied up token by token
  python3 lda_likelihood.py tokens.txt --topics K --alpha A --beta B [--words V]     of a file with document, word and topic on each line
"""
import argparse
import math

import numpy as np
from scipy.special import gammaln


def likelihood(documents, words, topics, topic_count, alpha, beta, word_count=None):
    """Natural logarithm a token. `documents`, `words` and `topics` have an integer from 0 for each token, in any order; alpha and beta are those of one topic
    and of one word. Without `word_count` there are as many words as occur."""
    documents, words, topics = (np.asarray(ids, dtype=np.int64) for ids in (documents, words, topics))
    if not len(documents) == len(words) == len(topics) > 0:
        raise ValueError(f"a document, word and topic for each token, got {len(documents)}, {len(words)} and {len(topics)}")
    if topics.min() < 0 or topics.max() >= topic_count:
        raise ValueError(f"topics from 0 to {topic_count - 1}, got {topics.min()} to {topics.max()}")
    occurring = len(np.unique(words))
    word_count = word_count or occurring
    if word_count < occurring:
        raise ValueError(f"at least {occurring} words, as many as occur, got {word_count}")
    of_documents = dirichlet_multinomial(documents, documents * topic_count + topics, topic_count, alpha)
    of_topics = dirichlet_multinomial(topics, words * topic_count + topics, word_count, beta)
    return float(of_documents + of_topics) / len(documents)


def dirichlet_multinomial(rows, cells, columns, prior):
    """The logarithm of the chance of counts under a Dirichlet-multinomial for each row: which row and which cell of it each token is in. Rows without tokens
    add nothing."""
    totals = np.unique(rows, return_counts=True)[1]
    counts = np.unique(cells, return_counts=True)[1]
    of_totals = len(totals) * math.lgamma(columns * prior) - gammaln(columns * prior + totals).sum()
    return of_totals + gammaln(prior + counts).sum() - len(counts) * math.lgamma(prior)


def chain(documents, words, topics, topic_count, alpha, beta, word_count):
    """The same by the chain rule: the chance of each token's topic and then of its word, given all tokens before. Slow, without gamma functions."""
    of_document, of_pair, of_word, of_topic, total = {}, {}, {}, {}, 0.0
    for document, word, topic in zip(documents, words, topics):
        theta = (of_pair.get((document, topic), 0) + alpha) / (of_document.get(document, 0) + topic_count * alpha)
        phi = (of_word.get((word, topic), 0) + beta) / (of_topic.get(topic, 0) + word_count * beta)
        total += math.log(theta) + math.log(phi)
        for counts, key in ((of_document, document), (of_pair, (document, topic)), (of_word, (word, topic)), (of_topic, topic)):
            counts[key] = counts.get(key, 0) + 1
    return total / len(documents)


def check():
    # One topic, words a, a, b in one document, beta 1 of two words: an urn gives 1/2, 2/3, 1/4.
    found = likelihood([0, 0, 0], [0, 0, 1], [0, 0, 0], 1, 0.3, 1.0)
    assert math.isclose(found, math.log(1 / 12) / 3), found
    # Another word that does not occur: 1/3, 2/4, 1/5.
    found = likelihood([0, 0, 0], [0, 0, 1], [0, 0, 0], 1, 0.3, 1.0, word_count=3)
    assert math.isclose(found, math.log(1 / 30) / 3), found
    # Two topics, alpha 1/2, one word: the topics 0, 1, 0 of a document have 1/2, (1/2)/2, (3/2)/3; a document of one token has 1/2.
    found = likelihood([0, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 1], 2, 0.5, 0.1)
    assert math.isclose(found, math.log(1 / 2 * 1 / 4 * 1 / 2 * 1 / 2) / 4), found
    random = np.random.default_rng(1)
    for topic_count, alpha, beta in ((2, 0.5, 0.01), (2, 3.0, 1.0), (7, 0.05, 0.2)):
        ids = [random.integers(0, most, 300) for most in (9, 20, topic_count)]
        found = likelihood(*ids, topic_count, alpha, beta, word_count=25)
        expected = chain(*(column.tolist() for column in ids), topic_count, alpha, beta, 25)
        assert math.isclose(found, expected, rel_tol=1e-12), (found, expected)
        order = random.permutation(300)
        found = likelihood(*(column[order] for column in ids), topic_count, alpha, beta, word_count=25)
        assert math.isclose(found, expected, rel_tol=1e-12), (found, expected)
    print("as by hand and by the chain rule")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokens", nargs="?", help="document, word and topic on each line, integers from 0")
    parser.add_argument("--topics", type=int)
    parser.add_argument("--alpha", type=float, help="of each topic; 50 / topics unless said")
    parser.add_argument("--beta", type=float, default=0.01)
    parser.add_argument("--words", type=int, help="how many there are; as many as occur unless said")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.check:
        return check()
    if options.tokens is None or options.topics is None:
        parser.error("a file of tokens and --topics, or --check")
    tokens = np.loadtxt(options.tokens, dtype=np.int64, usecols=(0, 1, 2), ndmin=2)
    alpha = options.alpha or 50 / options.topics
    print(f"{likelihood(*tokens.T, options.topics, alpha, options.beta, options.words):.4f}")


if __name__ == "__main__":
    main()
