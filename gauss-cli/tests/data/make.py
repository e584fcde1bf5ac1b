"""The files that other programs write and tests/formats.rs reads: python make.py, with polars,
pyarrow and numpy. Both Parquet files hold the same table; polars packs it by zstd of its own
accord, pyarrow is told to, in pages of the second version."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
ROWS = 500

table = {
    "real": [k / 7 for k in range(ROWS)],
    "single": np.arange(ROWS, dtype=np.float32) / 8,
    "whole": [k * 10**9 for k in range(ROWS)],
    "small": np.arange(ROWS).astype(np.int8),
    "unsigned": np.uint64(2**64 - 1) - np.arange(ROWS, dtype=np.uint64) * np.uint64(2048),
    "flag": [k % 3 == 0 for k in range(ROWS)],
    "holes": [None if k % 5 == 0 else float(k) for k in range(ROWS)],
    "city": [None if k % 50 == 7 else ["Oslo", "Rome", "Bonn"][k * k % 3] for k in range(ROWS)],
    "price": [Decimal(k) / 100 for k in range(ROWS)],
    "day": [date(2020, 1, 1)] * ROWS,
    "list": [[k] for k in range(ROWS)],
}

frame = pl.DataFrame(table, schema_overrides={"price": pl.Decimal(10, 2)})
frame.write_parquet(HERE / "polars.parquet")
price = pa.array(table["price"], pa.decimal128(10, 2))
arrow = pa.table({**table, "price": price})
pq.write_table(arrow, HERE / "arrow.parquet", compression="zstd", data_page_version="2.0")

array = np.arange(12).reshape(4, 3)
np.save(HERE / "rows.npy", array.astype(">i2"))
np.save(HERE / "columns.npy", np.asfortranarray(array / 8, dtype=np.float32))
