/* crammd5.h - CRAM-MD5 (RFC 2195) and APOP (RFC 1939 7)
 *
 * In place of the password the states of HMAC-MD5's inner and outer MD5 after
 * the key's block can be kept (RFC 2195 3): with them CRAM-MD5 can be
 * checked, and spoken, but the password cannot be read.  Little-endian words;
 * the outer one first, as Dovecot keeps them.
 */
#ifndef OWL_AUTH_CRAMMD5_H
#define OWL_AUTH_CRAMMD5_H

#include <stdint.h>
#include "lib/text.h"

enum { CRAMMD5_CONTEXT_OCTETS = 32, CRAMMD5_RESPONSE_DIGITS = 32 };

void crammd5_context(uint8_t context[CRAMMD5_CONTEXT_OCTETS], struct text password);

/* crammd5_check(): response is lower-case hexadecimal. */
bool crammd5_check(const uint8_t context[CRAMMD5_CONTEXT_OCTETS], struct text challenge, struct text response);

/* apop_check(): the same of MD5 over challenge and password, which must be kept for it. */
bool apop_check(struct text password, struct text challenge, struct text response);

#endif
