"""A file system with one journal for all names, as ext4 and XFS are.

What happens to names and folders reaches the disk in its order, a rename whole;
a crash leaves all of it up to some point.  fsync() takes the journal along up
to the last operation on what is synced, and where a file has new octets to the
end, since placing them is the newest operation.  Octets themselves are as in
model.py: they stand outside of the journal.

Which syncs could be left out there is asked with crash.py --journal.
"""
from model import File, FileSystem
from states import Crash


class JournalCrash(Crash):
    """One dimension for all names: how many operations have happened."""

    def __init__(self, fs, limits):
        super().__init__(fs, limits)
        self.numbers = sorted({c.number for _, _, changes in self.names for c in changes})
        self.sizes = [len(self.numbers) + 1, *self.sizes[len(self.names):]]

    def applied(self, choice):
        end = self.numbers[choice[0] - 1] if choice[0] else 0
        return [sum(c.number <= end for c in changes) for _, _, changes in self.names]


class JournalFileSystem(FileSystem):
    crash = JournalCrash

    def _commit(self, number):
        for folder in self.folders.values():
            for name, changes in list(folder.changes.items()):
                for c in changes:
                    c.durable = c.durable or c.number <= number
                done = [c for c in changes if c.durable]
                if done and done[-1].node is None:
                    folder.durable.pop(name, None)
                elif done:
                    folder.durable[name] = done[-1].node
                folder.changes[name] = changes[len(done):]
                if not folder.changes[name]:
                    del folder.changes[name]

    def _changes(self):
        return [c for folder in self.folders.values() for changes in folder.changes.values() for c in changes]

    def _sync(self, e):
        node = self.node(e.inode, e.path)
        if isinstance(node, File):
            own = [c.number for c in self._changes() if node in (c.node, c.partner and c.partner.node)]
            everything = bool(node.ops)
            node.sync()
        else:
            own = [c.number for changes in node.changes.values() for c in changes]
            everything = False
        if everything:
            own = [c.number for c in self._changes()]
        self._commit(max(own, default=0))
