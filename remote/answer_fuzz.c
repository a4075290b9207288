/* Any packet gives an answer, and every name in it is one that fits. */
#include "config.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "remote/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

static void check_name(const struct name_text *n) {
  if (n->len > NAME_TEXT_MAX || n->s[n->len] != 0) abort();
  for (size_t i = 0; i < n->len; i++)
    if (n->s[i] <= ' ' || n->s[i] > '~') abort();
}

static void read_as(struct text packet, enum answer_type type) {
  struct answer a;
  struct name_text host;
  struct ip ip;
  unsigned preference;
  size_t records = 0;
  enum answer_status s = answer_read(&a, packet, text_of("a.test"), type);
  if (s == ANSWER_ALIAS) check_name(&a.alias);
  if (s != ANSWER_FOUND) return;
  static char strings[ANSWER_TXT_ROOM];
  size_t octets;
  while (type == ANSWER_TXT && answer_next_txt(&a, strings, &octets))
    if (strings[octets] != 0 || octets >= packet.len || ++records > packet.len) abort();
  if (type == ANSWER_TXT) return;
  struct answer_tlsa tlsa;
  while (type == ANSWER_TLSA && answer_next_tlsa(&a, &tlsa))
    if (tlsa.data.len == 0 || tlsa.data.len > packet.len || ++records > packet.len) abort();
  if (type == ANSWER_TLSA) return;
  while (type == ANSWER_MX ? answer_next_mx(&a, &preference, &host) : answer_next_ip(&a, &ip)) {
    if (type == ANSWER_MX) check_name(&host);
    if (++records > packet.len) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len) {
  struct text packet = {(const char *)octets, len};
  if (len > 65535) return 0;
  read_as(packet, ANSWER_MX);
  read_as(packet, ANSWER_A);
  read_as(packet, ANSWER_TXT);
  read_as(packet, ANSWER_TLSA);
  read_as(packet, ANSWER_AAAA);
  return 0;
}
