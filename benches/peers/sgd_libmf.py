#!/usr/bin/env python3
"""Compares `gasworks sgd` with LIBMF's `mf-train` on the same ratings: seconds an epoch, and the test RMSE after some epochs.

Both run as whole processes, each with a pass for errors after each epoch (gasworks: on training and test ratings; LIBMF: on test ratings,
with the errors of the training ratings summed up on the way). Seconds an epoch are the difference of two runs with few and with many
epochs, divided by the difference of the epochs, so that reading and writing files count for nobody; the least of --runs. Predictions of
both for the test pairs are judged by rmse.py.

  python3 sgd_libmf.py train.tsv test.tsv --mf-train libmf/mf-train --mf-predict libmf/mf-predict --gasworks target/release/gasworks
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np

from rmse import pairs, rmse


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", help="user, item and rating on each line, separated by tabs; ids are integers from 0")
    parser.add_argument("test")
    parser.add_argument("--mf-train", required=True)
    parser.add_argument("--mf-predict", required=True)
    parser.add_argument("--gasworks", required=True)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--epochs", default="5,10,20", help="after which errors are told")
    parser.add_argument("--between", default="5,25", help="the two numbers of epochs whose times are subtracted")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--libmf-options", default="-l2 0.05 -r 0.05")
    parser.add_argument("--gasworks-options", default="--offset mean --learning-rate 0.065 --decay 0.8 --lambda 0.045")
    arguments = parser.parse_args()
    few, many = (int(epochs) for epochs in arguments.between.split(","))

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model, predicted = str(folder / "model"), str(folder / "predicted")

        def libmf(epochs, threads):
            options = arguments.libmf_options.split()
            sizes = ["-k", str(arguments.rank), "-t", str(epochs), "-s", str(threads)]
            return [arguments.mf_train, "-f", "0", *sizes, *options, "-p", arguments.test, arguments.train, model]

        def gasworks(epochs, threads):
            options = arguments.gasworks_options.split()
            sizes = ["--rank", str(arguments.rank), "--iterations", str(epochs), "--threads", str(threads)]
            files = [arguments.train, "--test", arguments.test, "--model", model]
            return [arguments.gasworks, "sgd", *files, *sizes, *options, "-q"]

        programs = {"LIBMF": libmf, "gasworks": gasworks}
        for threads in arguments.threads.split(","):
            best = dict.fromkeys(programs, float("inf"))
            for _ in range(arguments.runs):
                for name, command in programs.items():
                    found = seconds(command(many, threads)) - seconds(command(few, threads))
                    best[name] = min(best[name], found / (many - few))
            for name in programs:
                bench = f"{name} epoch with errors, rank {arguments.rank}"
                print(json.dumps({"bench": bench, "threads": int(threads), "runs": arguments.runs, "min_seconds": best[name]}))
            print(json.dumps({"times": best["LIBMF"] / best["gasworks"], "threads": int(threads)}), flush=True)

        test = pairs(arguments.test)
        for epochs in arguments.epochs.split(","):
            seconds(libmf(epochs, 1))
            seconds([arguments.mf_predict, arguments.test, model, predicted])
            of_libmf = rmse(test, np.loadtxt(predicted, dtype=np.float64))
            seconds(gasworks(epochs, 1))
            seconds([arguments.gasworks, "predict", model, arguments.test, "--no-clip", "--output", predicted, "-q"])
            told = pairs(predicted)
            assert np.array_equal(told[:, :2], test[:, :2]), "predictions in the order of the pairs"
            of_gasworks = rmse(test, told[:, 2])
            print(json.dumps({"test_rmse_after": int(epochs), "LIBMF": of_libmf, "gasworks": of_gasworks}), flush=True)


if __name__ == "__main__":
    main()
