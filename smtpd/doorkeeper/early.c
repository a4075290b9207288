#include "config.h"
#include "smtpd/doorkeeper/early.h"
#include "smtpd/doorkeeper/admit.h"

const char *early_protocol(struct text protocol) {
  if (text_equals(protocol, "QMTP")) return "QMTP";
  return text_equals(protocol, "QMQP") ? "QMQP" : NULL;
}

bool early_expects_sender(const struct doorkeeper *k, struct text protocol) {
  if (!early_protocol(protocol)) return k->state == DOORKEEPER_IDLE;
  return k->state == DOORKEEPER_EARLY && text_equal(protocol, k->envelope.protocol);
}

bool early_expects_recipient(const struct doorkeeper *k) {
  return k->state == DOORKEEPER_GRANTED || k->state == DOORKEEPER_EARLY_GRANTED;
}

void early_open(struct doorkeeper *k, const char *protocol) {
  k->envelope = (struct envelope){.helo = text_of(""), .protocol = text_of(protocol), .arrival_us = k->number};
  admit_client(&k->envelope, k->client);
}

int early_close(struct doorkeeper *k) {
  if (k->recipients == 0) return -1;
  envelope_free(&k->envelope);
  return envelope_decode(&k->envelope, text_of_stralloc(&k->grant)) == ENVELOPE_OK ? 0 : -1;
}
