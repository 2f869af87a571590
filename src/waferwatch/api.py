"""The library's functions over pandas frames and files."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from waferwatch.errors import InputError
from waferwatch.indicators.hard_rules import typed_limits
from waferwatch.models.contract import Progress, no_progress
from waferwatch.read.frames import table_from_frame
from waferwatch.read.recipe.making import recipe_for
from waferwatch.read.recipe.option_fields import options_from_python
from waferwatch.read.recipe.reading import read_by
from waferwatch.read.recipe.recipe import ImportRecipe
from waferwatch.read.table import Table
from waferwatch.scoring.comparison.compare import ComparedRows, Comparison, compare_detectors
from waferwatch.scoring.model import Model
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table, fit_table
from waferwatch.scoring.thresholds.threshold import AUTO
from waferwatch.settings import read_settings
from waferwatch.store.imports.recipes import Recipes, reading_for

Columns = Hashable | Sequence[Hashable]  # names as the frame has them, text or not


def read_file(
    path: str | os.PathLike[str],
    *,
    recipe: str | os.PathLike[str] | ImportRecipe | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Table:
    """Read a file as the command line and the server do, for :func:`detect`, :func:`fit` and :func:`compare`.

    Args:
        path: CSV and other text, Parquet, Excel, zip, LabVIEW, HDF5 or JSON, also in gzip.
        recipe: an import recipe, its name in the data folder, or a path that ends in ``.json``; "none": use none. By
            default the one recipe of the data folder is used whose form the file has, and a note says so.
        data_dir: the data folder with the recipes; None: the one that ``waferwatch serve`` uses.
        options: what is known of the file, over the recipe: ``encoding``, ``delimiter``, ``header_line``,
            ``units_line``, ``shape``, ``sheet``, ``features``, ``time``, ``group``, ``label``, ``roles``, ``no_value``,
            ``bad_cells``, ``date_order``, ``time_zone``, ``keep_values`` and ``leave_out_rows``, as in a recipe;
            ``leave_out_rows`` may be a dictionary of columns and values.

    Returns:
        The table: ``frame`` with sensors as float64 (NaN = missing) and times as datetime64, ``roles``, and ``notes``
        with everything that was found in the file.

    Raises:
        ObstaclesError: with everything that stands in the way.
        InputError, NotFoundError, TooLargeError: the file, the recipe or an option cannot be used.
    """
    path = Path(path)
    said = options_from_python(options)
    return read_by(path, reading_for(path, said, recipe, Recipes(_data_dir(data_dir))))


def save_recipe(
    name: str,
    path: str | os.PathLike[str],
    *,
    replace: bool = False,
    data_dir: str | os.PathLike[str] | None = None,
    **options: Any,
) -> ImportRecipe:
    """Keep what is said of a file as an import recipe, which later files of its form use by themselves.

    Args:
        name: of the recipe.
        path: a file of the form; it is read by the options.
        replace: an earlier recipe of this name.
        data_dir, options: as for :func:`read_file`.

    Raises:
        InputError, NotFoundError, TooLargeError: the file cannot be read by the options, or there is such a recipe.
        StorageFullError: the data folder cannot be written.
    """
    recipe = recipe_for(Path(path), name, options_from_python(options))[0]
    Recipes(_data_dir(data_dir)).put(recipe, replace=replace)
    return recipe


def _data_dir(given: str | os.PathLike[str] | None) -> Path:
    return read_settings(data_dir=None if given is None else Path(given)).data_dir


def detect(
    frame: pd.DataFrame | Table,
    *,
    features: Columns | None = None,
    time: Hashable | None = None,
    group: Columns | None = None,
    label: Hashable | None = None,
    roles: Mapping[Any, str] | None = None,
    reference: pd.DataFrame | Table | None = None,
    reference_rows: int | None = None,
    detector: str = "moment",
    threshold: float | Literal["auto"] = AUTO,
    contamination: float | None = None,
    false_alarms: float | None = None,
    limits: pd.DataFrame | None = None,
    checkpoint: str | None = None,
    device: str | None = None,
    progress: Progress = no_progress,
) -> Detection:
    """Find anomalies in a frame of sensor readings: the same numbers as :func:`fit` and ``model.detect``.

    Without a reference the frame is its own: each block of it is scored by what was learnt from the others.

    Args:
        frame: rows in any time order, or the table of a file from :func:`read_file`, whose columns are settled; results
            come back in its row order. It is not changed. Of its index, times and names of equipment, lots, wafers,
            recipes and steps count as columns.
        features: sensor columns; by default every numeric column that is not something else by its name.
        time: time column; by default found by name and content. Without one the rows are in order.
        group: columns that split the rows into series: the equipment, or the run of run-based traces.
        label: column of known anomalies, for precision, recall and F1.
        roles: column -> role ("time", "sensor", "equipment", "lot", "wafer", "recipe", "step", "context", "status",
            "label" or "ignored"), for columns that were not recognised.
        reference: known-normal rows with the same columns (for example the good runs).
        reference_rows: instead: how many of the first rows of each group, in time order, are known to be normal.
        detector: one of ``detector_names()``.
        threshold: "auto", found from left-out scores of the reference, or a number as the scores are: 1 is as high as
            one normal row in ten reaches, 2 one in a hundred, 3 one in a thousand.
        contamination: instead: expected share of anomalous rows, above 0 and at most 0.5.
        false_alarms: instead: at most this many false events per equipment and week; needs dates. Where the reference
            cannot carry the number, the automatic threshold is used and a note says what can be promised.
        limits: of indicators of wafers, that a person has set: columns sensor, and any of statistic (default mean),
            recipe, step, lower and upper; empty means any, or no bound.
        checkpoint: for ``moment``: name of an imported checkpoint; by default the embedded one.
        device: "auto", "cpu" or "cuda"; by default the setting ``WAFERWATCH_DEVICE``.
        progress: called with the share done, 0 to 1.

    Returns:
        Scores, flags and contributions for every row, events, verdicts of wafers (``runs``), problems, what the
        threshold promises, and what ran.

    Raises:
        InputError: the data or an option cannot be used; the sentence names column and row and says what to do.
        NotFoundError: a column, detector or checkpoint that does not exist.
        ModelError: the checkpoint or device cannot be used.
    """
    return detect_table(
        _table(frame, "the frame", features, time, group, label, roles),
        Question(
            detector=detector,
            checkpoint=checkpoint,
            threshold=threshold,
            contamination=contamination,
            false_alarms=false_alarms,
            reference_rows=reference_rows,
        ),
        reference=None if reference is None else _table(reference, "the reference", features, time, group, None, roles),
        limits=[] if limits is None else typed_limits(limits),
        device=device,
        progress=progress,
    )


def fit(
    frame: pd.DataFrame | Table,
    *,
    features: Columns | None = None,
    time: Hashable | None = None,
    group: Columns | None = None,
    label: Hashable | None = None,
    roles: Mapping[Any, str] | None = None,
    reference_rows: int | None = None,
    detector: str = "moment",
    checkpoint: str | None = None,
    device: str | None = None,
    progress: Progress = no_progress,
) -> Model:
    """Learn a model that never changes afterwards and can be saved.

    Args:
        frame: normal rows, or mostly normal ones: runs that are unlike the others are named and not learnt from, and of
            runs without steps the most usual four fifths are, unless ``reference_rows`` says which are normal.
        reference_rows: how many of the first rows of each group are learnt from.
        (the others): as for :func:`detect`.

    Raises:
        InputError, NotFoundError, ModelError: as :func:`detect`.
    """
    return fit_table(
        _table(frame, "the frame", features, time, group, label, roles),
        detector=detector,
        checkpoint=checkpoint,
        reference_rows=reference_rows,
        device=device,
        progress=progress,
    )


def compare(
    frame: pd.DataFrame | Table,
    *,
    detectors: Sequence[str] | None = None,
    features: Columns | None = None,
    time: Hashable | None = None,
    group: Columns | None = None,
    label: Hashable | None = None,
    roles: Mapping[Any, str] | None = None,
    reference: pd.DataFrame | Table | None = None,
    reference_rows: int | None = None,
    threshold: float | Literal["auto"] = AUTO,
    contamination: float | None = None,
    false_alarms: float | None = None,
    checkpoint: str | None = None,
    device: str | None = None,
    injected_faults: bool = False,
    progress: Progress = no_progress,
) -> Comparison:
    """Run several detectors on the same frame; the other arguments and errors are those of ``detect``.

    Args:
        detectors: names; by default all that the frame has a use for.
        injected_faults: whether to test the detectors with injected faults too, which needs no labels.

    Returns:
        One row per detector, with intervals where there are labels; who finds which fault; every detector against every
        other; and the verdict on MOMENT, which ``comparison_notes`` puts in sentences. It can be looped over and
        indexed as the sequence of its rows.
    """
    question = Question(
        checkpoint=checkpoint,
        threshold=threshold,
        contamination=contamination,
        false_alarms=false_alarms,
        reference_rows=reference_rows,
    )
    asked = ComparedRows(
        _table(frame, "the frame", features, time, group, label, roles),
        question,
        reference=None if reference is None else _table(reference, "the reference", features, time, group, None, roles),
        device=device,
    )
    return compare_detectors(asked, detectors, faults=injected_faults, progress=progress)


def _table(
    frame: pd.DataFrame | Table,
    name: str,
    features: Columns | None,
    time: Hashable | None,
    group: Columns | None,
    label: Hashable | None,
    roles: Mapping[Any, str] | None,
) -> Table:
    if isinstance(frame, Table):
        given = {"features": features, "time": time, "group": group, "label": label, "roles": roles}
        _refuse_settled(frame, [option for option, value in given.items() if value is not None])
        return frame
    return table_from_frame(frame, name=name, features=features, time=time, group=group, label=label, roles=roles)


def _refuse_settled(table: Table, given: Sequence[str]) -> None:
    if given:
        raise InputError(
            "The columns of {table} were settled when it was read.",
            hint="Give {option} to read_file instead.",
            field=given[0],
            table=table.name,
            option=given[0],
        )
