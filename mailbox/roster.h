/* roster.h - the messages of one folder of a mailbox, by UID and by base name
 *
 * In memory alone.  UIDs rise; an entry's number, its place in that order, holds
 * as long as nothing is dropped.  Texts are views that hold until the next
 * roster_add().
 */
#ifndef OWL_MAILBOX_ROSTER_H
#define OWL_MAILBOX_ROSTER_H

#include "lib/owfat.h"
#include "mailbox/filename.h"

enum {
  ROSTER_BASE_MAX = 255, /* octets */
  ROSTER_UIDL_MAX = 70   /* RFC 1939 7 */
};

#define ROSTER_NONE SIZE_MAX

struct roster_entry {
  uint32_t uid;             /* 1 to UINT32_MAX (RFC 9051 2.3.1.1) */
  uint8_t base_len, uidl_len;
  bool gone;                /* its file is, for good */
  size_t base_at, uidl_at;  /* in octets */
  uint64_t size, wire_size; /* or SIZE_UNKNOWN */
};

struct roster { /* zeroed at first */
  struct roster_entry *entries;
  size_t count, space;
  stralloc octets;
  uint32_t *slots; /* a hash table: an entry's number plus 1, or 0 */
  size_t slot_count;
};

/* roster_add(): uid is greater than the last one's, base is not there, or gone, and
 * has 1 to ROSTER_BASE_MAX octets, uidl at most ROSTER_UIDL_MAX, empty: none of
 * its own.  The entry's number, or ROSTER_NONE without memory. */
size_t roster_add(struct roster *r, uint32_t uid, struct text base, struct text uidl);

/* roster_find(): the entry with this base that is not gone, or ROSTER_NONE. */
size_t roster_find(const struct roster *r, struct text base);

/* roster_had(): whether there is an entry with this base that is gone, and none that is not. */
bool roster_had(const struct roster *r, struct text base);

/* roster_find_uid(): the entry with this UID that is not gone, or ROSTER_NONE. */
size_t roster_find_uid(const struct roster *r, uint64_t uid);

struct text roster_base(const struct roster *r, size_t number);
struct text roster_uidl(const struct roster *r, size_t number);
uint32_t roster_last_uid(const struct roster *r); /* 0: none */

void roster_free(struct roster *r);

#endif
