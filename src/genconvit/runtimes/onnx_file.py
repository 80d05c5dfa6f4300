"""An exported ONNX file: written with its header, and read without trust."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from genconvit.core.errors import WeightsError
from genconvit.core.text import first_line
from genconvit.runtimes.header import HEADER_KEY, ExportHeader, parse_header

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

SUFFIX = ".onnx"
MOST_BYTES = (2 << 30) - 1
"""Bytes of the largest message of protobuf's."""

MOST_BYTES_INSIDE = 1 << 30
"""Most bytes of tensors inside an ONNX file; with more, they lie in a file beside it, which one of over 2 GB needs."""

_DOMAINS = ("", "ai.onnx", "com.microsoft", "ai.onnx.ml")
_AGAIN = "copy or export it again (genconvit export)"


def data_beside(path: Path) -> Path:
    """Give the path of an ONNX file's tensors that are not in it."""
    return path.with_name(f"{path.name}.data")


def write_model(model: ModelProto, header: ExportHeader, path: Path, *, most_bytes_inside: int | None = None) -> None:
    """Write a network with its header; its tensors lie beside it where they have many bytes.

    Everything else that tells of its making is left out, for that names folders of the machine.
    """
    import onnx

    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.functions):
        del part.metadata_props[:]
        part.doc_string = ""
    model.metadata_props.add(key=HEADER_KEY, value=header.model_dump_json())
    most = MOST_BYTES_INSIDE if most_bytes_inside is None else most_bytes_inside
    large = sum(len(tensor.raw_data) for tensor in model.graph.initializer) > most
    onnx.save_model(model, path, save_as_external_data=large, location=data_beside(path).name, size_threshold=1024)


def read_model(path: Path) -> tuple[ModelProto, ExportHeader]:
    """Read a network without the tensors that lie beside it, and its header.

    Raises:
        WeightsError: the file cannot be read, is none of ours, or names data elsewhere than beside it.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        if path.stat().st_size > MOST_BYTES:
            raise WeightsError(f"{path} has more than 2 GB, so it is no ONNX file; {_AGAIN}")
        model = onnx.load_model(path, format="protobuf", load_external_data=False)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}; {_AGAIN}") from error
    except (DecodeError, ValueError) as error:
        raise WeightsError(f"{path} is damaged, or no ONNX file ({first_line(error)}); {_AGAIN}") from error
    header = parse_header({entry.key: entry.value for entry in model.metadata_props}.get(HEADER_KEY), path)
    _check_external_data(model, path)
    strange = {node.domain for node in _nodes(model)} - {*_DOMAINS, *(each.domain for each in model.functions)}
    if strange:
        raise WeightsError(f"{path} has operators of {', '.join(sorted(strange))}, which no export writes; {_AGAIN}")
    return model, header


def files_of(path: Path, model: ModelProto) -> list[Path]:
    """Give the files that a network lies in: the ONNX file, and the data beside it where there are some."""
    return [path, data_beside(path)] if any(_external(tensor) for tensor in _tensors(model)) else [path]


def _check_external_data(model: ModelProto, path: Path) -> None:
    allowed = data_beside(path)
    for tensor in _tensors(model):
        named = {entry.key: entry.value for entry in tensor.external_data}
        if _external(tensor) and named.get("location") != allowed.name:
            raise WeightsError(
                f"{path} takes data from {named.get('location', '')!r:.200}; only {allowed.name!r} beside it is read"
            )
    if any(_external(tensor) for tensor in _tensors(model)) and (allowed.is_symlink() or not allowed.is_file()):
        state = "is a link" if allowed.is_symlink() else "does not exist"
        raise WeightsError(f"{allowed}, which {path.name} takes data from, {state}; copy it with that file")


def _external(tensor: TensorProto) -> bool:
    from onnx import TensorProto

    return tensor.data_location == TensorProto.EXTERNAL


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    for graph in _graphs(model):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in _nodes(model):
        for attribute in node.attribute:
            yield from (attribute.t, *attribute.tensors)
            for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                yield from (sparse.values, sparse.indices)


def _nodes(model: ModelProto) -> Iterator[NodeProto]:
    for graph in _graphs(model):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def _graphs(model: ModelProto) -> Iterator[GraphProto]:
    """Yield the main graph, and those that nodes carry in it and in functions."""
    yield model.graph
    waiting: list[Iterable[NodeProto]] = [model.graph.node, *(function.node for function in model.functions)]
    while waiting:
        for node in waiting.pop():
            for attribute in node.attribute:
                for graph in (*([attribute.g] if attribute.HasField("g") else ()), *attribute.graphs):
                    yield graph
                    waiting.append(graph.node)
