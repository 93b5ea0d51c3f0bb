"""What a server has to load."""

from __future__ import annotations

import subprocess
import sys

import pytest

_HEAVY = ("torch", "transformers", "datasets", "sklearn", "training")


@pytest.mark.parametrize("module", ["service.app", "service.cli.main", "service.cli.classify"])
def test_neither_torch_nor_training_is_imported(module: str) -> None:
    script = f"import sys, {module}; print(*(name for name in {_HEAVY!r} if name in sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_the_http_process_loads_no_network() -> None:
    script = "import sys, service.app; print(*(n for n in ('onnxruntime', 'tokenizers') if n in sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_the_command_line_starts_without_the_service() -> None:
    script = (
        "import sys, service.cli.main; print(*(n for n in ('fastapi', 'onnxruntime', 'pycountry') if n in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
