"""The command line: ``leukapp diagnose | batch | train | evaluate | audit | describe``."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from leukapp import __version__
from leukapp.errors import BundleError, LeukappError
from leukapp.quoted_names import one_line, quoted
from leukapp.resources import SHIPPED_COMPACT, find_bundle

ENGINES = ("auto", "openvino", "openvino-f32", "openvino-bf16", "keras")
MOST_EPOCHS = 1_000_000
LARGEST_SEED = 2**32 - 1
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


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leukapp",
        description="A second reader for acute leukemia on blood-smear images. Research use only.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_app(commands)
    _add_diagnose(commands)
    _add_batch(commands)
    _add_store(commands)
    _add_train(commands)
    _add_evaluate(commands)
    _add_evidence(commands)
    _add_audit(commands)
    _add_describe(commands)
    return parser


Commands = argparse._SubParsersAction


def _add_app(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("app", help="start the app for a browser on this machine")
    parser.add_argument(
        "--port", type=whole_number(1, 65535), default=8501, help="of its address (default: 8501)"
    )
    parser.set_defaults(run=_app)


def _add_diagnose(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("diagnose", help="judge images: ALL, AML, Healthy or no call")
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument(
        "--bundle", type=find_bundle, default=SHIPPED_COMPACT, help="trained bundle"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument("--heatmaps", type=Path, metavar="DIR", help="write overlays and raw maps")
    parser.add_argument("--engine", choices=ENGINES, default="auto")
    parser.add_argument(
        "--mode",
        choices=["auto", "cell", "field", "whole"],
        default="auto",
        help="judge one cell, every leukocyte, or the whole image (default: as trained)",
    )
    parser.add_argument(
        "--case", action="store_true", help="sum the leukocytes of all images up as one patient's"
    )
    parser.set_defaults(run=_diagnose)


def _add_batch(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("batch", help="judge a folder into the review store")
    parser.add_argument("folder", type=Path, help="folder of images")
    parser.add_argument("--name", help="what the batch is called (default: the folder's name)")
    parser.add_argument("--resume", type=whole_number(1), metavar="N", help="go on with batch N")
    parser.add_argument(
        "--bundle", type=find_bundle, default=SHIPPED_COMPACT, help="trained bundle"
    )
    parser.add_argument("--engine", choices=ENGINES, default="auto")
    parser.add_argument("--store", metavar="URL", help="review store (default: a file of yours)")
    parser.set_defaults(run=_batch)


def _add_store(commands: "Commands[argparse.ArgumentParser]") -> None:
    verify = commands.add_parser("verify", help="check the audit trail of the review store")
    backup = commands.add_parser("backup", help="copy the review store into one file")
    restore = commands.add_parser("restore", help="put a copy in the review store's place")
    head = commands.add_parser("head", help="sign where the audit trail ends, to keep elsewhere")
    verify.add_argument("--head", type=Path, metavar="FILE", help="compare with signed heads")
    for parser in (verify, head):
        parser.add_argument("--key", type=Path, metavar="FILE", help="key of the signed heads")
    head.add_argument("--new-key", type=Path, metavar="FILE", help="make a key, and do no more")
    head.add_argument("--file", type=Path, help="add a line to this file (default: print it)")
    head.add_argument("--syslog", action="store_true", help="send the line to syslog")
    head.add_argument("--every", type=float, metavar="SECONDS", help="go on, whenever it has grown")
    backup.add_argument("file", type=Path, help="the new copy")
    restore.add_argument("file", type=Path, help="a copy that backup wrote")
    runs = ((verify, _verify), (head, _head), (backup, _backup), (restore, _restore))
    for parser, run in runs:
        parser.add_argument("--store", metavar="URL", help="address (default: a file of yours)")
        parser.set_defaults(run=run)


def _add_train(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("train", help="train a preset on labelled images into a bundle")
    _add_preset(parser, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder or table of samples")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundle")
    parser.add_argument("--protocol", choices=["grouped", "paper"], default="grouped")
    parser.add_argument("--seed", type=whole_number(0, LARGEST_SEED), default=0)
    parser.add_argument("--work-dir", type=Path, help="features and checkpoints (default: cache)")
    parser.add_argument("--backbone-weights", type=Path, metavar="DIR", help="keras .h5 files")
    _add_stem_input(parser)
    parser.add_argument(
        "--epochs", type=whole_number(1, MOST_EPOCHS), help="upper bound of epochs in each stage"
    )
    parser.add_argument(
        "--unfreeze",
        type=whole_number(0, MOST_EPOCHS),
        default=0,
        metavar="EPOCHS",
        help="then fine-tune the backbones too, for so many epochs (slow; default: frozen)",
    )
    parser.set_defaults(run=_train)


def _add_preset(parser: argparse.ArgumentParser, **settings: Any) -> None:
    from leukapp.model.presets import PRESETS

    parser.add_argument("--preset", choices=sorted(PRESETS), **settings)


def _add_stem_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stem-input",
        choices=["as-trained", "tensorflow-2.9"],
        default="as-trained",
        help="EfficientNetB6 and B7: rescale the input as their weights were trained (default), or "
        "as TensorFlow 2.9 did, 2.1 times smaller",
    )


def _add_evaluate(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("evaluate", help="judge a bundle on labelled images")
    parser.add_argument("--bundle", type=find_bundle, default=SHIPPED_COMPACT)
    parser.add_argument("--data", type=Path, required=True, help="folder or table of samples")
    parser.add_argument("--out", type=Path, required=True, help="folder for table and report")
    parser.add_argument(
        "--compare", type=find_bundle, nargs="+", default=[], metavar="BUNDLE", help="other bundles"
    )
    parser.add_argument("--engine", choices=ENGINES, default="auto")
    parser.set_defaults(run=_evaluate)


def _add_evidence(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "evidence", help="how far a bundle's recipe generalizes, source by source"
    )
    parser.add_argument("--data", type=Path, required=True, help="what the bundle was trained on")
    parser.add_argument(
        "--bundle", type=find_bundle, default=SHIPPED_COMPACT, help="trained bundle"
    )
    parser.add_argument("--work-dir", type=Path, help="features and checkpoints (default: cache)")
    parser.set_defaults(run=_evidence)


def _add_audit(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("audit", help="audit a data set, a bundle's heatmaps and refusals")
    parser.add_argument("--data", type=Path, help="folder or table of samples")
    parser.add_argument("--out", type=Path, help="folder of JSON and HTML (default: BUNDLE/audits)")
    parser.add_argument(
        "--bundle", type=find_bundle, default=SHIPPED_COMPACT, help="trained bundle"
    )
    parser.add_argument("--explanations", action="store_true", help="test the heatmaps on --data")
    parser.add_argument("--not-smears", action="store_true", help="judge pictures of other things")
    parser.add_argument("--all", action="store_true", help="data, heatmaps and other pictures")
    parser.add_argument(
        "--limit", type=whole_number(1), default=64, help="images of the heatmap audit"
    )
    parser.set_defaults(run=_audit)


def _add_describe(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("describe", help="layers and parameter counts of a preset")
    _add_preset(parser, required=True)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_describe)


def _app(options: argparse.Namespace) -> int:
    from leukapp.app_command import run_app

    run_app(options.port)
    return 0


def _diagnose(options: argparse.Namespace) -> int:
    from leukapp.diagnose_command import DiagnoseOptions, diagnose_files

    return diagnose_files(
        options.images,
        DiagnoseOptions(
            bundle=options.bundle,
            engine=options.engine,
            mode=options.mode,
            is_case=options.case,
            as_json=options.json,
            heatmap_dir=options.heatmaps,
        ),
    )


def _batch(options: argparse.Namespace) -> int:
    from leukapp.batch_command import BatchOptions, judge_folder

    return judge_folder(
        BatchOptions(
            folder=options.folder,
            bundle=options.bundle,
            engine=options.engine,
            name=options.name,
            resume=options.resume,
            store_url=options.store,
        )
    )


def _verify(options: argparse.Namespace) -> int:
    from leukapp.review.signed_heads import check_heads, read_heads, read_key
    from leukapp.review.store import ReviewStore

    key = None if options.head is None else read_key(_named(options.key))
    with closing(ReviewStore.open(options.store, must_exist=True)) as store:
        report = store.verify()
        faults = list(report.faults)
        if key is not None:
            faults += check_heads(store, read_heads(options.head), key)
    for fault in faults:
        print(one_line(fault))
    state = "NOT whole" if faults else "whole"
    print(f"audit trail: {report.n_rows} rows, {state}, last hash {report.head_hash}")
    return 1 if faults else 0


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

    with closing(ReviewStore.open(options.store, must_exist=True)) as store:
        publish_heads(store, key, write, every_seconds=options.every)
    return 0


def _named(key: Path | None) -> Path:
    if key is None:
        raise LeukappError("Name the key with --key FILE; leukapp head --new-key FILE makes one.")
    return key


def _backup(options: argparse.Namespace) -> int:
    from leukapp.review.backup import back_up

    report = back_up(options.file, url=options.store)
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


def _restore(options: argparse.Namespace) -> int:
    from leukapp.review.backup import put_back

    report = put_back(options.file, url=options.store)
    print(f"{quoted(options.file)}: put back, {report.n_rows} rows of the audit trail")
    return 0


def _train(options: argparse.Namespace) -> int:
    from leukapp.recipes.preparation import TrainOptions
    from leukapp.recipes.train import train_bundle

    train_bundle(
        TrainOptions(
            preset=options.preset,
            data=options.data,
            out=options.out,
            protocol=options.protocol,
            seed=options.seed,
            work_dir=options.work_dir,
            backbone_weights=options.backbone_weights,
            stem_input=options.stem_input.replace("-", "_").replace(".", "_"),
            n_epochs=options.epochs,
            unfreeze_epochs=options.unfreeze,
        ),
        report=lambda line: print(one_line(line), flush=True),
    )
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from leukapp.recipes.evaluate import EvaluateOptions, evaluate_bundle

    told = evaluate_bundle(
        EvaluateOptions(
            bundle=options.bundle,
            data=options.data,
            out=options.out,
            engine=options.engine,
            compare=tuple(options.compare),
        ),
        report=lambda line: print(one_line(line), file=sys.stderr, flush=True),
    )
    print(told)
    return 0


def _evidence(options: argparse.Namespace) -> int:
    from leukapp.recipes.evidence import EvidenceOptions, gather_evidence

    evidence = gather_evidence(
        EvidenceOptions(data=options.data, bundle=options.bundle, work_dir=options.work_dir),
        report=lambda line: print(one_line(line), file=sys.stderr, flush=True),
    )
    print(evidence.to_markdown())
    return 0


def _audit(options: argparse.Namespace) -> int:
    from leukapp.recipes.audit import AuditOptions, run_audits

    paths = run_audits(
        AuditOptions(
            data=options.data,
            out=options.out or options.bundle / "audits",
            bundle=options.bundle,
            explanations=options.explanations or options.all,
            not_smears=options.not_smears or options.all,
            whole=options.all,
            limit=options.limit,
        ),
        report=lambda line: print(one_line(line), file=sys.stderr, flush=True),
    )
    print(*map(quoted, paths), sep="\n")
    return 0


def _describe(options: argparse.Namespace) -> int:
    from leukapp.recipes.describe import describe_preset

    description = describe_preset(options.preset)
    print(description.to_json() if options.json else description.to_text())
    return 0


__all__ = ["BundleError", "main"]
