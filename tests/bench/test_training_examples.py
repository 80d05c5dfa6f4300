from __future__ import annotations

import torch

from genconvit.bench.training_examples import example_rows


def test_examples_are_measured_beside_reading_them() -> None:
    threads = torch.get_num_threads()
    rows = example_rows(1, sizes=(32, 48), faces=2)
    assert [(row.stage, row.unit) for row in rows] == [("augment", "faces"), ("self-blend", "pairs")] * 2
    assert all(row.ratio is not None and row.ratio > 0 for row in rows)
    assert torch.get_num_threads() == threads
