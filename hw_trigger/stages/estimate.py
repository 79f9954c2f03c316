"""Estimate what a design costs: of the run's bundle, of a network that is not trained yet, or of stock hls4ml layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hw_trigger.config.schema import AUTO_CHANNEL, Config
from hw_trigger.estimate.hls4ml_design import read_design
from hw_trigger.estimate.program import estimate
from hw_trigger.estimate.result import Estimate
from hw_trigger.estimate.rtl.estimate import estimate_rtl
from hw_trigger.estimate.rtl.result import RtlEstimate
from hw_trigger.estimate.stock_estimate import estimate_stock
from hw_trigger.estimate.stock_twin import stock_twin
from hw_trigger.explore.networks import untrained_program
from hw_trigger.fixedpoint.program import Program
from hw_trigger.hls.settings import HlsSettings
from hw_trigger.rtl.design import design
from hw_trigger.rtl.settings import RtlSettings, chosen_schedule
from hw_trigger.stages.reporter import Reporter
from hw_trigger.stages.subject import open_subject
from hw_trigger.stages.telemetry import NoRunError, find_channel


def run_estimate(
    config: Config, reporter: Reporter, *, parts: Sequence[str] = (), stock: bool = False
) -> list[Estimate]:
    """Return the estimate of the configured design on each part; on the configured one where none is named.

    Where there is no bundle, drawn weights stand for trained ones: that is told. With `stock`, the network is estimated as if it
    were made of hls4ml's stock layers.

    Raises
    ------
    UnknownPartError
        A named part is not in the database.
    ReuseFactorError, HlsSettingsError
        The settings do not fit the network.
    BundleError, QonnxError
        The bundle or the QONNX file is damaged.
    """
    database = config.database()
    chosen = [database.resolve(part).full_name for part in parts] or [config.hls.part]
    program, settings, _ = _program(config, reporter)
    targets = [replace(settings, part=part) for part in chosen]
    if stock:
        return [estimate_stock(stock_twin(program, target), parts=database) for target in targets]
    return [estimate(program, target, database) for target in targets]


def run_estimate_rtl(config: Config, reporter: Reporter, *, parts: Sequence[str] = ()) -> list[RtlEstimate]:
    """Return the estimate of the configured design in RTL, held against each part; against ``hls.part`` where none is named.

    Raises
    ------
    UnknownPartError
        A named part is not in the database.
    RtlSettingsError, ScheduleError
        The settings do not fit the network.
    BundleError, QonnxError
        The bundle or the QONNX file is damaged.
    """
    database = config.database()
    program, hls, settings = _program(config, reporter)
    devices = [database.resolve(part).part for part in parts] if parts else [database.find(hls.part)]
    made = design((program,), chosen_schedule(program, settings), with_output=settings.with_output)
    return [estimate_rtl(made, device) for device in devices]


def run_estimate_design(path: Path, config: Config, *, parts: Sequence[str] = ()) -> list[Estimate]:
    """Return the estimate of a project of hls4ml's stock layers on each part; on its own one where none is named.

    Raises
    ------
    StockDesignError
        There is no such project, or it has layers that the estimator does not know.
    UnknownPartError
        A named part is not in the database.
    """
    database = config.database()
    design = read_design(path)
    chosen = [database.resolve(part).full_name for part in parts] or [design.part]
    return [estimate_stock(replace(design, part=part), parts=database) for part in chosen]


def _program(config: Config, reporter: Reporter) -> tuple[Program, HlsSettings, RtlSettings]:
    try:
        config = find_channel(config)
    except NoRunError:
        config = config.model_copy(update={"run": config.run or f"{AUTO_CHANNEL}{config.run_suffix}"})
    if config.onnx is None and not config.bundle_path.is_dir():
        reporter.warn(
            f"there is no bundle {config.bundle_path} yet: drawn weights stand for trained ones, which matters where they are "
            "constants (reuse factor 1)"
        )
        return untrained_program(config.autoencoder(), config.quant), config.hls, config.rtl
    subject = open_subject(config)
    return subject.program, subject.config.hls, subject.config.rtl
