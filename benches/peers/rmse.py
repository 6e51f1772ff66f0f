"""The error of predictions in files, by one piece of code for every program."""
import numpy as np


def pairs(path):
    """User, item and value of each line of a table, as float64, separated by tabs or blanks."""
    return np.loadtxt(path, dtype=np.float64, usecols=(0, 1, 2), ndmin=2)


def rmse(test, predicted):
    """`test` is a table of user, item and rating; `predicted` has a value for each of its rows, in their order. Not clipped."""
    errors = test[:, 2] - predicted
    if not np.all(np.isfinite(errors)):
        raise ValueError("a prediction is missing or not finite")
    return float(np.sqrt(np.mean(errors**2)))
