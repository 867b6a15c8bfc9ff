"""Compiling the C of the benchmarks into the machine's cache, once for each state of a file."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path


def compiled(source: Path, *options: str) -> Path:
    """Return what the system's compiler makes of a file with these options."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        sys.exit("The benchmarks need a C compiler (Debian: apt install gcc libc6-dev).")
    state = source.read_bytes() + " ".join((sysconfig.get_platform(), *options)).encode()
    name = f"parley-{source.stem}-{os.getuid()}-{hashlib.sha256(state).hexdigest()[:16]}"
    built = Path(tempfile.gettempdir()) / name
    if not built.exists():
        with tempfile.TemporaryDirectory() as directory:
            fresh = Path(directory) / name
            subprocess.run([compiler, "-O2", "-Wall", "-Wextra", *options, "-o", str(fresh), str(source)], check=True)
            shutil.move(fresh, built)
    return built
