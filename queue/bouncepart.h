/* bouncepart.h - the parts of a DSN, for bounce.c alone */
#ifndef OWL_BOUNCEPART_H
#define OWL_BOUNCEPART_H

#include "queue/bounce.h"
#include "queue/bouncepage.h"

/* ---- bouncetext.c: for people */
void bounce_add_text(struct page *p, const struct bounce *b);

/* ---- bouncestatus.c: for programs (RFC 3464, RFC 6533) */
void bounce_add_status(struct page *p, const struct bounce *b);

/* ---- bouncecontent.c: what comes back */
bool bounce_returns_whole(const struct bounce *b);
const char *bounce_content_type(const struct bounce *b);

/* 0, or -1 with errno (EBADMSG: the message does not fit its checksum) */
int bounce_add_content(struct page *p, const struct bounce *b);

/* ---- bounce.c */

/* bounce_retry_until_us(): the end of a waiting message's life, wall clock; 0:
 * it is over. */
uint64_t bounce_retry_until_us(const struct bounce *b);

#endif
