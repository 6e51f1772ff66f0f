"""Word counts of LDA-C and UCI, as every driver reads them."""
import numpy as np


def documents(path):
    """For each document a list of (word, count), words as the file names them. LDA-C: `N word:count ...` on a line; UCI: three lines of totals, then
    `document word count`. Documents without tokens are left out."""
    with open(path) as lines:
        rows = [line.split() for line in lines if line.strip()]
    if len(rows) > 3 and all(len(row) == 1 for row in rows[:3]) and ":" not in rows[3][-1]:
        found = {}
        for document, word, count in rows[3:]:
            found.setdefault(document, []).append((word, int(count)))
        found = found.values()
    else:
        found = [[(word, int(count)) for pair in row[1:] for word, count in [pair.split(":")]] for row in rows]
    found = [[(word, count) for word, count in document if count > 0] for document in found]
    return [document for document in found if document]


def tokens(document):
    """Each word as often as it occurs."""
    return [word for word, count in document for _ in range(count)]


def write_texts(path, texts, head):
    """One document a line: its number, `head`, and its words with blanks between."""
    with open(path, "w") as lines:
        for number, words in enumerate(texts):
            lines.write(f"{number} {head} {' '.join(words)}\n")


def part(found, share, seed):
    """Those to learn from and a share of all, rounded, to measure on, drawn at random."""
    order = np.random.default_rng(seed).permutation(len(found))
    held = set(order[: round(share * len(found))].tolist())
    return [d for i, d in enumerate(found) if i not in held], [d for i, d in enumerate(found) if i in held]


def halves(document, random):
    """A document in two: half of its tokens at random, the larger half of an odd number, and the others."""
    words = tokens(document)
    order = random.permutation(len(words))
    cut = (len(words) + 1) // 2
    return [words[i] for i in sorted(order[:cut])], [words[i] for i in sorted(order[cut:])]


def write_lda_c(path, found):
    """Needs words that are numbers, as LDA-C has them."""
    with open(path, "w") as lines:
        for document in found:
            pairs = " ".join(f"{word}:{count}" for word, count in document)
            lines.write(f"{len(document)} {pairs}\n")
