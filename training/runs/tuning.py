"""The search for settings with Optuna: by the dev score alone, so that test data stays unseen."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from training.checkpoints import write_whole
from training.options import save_options
from training.runs.experiment import claim, once, train_in_memory
from training.training_run import TrainingRun, read_sentences

if TYPE_CHECKING:
    import optuna

STUDY_FILE = "study.journal"
BEST_FILE = "best.yaml"
STUDY = "tune"


def tune(run: TrainingRun, trials: int, say: Callable[[str], object] = lambda _: None) -> dict[str, float]:
    """Search rates, batch size, epochs and dropout for the best mean average precision on the dev split.

    The study is kept in a file and goes on there: trials that were done count, one that was killed is tried again.

    Args:
        run: Where the search starts, and all settings that it leaves alone.
        trials: How many settings to try in all.
        say: What to do with a line about each trial.

    Returns:
        The best settings; ``best.yaml`` holds the whole run with them.

    Raises:
        CorpusError: annotated data is faulty.
        ModelError: the base encoder cannot be loaded.
        ValueError: ``run.out`` holds another search, or the package optuna is missing.
    """
    try:
        import optuna  # noqa: PLC0415 - an extra of its own
        from optuna.storages import JournalStorage  # noqa: PLC0415
        from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415
    except ImportError as error:
        raise ValueError(f"tuning needs more packages ({error.name}): pip install 'entity-stance[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    claim(run, {})
    sentences = read_sentences(run)
    storage = JournalStorage(JournalFileBackend(str(run.out / STUDY_FILE)))
    study = optuna.create_study(storage=storage, study_name=STUDY, direction="maximize", load_if_exists=True)
    _try_again(study)
    done = len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]))
    # Another seed whenever it goes on, or it would propose again what it proposed before.
    study.sampler = optuna.samplers.TPESampler(seed=run.config.seed + len(study.trials))
    if not study.trials:
        study.enqueue_trial(_start(run))

    def objective(trial: optuna.Trial) -> float:
        own = proposed(trial, run)
        name = f"trial-{trial.number}"
        result = once(run.out, name, lambda at: dict(train_in_memory(own, sentences, at).fitted))
        say(f"{name}: dev average precision {result['dev_score']:.3f} with {_shown(trial.params)}")
        return float(result["dev_score"])

    study.optimize(objective, n_trials=max(0, trials - done))
    complete = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    _write(run.out, complete, study.best_trial.number)
    best = replace(run, config=replace(run.config, **study.best_params))
    save_options(best, run.out / BEST_FILE)
    return dict(study.best_params)


def proposed(trial: optuna.Trial, run: TrainingRun) -> TrainingRun:
    """Return the run of a trial."""
    return replace(
        run,
        config=replace(
            run.config,
            encoder_rate=trial.suggest_float("encoder_rate", 1e-5, 1e-3, log=True),
            head_rate=trial.suggest_float("head_rate", 5e-5, 5e-3, log=True),
            batch_size=trial.suggest_categorical("batch_size", [8, 16, 32]),
            epochs=trial.suggest_int("epochs", 2, max(10, run.config.epochs)),
            encoder_dropout=trial.suggest_float("encoder_dropout", 0.0, 0.3),
        ),
    )


def _start(run: TrainingRun) -> dict[str, float]:
    """Return the settings of the run itself, which are tried first as far as the search allows for them."""
    config = run.config
    start: dict[str, float] = {
        "encoder_rate": config.encoder_rate,
        "head_rate": config.head_rate,
        "epochs": config.epochs,
        "encoder_dropout": config.encoder_dropout if config.encoder_dropout is not None else 0.1,
    }
    return start | ({"batch_size": config.batch_size} if config.batch_size in (8, 16, 32) else {})


def _write(out: Path, trials: Sequence[optuna.trial.FrozenTrial], best: int) -> None:
    """Write ``tune.json`` and ``tune.csv``."""
    rows = [{"trial": trial.number, "dev average precision": trial.value, **trial.params} for trial in trials]
    write_whole(out / "tune.json", json.dumps({"best": best, "trials": rows}, indent=2) + "\n")
    with io.StringIO() as text:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(out / "tune.csv", text.getvalue())


def _try_again(study: optuna.Study) -> None:
    """Give up the trials that a killed search left running, and try their settings once more."""
    import optuna  # noqa: PLC0415

    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        if trial.params:
            study.enqueue_trial(trial.params)


def _shown(params: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in params.items())
