"""Tables: CSV with a header, comma-separated numbers."""

import numpy as np


def read(path):
    """The rows, [n, d]."""
    return np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)


def read_header(path):
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\r\n")


def write(path, header, rows):
    """Seventeen digits: every double reads back to the same bits."""
    np.savetxt(path, rows, fmt="%.17g", delimiter=",", header=header, comments="")
