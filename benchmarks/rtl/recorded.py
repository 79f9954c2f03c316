"""Synthesizes the designs that the estimate of RTL is held against, and keeps what Yosys found in the package.

    python -m benchmarks.rtl.recorded                 # all of them, one at a time: about 15 minutes
    python -m benchmarks.rtl.recorded --only NAME ... # those, the others stay as they are
    python -m benchmarks.rtl.recorded --no-synthesis  # compare and fit what is recorded

Prints the estimates beside the recorded figures, each design estimated with constants fitted on the others, and the errors; with
--write it keeps constants and errors too. Designs are described in ``REFERENCES`` and drawn anew each time.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path

from hw_trigger.estimate.rtl import calibration
from hw_trigger.estimate.rtl import errors as error_file
from hw_trigger.estimate.rtl.cross_validation import Comparison, compare_each, errors_of, fit_designs
from hw_trigger.estimate.rtl.recorded import FILE, recorded_designs
from hw_trigger.estimate.rtl.reference import Reference, reference_design
from hw_trigger.estimate.rtl.result import RTL_RESOURCES
from hw_trigger.markdown import markdown_table
from hw_trigger.rtl.schedule_file import to_text
from hw_trigger.rtl.synthesis.synthesis import synthesize
from hw_trigger.rtl.synthesis.targets import Target
from hw_trigger.rtl.top import Top

TARGET = Target.ULTRASCALE_PLUS
PACKAGE = Path(str(files("hw_trigger.estimate.rtl")))
COMMAND = "python -m benchmarks.rtl.recorded"

DEFAULT = Reference("default-64")
REFERENCES = (
    DEFAULT,
    replace(DEFAULT, name="default-6", multipliers=6),
    replace(DEFAULT, name="default-16", multipliers=16),
    replace(DEFAULT, name="default-256", multipliers=256),
    replace(DEFAULT, name="default-64-16ch", channels=16),
    replace(DEFAULT, name="default-256-16ch", multipliers=256, channels=16),
    replace(DEFAULT, name="classifier-32", decoder=(), multipliers=32),
    replace(
        DEFAULT,
        name="w4a6-32x16-error",
        trigger="error",
        weight=4,
        width=6,
        encoder=(32, 16),
        decoder=(16, 32),
        multipliers=128,
    ),
    replace(DEFAULT, name="w8a12-24", width=12, encoder=(8,), latent=4, decoder=(8,), multipliers=24),
    replace(
        DEFAULT, name="features-4ch", n_features=6, encoder=(20,), decoder=(20,), multipliers=160, channels=4, steps=20
    ),
    replace(DEFAULT, name="lstm64-256", encoder=(64,), latent=10, decoder=(64,), steps=100, multipliers=256),
    replace(
        DEFAULT, name="lstm8-parallel-error", trigger="error", encoder=(8,), latent=4, decoder=(8,), multipliers=600
    ),
)


def record(reference: Reference, directory: Path) -> dict[str, object]:
    """Synthesize a design, and return its entry in the file."""
    built = reference_design(reference)
    found = synthesize(Top(built).verilog(), built.name, TARGET, directory / reference.name)
    description = asdict(reference)
    name = description.pop("name")
    print(f"{name}: {found.total} in {found.seconds:.0f} s", flush=True)
    blocks = {block: {k: v for k, v in each.to_dict().items() if v} for block, each in found.blocks.items()}
    schedule = json.loads(to_text(built.schedule))
    return {
        "design": description,
        "schedule": schedule,
        "target": TARGET.value,
        "yosys": found.yosys,
        "command": COMMAND,
        "blocks": blocks,
    }


def main() -> None:
    """Synthesize, compare, and with --write keep what was fitted."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", nargs="*", metavar="NAME", help="synthesize these only")
    arguments.add_argument("--no-synthesis", action="store_true", help="compare what is recorded")
    arguments.add_argument("--write", action="store_true", help="keep the fitted shares and the errors")
    arguments.add_argument("--directory", type=Path, default=Path("build/rtl_recorded"), help="where netlists go")
    chosen = arguments.parse_args()
    if not chosen.no_synthesis:
        chosen.directory.mkdir(parents=True, exist_ok=True)
        wanted = [each for each in REFERENCES if chosen.only is None or each.name in chosen.only]
        synthesize_all(wanted, chosen.directory)
    designs = recorded_designs()
    comparisons = compare_each(designs)
    errors = errors_of(comparisons)
    headings = [f"{name}: {what}" for name in RTL_RESOURCES for what in ("estimated", "recorded", "error")]
    print(markdown_table(["design, kept out of the fit", *headings], [_row(one) for one in comparisons]))
    print(
        markdown_table(
            ["resource", "designs", "median error", "worst error"],
            [[one.resource, str(one.designs), f"{one.median:.1%}", f"{one.worst:.1%}"] for one in errors],
        )
    )
    if chosen.write:
        shares = {
            kind: {name: round(value, 4) for name, value in asdict(share).items()}
            for kind, share in fit_designs(designs).items()
        }
        short = [{name: _short(value) for name, value in asdict(one).items()} for one in errors]
        for name, document in ((calibration.FILE, shares), (error_file.FILE, short)):
            (PACKAGE / name).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
            print(f"wrote {PACKAGE / name}")


def synthesize_all(references: list[Reference], directory: Path) -> None:
    """Synthesize designs, and keep each one's entry as soon as it is there, in the order of ``REFERENCES``."""
    path = PACKAGE / FILE
    entries = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for reference in references:
        entries[reference.name] = record(reference, directory)
        ordered = {each.name: entries[each.name] for each in REFERENCES if each.name in entries}
        path.write_text(json.dumps(ordered, indent=1) + "\n", "utf-8")


def _row(one: Comparison) -> list[str]:
    cells = [one.design]
    for name in RTL_RESOURCES:
        estimated, recorded = getattr(one.estimated, name), getattr(one.recorded, name)
        cells += [f"{estimated:.0f}", f"{recorded:.0f}", f"{estimated / recorded - 1:+.1%}" if recorded else ""]
    return cells


def _short(value: float | str) -> float | str:
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
