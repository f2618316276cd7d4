#!/usr/bin/env python3
"""Writes a golden table from the reports of runs.

    shmoo report RUN --format json > full.json
    scripts/goldens.py --metric run_simulations.freq ... full.json > goldens.csv
    scripts/goldens.py --metric run_simulations.freq ... --keep goldens.csv profile.json > new.csv

Only tasks that passed give rows. Of a run that was filtered, or of a profile, name no metrics of stages that gather
rows: they gathered other cases.

Exit status: 0 done, 1 a metric has no value in any report, 2 bad arguments.
"""

import argparse
import csv
import json
import sys
from decimal import Decimal
from typing import TextIO

COLUMNS = ("metric", "point", "value", "unit")
Rows = dict[tuple[str, str], tuple[str, str]]


def number(value: float) -> str:
    """Returns the shortest text that reads back as the same number, without an exponent between 1e-4 and 1e15."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return text if abs(value) < 1e-4 else f"{Decimal(text):f}"


def read_report(file: TextIO, metrics: list[str]) -> Rows:
    """Returns the rows of the metrics in a report."""
    rows: Rows = {}
    for task in json.load(file)["tasks"]:
        if task["verdict"] != "pass":
            continue
        for name, metric in task["metrics"].items():
            reference = f"{task['stage']}.{name}"
            if reference in metrics:
                value = metric["value"]
                shown = value if isinstance(value, str) else number(value)
                rows[reference, task["point"]] = (shown, metric["unit"] or "")
    return rows


def read_table(path: str) -> Rows:
    """Returns the rows of a golden table."""
    with open(path, newline="") as file:
        return {(row["metric"], row["point"]): (row["value"], row["unit"]) for row in csv.DictReader(file)}


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description="Write a golden table from the reports of runs")
    parser.add_argument("reports", nargs="+", metavar="REPORT.JSON", help="of `shmoo report --format json`")
    parser.add_argument("--metric", action="append", required=True, metavar="STAGE.METRIC", help="may be repeated")
    parser.add_argument("--keep", metavar="TABLE.CSV", help="a table whose other rows are kept")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Writes the table; returns the exit status."""
    args = arguments(argv)
    rows: Rows = read_table(args.keep) if args.keep else {}
    for path in args.reports:
        with open(path) as file:
            rows.update(read_report(file, args.metric))
    missing = set(args.metric) - {metric for metric, _ in rows}
    if missing:
        print(f"goldens.py: error: no value of {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((*key, *rows[key]) for key in sorted(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
