"""The command line: ``leukapp diagnose | batch | train | evaluate | audit | describe``."""

import argparse
import inspect
import io
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias, TypeVar

from leukapp import __version__
from leukapp.errors import LeukappError
from leukapp.labels import CLASS_NAMES, join_with_or
from leukapp.model.presets import PRESETS
from leukapp.quoted_names import one_line, quoted
from leukapp.resources import SHIPPED_COMPACT, find_bundle

Run: TypeAlias = Callable[[argparse.Namespace], int]
Asked = TypeVar("Asked")

ENGINES = ("auto", "openvino", "openvino-f32", "openvino-bf16", "keras")
MOST_EPOCHS = 1_000_000
LARGEST_SEED = 2**32 - 1
MOST_ACTORS = 100_000
MOST_GPUS = 16
MAX_EVERY_SECONDS = 24 * 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: words of the command line; those of the process if None.

    Returns:
        Exit status: 0 all went well, 1 an image could not be read, 2 the command could not run.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a sign of a name gets the sign's number.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options = _build_parser().parse_args(arguments)
        status = int(options.run(options))
        sys.stdout.flush()
    except LeukappError as error:
        print(f"leukapp: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Whoever read the output has what they wanted.
        _drop_output()
        return 141
    except OSError as error:
        _drop_output()
        print(f"leukapp: {_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("leukapp: stopped; start the same command again to go on", file=sys.stderr)
        return 130
    return status


def _drop_output() -> None:
    """Let what is still to be printed go nowhere, or Python would try, and fail, once more."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        # It was no file to begin with.
        return


def _sentence(error: OSError) -> str:
    reason = one_line(error.strerror or str(error))
    if error.filename is None:
        return f"something cannot be written ({reason}): make room or name another place"
    return (
        f"{quoted(os.fsdecode(error.filename))}: {reason}; check the path, the rights and the disk"
    )


def whole_number(low: int, high: int = 2**63 - 1) -> Callable[[str], int]:
    """A type of argument: a whole number from ``low`` to ``high``."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"give a whole number from {low} to {high}")
        return value

    return parse


def cluster_address(text: str) -> str:
    """A type of argument: ``ray``, or ``ray://`` with a host and a port."""
    if text != "ray" and not re.fullmatch(r"ray://[^/@]+:\d+", text):
        raise argparse.ArgumentTypeError("give ray, or ray://HOST:PORT")
    return text


def share_of_gpus(text: str) -> float:
    """A type of argument: graphics processors for one actor, which may share one."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= MOST_GPUS or (value > 1 and not value.is_integer()):
        raise argparse.ArgumentTypeError(f"give 0 to 1, or a whole number to {MOST_GPUS}")
    return value


SHARED: Final[dict[str, dict[str, Any]]] = {
    "--bundle": {"type": find_bundle, "default": SHIPPED_COMPACT, "help": "trained bundle"},
    "--engine": {"choices": ENGINES, "default": "auto"},
    "--preset": {"choices": sorted(PRESETS)},
    "--data": {"type": Path, "required": True, "help": "folder or table of samples"},
    "--out": {"type": Path, "required": True},
    "--work-dir": {"type": Path, "help": "features and checkpoints (default: cache)"},
    "--key": {"type": Path, "metavar": "FILE", "help": "key of the signed heads"},
    "--store": {
        "dest": "store_url",
        "metavar": "URL",
        "help": "review store (default: a file of yours)",
    },
}
"""Options of several commands; a command may word one anew."""

COMMANDS: Final[list[tuple[str, Run, Sequence[tuple[str, dict[str, Any]]]]]] = []
"""What each command is for, what runs it and its options, in the order of the help."""


def _option(name: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    return name, {**SHARED.get(name, {}), **settings}


def _switch(name: str, help_text: str | None = None, **settings: Any) -> tuple[str, dict[str, Any]]:
    return name, {"action": "store_true", "help": help_text, **settings}


def _command(purpose: str, *options: tuple[str, dict[str, Any]]) -> Callable[[Run], Run]:
    """Make a function a command of its name."""

    def register(run: Run) -> Run:
        COMMANDS.append((purpose, run, options))
        return run

    return register


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leukapp",
        description="A second reader for acute leukemia on blood-smear images. Research use only.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for purpose, run, options in COMMANDS:
        command = commands.add_parser(run.__name__.removeprefix("_"), help=purpose)
        command.set_defaults(run=run)
        for name, settings in options:
            command.add_argument(name, **settings)
    return parser


def _asked(kind: Callable[..., Asked], options: argparse.Namespace, **changes: Any) -> Asked:
    """What was asked for, typed: every field is an option of the same name, or a change."""
    told = {name: tuple(v) if isinstance(v, list) else v for name, v in vars(options).items()}
    return kind(**{name: (told | changes)[name] for name in inspect.signature(kind).parameters})


def _line_to(stream: TextIO) -> Callable[[str], None]:
    return lambda line: print(one_line(line), file=stream, flush=True)


@_command(
    "start the app for a browser on this machine",
    _option(
        "--port", type=whole_number(1, 65535), default=8501, help="of its address (default: 8501)"
    ),
)
def _app(options: argparse.Namespace) -> int:
    from leukapp.app_command import run_app

    run_app(options.port)
    return 0


@_command(
    f"judge images: {join_with_or((*CLASS_NAMES, 'no call'))}",
    _option("images", nargs="+", type=Path, metavar="IMAGE"),
    _option("--bundle"),
    _switch("--json", "print one JSON array", dest="as_json"),
    _option(
        "--heatmaps",
        dest="heatmap_dir",
        type=Path,
        metavar="DIR",
        help="write overlays and raw maps",
    ),
    _option("--engine"),
    _option(
        "--mode",
        choices=["auto", "cell", "field", "whole"],
        default="auto",
        help="judge one cell, every leukocyte, or the whole image (default: as trained)",
    ),
    _switch("--case", "sum the leukocytes of all images up as one patient's", dest="is_case"),
)
def _diagnose(options: argparse.Namespace) -> int:
    from leukapp.diagnose_command import DiagnoseOptions, diagnose_files

    return diagnose_files(options.images, _asked(DiagnoseOptions, options))


@_command(
    "judge a folder into the review store",
    _option("source", help="folder of images, or an address that fsspec opens, as s3://..."),
    _option("--name", help="what the batch is called (default: the folder's name)"),
    _option("--resume", type=whole_number(1), metavar="N", help="go on with batch N"),
    _option("--bundle"),
    _option("--engine"),
    _option("--store"),
    _option("--out", required=False, metavar="DIR", help="also write the answers as parquet"),
    _option(
        "--on",
        type=cluster_address,
        metavar="ray[://HOST:PORT]",
        help="judge on a Ray cluster: that of RAY_ADDRESS or this machine, or the named one",
    ),
    _option(
        "--actors",
        type=whole_number(1, MOST_ACTORS),
        dest="n_actors",
        metavar="N",
        help="of the cluster (default: one a node)",
    ),
    _option(
        "--gpus-per-actor", type=share_of_gpus, default=0.0, metavar="G", help="0.5: two share one"
    ),
)
def _batch(options: argparse.Namespace) -> int:
    from leukapp.batch.ray_cluster import ClusterOptions
    from leukapp.batch_command import BatchOptions, judge_folder

    cluster = None
    if options.on is not None:
        address = None if options.on == "ray" else options.on
        cluster = _asked(ClusterOptions, options, address=address)
    elif options.n_actors is not None or options.gpus_per_actor:
        raise LeukappError("--actors and --gpus-per-actor are for a cluster: add --on ray.")
    return judge_folder(_asked(BatchOptions, options, cluster=cluster))


@_command(
    "check the audit trail of the review store",
    _option("--head", type=Path, metavar="FILE", help="compare with signed heads"),
    _option("--key"),
    _option("--store"),
)
def _verify(options: argparse.Namespace) -> int:
    from leukapp.review.signed_heads import check_heads, read_heads, read_key
    from leukapp.review.store import ReviewStore
    from leukapp.review.upkeep import note_verify

    key = None if options.head is None else read_key(_named(options.key))
    with closing(ReviewStore.open(options.store_url, must_exist=True)) as store:
        report = store.verify()
        note_verify(report, options.store_url)
        faults = list(report.faults)
        if key is not None:
            faults += check_heads(store, read_heads(options.head), key)
    for fault in faults:
        print(one_line(fault))
    state = "NOT whole" if faults else "whole"
    print(f"audit trail: {report.n_rows} rows, {state}, last hash {report.head_hash}")
    return 1 if faults else 0


@_command(
    "copy the review store into one file",
    _option("file", type=Path, help="the new copy"),
    _option("--store"),
)
def _backup(options: argparse.Namespace) -> int:
    from leukapp.review.backup import back_up

    report = back_up(options.file, url=options.store_url)
    for fault in report.faults:
        print(one_line(fault))
    if not report.is_whole:
        print(
            "the audit trail is NOT whole, and nothing was copied: put an earlier copy back with "
            "leukapp restore, or keep the store's file as it is for who looks into it"
        )
        return 1
    print(f"{quoted(options.file)}: copied, {report.n_rows} rows of the audit trail")
    return 0


@_command(
    "put a copy in the review store's place",
    _option("file", type=Path, help="a copy that backup wrote"),
    _option("--store"),
)
def _restore(options: argparse.Namespace) -> int:
    from leukapp.review.backup import put_back

    report = put_back(options.file, url=options.store_url)
    print(f"{quoted(options.file)}: put back, {report.n_rows} rows of the audit trail")
    return 0


@_command(
    "sign where the audit trail ends, to keep elsewhere",
    _option("--key"),
    _option("--new-key", type=Path, metavar="FILE", help="make a key, and do no more"),
    _option("--file", type=Path, help="add a line to this file (default: print it)"),
    _switch("--syslog", "send the line to syslog"),
    _option("--every", type=float, metavar="SECONDS", help="go on, whenever it has grown"),
    _option("--store"),
)
def _head(options: argparse.Namespace) -> int:
    from leukapp.review.signed_heads import (
        append_line,
        make_key,
        publish_heads,
        read_key,
        send_to_syslog,
    )
    from leukapp.review.store import ReviewStore

    if options.new_key is not None:
        make_key(options.new_key)
        return 0
    if options.every is not None and not 1 <= options.every <= MAX_EVERY_SECONDS:
        raise LeukappError("--every takes seconds, at least 1 and at most a day.")
    key = read_key(_named(options.key))

    def write(line: str) -> None:
        if options.file is not None:
            append_line(options.file, line)
        if options.syslog:
            send_to_syslog(line)
        if options.file is None and not options.syslog:
            print(line, flush=True)

    with closing(ReviewStore.open(options.store_url, must_exist=True)) as store:
        publish_heads(store, key, write, every_seconds=options.every)
    return 0


def _named(key: Path | None) -> Path:
    if key is None:
        raise LeukappError("Name the key with --key FILE; leukapp head --new-key FILE makes one.")
    return key


@_command(
    "train a preset on labelled images into a bundle",
    _option("--preset", required=True),
    _option("--data"),
    _option("--out", help="folder of the bundle"),
    _option("--protocol", choices=["grouped", "paper"], default="grouped"),
    _option("--seed", type=whole_number(0, LARGEST_SEED), default=0),
    _option("--work-dir"),
    _option("--backbone-weights", type=Path, metavar="DIR", help="keras .h5 files"),
    _option(
        "--cell-backbone",
        type=Path,
        metavar="FILE",
        help="weights of a cell backbone (default: that of the bundle that ships)",
    ),
    _option("--finder", type=Path, metavar="FILE", help="finder.npz that finds the leukocytes"),
    _option(
        "--stem-input",
        choices=["as-trained", "tensorflow-2.9"],
        default="as-trained",
        help="EfficientNetB6 and B7: rescale the input as their weights were trained (default), or "
        "as TensorFlow 2.9 did, 2.1 times smaller",
    ),
    _option(
        "--epochs",
        type=whole_number(1, MOST_EPOCHS),
        dest="n_epochs",
        metavar="EPOCHS",
        help="upper bound of epochs in each stage",
    ),
    _option(
        "--unfreeze",
        type=whole_number(0, MOST_EPOCHS),
        dest="unfreeze_epochs",
        default=0,
        metavar="EPOCHS",
        help="then fine-tune the backbones too, for so many epochs (slow; default: frozen)",
    ),
)
def _train(options: argparse.Namespace) -> int:
    from leukapp.recipes.preparation import TrainOptions
    from leukapp.recipes.train import train_bundle

    stem_input = options.stem_input.replace("-", "_").replace(".", "_")
    asked = _asked(TrainOptions, options, stem_input=stem_input)
    train_bundle(asked, report=_line_to(sys.stdout))
    return 0


@_command(
    "fit a bundle to your laboratory and certify it there",
    _option("--data", help="folder or table of your labelled images, patients as groups"),
    _option("--out", help="folder of the new bundle"),
    _option("--laboratory", required=True, metavar="NAME"),
    _option("--bundle", help="its parent"),
    _option("--risk", type=float, default=0.02, help="wrong calls of a class, 0-1 (default: 0.02)"),
    _option("--confidence", type=float, default=0.95, help="of the proof (default: 0.95)"),
    _option("--work-dir", help="what the network saw, so that a killed run goes on"),
    _option("--seed", type=whole_number(0, LARGEST_SEED), default=0),
    _option(
        "--images",
        type=Path,
        dest="images_file",
        metavar="FILE",
        help="CSV of every image, by name, with its answers before and after",
    ),
)
def _commission(options: argparse.Namespace) -> int:
    from leukapp.commissioning.commission import CommissionOptions, commission

    commissioned = commission(_asked(CommissionOptions, options), report=_line_to(sys.stderr))
    print(commissioned.to_markdown())
    return 0


@_command(
    "judge a bundle on labelled images",
    _option("--bundle", help=None),
    _option("--data"),
    _option("--out", help="folder for table and report"),
    _option(
        "--compare", type=find_bundle, nargs="+", default=[], metavar="BUNDLE", help="other bundles"
    ),
    _option("--engine"),
)
def _evaluate(options: argparse.Namespace) -> int:
    from leukapp.recipes.evaluate import EvaluateOptions, evaluate_bundle

    print(evaluate_bundle(_asked(EvaluateOptions, options), report=_line_to(sys.stderr)))
    return 0


@_command(
    "how far a bundle's recipe generalizes, source by source",
    _option("--data", help="what the bundle was trained on"),
    _option("--bundle"),
    _option("--work-dir"),
    _option(
        "--folds",
        type=str,
        nargs="+",
        default=[],
        metavar="NAME",
        help="sources or laboratories to judge in folds over their groups as well",
    ),
)
def _evidence(options: argparse.Namespace) -> int:
    from leukapp.recipes.evidence import gather_evidence
    from leukapp.recipes.evidence_networks import EvidenceOptions

    asked = _asked(EvidenceOptions, options, backbones={})
    print(gather_evidence(asked, report=_line_to(sys.stderr)).to_markdown())
    return 0


@_command(
    "audit a data set, a bundle's heatmaps and refusals",
    _option("--data", required=False),
    _option("--out", required=False, help="folder of JSON and HTML (default: BUNDLE/audits)"),
    _option("--bundle"),
    _switch("--explanations", "test the heatmaps on --data"),
    _switch("--not-smears", "judge pictures of other things"),
    _switch("--all", "data, heatmaps and other pictures", dest="whole"),
    _option("--limit", type=whole_number(1), default=64, help="images of the heatmap audit"),
)
def _audit(options: argparse.Namespace) -> int:
    from leukapp.recipes.audit import AuditOptions, run_audits

    asked = _asked(
        AuditOptions,
        options,
        out=options.out or options.bundle / "audits",
        explanations=options.explanations or options.whole,
        not_smears=options.not_smears or options.whole,
    )
    print(*map(quoted, run_audits(asked, report=_line_to(sys.stderr))), sep="\n")
    return 0


@_command(
    "layers and parameter counts of a preset",
    _option("--preset", required=True),
    _switch("--json"),
)
def _describe(options: argparse.Namespace) -> int:
    from leukapp.recipes.describe import describe_preset

    description = describe_preset(options.preset)
    print(description.to_json() if options.json else description.to_text())
    return 0
