"""``python -m without_chance …`` is the command ``entity-stance …`` with dropout that drops nothing."""

from torch import nn

nn.Dropout.forward = lambda self, input: input  # type: ignore[method-assign]

if __name__ == "__main__":
    from service.cli.main import app

    app()
