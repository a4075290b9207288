"""The receivers' log, line by line (owl-smtpd(8), LOG)."""
import re

from waiting import wait_until

LINE = re.compile(r"owl-\w+ \d+: session (\d{16})(?: msg (\d{16}))?: (.*)")


def lines(owlpost):
    """(session, number or "", words) of each line."""
    return LINE.findall(owlpost.log("smtpd"))


def wait_for_end(owlpost, count=1):
    """The lines, once so many sessions have ended."""
    def ended():
        found = lines(owlpost)
        return found if sum(words.startswith("end,") for _, _, words in found) >= count else None
    return wait_until(ended, 30, lambda: owlpost.log("smtpd"))
