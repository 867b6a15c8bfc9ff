"""What the peers on Node and Bun are made of: npm's packages, pinned by the lock file in each peer's own folder."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

INSTALL_SECONDS: Final = 300


class PeerUnavailable(RuntimeError):
    """A peer cannot be installed here; the text says what is missing."""


def install_packages(folder: Path, name: str) -> None:
    """Run `npm ci` in a folder, unless exactly its lock file has been installed. Raises PeerUnavailable."""
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    installed = folder / "node_modules" / ".installed"
    if installed.exists() and installed.read_text() == wanted:
        return
    npm = find_program("npm", name)
    try:
        done = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise PeerUnavailable(f"{name}: `npm ci` in {folder} took more than {INSTALL_SECONDS} s") from None
    if done.returncode != 0:
        raise PeerUnavailable(
            f"{name}: `npm ci` in {folder} failed. It needs the network, or a registry in npm's settings, once:\n"
            f"{(done.stdout + done.stderr)[-2000:]}"
        )
    installed.write_text(wanted)


def find_program(program: str, name: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise PeerUnavailable(
            f"{name} needs `{program}` on the PATH (Node.js 20 or newer; Debian: apt install nodejs npm)"
        )
    return path


def pinned_versions(folder: Path, packages: Iterable[str]) -> str:
    pinned = json.loads((folder / "package.json").read_text())["dependencies"]
    return ", ".join(f"{package} {pinned[package]}" for package in packages)
