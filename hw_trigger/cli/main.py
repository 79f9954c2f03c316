"""The command line: ``hw-trigger``, a subcommand for each stage.

Exit codes: 0 done, 1 a verification failed, 2 a mistake of the user's (told without a stack trace), 130 interrupted.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import hw_trigger
from hw_trigger.cli.console import Terminal, err, out
from hw_trigger.errors import UserError

EPILOG = (
    "Every command takes overrides of the configuration in Hydra's grammar, for example "
    "`channel=S-1 model=lstm16 quant=w6a8 training.epochs=5 hls.strategy=Latency`. "
    "`hw-trigger config` shows the whole configuration."
)

app = typer.Typer(
    help="From telemetry to a bit-exact anomaly trigger for FPGAs: train (qat), write the HLS project (hls), "
    "prove it bit-exact (csim), see what it costs (report). Or Verilog without a vendor's tools: write it (rtl), simulate it "
    "(rtlsim), synthesize it (synth).",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130
"""Exit code of a command that Ctrl-C ended."""

Overrides = Annotated[
    list[str] | None,
    typer.Argument(help="Overrides of the configuration: key=value, or group=option.", metavar="[KEY=VALUE]..."),
]
ConfigName = Annotated[str, typer.Option("--config-name", help="Primary configuration, without .yaml.")]
ConfigDirectory = Annotated[
    Path | None, typer.Option("--config-dir", help="Directory of configurations instead of ./configs.")
]


ChannelsAndOverrides = Annotated[
    list[str] | None,
    typer.Argument(
        help="Channels or spacecraft, instead of evaluate.channels; and overrides of the configuration.",
        metavar="[CHANNEL]... [KEY=VALUE]...",
    ),
]
RtlOverrides = Annotated[
    list[str] | None,
    typer.Argument(
        help="Channels or spacecraft of a fleet, which then share one engine; and overrides of the configuration.",
        metavar="[CHANNEL]... [KEY=VALUE]...",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Address of a Dask scheduler that runs, tcp://10.0.0.1:8786; its workers share this directory.",
    ),
]


def main() -> None:
    """Run the command line, and turn users' mistakes into a message and exit code 2."""
    try:
        app(prog_name="hw-trigger")
    except UserError as error:
        err.print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("interrupted; the same command goes on from the last checkpoint", markup=False, soft_wrap=True)
        raise


def _load(overrides: list[str] | None, name: str, directory: Path | None) -> Any:
    from hw_trigger.config.compose import load_config

    return load_config(overrides or [], name=name, directory=directory)


def _load_channels(arguments: list[str] | None, name: str, directory: Path | None) -> Any:
    """Load the configuration, with arguments that are no overrides taken as channels."""
    channels = _channels(arguments)
    overrides = [item for item in arguments or [] if item not in channels]
    return _load([*overrides, *([f"evaluate.channels=[{','.join(channels)}]"] if channels else [])], name, directory)


def _channels(arguments: list[str] | None) -> list[str]:
    """Return the arguments that are no overrides."""
    return [item for item in arguments or [] if not ("=" in item or item.startswith("~"))]


def _load_rtl(arguments: list[str] | None, name: str, directory: Path | None) -> tuple[Any, bool]:
    """Load the configuration, and tell whether it is of several channels: those that are named; else it is of one run."""
    from hw_trigger.stages.telemetry import find_channel

    settings = _load_channels(arguments, name, directory)
    fleet = bool(_channels(arguments))
    return (settings if fleet else find_channel(settings)), fleet


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        out.print(hw_trigger.__version__)
        raise typer.Exit


@app.command()
def config(overrides: Overrides = None, config_name: ConfigName = "config", config_dir: ConfigDirectory = None) -> None:
    """Show the whole configuration that the overrides give, as YAML."""
    from hw_trigger.config.compose import to_yaml

    out.print(to_yaml(_load(overrides, config_name, config_dir)), end="", markup=False, soft_wrap=True)


@app.command()
def data(
    overrides: Overrides = None,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the channels of the telemetry with their facts, and flag degenerate ones."""
    from hw_trigger.cli.tables import channel_table
    from hw_trigger.stages.data import run_data

    found = run_data(_load(overrides, config_name, config_dir), Terminal())
    if as_json:
        out.print(json.dumps([dataclasses.asdict(item) for item in found], indent=2), markup=False, soft_wrap=True)
    else:
        out.print(channel_table(found))


@app.command()
def parts(
    name: Annotated[str | None, typer.Argument(help="A part or a board: tell where its figures are from.")] = None,
    overrides: Overrides = None,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
) -> None:
    """List the FPGAs that are known, with what they have; others can be added to the configuration, under parts."""
    from hw_trigger.cli.tables import parts_table, sources_table

    database = _load(overrides, config_name, config_dir).database()
    out.print(parts_table(database) if name is None else sources_table(database.resolve(name).part))


@app.command()
def estimate(
    overrides: Overrides = None,
    *,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="A part or a board instead of hls.part; may be given several times."),
    ] = None,
    design: Annotated[
        Path | None,
        typer.Option(
            help="Estimate this project of hls4ml's stock layers (LSTM, GRU, dense) instead of the run's program."
        ),
    ] = None,
    stock: Annotated[
        bool, typer.Option("--stock", help="Estimate the same network made of hls4ml's stock layers, for comparison.")
    ] = False,
    rtl: Annotated[
        bool, typer.Option("--rtl", help="Estimate the RTL project instead of the HLS one; its cycles are exact.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Estimate DSP, BRAM, LUT, FF, interval and latency, with error bars, before training or synthesis.

    The network is that of the run's bundle; without one, an untrained one of the configured sizes.
    """
    from hw_trigger.cli.tables import estimates_table, layers_table
    from hw_trigger.report.estimate_section import estimate_section
    from hw_trigger.stages.estimate import run_estimate, run_estimate_design

    settings = _load(overrides, config_name, config_dir)
    if rtl:
        _estimate_rtl(settings, part or [], as_json=as_json)
        return
    if design is not None:
        found = run_estimate_design(design, settings, parts=part or ())
    else:
        found = run_estimate(settings, Terminal(), parts=part or (), stock=stock)
    if as_json:
        sections = [estimate_section(item).model_dump(mode="json") for item in found]
        out.print(json.dumps(sections, indent=2), markup=False, soft_wrap=True)
        return
    if len(found) == 1:
        out.print(layers_table(found[0]))
    out.print(estimates_table(found))
    for note in dict.fromkeys(note for item in found for note in item.notes):
        out.print(f"note: {note}", markup=False, soft_wrap=True)


def _estimate_rtl(settings: Any, parts: list[str], *, as_json: bool) -> None:
    """Print the estimate of the configured design in RTL beside each part."""
    from hw_trigger.cli.rtl_tables import rtl_blocks_table, rtl_estimates_table
    from hw_trigger.stages.estimate import run_estimate_rtl

    found = run_estimate_rtl(settings, Terminal(), parts=parts)
    if as_json:
        out.print(json.dumps([item.to_dict() for item in found], indent=2), markup=False, soft_wrap=True)
        return
    out.print(rtl_blocks_table(found[0]))
    out.print(rtl_estimates_table(found))


@app.command()
def explore(
    overrides: Overrides = None,
    *,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    fit: Annotated[
        str | None,
        typer.Option("--fit", help="Find the best design: 'part=xc7z020 latency<100us dsp<50% minimize=interval'."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", help="Address of a Dask scheduler that runs: tcp://10.0.0.1:8786.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes of the local cluster; one a core.")
    ] = None,
    dashboard: Annotated[
        str | None, typer.Option("--dashboard", help="Address of Dask's web page, as :8787; by default there is none.")
    ] = None,
) -> None:
    """Sweep over designs with the estimator: table, Pareto front, and the best one, reports/explore-<name>.

    Exits with 1 if no design meets --fit. A sweep that was interrupted goes on.
    """
    from hw_trigger.stages.explore import run_explore
    from hw_trigger.stages.telemetry import choose_channel

    terminal = Terminal()
    settings = _load(overrides, config_name, config_dir)
    if settings.explore.accuracy != "none":
        settings = choose_channel(settings, terminal)
    found = run_explore(settings, terminal, fit=fit, scheduler=scheduler, workers=workers, dashboard=dashboard)
    if found.answer is not None and found.answer.best is None:
        raise typer.Exit(1)


@app.command()
def evaluate(
    overrides: ChannelsAndOverrides = None,
    *,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    scheduler: Scheduler = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Compute on so many processes, with Dask; without it in this one.")
    ] = None,
) -> None:
    """Compare detectors on many channels: controls, baselines, float, QAT and integer network, reports/evaluate-<name>.

    Exits with 1 if a channel had to be left out. Networks need the bundles of `hw-trigger fleet`, or are left out with
    evaluate.rows. An evaluation that was interrupted goes on.
    """
    from hw_trigger.cli.tables import evaluation_table
    from hw_trigger.stages.evaluate import run_evaluate

    found = run_evaluate(
        _load_channels(overrides, config_name, config_dir), Terminal(), scheduler=scheduler, workers=workers
    )
    out.print(evaluation_table(found.results))
    if found.problems:
        raise typer.Exit(1)


@app.command()
def fleet(
    overrides: ChannelsAndOverrides = None,
    *,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    scheduler: Scheduler = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes of the local cluster; one a core.")
    ] = None,
    dashboard: Annotated[
        str | None, typer.Option("--dashboard", help="Address of Dask's web page, as :8787; by default there is none.")
    ] = None,
) -> None:
    """Train networks for many channels in parallel, and evaluate them: models/<run>, reports/evaluate-<name>.

    Exits with 1 if a channel had to be left out; the others go on. A fleet that was interrupted goes on, and what is trained
    already stays.
    """
    from hw_trigger.cli.tables import evaluation_table
    from hw_trigger.cluster import ClusterSettings
    from hw_trigger.stages.fleet import run_fleet

    settings = _load_channels(overrides, config_name, config_dir)
    found = run_fleet(settings, Terminal(), ClusterSettings(scheduler, workers, dashboard))
    out.print(evaluation_table(found.results))
    if found.problems:
        raise typer.Exit(1)


@app.command()
def firmware(
    overrides: ChannelsAndOverrides = None,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
) -> None:
    """Write one HLS project that serves all channels of a fleet, and prove it for each: hls_projects/firmware-<name>.

    Weights, biases, scaling and threshold are in memories behind ports of the top function, and so is what the trigger remembers:
    the same bitstream computes any channel, whose files (weights/<channel>/*.mem) a host loads. C-simulation runs one executable
    with the files of every channel, and compares each code with the golden model's.

    The bundles are those of `hw-trigger fleet fleet.shared_formats=true`. Exits with 1 if a single code differs, or a channel has
    no bundle. docs/fleet.md tells more.
    """
    from hw_trigger.stages.firmware import run_firmware

    found = run_firmware(_load_channels(overrides, config_name, config_dir), Terminal())
    if found.mismatches or found.missing:
        raise typer.Exit(1)


@app.command()
def qat(overrides: Overrides = None, config_name: ConfigName = "config", config_dir: ConfigDirectory = None) -> None:
    """Train: the float network, autoencoder or classifier, then the quantized one from it. Writes the bundle, models/<run>."""
    from hw_trigger.stages.qat import run_qat
    from hw_trigger.stages.telemetry import choose_channel

    terminal = Terminal()
    run_qat(choose_channel(_load(overrides, config_name, config_dir), terminal), terminal)


@app.command()
def hls(
    overrides: Overrides = None,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    synth: Annotated[
        bool, typer.Option("--synth", help="Run the vendor's synthesis too (Vitis or Vivado HLS on the PATH).")
    ] = False,
) -> None:
    """Write the Vitis or Vivado HLS project of the bundle, hls_projects/<run>.

    With onnx=FILE the network is that of a QONNX file of another origin.
    """
    from hw_trigger.stages.hls import run_hls
    from hw_trigger.stages.telemetry import find_channel

    run_hls(find_channel(_load(overrides, config_name, config_dir)), Terminal(), synth=synth)


@app.command()
def csim(overrides: Overrides = None, config_name: ConfigName = "config", config_dir: ConfigDirectory = None) -> None:
    """Prove the firmware bit-exact: compare PyTorch, ONNX Runtime, qonnx, the golden model and C-simulation.

    Exits with 1 if a single code differs. With onnx=FILE the network is that of a QONNX file of another origin.
    """
    from hw_trigger.stages.csim import run_csim
    from hw_trigger.stages.telemetry import find_channel

    table = run_csim(find_channel(_load(overrides, config_name, config_dir)), Terminal())
    if table.mismatches:
        raise typer.Exit(1)


@app.command()
def rtl(overrides: RtlOverrides = None, config_name: ConfigName = "config", config_dir: ConfigDirectory = None) -> None:
    """Write the whole trigger as Verilog: rtl_projects/<run>, with AXI ports and a page that tells how to use it.

    rtl=small, rtl=fast and rtl=interleaved choose a schedule; rtl.multipliers=N says how many multiplications a cycle there may
    be (0: as many as make it fastest), rtl.channels=C has C streams share one engine. Single products are set with
    +rtl.layers.encoder.state=[64,4], rows and columns a cycle. What was written already is kept with its results.

    `hw-trigger rtl S-1 D-3 A-1` has these channels share one engine, each with its own weights, from the bundles of
    `hw-trigger fleet S-1 D-3 A-1 fleet.shared_formats=true`: rtl_projects/interleaved-<name>. rtlsim and synth take the same
    channels.

    With onnx=FILE the network is that of a QONNX file of another origin. Needs the package's extra, rtl; so do rtlsim and
    synth, and nothing of a vendor.
    """
    from hw_trigger.stages.rtl import run_rtl

    settings, fleet = _load_rtl(overrides, config_name, config_dir)
    run_rtl(settings, Terminal(), fleet=fleet)


@app.command()
def rtlsim(
    overrides: RtlOverrides = None,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    wave: Annotated[
        Path | None, typer.Option("--wave", help="Write the waveform of the first windows: FILE.vcd or FILE.fst.")
    ] = None,
) -> None:
    """Simulate the Verilog cycle by cycle with Verilator: prove it bit-exact, and count its cycles.

    Sends the test data (rtl.windows=N: so many windows of them) back to back, and again with random pauses on every stream, and
    compares every code with the golden model. Cycles of a step, of a window and of the latency are read from the simulation.
    With channels named, each is sent its own test data and compared with its own program.

    Exits with 1 if a single code differs. Needs a C++ compiler.
    """
    from hw_trigger.stages.rtlsim import run_rtlsim

    settings, fleet = _load_rtl(overrides, config_name, config_dir)
    found = run_rtlsim(settings, Terminal(), wave=wave, fleet=fleet)
    if found.table.mismatches:
        raise typer.Exit(1)


@app.command()
def synth(
    overrides: RtlOverrides = None,
    config_name: ConfigName = "config",
    config_dir: ConfigDirectory = None,
    netlist: Annotated[
        bool,
        typer.Option(
            "--netlist", help="Simulate the netlist too on a few windows, and compare it with the golden model."
        ),
    ] = False,
) -> None:
    """Synthesize the Verilog with Yosys: LUT, FF, DSP and memories by block, and the clock that they allow.

    rtl.target=xcup (UltraScale+) and xc7 (7-series): the clock is estimated from the longest path. rtl.target=ecp5: nextpnr
    places and routes for rtl.device at rtl.clock_mhz, tells the clock and packs a bitstream; for small designs.

    Exits with 1 if the netlist computes a single code that differs.
    """
    from hw_trigger.stages.synth import run_synth

    settings, fleet = _load_rtl(overrides, config_name, config_dir)
    found = run_synth(settings, Terminal(), netlist=netlist, fleet=fleet)
    if found.netlist is not None and found.netlist.mismatches:
        raise typer.Exit(1)


@app.command()
def report(overrides: Overrides = None, config_name: ConfigName = "config", config_dir: ConfigDirectory = None) -> None:
    """Write the report, reports/<run>: detection, bit-accuracy, memory, an estimate of the hardware, and what its RTL reaches."""
    from hw_trigger.stages.report import run_report
    from hw_trigger.stages.telemetry import find_channel

    run_report(find_channel(_load(overrides, config_name, config_dir)), Terminal())


@app.command()
def serve(overrides: Overrides = None, config_name: ConfigName = "config", config_dir: ConfigDirectory = None) -> None:
    """Serve the bundles of paths.models over HTTP: scores equal to the firmware's, code for code. Ctrl-C ends it.

    For example all bundles of ./models on port 8000; one of them on another; streams that outlive a restart:

      hw-trigger serve
      hw-trigger serve serve.port=9000 serve.models=P-1-lstm16w50-w8a8
      hw-trigger serve serve.state=state

    Then ask it (http://127.0.0.1:8000/docs shows the whole API):

      curl -s 127.0.0.1:8000/v1/models
      curl -s 127.0.0.1:8000/v1/stream/P-1 --json '{"samples": [[0.1]]}'

    A second variant in the shadow of the first; API keys:

      hw-trigger serve 'serve.experiment={variant: float32, share: 0.1}'
      printf %s SECRET | sha256sum | cut -c-64 > keys
      hw-trigger serve serve.host=0.0.0.0 serve.api_keys=keys

    SIGTERM and Ctrl-C end it in peace: /ready says no, what was accepted is answered, streams are saved. Needs the package's
    extra, serve.
    """
    from hw_trigger.stages.packages import require_packages

    settings = _load(overrides, config_name, config_dir)
    require_packages("hw-trigger serve", ("fastapi", "uvicorn", "prometheus_client", "orjson"), "serve")
    from hw_trigger.service.server import run_server
    from hw_trigger.service.settings import read_settings

    run_server(read_settings(settings.serve), settings.paths.models, Terminal())


@app.command()
def run(overrides: Overrides = None, config_name: ConfigName = "config", config_dir: ConfigDirectory = None) -> None:
    """Run the whole chain: qat, hls, csim, report."""
    from hw_trigger.stages.csim import run_csim
    from hw_trigger.stages.hls import run_hls
    from hw_trigger.stages.preflight import preflight
    from hw_trigger.stages.qat import run_qat
    from hw_trigger.stages.report import run_report
    from hw_trigger.stages.telemetry import choose_channel

    terminal = Terminal()
    settings = choose_channel(_load(overrides, config_name, config_dir), terminal)
    preflight(settings, terminal)
    run_qat(settings, terminal)
    run_hls(settings, terminal, synth=False)
    table = run_csim(settings, terminal)
    run_report(settings, terminal)
    if table.mismatches:
        raise typer.Exit(1)
