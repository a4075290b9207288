#include "config.h"
#include "remote/alias.h"
#include <stdbool.h>
#include <string.h>
#include <dns.h>
#include "lib/bigendian.h"

enum {
  HEADER_OCTETS = 12,
  ANSWERS_AT = 6,      /* their number, in the header */
  QUESTION_OCTETS = 4, /* type and class, behind the name */
  RECORD_OCTETS = 10,  /* type, class, time to live, length of the data */
  LENGTH_AT = 8
};

/* One answer record from *pos on. */
static bool follow(const char *packet, unsigned len, unsigned *pos, char **name) {
  char *owner = NULL;
  char fixed[RECORD_OCTETS];
  unsigned start = dns_packet_getname(packet, len, *pos, &owner);
  unsigned data = start ? dns_packet_copy(packet, len, start, fixed, RECORD_OCTETS) : 0;
  bool ok = data != 0;
  if (ok && dns_domain_equal(owner, *name) && memcmp(fixed, DNS_T_CNAME DNS_C_IN, 4) == 0)
    ok = dns_packet_getname(packet, len, data, name) != 0;
  if (ok) *pos = data + get_u16(fixed + LENGTH_AT);
  dns_domain_free(&owner);
  return ok;
}

int alias_follow(const char *packet, unsigned len, char **name) {
  char header[HEADER_OCTETS];
  char *before = NULL;
  unsigned pos = dns_packet_copy(packet, len, 0, header, HEADER_OCTETS);
  if (pos) pos = dns_packet_skipname(packet, len, pos);
  if (!pos || !dns_domain_copy(&before, *name)) return -1;
  pos += QUESTION_OCTETS;
  int r = 0;
  for (unsigned n = get_u16(header + ANSWERS_AT); n && r == 0; n--)
    if (!follow(packet, len, &pos, name)) r = -1;
  if (r == 0 && !dns_domain_equal(before, *name)) r = 1;
  dns_domain_free(&before);
  return r;
}
