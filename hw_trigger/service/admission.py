"""What a bundle must be before it is read at all: whoever can write into the directory of models must not bring the service down.

Reading a bundle checks hashes and the network itself (:mod:`hw_trigger.bundle.bundle`), but a hash tells damage, not intent.
Here are limits on what reading may cost: plain files of bounded sizes inside the bundle, a YAML text and weights that cannot
unfold, and an ONNX file whose graph is of the operators that a bundle's network has, and computes nothing of constants alone, as
arithmetic on constants can make tensors of any size.
"""

from __future__ import annotations

import io
import math
import stat
import zipfile
from pathlib import Path

import onnx
import yaml
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto

from hw_trigger.bundle.bundle import CONFIG, FLOAT_WEIGHTS, MANIFEST, NETWORK, Bundle, read_checked
from hw_trigger.bundle.manifest import BundleError, from_text
from hw_trigger.config.schema import Config
from hw_trigger.models.spec import Architecture
from hw_trigger.qonnx.contract import QONNX_DOMAIN, TRIGGER_DOMAIN
from hw_trigger.stages.bundles import open_bundle

MANIFEST_BYTES = 1 << 20
"""Most of a manifest, and of a configuration."""

FILE_BYTES = 1 << 26
"""Most of any file of a bundle."""

FILES = 64
"""Most files of a bundle."""

PARAMETERS = 1 << 22
"""Most values of an ONNX file's tensors together; an LSTM of 512 units has 1 million."""

WINDOW_VALUES = 1 << 20
"""Most values of a window in any layer, steps times features."""

_OPERATORS = {
    *(("", name) for name in ("Add", "Expand", "MatMul", "Mul", "Relu", "Unsqueeze")),
    *((QONNX_DOMAIN, name) for name in ("Quant", "QuantLSTMCell")),
    *((TRIGGER_DOMAIN, name) for name in ("WindowScore", "DeviationScore", "ClassMargin")),
}
"""What the writer of bundles makes graphs of."""


def admit(path: Path, configuration: Config) -> tuple[Bundle, Config]:
    """Load a bundle that may be served, and the configuration it was trained with; later stages' settings are the given ones.

    Raises
    ------
    BundleError, QonnxError, OutdatedBundleError
        It may not be served.
    """
    admit_files(path)
    paths = configuration.paths.model_copy(update={"models": path.parent})
    bundle, config = open_bundle(configuration.model_copy(update={"run": path.name, "paths": paths}))
    admit_sizes(bundle, config)
    return bundle, config


def admit_files(path: Path) -> None:
    """Check a bundle's files, without reading more of them than the limits say.

    Raises
    ------
    BundleError
        One is missing, no plain file, outside the bundle or too large, or the configuration or the network is of a kind that no
        bundle has.
    """
    if not (path / MANIFEST).exists():
        raise BundleError(f"there is no bundle at {path}; `hw-trigger qat` writes one")
    _check_file(path, MANIFEST, MANIFEST_BYTES)
    try:
        text = (path / MANIFEST).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"cannot read {path / MANIFEST}: {error}") from error
    digests = from_text(text, str(path / MANIFEST)).files
    if len(digests) > FILES:
        raise BundleError(f"{path / MANIFEST} lists {len(digests)} files, and a bundle has {FILES} at most")
    for name in digests:
        _check_file(path, name, MANIFEST_BYTES if name == CONFIG else FILE_BYTES)
    for name, check in ((CONFIG, _check_configuration), (NETWORK, _check_network), (FLOAT_WEIGHTS, _check_weights)):
        if name in digests:  # loading tells of what lacks
            check(read_checked(path, name, digests[name]), path / name)


def admit_sizes(bundle: Bundle, config: Config) -> None:
    """Check the sizes of a program, and that the float network is of the same, before either gets memory.

    Raises
    ------
    BundleError
        A window needs too much memory, or the configuration is another network's.
    """
    program = bundle.program
    outputs = [layer.n_outputs for layer in program.layers]
    widest = max(program.n_features, *outputs)
    if program.steps * widest > WINDOW_VALUES:
        raise BundleError(
            f"{bundle.path / NETWORK} has windows of {program.steps} steps with up to {widest} values each, "
            f"{program.steps * widest} together, and {WINDOW_VALUES} are served at most"
        )
    given = config.architecture()
    if isinstance(given, Architecture):
        sizes = [*given.encoder, given.latent, *given.decoder, given.n_features]
    else:
        sizes = [*given.lstm, *given.dense, given.n_classes]
    wanted = (program.steps, program.n_features, outputs)
    if (given.window, given.n_features, sizes) != wanted:
        raise BundleError(
            f"{bundle.path / CONFIG} is of a network with (steps, features, layers) {(given.window, given.n_features, sizes)}, "
            f"and {bundle.path / NETWORK} has {wanted}"
        )


def _check_file(path: Path, name: str, most: int) -> None:
    target = path / name
    if not target.resolve().is_relative_to(path.resolve()):
        raise BundleError(f"{target} is outside the bundle; its files must be in its own directory")
    try:
        found = target.stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BundleError(f"cannot read {target}: {reason}") from error
    if not stat.S_ISREG(found.st_mode):
        raise BundleError(f"{target} is no plain file")
    if found.st_size > most:
        raise BundleError(f"{target} has {found.st_size} bytes, and {most} are read at most")


def _check_configuration(content: bytes, path: Path) -> None:
    """Refuse aliases, with which a short text unfolds to any length; no configuration is written with them."""
    try:
        tokens = yaml.scan(content.decode(), yaml.SafeLoader)
        alias = any(isinstance(token, yaml.AliasToken | yaml.AnchorToken) for token in tokens)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BundleError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if alias:
        raise BundleError(f"{path} has YAML aliases, and the configuration of a bundle has none")


def _check_network(content: bytes, path: Path) -> None:
    try:
        model: ModelProto = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise BundleError(f"{path} is not an ONNX file, or it is truncated") from error
    graph = model.graph
    for tensor in graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise BundleError(
                f"{path} keeps tensor {tensor.name!r} in another file, and a bundle's network is one file"
            )
    values = sum(math.prod(max(0, size) for size in tensor.dims) for tensor in graph.initializer)
    if values > PARAMETERS:
        raise BundleError(f"{path} has {values} values in its tensors, and {PARAMETERS} are served at most")
    others = {function.name for function in model.functions if (function.domain, function.name) not in _OPERATORS}
    if others:
        raise BundleError(f"{path} has the function {min(others)!r}, which no bundle's network has")
    constants = {tensor.name for tensor in graph.initializer} | {""}
    for node in graph.node:
        if (node.domain, node.op_type) not in _OPERATORS:
            raise BundleError(f"{path} has the operator {node.op_type!r}, which no bundle's network has")
        if node.op_type != "Quant" and constants.issuperset(node.input):
            raise BundleError(
                f"{path} has an operator {node.op_type!r} that takes constants only, which no bundle's network has"
            )


def _check_weights(content: bytes, path: Path) -> None:
    """Refuse compressed weights, which unfold to any size; PyTorch writes none."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise BundleError(f"{path} is no file of weights that PyTorch writes: {error}") from error
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise BundleError(f"{path} is compressed, and files of weights are not")
    values = sum(entry.file_size for entry in entries)
    if values > FILE_BYTES:
        raise BundleError(f"{path} unpacks to {values} bytes, and {FILE_BYTES} are read at most")
