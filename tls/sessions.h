/* sessions.h - client sessions that may be resumed, kept by one process
 *
 * A table of fixed size: a key has one place out of a few, and what is oldest there
 * gives way.  It lies in memory that forked children see as zeros
 * (MADV_WIPEONFORK), so that a child that reads the network has no session but its
 * own.
 *
 * A session may be resumed only under the key that it was kept under.  The key is
 * a digest of all that the check of the certificate depends on, so that a
 * handshake without a certificate says no more than the one before it did.
 */
#ifndef OWL_TLS_SESSIONS_H
#define OWL_TLS_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/tlswire.h"

enum {
  SESSIONS_KEY = 32,
  SESSIONS_MAX = 6144,    /* octets of a session, its peer's certificate among them; larger ones are not kept */
  SESSIONS_ENTRIES = 512,
  SESSIONS_LIFE_S = 3600  /* a certificate that expires or is revoked goes on for so long at most */
};

struct sessions;

/* NULL: no memory, or the kernel cannot wipe it. */
struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);

/* Replaces what the key had.  Times are of any clock that does not step; checked_s:
 * when the peer's certificate was checked, which a session that comes of a resumed
 * one does not make later. */
void sessions_put(struct sessions *s, const unsigned char key[SESSIONS_KEY], const void *octets, size_t len, uint64_t checked_s);

/* The octets stored in to, and *checked_s; or 0: there is none, and it stays. */
size_t sessions_get(const struct sessions *s, const unsigned char key[SESSIONS_KEY], void *to, size_t room, uint64_t now_s,
                    uint64_t *checked_s);

/* false: the request's sessions are not to be resumed, or OpenSSL failed.  The
 * order of names counts, that of TLSA records and fingerprints does not. */
bool sessions_key(const struct tls_request *r, unsigned char key[SESSIONS_KEY]);

#endif
