/* remembered.h - passwords that were right a short while ago
 *
 * To check a password takes thousands of steps, so that who steals the file can try
 * few.  A mail program says the same one every few minutes, and need not wait
 * for them again.  What is remembered is an HMAC-SHA-256 of the password, the user
 * and what the file keeps of him, under a key that nobody else has and that ends
 * with the daemon: a change in the file is a change of it.  Lies in memory that
 * the workers share; wrong passwords leave nothing there.
 */
#ifndef OWL_AUTH_REMEMBERED_H
#define OWL_AUTH_REMEMBERED_H

#include "auth/verifier.h"

enum { REMEMBERED_S = 600, REMEMBERED_OCTETS = 32 };

struct remembered;

/* remembered_new(): NULL without memory.  Processes that are forked later share it. */
struct remembered *remembered_new(void);
void remembered_free(struct remembered *r);

/* remembered_sum(): what stands for this password of this user. */
void remembered_sum(const struct remembered *r, const struct verifier *v, struct text user, struct text password,
                    uint8_t sum[REMEMBERED_OCTETS]);

/* Times are of the boot clock.  remembered_put() may take another's place. */
bool remembered_holds(const struct remembered *r, const uint8_t sum[REMEMBERED_OCTETS], uint64_t now_us);
void remembered_put(struct remembered *r, const uint8_t sum[REMEMBERED_OCTETS], uint64_t now_us);

#endif
