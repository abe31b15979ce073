"""The network in torch, its training, and its export to the files that gateway/phi/tagger reads. Training only."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from gateway.phi.tagger.features import ROWS

WIDE, MIDDLE, WIDTH, LABELS, DILATIONS = 96, 192, 80, 6, (1, 1, 2, 4, 8)
"""Numbers of a feature's row, within a word's network, of a token, and of a token's answer; the reach of each convolution."""
REACH = sum(DILATIONS)
_WORD_ROWS = (1, 1 + (1 << 15))
_BIT_ROWS = ROWS - 32
_STEP = 1 / 127
FILES = ("words.bin", "word.onnx", "network.onnx")


class Net(nn.Module):
    """A sum of feature rows and a layer over it, once a word; then five convolutions of three tokens each with a short cut.

    The word's layer has no constants, so that no features, the padding, stay nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(ROWS, WIDE, mode="sum", padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.05)
        with torch.no_grad():
            self.table.weight[0] = 0
        self.straight, self.bent, self.back = (
            nn.Linear(*sides, bias=False) for sides in ((WIDE, WIDTH), (WIDE, MIDDLE), (MIDDLE, WIDTH))
        )
        self.mix = nn.ModuleList(nn.Linear(3 * WIDTH, WIDTH) for _ in DILATIONS)
        self.out = nn.Linear(WIDTH, LABELS)
        self.drop = nn.Dropout(0.1)

    def forward(self, ids: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Scores of the tokens but REACH at both ends; `ids` are features of distinct words, `rows` the words in order."""
        sums = self.table(ids)
        x = (self.straight(sums) + self.back(functional.relu(self.bent(sums))))[rows]
        for dilation, mix in zip(DILATIONS, self.mix, strict=True):
            middle = x[dilation:-dilation]
            x = middle + self.drop(functional.relu(mix(torch.cat([x[: -2 * dilation], middle, x[2 * dilation :]], 1))))
        result: torch.Tensor = self.out(x)
        return result


def resume(net: Net, folder: Path) -> None:
    """Start from an exported model; what rounding took is not given back."""
    stored = {
        one.name: torch.from_numpy(numpy_helper.to_array(one).copy())
        for name in ("word.onnx", "network.onnx")
        for one in onnx.load(folder / name).graph.initializer
    }
    table = np.frombuffer((folder / "words.bin").read_bytes(), np.int8).reshape(ROWS, WIDE)
    with torch.no_grad():
        net.table.weight.copy_(torch.from_numpy(table.astype(np.float32) * _STEP))
        for name in ("straight", "bent", "back"):
            getattr(net, name).weight.copy_(stored[name].T)
        for at, mix in enumerate(net.mix):
            linear: Any = mix
            linear.weight.copy_(stored[f"w{at}"].T)
            linear.bias.copy_(stored[f"b{at}"])
        net.out.weight.copy_(stored["w"].T)
        net.out.bias.copy_(stored["b"])


def forget_some(ids: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Takes the word itself from some words and the lexicon from others, so that neither is leant on alone."""
    ids = ids.clone()
    draw = torch.rand((len(ids), 1), generator=generator)
    ids[(ids >= _WORD_ROWS[0]) & (ids < _WORD_ROWS[1]) & (draw < 0.2)] = 0
    ids[(ids >= _BIT_ROWS) & (draw > 0.9)] = 0
    return ids


def train(net: Net, batches: Any, steps: int, peak: float, seed: int) -> None:
    """AdamW with a warm-up and a cosine; `batches` yields (ids, rows, labels), label -1 where nothing is learnt."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=peak, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak, total_steps=steps, pct_start=0.1)
    weight = torch.tensor([1.0, 1.5, 1.5, 1.0, 1.0, 0.7])
    began, shown = time.monotonic(), 0.0
    net.train()
    for step, (ids, rows, labels) in enumerate(batches):
        if step >= steps:
            break
        scores = net(forget_some(torch.from_numpy(ids), generator), torch.from_numpy(rows))
        loss = functional.cross_entropy(
            scores, torch.from_numpy(labels), weight=weight, ignore_index=-1, label_smoothing=0.01
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            net.table.weight.clamp_(-1, 1)
        shown = 0.98 * shown + 0.02 * loss.item() if step else loss.item()
        if step % 50 == 0:
            print(f"step {step}/{steps} loss {shown:.4f} {time.monotonic() - began:.0f} s", flush=True)


def export(net: Net, out: Path, facts: dict[str, Any]) -> None:
    """Write words.bin, word.onnx, network.onnx and model.json with their digests."""
    net.eval()
    table = torch.round(net.table.weight.detach() / _STEP).clamp(-127, 127).to(torch.int8).numpy()
    table[0] = 0
    (out / "words.bin").write_bytes(table.tobytes())
    (out / "word.onnx").write_bytes(_word_graph(net))
    (out / "network.onnx").write_bytes(_graph(net))
    digests = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}
    manifest = {"width": WIDE, "scale": _STEP, "sha256": digests, **facts}
    (out / "model.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


def _word_graph(net: Net) -> bytes:
    """A word's sum of rows to what the convolutions see of it."""
    stored = [
        numpy_helper.from_array(np.ascontiguousarray(getattr(net, name).weight.detach().numpy().T), name)
        for name in ("straight", "bent", "back")
    ]
    nodes = [
        helper.make_node("MatMul", ["sums", "straight"], ["near"]),
        helper.make_node("MatMul", ["sums", "bent"], ["middle"]),
        helper.make_node("Relu", ["middle"], ["on"]),
        helper.make_node("MatMul", ["on", "back"], ["far"]),
        helper.make_node("Add", ["near", "far"], ["x"]),
    ]
    return _model(nodes, stored, ("sums", ["words", WIDE]), ("x", ["words", WIDTH]))


def _model(nodes: list[Any], stored: list[Any], taken: tuple[str, list[Any]], given: tuple[str, list[Any]]) -> bytes:
    graph = helper.make_graph(
        nodes, "tagger", [helper.make_tensor_value_info(taken[0], TensorProto.FLOAT, taken[1])],
        [helper.make_tensor_value_info(given[0], TensorProto.FLOAT, given[1])], stored,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="tools.train")
    model.ir_version = 9
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data


def _graph(net: Net) -> bytes:
    """The convolutions as slices, a concatenation and one matrix product each: what a processor does fastest."""
    nodes: list[Any] = []
    stored: list[Any] = []

    def keep(name: str, value: npt.NDArray[Any]) -> str:
        stored.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def whole(name: str, value: int) -> str:
        return keep(name, np.array([value], np.int64))

    axis = whole("axis", 0)
    x = "x"
    for at, (dilation, mix) in enumerate(zip(DILATIONS, net.mix, strict=True)):
        parts = [
            add("Slice", [x, whole(f"from{at}{side}", first), whole(f"to{at}{side}", last), axis], f"part{at}{side}")
            for side, first, last in (("l", 0, -2 * dilation), ("m", dilation, -dilation), ("r", 2 * dilation, 1 << 62))
        ]
        near = add("Concat", parts, f"near{at}", axis=1)
        linear: Any = mix
        weights = [keep(f"w{at}", linear.weight.detach().numpy().T), keep(f"b{at}", linear.bias.detach().numpy())]
        x = add("Add", [parts[1], add("Relu", [add("Gemm", [near, *weights], f"sum{at}")], f"on{at}")], f"x{at}")
    last_weights = [keep("w", net.out.weight.detach().numpy().T), keep("b", net.out.bias.detach().numpy())]
    add("Softmax", [add("Gemm", [x, *last_weights], "logits")], "y", axis=1)
    return _model(nodes, stored, ("x", ["seen", WIDTH]), ("y", ["told", LABELS]))
