#!/usr/bin/env python3
"""Sums up the simulations of a sensor: how its frequency moves with temperature and with the number of inverters.

Reads a CSV with one row a simulation: the parameters `inverters` and `temp` (degC), which the rows differ in, and the
measured `freq` (Hz). Writes out.json:

    simulations         rows in the file
    missing             rows without a frequency: their simulation did not end well. Nothing below counts them
    spread              highest / lowest frequency, over all inverter counts and temperatures
    temperature_spread  highest / lowest frequency over temperature, of the ring where this is largest
    stage_delay_s       delay of one inverter at the middle temperature: slope of the period over 2 x inverters
    sensor_error_degc   largest error of a thermometer made of one ring, see below

A thermometer is calibrated at the lowest and the highest temperature. In between it takes ln(frequency) times the
absolute temperature to be linear in temperature, as it nearly is while transistors work below their threshold; the
error is what it reads wrong at the temperatures between.

A figure that the rows cannot give (one temperature, one inverter count) is left out of out.json: asking for it is then
an error, where a zero would look like a measurement.

Exit status: 0 done, 2 unusable input.
"""

import argparse
import csv
import json
import math
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

ZERO_CELSIUS_IN_KELVIN = 273.15
PARAMETERS = ("inverters", "temp")
FREQUENCY = "freq"


class BadInput(ValueError):
    """Input that nothing can be computed from."""


@dataclass(frozen=True)
class Simulation:
    """One measured ring."""

    inverters: int
    temp: float
    freq: float


def read_simulations(path: Path) -> tuple[list[Simulation], int]:
    """Returns the simulations with a frequency, and how many rows have none."""
    found: list[Simulation] = []
    missing = 0
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        columns = rows.fieldnames or []
        for column in (*PARAMETERS, FREQUENCY):
            if column not in columns:
                raise BadInput(f"{path}: no column `{column}` (it has {', '.join(columns) or 'none'})")
        for row in rows:
            simulation = read_row(row, f"{path}:{rows.line_num}")
            if simulation is None:
                missing += 1
            else:
                found.append(simulation)
    if not found:
        raise BadInput(f"{path}: none of {missing} rows has a frequency")
    places = [(simulation.inverters, simulation.temp) for simulation in found]
    if len(set(places)) != len(places):
        raise BadInput(f"{path}: two rows have the same inverters and temp; they differ in another parameter")
    return found, missing


def read_row(row: dict[str, Optional[str]], place: str) -> Optional[Simulation]:
    """Returns the row's simulation, or nothing if it has no frequency."""
    if not row[FREQUENCY]:
        return None
    try:
        simulation = Simulation(int(row["inverters"] or ""), float(row["temp"] or ""), float(row[FREQUENCY] or ""))
    except ValueError as err:
        raise BadInput(f"{place}: {err}") from None
    if not (math.isfinite(simulation.freq) and simulation.freq > 0):
        raise BadInput(f"{place}: a frequency of {row[FREQUENCY]} Hz")
    return simulation


def group(simulations: list[Simulation], key: Callable[[Simulation], float]) -> dict[float, list[Simulation]]:
    """Groups simulations by a key, in its order."""
    groups: dict[float, list[Simulation]] = {}
    for simulation in sorted(simulations, key=lambda s: (key(s), s.inverters, s.temp)):
        groups.setdefault(key(simulation), []).append(simulation)
    return groups


def spread(simulations: list[Simulation]) -> float:
    """Returns highest / lowest frequency."""
    frequencies = [simulation.freq for simulation in simulations]
    return max(frequencies) / min(frequencies)


def stage_delay(simulations: list[Simulation]) -> Optional[float]:
    """Returns the least-squares slope of the period over 2 x inverters: what one inverter adds, in seconds."""
    if len(simulations) < 2:
        return None
    transitions = [2 * simulation.inverters for simulation in simulations]
    periods = [1 / simulation.freq for simulation in simulations]
    mean_transitions, mean_period = statistics.fmean(transitions), statistics.fmean(periods)
    above = sum((x - mean_transitions) * (y - mean_period) for x, y in zip(transitions, periods))
    return above / sum((x - mean_transitions) ** 2 for x in transitions)


def sensor_error(ring: list[Simulation]) -> Optional[float]:
    """Returns a ring's largest error as a thermometer, in degC; nothing with fewer than three temperatures."""
    ring = sorted(ring, key=lambda simulation: simulation.temp)
    if len(ring) < 3:
        return None
    readings = [math.log(simulation.freq) * (simulation.temp + ZERO_CELSIUS_IN_KELVIN) for simulation in ring]
    span = readings[-1] - readings[0]
    if span == 0:
        return None
    degc_per_reading = (ring[-1].temp - ring[0].temp) / span
    return max(
        abs(ring[0].temp + (reading - readings[0]) * degc_per_reading - simulation.temp)
        for simulation, reading in zip(ring[1:-1], readings[1:-1])
    )


def largest(values: list[Optional[float]]) -> Optional[float]:
    """Returns the largest of the values that are there."""
    return max((value for value in values if value is not None), default=None)


def summarize(simulations: list[Simulation], missing: int) -> dict[str, float]:
    """Returns all figures that the simulations can give."""
    rings = list(group(simulations, lambda s: s.inverters).values())
    by_temperature = group(simulations, lambda s: s.temp)
    middle = list(by_temperature)[len(by_temperature) // 2]
    figures: dict[str, Optional[float]] = {
        "simulations": len(simulations) + missing,
        "missing": missing,
        "spread": spread(simulations),
        "temperature_spread": largest([spread(ring) for ring in rings]),
        "stage_delay_s": stage_delay(by_temperature[middle]),
        "sensor_error_degc": largest([sensor_error(ring) for ring in rings]),
    }
    return {name: value for name, value in figures.items() if value is not None}


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description="Sum up the simulations of a sensor")
    parser.add_argument("rows", type=Path, metavar="ROWS.CSV", help="one row a simulation")
    parser.add_argument("--out", type=Path, default=Path("out.json"), metavar="FILE", help="summary (out.json)")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Writes the summary; returns the exit status."""
    args = arguments(argv)
    try:
        figures = summarize(*read_simulations(args.rows))
        args.out.write_text(json.dumps(figures, indent=2) + "\n")
    except (BadInput, OSError) as err:
        print(f"process.py: error: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
