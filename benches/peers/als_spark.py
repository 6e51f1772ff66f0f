#!/usr/bin/env python3
"""Compares `gasworks als` with the ALS of Spark MLlib (PySpark, local mode) on explicit ratings: seconds an iteration, and the test RMSE.

Both multiply lambda by the number of a row's ratings, subtract nothing and begin at random. Seconds an iteration of Spark are the
difference of two fits of few and many iterations in one warm JVM, divided by the difference of the iterations; those of gasworks are its
own account of computing, divided by the iterations. Predictions of both for the test pairs are judged by rmse.py. Starts differ, so each
may be given the iterations that it needs for equal errors.

  python3 als_spark.py train.tsv test.tsv --gasworks target/release/gasworks --threads 2
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np

from rmse import pairs, rmse


def spark(arguments, test):
    from pyspark.ml.recommendation import ALS
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master(f"local[{arguments.threads}]")
        .config("spark.driver.memory", arguments.memory)
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", str(2 * arguments.threads))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    schema = "user int, item int, rating float"
    read = lambda path: session.read.csv(path, sep="\t", schema=schema)
    train = read(arguments.train).repartition(2 * arguments.threads).cache()
    train.count()

    def fit(iterations):
        als = ALS(rank=arguments.rank, maxIter=iterations, regParam=arguments.regularization, seed=0,
                  userCol="user", itemCol="item", ratingCol="rating",
                  numUserBlocks=2 * arguments.threads, numItemBlocks=2 * arguments.threads)
        start = time.perf_counter()
        model = als.fit(train)
        return time.perf_counter() - start, model

    fit(2)
    few = min(fit(2)[0] for _ in range(2))
    many, model = fit(arguments.iterations)
    rows = model.transform(read(arguments.test)).select("user", "item", "prediction").collect()
    predicted = {(row.user, row.item): row.prediction for row in rows}
    values = np.array([predicted[int(user), int(item)] for user, item, _ in test])
    session.stop()
    # Nobody can predict for who is not in the training ratings.
    return (many - few) / (arguments.iterations - 2), np.where(np.isfinite(values), values, np.nan)


def gasworks(arguments, test):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model, predicted = str(folder / "model"), str(folder / "predicted")
        command = [arguments.gasworks, "als", arguments.train, "--rank", str(arguments.rank), "--lambda",
                   str(arguments.regularization), "--offset", "none", "--iterations", str(arguments.gasworks_iterations),
                   "--threads", str(arguments.threads), "--holdout", "0", "--model", model, "--json"]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        done = json.loads(out.splitlines()[-1])
        subprocess.run([arguments.gasworks, "predict", model, arguments.test, "--no-clip", "--output", predicted, "-q"], check=True)
        told = pairs(predicted)
        assert np.array_equal(told[:, :2], test[:, :2]), "predictions in the order of the pairs"
        return done["seconds"] / done["iterations"], told[:, 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", help="user, item and rating on each line, separated by tabs; ids are integers")
    parser.add_argument("test")
    parser.add_argument("--gasworks", required=True)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--regularization", type=float, default=0.05)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--gasworks-iterations", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="8g", help="of the JVM")
    arguments = parser.parse_args()
    test = pairs(arguments.test)
    found = {"Spark": spark(arguments, test), "gasworks": gasworks(arguments, test)}
    known = np.isfinite(found["Spark"][1])
    for name, (seconds, values) in found.items():
        error = rmse(test[known], values[known])
        print(json.dumps({"bench": f"{name} explicit ALS, rank {arguments.rank}", "threads": arguments.threads,
                          "seconds_an_iteration": seconds, "test_rmse": error, "judged": int(known.sum())}))
    iterations = {"Spark": arguments.iterations, "gasworks": arguments.gasworks_iterations}
    seconds = {name: found[name][0] * iterations[name] for name in found}
    print(json.dumps({"times_an_iteration": found["Spark"][0] / found["gasworks"][0],
                      "times_in_all": seconds["Spark"] / seconds["gasworks"]}))


if __name__ == "__main__":
    main()
