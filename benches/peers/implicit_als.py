#!/usr/bin/env python3
"""Times the Python package `implicit` (0.7.3) on implicit feedback, and tells the loss after each iteration.

The loss is that of `gasworks`: every pair of user and item has a preference, 1 where there is a rating, and a confidence of 1 + alpha * rating
there and 1 elsewhere; computed in float64, exactly, as the sum over ratings and the product of two Gram matrices. `implicit` takes the
confidence of a rating as it stands in its matrix, so the matrix holds 1 + alpha * rating, and its own alpha is 1.
With --factors it also computes the loss of factors that `gasworks als --implicit -o x.npy` wrote (x.users.npy and x.items.npy): by the
same code as those of `implicit`. Rows of such files are by ascending id, as they are here.

  OPENBLAS_NUM_THREADS=1 python3 implicit_als.py ratings.tsv --rank 64 --solver cg --iterations 5
"""
import argparse
import json

import numpy as np
import scipy.sparse as sparse


def loss(x, y, ratings, alpha, regularization):
    """Hu, Koren, Volinsky 2008, equation 3, with lambda times the squared length of each row."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    total = np.sum((x.T @ x) * (y.T @ y)) + regularization * (np.sum(x * x) + np.sum(y * y))
    coo = ratings.tocoo()
    for start in range(0, coo.nnz, 1 << 20):
        part = slice(start, start + (1 << 20))
        product = np.einsum("ij,ij->i", x[coo.row[part]], y[coo.col[part]])
        confidence = 1 + alpha * coo.data[part].astype(np.float64)
        total += np.sum(confidence * (1 - product) ** 2 - product**2)
    return float(total)


def read(path):
    """A table of users and items, by ascending id; of a file that was read before (scipy.sparse.save_npz) at once."""
    if path.endswith(".npz"):
        return sparse.load_npz(path)
    table = np.loadtxt(path, dtype=np.float64, delimiter="\t")
    users, user = np.unique(table[:, 0].astype(np.int64), return_inverse=True)
    items, item = np.unique(table[:, 1].astype(np.int64), return_inverse=True)
    shape = (len(users), len(items))
    return sparse.csr_matrix((table[:, 2].astype(np.float32), (user, item)), shape)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ratings", help="user, item and rating on each line, separated by tabs; or .npz")
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--solver", choices=["cholesky", "cg"], default="cg")
    parser.add_argument("--steps", type=int, default=3, help="of conjugate gradients")
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--alpha", type=float, default=1.0)
    parser.add_argument("--regularization", type=float, default=0.05)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--factors", help="x of x.users.npy and x.items.npy: only their loss is told")
    arguments = parser.parse_args()

    ratings = read(arguments.ratings)
    shape = ratings.shape
    weight = (arguments.alpha, arguments.regularization)

    if arguments.factors:
        x, y = (np.load(f"{arguments.factors}.{side}.npy") for side in ("users", "items"))
        print(json.dumps({"factors": arguments.factors, "loss": loss(x, y, ratings, *weight)}))
        return

    import implicit

    model = implicit.cpu.als.AlternatingLeastSquares(
        factors=arguments.rank,
        regularization=arguments.regularization,
        alpha=1.0,
        use_cg=arguments.solver == "cg",
        iterations=arguments.iterations,
        num_threads=arguments.threads,
        random_state=0,
    )
    model.cg_steps = arguments.steps
    # As gasworks begins: normal numbers of standard deviation 0.1 / sqrt(rank).
    random = np.random.default_rng(0)
    for name, rows in zip(("user_factors", "item_factors"), shape):
        start = random.normal(0, 0.1 / np.sqrt(arguments.rank), (rows, arguments.rank))
        setattr(model, name, start.astype(np.float32))
    seconds, losses = [], []

    def look(_, elapsed, __):
        seconds.append(elapsed)
        losses.append(loss(model.user_factors, model.item_factors, ratings, *weight))

    confidence = ratings.copy()
    confidence.data = 1 + np.float32(arguments.alpha) * confidence.data
    model.fit(confidence, show_progress=False, callback=look)
    name = f"implicit {implicit.__version__} {arguments.solver}, rank {arguments.rank}"
    print(json.dumps({"bench": name, "threads": arguments.threads, "runs": len(seconds),
                      "min_seconds": min(seconds), "median_seconds": float(np.median(seconds))}))
    print(json.dumps({"bench": f"{name}: loss", "after_each_sweep": losses}))


if __name__ == "__main__":
    main()
