#include "config.h"
#include "lib/queueid.h"
#include <string.h>
#include <unistd.h>

static const char hex[] = "0123456789abcdef";

void queueid_from(struct queueid *id, uint64_t arrival_us, const unsigned char octets[10]) {
  for (int i = QUEUEID_DIGITS - 1; i >= 0; i--, arrival_us /= 10)
    id->s[i] = (char)('0' + arrival_us % 10);
  id->s[QUEUEID_DIGITS] = '.';
  for (int i = 0; i < 10; i++) {
    id->s[QUEUEID_DIGITS + 1 + 2 * i] = hex[octets[i] >> 4];
    id->s[QUEUEID_DIGITS + 2 + 2 * i] = hex[octets[i] & 15];
  }
  id->s[QUEUEID_LENGTH] = 0;
}

int queueid_make(struct queueid *id, uint64_t arrival_us) {
  unsigned char octets[10];
  if (getentropy(octets, sizeof octets) == -1) return -1;
  queueid_from(id, arrival_us, octets);
  return 0;
}

bool queueid_parse(struct queueid *id, struct text t) {
  if (t.len != QUEUEID_LENGTH) return false;
  for (size_t i = 0; i < QUEUEID_LENGTH; i++) {
    char c = t.s[i];
    bool digit = c >= '0' && c <= '9';
    if (i == QUEUEID_DIGITS ? c != '.' : !digit && (i < QUEUEID_DIGITS || c < 'a' || c > 'f'))
      return false;
  }
  memcpy(id->s, t.s, QUEUEID_LENGTH);
  id->s[QUEUEID_LENGTH] = 0;
  return true;
}

uint64_t queueid_arrival_us(const struct queueid *id) {
  uint64_t us = 0;
  for (int i = 0; i < QUEUEID_DIGITS; i++) us = us * 10 + (uint64_t)(id->s[i] - '0');
  return us;
}

static unsigned hex_value(char c) { return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10); }

unsigned queueid_folder(const struct queueid *id) {
  return hex_value(id->s[QUEUEID_LENGTH - 2]) << 4 | hex_value(id->s[QUEUEID_LENGTH - 1]);
}
