"""Waiting for what a test expects: on the condition, never for a fixed time."""
import time


class TimedOut(AssertionError):
    pass


def wait_until(condition, seconds=30, what="", every=0.01):
    """The first true value of condition(); TimedOut after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimedOut(f"waited {seconds} s in vain: {what() if callable(what) else what}")
        time.sleep(every)
