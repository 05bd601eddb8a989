"""Pack an sdist again, so that it says nothing of when, where and by whom it was packed."""

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path


def main(path: Path) -> None:
    """Replace the times by ``SOURCE_DATE_EPOCH``, the owners by root; sort the files."""
    moment = int(os.environ["SOURCE_DATE_EPOCH"])
    packed = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=packed, mode="w") as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            member.mtime, member.uid, member.gid, member.uname, member.gname = moment, 0, 0, "", ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            new.addfile(member, old.extractfile(member) if member.isfile() else None)
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=moment))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
