"""What the spawned process runs: load once, say so, work until drained.

Nothing heavy is imported at the top: the dispatcher's side names `main` to start the process.
"""

import gc
import logging
import os
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import structlog

from core import logs
from core.dispatch.config import WorkerConfig
from core.dispatch.messages import Broken, Ready
from core.errors import ModelFault

if TYPE_CHECKING:
    from core.worker.others import OtherRunner
    from core.worker.runner import Runner

log = structlog.get_logger(__name__)
ENVIRONMENT = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # the same sums in the same order, on CUDA too
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that wait leave their core to others
    # The libraries' remarks hold prompts.
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # since 1.29 ONNX Runtime, under faster-whisper, reports its use
}
"""Read by the libraries when they are imported."""


def main(connection: Connection, config: WorkerConfig) -> None:
    """Loads the models, sends Ready (or Broken), and runs jobs until Drain."""
    _leave_signals_to_the_dispatcher()
    os.environ.update(ENVIRONMENT)
    logs.configure(config.log_level)
    logging.raiseExceptions = False  # it would print, and what is printed is logged
    printed = logs.Printed()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            _work(connection, config)
        except Exception as error:  # the border of the process: its log has no words
            log.critical("worker failed", exc_info=error)
            sys.exit(1)


def _work(connection: Connection, config: WorkerConfig) -> None:
    from core.worker.inbox import Inbox

    inbox = Inbox(connection, on_lost=_end_at_once)
    gc.disable()  # a fifth of the time in which all is imported would go to looking for garbage
    try:
        from core.worker.loop import Loop

        runner = _load(config)
    except (ModelFault, ImportError) as fault:
        connection.send(Broken(str(fault) if isinstance(fault, ModelFault) else _missing(fault)))
        sys.exit(1)
    _keep_for_good()
    connection.send(_ready(runner))
    Loop(inbox, connection.send, runner, training_share=config.training_share).run()
    connection.close()


def _keep_for_good() -> None:
    """Spares what is loaded by now from being looked through whenever memory is tidied up.

    It is a million objects, and faster-whisper has them all looked through at every sound.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def _missing(error: ImportError) -> str:
    return f"The worker's packages cannot be loaded: {error}. Install Atelier anew."


def _leave_signals_to_the_dispatcher() -> None:
    """A terminal's Ctrl-C and a service manager's SIGTERM reach children too; Drain comes later."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _end_at_once() -> None:
    """Without a dispatcher there is nobody to work for, not even to the end of a step.

    Nothing is lost by it: blobs are written atomically, and jobs live in the database.
    """
    os._exit(1)


def _load(config: WorkerConfig) -> "Runner | OtherRunner":
    from core.worker.faults import fault_of
    from core.worker.models import PIPELINES, kind_of
    from core.worker.runner import load_other_runner, load_runner

    with fault_of("ATELIER_MODEL"):
        load = load_runner if kind_of(config.model) in PIPELINES else load_other_runner
    return load(config)


def _ready(runner: "Runner | OtherRunner") -> Ready:
    base, listener = runner.base, runner.listener
    return Ready(
        model=base.name,
        family=base.family.name,
        weights=base.weights,
        native_px=base.native_px,
        device=str(base.device),
        dtype=str(base.dtype).removeprefix("torch."),
        speech_model=listener.name,
        languages=listener.languages,
        imagine_jobs=runner.imaginer.jobs_at_once,
    )
