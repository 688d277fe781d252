"""Makes a virtual environment with pip, also where the system's Python came without venv's pip.

Debian ships python3 without ensurepip: then pip itself is taken from the package index, as a wheel
that is run from the archive. Usage: python3 .ci/venv.py DIR
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path


def main(target: Path) -> int:
    """Exit code 0 with a working environment in `target`."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may have an older one
        print(f"burndeck needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        print("  Run make with PYTHON=python3.12 (or wherever a newer one is).", file=sys.stderr)
        return 1
    made = subprocess.run([sys.executable, "-m", "venv", str(target)], capture_output=True, text=True)
    if made.returncode == 0:
        return 0
    print("This Python has no ensurepip; taking pip from the package index.", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(target)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download_pip(Path(folder))
        subprocess.run(
            [str(target / "bin" / "python"), f"{wheel}/pip", "install", "--quiet", str(wheel)], check=True
        )
    return 0


def _download_pip(folder: Path) -> Path:
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    accept = {"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5"}
    with urllib.request.urlopen(urllib.request.Request(index, headers=accept), timeout=60) as answer:
        body, kind = answer.read().decode(), answer.headers.get_content_type()
    if kind.endswith("json"):
        links = [file["url"] for file in json.loads(body)["files"]]
    else:
        links = re.findall(r'href="([^"#]+)', body)
    wheels = {
        tuple(map(int, match[1].split("."))): urllib.parse.urljoin(index, link)
        for link in links
        if (match := re.search(r"/pip-([0-9.]+)-py3-none-any\.whl$", link.split("?")[0]))
    }
    if not wheels:
        raise SystemExit(f"no pip found at {index}; install python3-venv and run make again")
    link = wheels[max(wheels)]
    path = folder / Path(urllib.parse.urlsplit(link).path).name
    with urllib.request.urlopen(link, timeout=120) as answer:
        path.write_bytes(answer.read())
    return path


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
