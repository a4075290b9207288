"""Mail flows in numbers: to a Maildir, to the next hop, and none is changed."""
import collections
import threading

import message
from peers import CountingSink, Sink, free_port, smtp_source, wait_for_exit
from waiting import wait_until

COUNT, SESSIONS = 2000, 20


def test_many_messages_reach_a_maildir(owlpost, bystanders):
    owlpost.up()
    source = smtp_source(bystanders, owlpost.port, "joe@local.test", COUNT, SESSIONS, 4096)
    assert wait_for_exit(source, 120) == 0
    owlpost.wait_for_mail("joe", COUNT, 60)
    owlpost.wait_for_empty_queue(10)
    assert len(owlpost.maildir("joe")) == COUNT
    owlpost.stop()


def test_many_messages_reach_the_next_hop_in_few_sessions(owlpost, bystanders):
    port = free_port()
    sink = CountingSink(bystanders, port)
    owlpost.control("smtproutes", f"sink.test:127.0.0.1:{port}")
    owlpost.control("concurrencyremote", "20")
    owlpost.up(relay=True)
    source = smtp_source(bystanders, owlpost.port, "someone@sink.test", COUNT, SESSIONS, 4096)
    assert wait_for_exit(source, 120) == 0
    wait_until(lambda: sink.poll().messages >= COUNT, 60, lambda: f"{sink.messages} at the sink")
    owlpost.wait_for_empty_queue(10)
    sink.poll()
    print(f"{sink.messages} messages in {sink.sessions - sink.probes} sessions")
    assert sink.messages == COUNT
    assert sink.sessions - sink.probes <= 20


def send_all(owlpost, recipient, messages, sessions=8):
    """All of them over so many sessions at once; every one must be taken."""
    failures = []

    def send(part):
        try:
            with owlpost.client() as session:
                for octets in part:
                    session.sendmail("sender@sender.test", [recipient], octets, ["BODY=8BITMIME"])
        except Exception as e:
            failures.append(e)
    threads = [threading.Thread(target=send, args=(messages[i::sessions],)) for i in range(sessions)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures


def digests(messages):
    return collections.Counter(map(message.digest, messages))


def test_no_message_to_a_maildir_is_changed(owlpost):
    sent = message.many(1, COUNT)
    owlpost.up()
    send_all(owlpost, "joe@local.test", sent)
    assert digests(owlpost.wait_for_mail("joe", COUNT, 60)) == digests(sent)
    owlpost.wait_for_empty_queue()


def test_no_message_to_the_next_hop_is_changed(owlpost):
    sent = message.many(2, COUNT)
    with Sink() as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
        owlpost.up(relay=True)
        send_all(owlpost, "someone@sink.test", sent)
        wait_until(lambda: len(sink.received) >= COUNT, 60, lambda: f"{len(sink.received)} at the sink")
        owlpost.wait_for_empty_queue()
        assert digests(r.octets for r in sink.received) == digests(sent)


def test_a_message_larger_than_a_job_arrives_whole(owlpost):
    sent = message.many(3, 3, 700_000)
    with Sink() as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
        owlpost.up(relay=True)
        for octets in sent:
            owlpost.submit(octets, "joe@local.test", "someone@sink.test", options=["BODY=8BITMIME"])
        owlpost.wait_for_empty_queue(60)
        assert digests(owlpost.messages("joe")) == digests(sent)
        assert digests(r.octets for r in sink.received) == digests(sent)


def test_several_recipients_share_a_transaction(owlpost):
    recipients = [f"user{i}@sink.test" for i in range(50)]
    with Sink() as sink:
        owlpost.control("smtproutes", f"sink.test:127.0.0.1:{sink.port}")
        owlpost.up(relay=True)
        owlpost.submit(message.many(4, 1)[0], *recipients)
        owlpost.wait_for_empty_queue()
        assert [sorted(r.recipients) for r in sink.received] == [sorted(recipients)]
