/* tlsrpt.h - notes of how TLS went with next hops, for owl-tlsrpt (RFC 8460)
 *
 * One call for each session that was meant to have TLS, and for each host that a
 * policy kept from being used: a line in FOLDER/tlsrpt/YYYYMMDD/DOMAIN, the day
 * by UTC (owlpost-tlsrpt(5)).  Each line is one write at the file's end, so that
 * many processes can note.  Sessions that carry reports are not noted (RFC 8460
 * 5.3: message has "TLS-Required: No").
 */
#ifndef OWL_TLSRPT_H
#define OWL_TLSRPT_H

#include "lib/clock.h"
#include "lib/text.h"

enum tlsrpt_policy { TLSRPT_NO_POLICY, TLSRPT_TLSA, TLSRPT_STS };

enum {
  TLSRPT_LINES_MAX = 6000,              /* octets of policy_lines that are noted; whole lines */
  TLSRPT_TEXT_MAX = 512,                /* of each other text */
  TLSRPT_FILE_MAX = 64 * 1024 * 1024    /* of a day's file; then no more is noted */
};

/* Texts are cut where they are too long; absent and empty are the same. */
struct tlsrpt_session {
  struct text domain;        /* the policy domain: the recipient's, or the relay's */
  enum tlsrpt_policy policy; /* that was applied; with several: a call for each */
  struct text policy_lines;  /* LF between: the policy as it was served (lib/sts.h), or TLSA
                              * records "3 1 1 HEX" */
  struct text result;        /* empty: all went well; or RFC 8460 4.3: "certificate-expired" */
  struct text sending_ip;    /* ours */
  struct text mx;            /* the host's name */
  struct text helo;          /* by which it answers EHLO before TLS */
  struct text receiving_ip;  /* its address */
  struct text code;          /* what went wrong, more precisely: a sentence */
};

/* tlsrpt_note(): 0, or -1 with errno: nothing is noted, or it is E2BIG: there are
 * more than TLSRPT_FILE_MAX.  A domain that is no policy domain (sts_domain()) is not noted: EINVAL. */
int tlsrpt_note(const char *folder, const struct tlsrpt_session *s, const struct clock *c);

/* tlsrpt_day(): YYYYMMDD of that time, UTC, NUL-terminated. */
void tlsrpt_day(char day[9], uint64_t wall_us);

/* ---- reading them */

/* A line.  key: of the policy; a policy's line stands before those of sessions
 * that name it, in the same file. */
struct tlsrpt_line {
  bool is_policy;
  struct text key;
  struct tlsrpt_session session; /* of a policy: policy and policy_lines; else the others */
};

/* tlsrpt_read_line(): without its LF.  Texts lie in *octets, which is
 * overwritten.  0, or -1: malformed, or no memory. */
int tlsrpt_read_line(struct tlsrpt_line *to, struct text line, stralloc *octets);

/* tlsrpt_policy_name(): "none", "tlsa", "sts". */
const char *tlsrpt_policy_name(enum tlsrpt_policy policy);

#endif
