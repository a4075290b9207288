/* judge.h - what failures cost: counts, delays, refusals, and the log's line */
#ifndef OWL_AUTH_JUDGE_H
#define OWL_AUTH_JUDGE_H

#include "auth/links.h"

/* judge_net(): under which name a client's failures are counted: its IPv4 address, its
 * IPv6 network; "" where it is no address. */
void judge_net(char net[IP_TEXT_MAX], struct text address);

/* judge_refuses(): too many failures.  Otherwise the question is counted as
 * one, until its answer says something else. */
bool judge_refuses(struct links *l, const struct link *k, uint64_t now_us);

/* judge_answer(): counts an answer, says it in the log, and returns when it may be given. */
uint64_t judge_answer(struct links *l, const struct link *k, const struct credential_answer *a, uint64_t now_us);

/* judge_refused(): the same for a question that the back end was not asked. */
uint64_t judge_refused(struct links *l, const struct link *k, uint64_t now_us);

#endif
