"""syncs.py FOLDER...: what each of owlpost's syncs costs on the file system of each folder.

Milliseconds, median and 90th percentile of 300 rounds.  A round does in their
order what happens to a message of 4 KiB that comes in, is deferred once and
ends, and to one that is delivered to a Maildir.
"""
import os
import statistics
import sys
import tempfile
import time

ROUNDS = 300
BODY = os.urandom(4096)


def sync_folder(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


class Round:
    """times: {step: [seconds]}."""

    def __init__(self, folder, times):
        self.folder, self.times = folder, times

    def measure(self, step, what):
        start = time.perf_counter()
        what()
        self.times.setdefault(step, []).append(time.perf_counter() - start)

    def accept(self, name):
        fd = os.open(f"{self.folder}/todo", os.O_TMPFILE | os.O_RDWR, 0o440)
        os.write(fd, BODY)
        self.measure("file of a message", lambda: os.fsync(fd))
        todo = os.open(f"{self.folder}/todo", os.O_RDONLY | os.O_DIRECTORY)
        os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=todo, follow_symlinks=True)
        os.close(todo)
        self.measure("todo/, for a name", lambda: sync_folder(f"{self.folder}/todo"))
        os.close(fd)

    def defer(self, name):
        os.rename(f"{self.folder}/todo/{name}", f"{self.folder}/wait/{name}")
        log = os.open(f"{self.folder}/wait/{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(log, BODY[:120])
        self.measure("log", lambda: os.fdatasync(log))
        self.measure("wait/XX/, behind its log", lambda: sync_folder(f"{self.folder}/wait"))
        self.measure("todo/, behind wait/XX/", lambda: sync_folder(f"{self.folder}/todo"))
        os.write(log, BODY[:120])
        self.measure("log, appended to", lambda: os.fdatasync(log))
        os.close(log)

    def end(self, name):
        os.unlink(f"{self.folder}/wait/{name}")
        self.measure("wait/XX/, for what has left it", lambda: sync_folder(f"{self.folder}/wait"))
        os.unlink(f"{self.folder}/wait/{name}.log")

    def deliver(self, name):
        fd = os.open(f"{self.folder}/tmp/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, BODY)
        self.measure("file of a delivery", lambda: os.fsync(fd))
        os.close(fd)
        os.rename(f"{self.folder}/tmp/{name}", f"{self.folder}/new/{name}")
        self.measure("Maildir/new/", lambda: sync_folder(f"{self.folder}/new"))


def measure(base):
    times = {}
    with tempfile.TemporaryDirectory(dir=base) as folder:
        for part in ("todo", "wait", "tmp", "new"):
            os.mkdir(f"{folder}/{part}")
        for n in range(ROUNDS):
            r = Round(folder, times)
            r.accept(f"m{n}")
            r.defer(f"m{n}")
            r.end(f"m{n}")
            r.deliver(f"d{n}")
    return times


def main():
    results = {folder: measure(folder) for folder in sys.argv[1:]}
    print("| sync |" + "".join(f" {folder} |" for folder in results))
    print("| --- |" + " --- |" * len(results))
    for step in next(iter(results.values())):
        cells = [sorted(t[step]) for t in results.values()]
        print(f"| {step} |" + "".join(
            f" {statistics.median(c) * 1000:.2f} ({c[len(c) * 9 // 10] * 1000:.2f}) |" for c in cells))


if __name__ == "__main__":
    main()
