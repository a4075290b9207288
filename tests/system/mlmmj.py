"""A mailing list of Debian's mlmmj, in a user's home."""
import os
import re
import subprocess

from peers import for_users


class MailingList:
    """ADDRESS is user or, for the user alias, the list's name; delimiter stands
    between it and what mlmmj is asked to do."""

    def __init__(self, owlpost, user, name, delimiter):
        self.owlpost, self.user, self.name, self.delimiter = owlpost, user, name, delimiter
        self.programs, self.libraries = for_users("mlmmj")
        self.folder = f"{owlpost.home(user)}/lists/{name}"
        texts = f"{os.path.dirname(self.programs)}/share/mlmmj/text.skel/en"
        self._make(texts)
        self.control("delimiter", delimiter)
        self.control("smtpport", owlpost.port)

    def _make(self, texts):
        self.run("mlmmj-make-ml", "-s", os.path.dirname(self.folder), "-L", self.name,
                 answers=f"local.test\npostmaster@local.test\n{texts}\n")

    def run(self, program, *arguments, answers=""):
        """One of mlmmj's programs, as the list's user."""
        done = subprocess.run([f"{self.programs}/{program}", *arguments], input=answers.encode(), capture_output=True,
                              env={"PATH": f"{self.programs}:/usr/bin:/bin"}, **self.owlpost.identity(self.user))
        assert done.returncode == 0, done.stderr.decode()

    def control(self, name, value):
        path = f"{self.folder}/control/{name}"
        with open(path, "w") as f:
            f.write(f"{value}\n")
        self.owlpost.give(self.user, path)

    def line(self):
        """Of the .qmail files."""
        return f"|{self.programs}/mlmmj-receive -L {self.folder}/\n"

    def address(self, what=""):
        return f"{self.name}{self.delimiter if what else ''}{what}@local.test"

    def add(self, address):
        self.run("mlmmj-sub", "-L", self.folder, "-f", "-q", "-s", "-a", address)

    def subscribers(self):
        found = set()
        for name in os.listdir(f"{self.folder}/subscribers.d"):
            with open(f"{self.folder}/subscribers.d/{name}") as f:
                found |= set(f.read().split())
        return found

    def _bounce_file(self, address):
        return f"{self.folder}/bounce/{address.replace('@', '=')}"

    def bounces(self, address):
        """What mlmmj has noted: [(number of the post, time)]."""
        path = self._bounce_file(address)
        if not os.path.exists(path):
            return []
        with open(path) as f:
            return re.findall(r"(?m)^(\d+):(\d+) ", f.read())

    def bounced_long_ago(self, address):
        """Changes the times that mlmmj has noted."""
        bounces = self.bounces(address)
        with open(self._bounce_file(address), "w") as f:
            f.writelines(f"{number}:1000000000 # long ago\n" for number, _ in bounces)

    def maintain(self):
        """What cron does every two hours."""
        self.run("mlmmj-maintd", "-F", "-L", self.folder)
