"""The interpreter, the packages and their linear algebra, as JSON."""

import importlib.metadata
import json
import platform
import sys

import numpy  # noqa: F401 - loads the library that threadpoolctl describes
import threadpoolctl

packages = {}
for line in open(sys.argv[1], encoding="utf-8"):
    name, pinned, _ = line.partition("==")
    if pinned:
        packages[name.strip()] = importlib.metadata.version(name.strip())
blas = [
    f"{library['internal_api']} {library['version']}, {library.get('architecture', 'unknown')}"
    for library in threadpoolctl.threadpool_info()
    if library["user_api"] == "blas"
]
print(json.dumps({"python": platform.python_version(), "packages": packages, "blas": blas}))
