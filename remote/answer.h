/* answer.h - what a name server's answer says about one name and type (RFC 1035)
 *
 * The packet is hostile; all that is not sound makes it ANSWER_BAD.  Names are
 * dotted text without the final dot, the root's is empty, case is as it came.
 * A name with an octet that no host name can have (a blank, a dot within a
 * label, anything but printable ASCII) is passed over, and so is its record.
 */
#ifndef OWL_ANSWER_H
#define OWL_ANSWER_H

#include <stdint.h>
#include "lib/ip.h"

enum answer_type { ANSWER_A = 1, ANSWER_CNAME = 5, ANSWER_MX = 15, ANSWER_TXT = 16, ANSWER_AAAA = 28, ANSWER_TLSA = 52 };

enum {
  NAME_TEXT_MAX = 253,   /* octets of a name, RFC 1035 2.3.4 */
  ANSWER_ALIASES_MAX = 8 /* CNAMEs behind one another */
};

struct name_text {
  char s[NAME_TEXT_MAX + 1];
  size_t len;
};

enum answer_status {
  ANSWER_FOUND,
  ANSWER_NONE,    /* the name is there, but has no such record */
  ANSWER_ALIAS,   /* another name has to be asked for: see alias */
  ANSWER_NO_NAME, /* no such name */
  ANSWER_FAILED,  /* the server has no answer: see rcode */
  ANSWER_BAD      /* malformed, cut off, or to another question */
};

struct answer {
  struct text packet; /* not ours */
  enum answer_type type;
  unsigned rcode;
  bool authenticated;     /* the server vouches for it by DNSSEC (AD bit, RFC 6840) */
  struct name_text alias; /* the name at the end of the CNAMEs; of none: as asked for */
  size_t first, records;  /* the answer section: offset, number */
  size_t at, left;        /* what answer_next() has not seen yet */
};

/* answer_read(): name is what was asked for.  *a keeps a view of the packet.
 * "There is no such thing" is believed only of a server that recurses or is
 * authoritative: a lame one's referral is ANSWER_FAILED. */
enum answer_status answer_read(struct answer *a, struct text packet, struct text name,
                               enum answer_type type);

/* The next record of what was found: false at the end.  Records whose data do
 * not fit the type are passed over. */
bool answer_next_mx(struct answer *a, unsigned *preference, struct name_text *host);
bool answer_next_ip(struct answer *a, struct ip *ip);

/* RFC 6698 2.1; data is a view of the packet. */
struct answer_tlsa {
  unsigned usage, selector, matching;
  struct text data;
};
bool answer_next_tlsa(struct answer *a, struct answer_tlsa *t);

/* answer_next_txt(): the strings of one record put together, NUL-terminated;
 * any octet may be among them.  room is what they can fill, and one. */
enum { ANSWER_TXT_ROOM = 65536 };
bool answer_next_txt(struct answer *a, char out[ANSWER_TXT_ROOM], size_t *len);

/* name_is_askable(): 1 to 253 octets, labels of 1 to 63, of printable ASCII
 * without blank and backslash; a final dot may be there. */
bool name_is_askable(struct text name);

#endif
