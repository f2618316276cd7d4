#!/usr/bin/env python3
"""Generates an N-stage ring oscillator: its schematic and its layout.

The ring is the sensing element of a temperature sensor: its frequency follows the temperature. Three files come out:

    ring.spice   the schematic, for layout-versus-schematic and for simulation before extraction
    layout.tcl   the layout, as drawing commands that magic runs (technology `demo180`)
    ring.json    what was generated: number of inverters, sizes in micrometres, area in square micrometres

`--inject` plants one known fault in the layout, so that the checks can be checked:

    drc        two shapes thinner than their layer allows
    lvs_open   the wire between the first two inverters is missing
    lvs_short  the output of the second inverter is tied to ground
    lvs_width  one transistor is narrower than its schematic says

Exit status: 0 done, 2 bad arguments.
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

FAULTS = ("none", "drc", "lvs_open", "lvs_short", "lvs_width")

# Everything drawn is a whole number of grid units of 10 nm, the unit of demo180.tech.
UNITS_PER_UM = 100
CONTACT = 36  # side of a contact
CONTACT_TO_GATE = 15
VIA = 40  # side of a via between metal1 and metal2
RAIL = 60  # height of a supply rail
ENDCAP = 24  # poly beyond the diffusion
NARROWING = 20  # what `lvs_width` takes off one transistor


class BadArgument(ValueError):
    """An argument that no ring can be made from."""


@dataclass(frozen=True)
class Ring:
    """What to generate. Lengths are in grid units of 10 nm."""

    inverters: int
    nmos_width: int
    pmos_width: int
    gate_length: int

    def __post_init__(self) -> None:
        if self.inverters < 3 or self.inverters % 2 == 0:
            raise BadArgument(f"--ninv {self.inverters}: a ring oscillates with an odd number of inverters, 3 or more")
        for option, width in (("--wn", self.nmos_width), ("--wp", self.pmos_width)):
            if width < CONTACT + NARROWING:
                raise BadArgument(f"{option} {um(width)}: the least is {um(CONTACT + NARROWING)} um")
        if self.gate_length < 28:
            raise BadArgument(f"--length {um(self.gate_length)}: the shortest gate is 0.28 um long")

    def net(self, stage: int) -> str:
        """Returns the schematic's name for the output of a stage; the last one is the ring's output."""
        stage %= self.inverters
        return "out" if stage == self.inverters - 1 else f"n{stage}"


def um(units: int) -> str:
    """Returns grid units as micrometres, without needless zeros."""
    return f"{units / UNITS_PER_UM:g}"


def schematic(ring: Ring) -> str:
    """Returns the SPICE netlist of the ring."""
    length = f"l={um(ring.gate_length)}u"
    lines = [
        f"* ring oscillator, {ring.inverters} inverters",
        ".subckt inv a y vdd gnd",
        f"Xp y a vdd vdd pfet_03v3 w={um(ring.pmos_width)}u {length}",
        f"Xn y a gnd gnd nfet_03v3 w={um(ring.nmos_width)}u {length}",
        ".ends",
        ".subckt ring out vdd gnd",
    ]
    lines += [f"X{stage} {ring.net(stage - 1)} {ring.net(stage)} vdd gnd inv" for stage in range(ring.inverters)]
    return "\n".join([*lines, ".ends", ""])


@dataclass
class Drawing:
    """The commands that draw a cell, and how far it reaches."""

    commands: list[str] = field(default_factory=list)
    left: int = 0
    bottom: int = 0
    right: int = 0
    top: int = 0

    def paint(self, layer: str, left: int, bottom: int, right: int, top: int) -> None:
        """Paints a rectangle."""
        self.commands.append(f"box {left} {bottom} {right} {top}; paint {layer}")
        self.left, self.right = min(self.left, left), max(self.right, right)
        self.bottom, self.top = min(self.bottom, bottom), max(self.top, top)

    def port(self, number: int, name: str, left: int, bottom: int, right: int, top: int) -> None:
        """Labels metal1 as a port of the cell."""
        self.commands.append(f"box {left} {bottom} {right} {top}; label {name} c m1; port make {number}")

    def area_um2(self) -> float:
        """Returns the area of the box around everything painted."""
        return (self.right - self.left) * (self.top - self.bottom) / UNITS_PER_UM**2

    def script(self) -> str:
        """Returns the commands as a Tcl script."""
        return "\n".join(["drc off", *self.commands, ""])


class Floorplan:
    """Where things lie: rows from the ground rail up, columns one per inverter."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        # Rows. The NMOS row stands above the ground rail, the gate contacts between the two transistor rows.
        self.nmos = 110
        self.nmos_top = self.nmos + ring.nmos_width
        self.gate = self.nmos_top + RAIL
        self.gate_top = self.gate + CONTACT
        self.well = self.gate_top + 20
        self.pmos = self.well + 50
        self.pmos_top = self.pmos + ring.pmos_width
        self.supply = self.pmos_top + 48
        self.well_tap = self.pmos_top + RAIL
        self.well_top = self.pmos_top + 150
        # Columns, from the left edge of an inverter.
        self.source = 10
        self.source_right = self.source + CONTACT
        self.poly = self.source_right + CONTACT_TO_GATE
        self.poly_right = self.poly + ring.gate_length
        self.drain = self.poly_right + CONTACT_TO_GATE
        self.drain_right = self.drain + CONTACT
        self.pitch = ring.gate_length + 172
        self.input = 15

    def column(self, stage: int) -> int:
        """Returns the left edge of an inverter."""
        return stage * self.pitch


def draw_inverter(drawing: Drawing, plan: Floorplan, stage: int, nmos_width: int) -> None:
    """Draws one inverter: its two transistors, their contacts, taps and metal."""
    x = plan.column(stage)
    source, source_right = x + plan.source, x + plan.source_right
    drain, drain_right = x + plan.drain, x + plan.drain_right
    nmos_top = plan.nmos + nmos_width

    drawing.paint("ndiff", source, plan.nmos, drain_right, nmos_top)
    drawing.paint("pdiff", source, plan.pmos, drain_right, plan.pmos_top)
    drawing.paint("poly", x + plan.poly, plan.nmos - ENDCAP, x + plan.poly_right, plan.pmos_top + ENDCAP)
    drawing.paint("poly", x + plan.input, plan.gate, x + plan.poly_right, plan.gate_top)
    for contact, bottom, top in (("ndc", plan.nmos, nmos_top), ("pdc", plan.pmos, plan.pmos_top)):
        drawing.paint(contact, source, bottom, source_right, top)
        drawing.paint(contact, drain, bottom, drain_right, top)
    drawing.paint("pc", x + plan.input, plan.gate, x + plan.input + CONTACT, plan.gate_top)
    # Taps tie the substrate to ground and the well to the supply.
    drawing.paint("psc", source, 12, drain_right, 12 + CONTACT)
    drawing.paint("nsc", source, plan.well_tap, drain_right, plan.well_tap + CONTACT)
    # Metal1: the sources to their rails, the two drains to each other.
    drawing.paint("m1", source, 0, source_right, nmos_top)
    drawing.paint("m1", source, plan.pmos, source_right, plan.supply + RAIL)
    drawing.paint("m1", drain, plan.nmos, drain_right, plan.pmos_top)


def draw_wire(drawing: Drawing, plan: Floorplan, stage: int) -> None:
    """Connects the previous inverter's output to this one's input."""
    left = plan.column(stage - 1) + plan.drain
    drawing.paint("m1", left, plan.gate, plan.column(stage) + plan.input + CONTACT, plan.gate_top)


def draw_feedback(drawing: Drawing, plan: Floorplan) -> None:
    """Connects the last output to the first input, over the ring in metal2."""
    bottom, top = plan.gate - 2, plan.gate_top + 2
    last = plan.column(plan.ring.inverters - 1)
    right = last + plan.drain_right + 62
    drawing.paint("m1", -100, plan.gate, plan.input + CONTACT, plan.gate_top)
    drawing.paint("m1", last + plan.drain, plan.gate, right + VIA - 2, plan.gate_top)
    drawing.paint("m2c", -102, bottom, -102 + VIA, top)
    drawing.paint("m2c", right, bottom, right + VIA, top)
    drawing.paint("m2", -102, bottom, right + VIA, top)


def draw_thin_shapes(drawing: Drawing, plan: Floorplan) -> None:
    """Paints a spur of metal1 and a strip of poly, both thinner than allowed."""
    drawing.paint("m1", plan.source_right, plan.nmos + 20, plan.source_right + 5, plan.nmos + 40)
    drawing.paint("poly", 300, -60, 310, -20)


def draw_short(drawing: Drawing, plan: Floorplan) -> None:
    """Ties the second inverter's output to its NMOS source, which is ground."""
    x = plan.column(1)
    drawing.paint("m1", x + plan.source_right, plan.nmos, x + plan.drain, plan.nmos + 30)


def layout(ring: Ring, fault: str) -> Drawing:
    """Draws the ring, with one fault or none."""
    plan = Floorplan(ring)
    drawing = Drawing()
    for stage in range(ring.inverters):
        narrowed = fault == "lvs_width" and stage == 1
        draw_inverter(drawing, plan, stage, ring.nmos_width - (NARROWING if narrowed else 0))
        if stage > 0 and not (fault == "lvs_open" and stage == 1):
            draw_wire(drawing, plan, stage)
    width = plan.column(ring.inverters)
    drawing.paint("m1", -RAIL, 0, width, RAIL)
    drawing.paint("m1", -RAIL, plan.supply, width, plan.supply + RAIL)
    drawing.paint("nwell", -RAIL, plan.well, width + 20, plan.well_top)
    draw_feedback(drawing, plan)
    if fault == "drc":
        draw_thin_shapes(drawing, plan)
    if fault == "lvs_short":
        draw_short(drawing, plan)

    last = plan.column(ring.inverters - 1)
    drawing.port(1, "out", last + plan.drain, plan.gate, last + plan.drain_right, plan.gate_top)
    drawing.port(2, "vdd", -RAIL, plan.supply, -20, plan.supply + RAIL)
    drawing.port(3, "gnd", -RAIL, 0, -20, RAIL)
    return drawing


def summary(ring: Ring, drawing: Drawing) -> dict[str, float]:
    """Returns what was generated, for the record."""
    return {
        "inverters": ring.inverters,
        "nmos_width_um": ring.nmos_width / UNITS_PER_UM,
        "pmos_width_um": ring.pmos_width / UNITS_PER_UM,
        "gate_length_um": ring.gate_length / UNITS_PER_UM,
        "area_um2": drawing.area_um2(),
    }


def grid_units(text: str) -> int:
    """Parses micrometres into grid units; a length between two grid lines is refused, not rounded."""
    try:
        units = Decimal(text) * UNITS_PER_UM
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"'{text}' is not a length in micrometres") from None
    if not units.is_finite() or units != units.to_integral_value():
        raise argparse.ArgumentTypeError(f"'{text}' is not a multiple of 0.01 um")
    return int(units)


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description="Generate a ring oscillator: schematic, layout script, summary")
    parser.add_argument("--ninv", type=int, required=True, metavar="N", help="number of inverters, odd, 3 or more")
    parser.add_argument("--wn", type=grid_units, default=grid_units("1"), metavar="UM", help="NMOS width (1)")
    parser.add_argument("--wp", type=grid_units, default=grid_units("2"), metavar="UM", help="PMOS width (2)")
    parser.add_argument("--length", type=grid_units, default=grid_units("0.28"), metavar="UM", help="length (0.28)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to, made if missing")
    parser.add_argument("--inject", choices=FAULTS, default="none", help="fault to plant in the layout (none)")
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    """Writes the three files; returns the exit status."""
    args = arguments(argv)
    try:
        ring = Ring(args.ninv, args.wn, args.wp, args.length)
        drawing = layout(ring, args.inject)
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "ring.spice").write_text(schematic(ring))
        (args.out / "layout.tcl").write_text(drawing.script())
        (args.out / "ring.json").write_text(json.dumps(summary(ring, drawing), indent=2) + "\n")
    except (BadArgument, OSError) as err:
        print(f"ringgen.py: error: {err}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
