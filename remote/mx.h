/* mx.h - a domain's mail exchangers in the order in which they are tried
 *
 * RFC 5321 5.1: by preference, equal ones in random order.  A set keeps the
 * MX_MAX best; a domain can list more, but nobody has to walk them all.
 */
#ifndef OWL_MX_H
#define OWL_MX_H

#include <stdint.h>
#include "lib/text.h"

enum { MX_MAX = 32, MX_NAME_MAX = 255 };

struct mx {
  unsigned preference;
  uint32_t order; /* random: decides among equal preferences */
  char name[MX_NAME_MAX + 1];
};

struct mx_set {
  struct mx hosts[MX_MAX];
  size_t count;
  size_t records; /* that were given, usable or not */
  bool null;      /* one of them says "no mail" (RFC 7505) */
};

/* mx_add(): one record.  "." is the null MX; a name that is too long is passed
 * over.  random: any number. */
void mx_add(struct mx_set *set, unsigned preference, struct text name, uint32_t random);

/* mx_is_null(): the null MX and nothing else. */
bool mx_is_null(const struct mx_set *set);

void mx_sort(struct mx_set *set);

/* mx_group_end(): the first host behind begin that has another preference. */
size_t mx_group_end(const struct mx_set *set, size_t begin);

/* mx_same_name(): host names are equal without case and final dot. */
bool mx_same_name(struct text a, struct text b);

#endif
