"""The file system, and what a crash may leave of it.

What is durable is what was synced.  Of everything since then a crash leaves
any part:

  A file's octets   in sectors of 512 octets, each as after any of the writes
                    to it; the size as after any of them; what has no octets
                    yet reads as zeroes.
  A folder's names  each name by itself: as after any of the operations on it,
                    in their order; so of several names any combination.
  rename()          two operations, on two names.  A file system may lose both
                    or keep both, or leave both names; it does not take the old
                    name away and lose the new one.  So a sync of the old folder
                    takes the new name along (ext4 and XFS: one journal; Btrfs
                    commits all when a folder is synced that a name has left).

fsync() of a file makes its octets and size durable and no name of it; fsync()
of a folder all operations on its names, and no octets; syncfs() everything.
That is less than ext4, XFS and Btrfs give (journal.py has what the first two
do), and less than POSIX promises nowhere.
"""
import hashlib
import itertools

SECTOR = 512


class Content:
    """Octets of a file, and their digest."""
    __slots__ = ("octets", "digest")
    known = {}

    def __init__(self, octets):
        self.octets = octets
        self.digest = hashlib.blake2b(octets, digest_size=12).digest()

    @classmethod
    def of(cls, octets):
        if octets not in cls.known:
            cls.known[octets] = cls(octets)
        return cls.known[octets]


def apply(octets, op):
    kind, at, data = op
    if kind == "truncate":
        return octets[:at] + bytes(max(0, at - len(octets)))
    return octets[:at] + bytes(max(0, at - len(octets))) + data + octets[at + len(data):]


class File:
    def __init__(self, octets=b""):
        self.durable = self.current = octets
        self.ops = []
        self._options = {}

    def change(self, op):
        self.ops.append(op)
        self.current = apply(self.current, op)
        self._options = {}

    def sync(self):
        self.durable, self.ops, self._options = self.current, [], {}

    def options(self, limit):
        """Contents that a crash can leave; the first has lost all that can be
        lost, the last nothing."""
        if limit not in self._options:
            self._options[limit] = [Content.of(o) for o in thin(list(dict.fromkeys(self._all())), limit)]
        return self._options[limit]

    def _all(self):
        versions = [self.durable]
        for op in self.ops:
            versions.append(apply(versions[-1], op))
        yield self.durable
        newest = self.current
        if not self.ops:
            return
        yield from versions[1:-1]
        size = len(newest)
        old = self.durable[:size] + bytes(max(0, size - len(self.durable)))
        yield old  # the size, but no octets
        borders = [b for b in range(SECTOR, size, SECTOR)
                   if size <= 8 * SECTOR or b % 4096 == 0 or b == SECTOR or b + SECTOR >= size]
        for b in borders:
            if b >= len(self.durable):
                yield newest[:b]
            yield newest[:b] + old[b:]
            yield old[:b] + newest[b:]
        for b, end in zip([0, *borders], [*borders, size]):
            yield newest[:b] + old[b:end] + newest[end:]
            yield old[:b] + newest[b:end] + old[end:]
        yield newest


def thin(options, limit):
    """At most limit of them, evenly, the first and the last among them."""
    if len(options) <= limit:
        return options
    return [options[i * (len(options) - 1) // (limit - 1)] for i in range(limit)]


class Change:
    """An operation on a name: what it stands for afterwards; partner: that on
    the new name, of a rename; number: the same for both, and growing."""
    __slots__ = ("node", "partner", "durable", "number", "place")
    numbers = itertools.count(1)

    def __init__(self, node, place, partner=None):
        self.node, self.place, self.partner, self.durable = node, place, partner, False
        self.number = partner.number if partner else next(self.numbers)

    def settle(self):
        """It is durable, and what was done to the name before."""
        folder, name = self.place
        changes = folder.changes.get(name, [])
        if self not in changes:
            return
        count = changes.index(self) + 1
        for c in changes[:count]:
            c.durable = True
        folder.durable[name] = self.node
        folder.changes[name] = changes[count:]
        if not folder.changes[name]:
            del folder.changes[name]


class Folder:
    def __init__(self, static=False):
        self.static = static  # it is there whatever happens
        self.durable, self.current = {}, {}
        self.changes = {}  # name -> [Change]

    def change(self, name, node, partner=None):
        c = Change(node, (self, name), partner)
        self.changes.setdefault(name, []).append(c)
        if node is None:
            self.current.pop(name, None)
        else:
            self.current[name] = node
        return c

    def sync(self):
        for c in [c for changes in self.changes.values() for c in changes]:
            c.durable = True
            if c.partner:
                c.partner.settle()
        self.durable, self.changes = dict(self.current), {}


class FileSystem:
    """tree: {path: octets} of what is there at first, durable; a path that ends
    in "/" is a folder that the programs made."""

    crash = None  # states.Crash, or what takes its place

    def __init__(self, tree=()):
        self.folders = {}  # path -> Folder, of those that are there now
        self.nodes = {}    # inode -> node
        for path, content in sorted(dict(tree).items()):
            node = self._new_folder(path) if path.endswith("/") else File(content.octets)
            parent, name = self._split(path.rstrip("/"))
            parent.durable[name] = parent.current[name] = node

    def _new_folder(self, path):
        self.folders[path.rstrip("/")] = folder = Folder()
        return folder

    def folder(self, path):
        return self.folders.setdefault(path, Folder(static=True)) if path not in self.folders else self.folders[path]

    def _split(self, path):
        parent, _, name = path.rpartition("/")
        return self.folder(parent), name

    def node_at(self, path):
        parent, name = self._split(path)
        return parent.current.get(name)

    def node(self, inode, path=None):
        """By number; what was there at first is met by its path."""
        if inode not in self.nodes:
            self.nodes[inode] = self.folder(path) if self.node_at(path) is None else self.node_at(path)
        return self.nodes[inode]

    def do(self, event):
        getattr(self, f"_{event.kind}", lambda e: None)(event)

    def _create(self, e):
        self.nodes[e.inode] = file = File()
        if e.path:
            folder, name = self._split(e.path)
            folder.change(name, file)

    def _mkdir(self, e):
        self.nodes[e.inode] = made = self._new_folder(e.path)
        folder, name = self._split(e.path)
        folder.change(name, made)

    def _link(self, e):
        folder, name = self._split(e.path)
        folder.change(name, self.nodes[e.inode])

    def _unlink(self, e):
        folder, name = self._split(e.path)
        folder.change(name, None)

    def _rename(self, e):
        (old, name), (new, to) = self._split(e.path), self._split(e.to)
        added = new.change(to, old.current[name])
        old.change(name, None, partner=added)

    def _write(self, e):
        self.node(e.inode, e.path).change(("write", e.number, e.octets))

    def _truncate(self, e):
        self.node(e.inode, e.path).change(("truncate", e.number, None))

    def _sync(self, e):
        self.node(e.inode, e.path).sync()

    def _syncfs(self, e):
        for node in {*self.folders.values(), *self.nodes.values(), *self._named()}:
            node.sync()

    def _named(self):
        """Every node that has a name, or may still have one."""
        for folder in list(self.folders.values()):
            yield from folder.durable.values()
            for changes in folder.changes.values():
                yield from (c.node for c in changes if c.node)
