"""Programs and libraries that people fetch their mail with.  Each is a function of a
Door and a folder of its own: it logs in there, takes all that it takes for new,
deletes it where told to, and gives what it Found."""
import collections

import poplibraries
import popprograms

# remembers: takes only what is new when it leaves messages there.  Without full, only what starts fast.
Client = collections.namedtuple("Client", "fetch ways remembers full", defaults=(False, False))
CLIENTS = {
    "poplib": Client(poplibraries.python, "plain stls implicit apop"),
    "Net::POP3": Client(poplibraries.perl, "plain stls implicit apop"),
    "curl": Client(popprograms.curl, "plain stls implicit apop"),
    "fetchmail": Client(popprograms.fetchmail, "plain stls implicit apop", remembers=True),
    "mpop": Client(popprograms.mpop, "plain stls implicit apop", remembers=True),
    "getmail": Client(popprograms.getmail, "plain implicit apop", remembers=True),
    "mutt": Client(popprograms.muttpop, "plain stls implicit apop"),
    "JavaMail 1.6": Client(poplibraries.javamail, "plain stls implicit apop", full=True),
    "JavaMail 2.0": Client(poplibraries.jakartamail, "plain stls implicit apop", full=True),
    "node-pop3": Client(poplibraries.node, "plain implicit", full=True),
}
