"""States that a crash can leave of a FileSystem (model.py has the rules).

A state is {path: Content}, and None for a folder.  Each undecided thing is a
dimension: a name with its operations since the sync, a file with the octets
that it may hold.  Where few combinations are possible all are made; of others
those with one thing or two lost, or kept, and some at random.
"""
import hashlib
import itertools
import math
import random

from model import Content, File, Folder


class Limits:
    """exhaustive: as many combinations are all made; samples: of more, so many
    at random; contents: of one file; pairs: of so many things, each two."""

    def __init__(self, full):
        self.exhaustive, self.samples, self.contents, self.pairs = (1024, 60, 60, 12) if full else (48, 8, 14, 0)


class Crash:
    """What is undecided at one moment: a dimension for each name, and for each
    file."""

    def __init__(self, fs, limits):
        self.fs, self.limits = fs, limits
        self.names = [(folder, name, changes) for folder in fs.folders.values()
                      for name, changes in folder.changes.items()]
        self.files = [f for f in dict.fromkeys(fs._named()) if isinstance(f, File) and f.ops]
        self.sizes = [len(changes) + 1 for _, _, changes in self.names]
        self.sizes += [len(f.options(limits.contents)) for f in self.files]

    def applied(self, choice):
        """How many of its operations each name has seen; None: that cannot be."""
        happened = [changes[:n] for (_, _, changes), n in zip(self.names, choice)]
        known = {id(c) for changes in happened for c in changes}
        for c in (c for changes in happened for c in changes if c.partner):
            if not c.partner.durable and id(c.partner) not in known:
                return None
        return choice[:len(self.names)]

    def choices(self, seed):
        """Tuples of numbers, one for each dimension."""
        if math.prod(self.sizes) <= self.limits.exhaustive:
            return itertools.product(*map(range, self.sizes))
        return self._some(random.Random(seed))

    def _some(self, dice):
        lost, kept = [0] * len(self.sizes), [n - 1 for n in self.sizes]
        yield tuple(lost)
        yield tuple(kept)
        for base in (lost, kept):
            for i, size in enumerate(self.sizes):
                for value in range(size):
                    yield (*base[:i], value, *base[i + 1:])
            for i, j in itertools.combinations(range(len(base)), 2) if len(base) <= self.limits.pairs else ():
                pair = list(base)
                pair[i], pair[j] = kept[i] - base[i], kept[j] - base[j]
                yield tuple(pair)
        for _ in range(self.limits.samples):
            yield tuple(dice.randrange(n) for n in self.sizes)

    def state(self, choice):
        """The tree, or None."""
        applied = self.applied(choice)
        if applied is None:
            return None
        names = {(id(folder), name): n for (folder, name, _), n in zip(self.names, applied)}
        contents = dict(zip(map(id, self.files), choice[-len(self.files):])) if self.files else {}
        tree = {}
        for path, folder in self.fs.folders.items():
            if folder.static:
                self._walk(tree, path, folder, names, contents)
        return tree

    def _walk(self, tree, path, folder, names, contents):
        for name in {**folder.durable, **folder.changes}:
            changes = folder.changes.get(name)
            value = names.get((id(folder), name), 0)
            node = changes[value - 1].node if changes and value else folder.durable.get(name)
            if isinstance(node, Folder):
                tree[f"{path}/{name}/"] = None
                self._walk(tree, f"{path}/{name}", node, names, contents)
            elif node:
                tree[f"{path}/{name}"] = self._content(node, contents)

    def _content(self, file, contents):
        if id(file) in contents:
            return file.options(self.limits.contents)[contents[id(file)]]
        return Content.of(file.current)


def digest(tree):
    h = hashlib.blake2b(digest_size=16)
    for path in sorted(tree):
        h.update(path.encode() + b"\0" + (tree[path].digest if tree[path] else b""))
    return h.digest()


CHANGES = {"create", "mkdir", "link", "unlink", "rename", "write", "truncate", "sync", "syncfs"}


def enumerate_states(steps, fs, limits, found):
    """Calls found(moment, tree): the tree may be left by a crash when so many
    steps have happened, and the next one has changed nothing.  A step is a list
    of events, of which only the first tells anybody anything."""
    for moment, step in enumerate(steps):
        for number, event in enumerate(step):
            if event.kind in CHANGES:
                _at(moment + (number > 0), fs, limits, found)
                fs.do(event)
    _at(len(steps), fs, limits, found)


def _at(moment, fs, limits, found):
    crash = (fs.crash or Crash)(fs, limits)
    for choice in crash.choices(moment):
        tree = crash.state(choice)
        if tree is not None:
            found(moment, tree)
