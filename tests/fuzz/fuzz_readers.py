"""Coverage-guided fuzzing: ``python tests/fuzz/fuzz_readers.py READER SECONDS FOLDER``.

FOLDER keeps what was found worth trying, so that a longer run goes on where the last one ended.
Ends with an error, and the input in FOLDER, at anything but pixels, a table or one plain sentence.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

with atheris.instrument_imports(include=["leukapp", "PIL"]):
    from corpus.readers_under_test import READERS, fate_of, good_inputs, prepare_folder

MAX_INPUT_BYTES = 65_536
MEMORY_LIMIT_MB = 2_048


def run_in_a_fresh_process() -> None:
    """Go on in a child: the memory limit counts a process's peak, and ours began as our parent's.

    A program that a large process starts takes over the peak of that process; a child that is
    forked and goes on counts from what it holds then.
    """
    child = os.fork()
    if child:
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def main() -> None:
    run_in_a_fresh_process()
    reader, seconds, found = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if reader not in READERS:
        raise SystemExit(f"{reader} is none of {', '.join(READERS)}")
    found.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(good_inputs(reader)):
        (found / f"sound_{number}").write_bytes(data)
    folder = Path(tempfile.mkdtemp())
    prepare_folder(folder)
    options = [
        sys.argv[0],
        f"-max_total_time={seconds}",
        f"-max_len={MAX_INPUT_BYTES}",
        f"-rss_limit_mb={MEMORY_LIMIT_MB}",
        "-timeout=20",
        f"-artifact_prefix={found}/failing_",
        "-print_final_stats=1",
        "-verbosity=0",
        str(found),
    ]
    atheris.Setup(options, lambda data: fate_of(reader, data, folder) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
