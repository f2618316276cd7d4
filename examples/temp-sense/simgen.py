#!/usr/bin/env python3
"""Writes the ngspice deck of one simulation: a ring at one supply, temperature and process corner.

The deck measures the ring while it oscillates and prints what it found, one line each:

    METRIC freq_hz ...              mean frequency of the second and third period
    METRIC power_w ...              mean power drawn from the supply over these periods
    METRIC energy_per_cycle_j ...   power / frequency
    METRIC swing_v ...              highest minus lowest output voltage over these periods

ngspice's exit status says little (it is 0 when a measurement found nothing): a run is good if all four are there and
are numbers.

Stop time and time step follow `--td`, a guess of the delay of one inverter: six periods are simulated, in steps of a
quarter of that delay or less. A guess that is too low (by 1.9 or more) ends the run before the ring has oscillated; one
that is too high leaves too few steps for each edge, which makes the ring slower than it is: 1 % at two steps, 15 % at
less than one. Both show, and a better guess mends both.

Exit status: 0 done, 2 bad arguments.
"""

import argparse
import math
import re
import sys
from pathlib import Path

PERIODS = 6
STEPS_PER_DELAY = 4
FIRST_RISE = 2  # the first period is left out: the ring is still starting
LAST_RISE = 4

SWITCHES = "design.ngspice"
LIBRARY = "sm141064.ngspice"

DECK = """\
* ring oscillator, {inverters} inverters at {vdd:g} V, {temp:g} degC, corner {corner}
.include "{models}/{switches}"
.lib "{models}/{library}" {corner}
.include "{netlist}"
.temp {temp:g}
Vdd vdd 0 {vdd:g}
X1 out vdd 0 ring
* Without `uic` the operating point is found with the output held low, which starts the ring at once.
.ic v(out)=0
.options reltol=1e-3
.tran {step:.6g} {stop:.6g}
.control
run
if length(time) < 50
  echo "STAGE_ERROR the simulation ended early"
  quit 2
end
meas tran first WHEN v(out)={half:g} RISE={first_rise}
meas tran last WHEN v(out)={half:g} RISE={last_rise}
meas tran current AVG i(vdd) FROM=$&first TO=$&last
meas tran swing PP v(out) FROM=$&first TO=$&last
let freq = {periods}/(last-first)
let power = -current*{vdd:g}
let energy = power/freq
echo "METRIC freq_hz $&freq"
echo "METRIC power_w $&power"
echo "METRIC energy_per_cycle_j $&energy"
echo "METRIC swing_v $&swing"
quit 0
.endc
.end
"""


class BadArgument(ValueError):
    """An argument that no deck can be made from."""


def positive(text: str) -> float:
    """Parses a finite number above zero."""
    value = finite(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def finite(text: str) -> float:
    """Parses a finite number."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number")
    return value


def check_netlist(path: Path) -> None:
    """Refuses a netlist without the ring: ngspice would only say that no simulation ran."""
    if not re.search(r"^\.subckt\s+ring\s", path.read_text(), re.IGNORECASE | re.MULTILINE):
        raise BadArgument(f"{path} has no subcircuit `ring`")


def check_corner(library: Path, corner: str) -> None:
    """Refuses a corner that the library lacks, for the same reason."""
    corners = re.findall(r"^\.lib\s+(\w+)\s*$", library.read_text(errors="replace"), re.IGNORECASE | re.MULTILINE)
    if corner.lower() not in (name.lower() for name in corners):
        raise BadArgument(f"{library} has no corner `{corner}` (it has {', '.join(corners)})")


def deck(args: argparse.Namespace) -> str:
    """Returns the deck's text."""
    period = 2 * args.ninv * args.td
    return DECK.format(
        inverters=args.ninv,
        vdd=args.vdd,
        half=args.vdd / 2,
        temp=args.temp,
        corner=args.corner,
        models=args.models,
        switches=SWITCHES,
        library=LIBRARY,
        netlist=args.netlist,
        step=args.td / STEPS_PER_DELAY,
        stop=period * PERIODS,
        first_rise=FIRST_RISE,
        last_rise=LAST_RISE,
        periods=LAST_RISE - FIRST_RISE,
    )


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description="Write the ngspice deck of one ring simulation")
    parser.add_argument("--netlist", type=Path, required=True, metavar="FILE", help="has the subcircuit `ring`")
    parser.add_argument("--models", type=Path, required=True, metavar="DIR", help=f"folder of {SWITCHES} and {LIBRARY}")
    parser.add_argument("--corner", default="typical", help="section of the model library (typical)")
    parser.add_argument("--vdd", type=positive, required=True, metavar="V", help="supply")
    parser.add_argument("--temp", type=finite, required=True, metavar="DEGC", help="temperature")
    parser.add_argument("--ninv", type=int, required=True, metavar="N", help="number of inverters")
    parser.add_argument("--td", type=positive, required=True, metavar="S", help="guess of one inverter's delay")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="deck to write")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Writes the deck; returns the exit status."""
    args = arguments(argv)
    try:
        if args.ninv < 3:
            raise BadArgument(f"--ninv {args.ninv}: a ring has 3 inverters or more")
        check_netlist(args.netlist)
        check_corner(args.models / LIBRARY, args.corner)
        args.out.write_text(deck(args))
    except (BadArgument, OSError) as err:
        print(f"simgen.py: error: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
