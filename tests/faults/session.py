"""A session: what the client is told."""
import re
import smtplib
import subprocess
from collections import Counter

from needs import Wrong, message, need
from peers import free_port, listens
from stage import Stage, until
from waiting import wait_until


class Session:
    name, programs, extra = "session", ("owl-smtpd", "owl-smtpd+", "owl-queue", "owl-queue+"), []

    def __init__(self, folder):
        self.stage, self.text = Stage(folder), message(3000)
        self.stage.control("rescaninterval", "1") # for pokes that are lost
        self.started = False

    def start(self):
        s = self.stage
        need(s.start_traced(), "does not start")
        s.named("owl-send")
        port = free_port()
        self.tracer = s.tracer_of(*self.programs)
        with s._log("smtpd") as log:
            self.server = self.tracer.run(
                ["tcpserver", "-H", "-R", "-l", "owlpost.test", "127.0.0.1", str(port), s.program("owl-smtpd")],
                env=s.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: listens(port), 10, "tcpserver")
        self.port, self.started = port, True

    def talk(self):
        """(code, text) of the last reply; code 0: the connection closed."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.test", timeout=20) as session:
                hello = session.ehlo()
                if hello[0] != 250: # smtplib would go on
                    return hello
                session.sendmail("s@sender.test", ["joe@local.test"], self.text.replace(b"\n", b"\r\n"))
            return 250, b""
        except smtplib.SMTPRecipientsRefused as e:
            return e.recipients["joe@local.test"]
        except smtplib.SMTPResponseException as e:
            return e.smtp_code, e.smtp_error
        except (smtplib.SMTPServerDisconnected, OSError) as e:
            return 0, str(e).encode()

    def play(self, *faults):
        if not self.started:
            self.start()
        self.tracer.forget()
        self.tracer.arm(*faults)
        reply = self.talk()
        self.tracer.disarm()
        return reply

    def calls(self):
        for _ in range(2): # the second one finds all that the first has started
            reply = self.play()
            need(reply[0] == 250, f"{reply}")
            self.deliver(1)
        return Counter({site: n for site, n in self.tracer.calls().items() if self.is_ours(site)})

    @staticmethod
    def is_ours(site):
        """The talker's calls on its client's socket are the network's."""
        program, call, target = site
        return program != "owl-queue+" and not (program == "owl-smtpd+" and target in ("socket", "pipe"))

    def deliver(self, copies):
        s = self.stage
        need(until(lambda: len(s.maildir("joe")) >= copies and not s.queue_files(), 10),
             f"{len(s.maildir('joe'))} copies; queue: {s.queue_files()}")
        found = s.messages("joe")
        need(len(found) == copies, f"{len(found)} copies")
        s.clear()

    def check(self, *faults):
        code, text = self.play(*faults)
        fired = self.tracer.fired()
        found = re.match(rb"4\.\d\.\d", text)
        reply = f"{code} {found.group(0).decode() if found else ''}".strip()
        need(not fired or code == 250 or 400 <= code <= 499 and found, f"{code} {text!r}")
        # what was accepted before the answer was lost is delivered
        lost = code != 250 and any(f.call in ("sendmsg", "recvmsg", "poll") for f in faults)
        try:
            self.deliver(1 if code == 250 else 0)
        except Wrong:
            if not lost:
                self.stage.clear()
                raise
            self.deliver(1)
            reply += ", and delivered: the answer was lost"
        return reply if fired else "not reached"

    def end(self):
        if self.started:
            self.server.terminate()
            self.server.wait()
            self.tracer.close()
        self.stage.end()
