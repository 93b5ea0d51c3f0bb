"""The command ``entity-stance``, and kernels of notebooks, from a process that has imported everything.

So many short runs are quick. ``python -m warm_command SOCKET ENCODER`` waits; the script that `client` returns hands it
arguments, folder, environment and standard streams, and ends with its exit code. Each call is a fork of its own and
sees nothing of the others.
"""

from __future__ import annotations

import array
import importlib
import json
import os
import signal
import socket
import sys
from pathlib import Path

KERNEL = "kernel"
"""As the first argument, asks for a kernel in place of the command."""
IMPORTED = (
    "ipykernel.kernelapp",
    "onnxscript",
    "torch.onnx",
    "service.cli.main",
    "training.datareport.report",
    "training.evaluation.comparison",
    "training.pipeline",
    "training.report_card",
    "training.runs.cross_validation",
    "training.runs.sweep",
)
CLIENT = """#!{python} -IS
import array, json, os, socket, sys

if sys.argv[1:2] == ["serve"]:  # has signals, threads and processes of its own
    code = "from service.cli.main import app; app()"
    os.execv({python!r}, [{python!r}, "-c", code, *sys.argv[1:]])
warm = socket.socket(socket.AF_UNIX)
warm.connect({address!r})
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
warm.sendmsg([len(call).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
warm.sendall(call)
sys.exit(int(warm.recv(8) or b"70"))
"""


def client(address: Path) -> str:
    """Return a script that stands for the command; serving is left to a process of its own."""
    return CLIENT.format(python=sys.executable, address=str(address))


def prepare(encoder: str) -> None:
    """Import what is run later, and translate networks with an encoder to ONNX once, which is kept for their like."""
    for name in IMPORTED:
        importlib.import_module(name)
    from training.base import load_network
    from training.graphs import float_graph

    network, _ = load_network(encoder, labels=2)
    float_graph(network.eval())


def answer(connection: socket.socket) -> None:
    """Run one call in this process and tell its exit code."""
    size, ancillary, _, _ = connection.recvmsg(8, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    streams = array.array("i", ancillary[0][2])
    call = b""
    while len(call) < int.from_bytes(size, "big"):
        call += connection.recv(1 << 16)
    arguments, folder, environment = json.loads(call)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["entity-stance", *arguments]
    code = 0
    try:
        run(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(str(code).encode())


def run(arguments: list[str]) -> None:
    """Be the command, or a kernel that listens as a file of connections says."""
    if arguments[:1] == [KERNEL]:
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=["-f", *arguments[1:]])
    else:
        from service.cli.main import app

        app()


def main(address: str, encoder: str) -> None:
    """Answer calls until killed."""
    prepare(encoder)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        print("warm", flush=True)
        while True:
            connection, _ = server.accept()
            with connection:
                if os.fork() == 0:
                    server.close()
                    # Commands wait for processes of their own.
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    try:
                        answer(connection)
                    finally:
                        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
