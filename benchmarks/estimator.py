"""How far off the estimator is: every recorded design in turn is kept out of the fit, estimated, and compared.

Prints the comparison and, by quantity, the median and the worst error. With --write it fits the constants on all designs and
keeps them and the errors in the package. With --reports it compares the recorded figures with the vendor's reports themselves.

    python benchmarks/estimator.py --reports ../shared/hls_reports
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

from hw_trigger.estimate.cross_validation import compare_each, errors_of
from hw_trigger.estimate.fit import fit, rounded
from hw_trigger.estimate.recorded import Recorded, recorded_designs
from hw_trigger.markdown import markdown_table
from hw_trigger.vendor.find import find_reports
from hw_trigger.vendor.records import SynthesisReport

NAMES = {"c_synthesis": "C-synthesis", "logic": "logic synthesis"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--write", action="store_true", help="keep the fitted constants and the errors")
    arguments.add_argument("--reports", type=Path, metavar="DIR", help="recorded reports, a folder for each design")
    chosen = arguments.parse_args()
    designs = recorded_designs()
    if chosen.reports is not None:
        check(designs, chosen.reports)
    comparisons = compare_each(designs)
    print(
        markdown_table(
            ["design, kept out of the fit", "counted by", "quantity", "estimated", "recorded", "error"],
            [
                [
                    one.design,
                    NAMES[one.counting],
                    one.quantity,
                    f"{one.estimated:.0f}",
                    str(one.recorded),
                    f"{one.ratio - 1:+.1%}",
                ]
                for one in comparisons
            ],
        )
    )
    errors = errors_of(comparisons)
    print(
        markdown_table(
            ["counted by", "quantity", "designs", "median error", "worst error"],
            [
                [NAMES[one.counting], one.quantity, str(one.designs), f"{one.median:.1%}", f"{one.worst:.1%}"]
                for one in errors
            ],
        )
    )
    if chosen.write:
        package = Path(str(files("hw_trigger.estimate")))
        for name, document in (
            ("calibration.json", rounded(fit(designs))),
            ("errors.json", [{**asdict(one), **_short(one.median, one.worst, one.factor)} for one in errors]),
        ):
            (package / name).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
            print(f"wrote {package / name}")


def check(designs: tuple[Recorded, ...], reports: Path) -> None:
    """Compare the recorded figures with the reports that they were read from."""
    for recorded in designs:
        found = find_reports(reports / recorded.design.name)
        if found.synthesis is None:
            raise SystemExit(f"{found.directory} holds no report of C-synthesis")
        measured = figures(found.synthesis, recorded.products)
        if found.logic is not None:
            measured |= {f"logic synthesis {name}": value for name, value in asdict(found.logic.resources).items()}
        wanted = {
            **{f"C-synthesis {name}": value for name, value in recorded.c_synthesis.items()},
            **{f"logic synthesis {name}": value for name, value in recorded.logic.items()},
            **{
                f"{product} {name}": value
                for product, both in recorded.products.items()
                for name, value in both.items()
            },
        }
        wrong = [name for name, value in wanted.items() if measured.get(name) != value]
        if wrong:
            raise SystemExit(f"{recorded.design.name}: not as recorded: {', '.join(wrong)}")
        print(f"{recorded.design.name}: all {len(wanted)} recorded figures are those of its reports")


def figures(synthesis: SynthesisReport, products: Iterable[str]) -> dict[str, float | None]:
    """Return the figures of C-synthesis by name: of the design, and of the modules of its matrix products."""
    design = synthesis.design
    latency, interval = design.performance.latency, design.performance.interval
    return {
        **{f"C-synthesis {name}": value for name, value in asdict(design.resources).items()},
        "C-synthesis latency_cycles": latency.maximum,
        "C-synthesis interval_cycles": interval.maximum,
        **{
            f"{product} {name}": getattr(module.resources, name)
            for product in products
            for module in synthesis.modules
            if module.name.endswith(f"_{product}_s")
            for name in ("dsp", "ff")
        },
    }


def _short(median: float, worst: float, factor: float) -> dict[str, float]:
    return {name: round(value, 4) for name, value in (("median", median), ("worst", worst), ("factor", factor))}


if __name__ == "__main__":
    main()
