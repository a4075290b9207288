"""Name servers of our own: knot has zones, signed ones too; unbound asks it, and validates."""
import os

import dns.message
import dns.query
import dns.rdatatype

from peers import answers, start_unbound, unpacked
from waiting import wait_until

KNOT_PORT = 5300
SOA = "@ 60 SOA ns.test. postmaster.test. 1 60 60 600 60\n@ 60 NS ns.test.\n"


class Knot:
    """Authoritative for these zones: {name: lines of its zone file}."""

    def __init__(self, bystanders, folder, zones, signed=()):
        program, environment = unpacked("knot", "knotd")
        sections = []
        os.mkdir(f"{folder}/knot")
        for name, lines in zones.items():
            with open(f"{folder}/{name}.zone", "w") as f:
                f.write(f"$ORIGIN {name}.\n{SOA}{lines}")
            sections.append(f"""  - domain: {name}
    file: "{folder}/{name}.zone"
    zonefile-load: difference
    zonefile-sync: -1
    journal-content: all
""" + ("    dnssec-signing: on\n    dnssec-policy: one\n" if name in signed else ""))
        with open(f"{folder}/knot.conf", "w") as f:
            f.write(f"""server:
    listen: 127.0.0.1@{KNOT_PORT}
    rundir: "{folder}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{folder}/knot"
    journal-db-max-size: 8M
    kasp-db-max-size: 8M
    timer-db-max-size: 2M
policy:
  - id: one
    algorithm: ecdsap256sha256
    single-type-signing: on
zone:
{"".join(sections)}""")
        with open(f"{folder}/knot.log", "w") as log:
            self.process = bystanders.start([program, "-c", f"{folder}/knot.conf"], env=environment, stderr=log)
        wait_until(lambda: answers(KNOT_PORT), 20, lambda: open(f"{folder}/knot.log").read())
        for name in zones:
            wait_until(lambda zone=name: self.ask(zone, "SOA"), 20, lambda: open(f"{folder}/knot.log").read())

    def ask(self, name, kind):
        """The records, as text."""
        reply = dns.query.udp(dns.message.make_query(name, kind), "127.0.0.1", 5, KNOT_PORT)
        wanted = dns.rdatatype.from_text(kind)
        return [record.to_text() for rrset in reply.answer if rrset.rdtype == wanted for record in rrset]

    def trust_anchor(self, name):
        (key,) = wait_until(lambda: self.ask(name, "DNSKEY"), 20, f"a key of {name}")
        return f"{name}. 60 IN DNSKEY {key}"


class Validator:
    """unbound, which asks knot for these zones and believes what these keys sign."""

    def __init__(self, bystanders, folder, zones, anchors=()):
        keys = "".join(f'  trust-anchor: "{anchor}"\n' for anchor in anchors)
        stubs = "".join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: {where}\n' for zone, where in zones.items())
        self.process = start_unbound(bystanders, folder, "validator iterator", "  verbosity: 1\n  val-log-level: 2\n"
                                     f'  do-not-query-localhost: no\n  local-zone: "test." nodefault\n{keys}{stubs}')
