/* envelope.h - who sends a message to whom, and on what terms
 *
 * The decoded form of the envelope that a queue file (owlpost-queue(5)), an
 * agent's job (owlpost-agent(7)) and the injector's extra descriptor carry.
 * Decoding makes views: the struct is valid only as long as the octets that it
 * was decoded from, and owns nothing but its array of recipients.  Octets are
 * hostile unless their checksum has been verified.
 */
#ifndef OWL_ENVELOPE_H
#define OWL_ENVELOPE_H

#include "lib/record.h"

enum {
  ENVELOPE_VERSION = 1,
  ENVELOPE_ADDRESS_MAX = 1003, /* local-part and domain with room; RFC 5321 4.5.3.1 asks for 320 */
  ENVELOPE_RECIPIENTS_MAX = 1000000
};

enum envelope_ret { RET_DEFAULT = 0, RET_FULL = 1, RET_HEADERS = 2 };
enum envelope_body { BODY_DEFAULT = 0, BODY_7BIT = 1, BODY_8BITMIME = 2, BODY_BINARYMIME = 3 };
enum envelope_kind { KIND_MAIL = 0, KIND_DSN = 1, KIND_DOUBLE_BOUNCE = 2 };
enum envelope_deadline { DEADLINE_NONE = 0, DEADLINE_RETURN = 1, DEADLINE_NOTIFY = 2 };
enum envelope_notify { /* a set; 0 means not given, RFC 3461 4.1 */
  NOTIFY_NEVER = 1,
  NOTIFY_SUCCESS = 2,
  NOTIFY_FAILURE = 4,
  NOTIFY_DELAY = 8
};

struct envelope_recipient {
  struct text address;
  struct text orcpt;
  uint64_t notify; /* set of enum envelope_notify */
  uint64_t index;  /* in jobs: its place in the queue file's envelope */
  struct text unknown; /* encoded items that this version does not know */
};

struct envelope {
  /* what the sender asked for */
  struct text sender; /* absent only where a carrier does not give one */
  struct text envid;
  uint64_t ret, body;
  bool smtputf8, requiretls;
  uint64_t priority; /* MT-PRIORITY plus 10; 0 = not given */
  uint64_t hold_until_us, deadline_us, deadline_mode;
  struct text forwarder; /* domain of the mailbox that sends it on (lib/srsrules.h); anybody may say so */
  /* where it came from */
  struct text auth_user, client_address, client_name, helo, tls, instance, protocol, parent;
  uint64_t client_port, submitter_uid, submitter_pid, arrival_us, kind;

  struct envelope_recipient *recipients; /* owned; envelope_free() */
  size_t recipient_count;
  size_t recipient_space;
  struct text unknown;   /* encoded items that this version does not know */
  bool unknown_critical; /* one of them is critical: hold the message */
};

/* envelope_add(): room for one more recipient, zeroed.  NULL without memory. */
struct envelope_recipient *envelope_add(struct envelope *e);

/* envelope_copy_terms(): what the sender asked for, but not the sender: views
 * into the other's octets. */
void envelope_copy_terms(struct envelope *to, const struct envelope *from);

/* envelope_encode(): appends version and items.  0, or -1 with record_put()'s
 * errno. */
int envelope_encode(stralloc *out, const struct envelope *e);

/* envelope_put_all(), and of its parts envelope_put_message() and
 * envelope_put_recipient(): the items alone, for carriers that bring their own
 * frame. */
int envelope_put_all(stralloc *out, const struct envelope *e);
int envelope_put_message(stralloc *out, const struct envelope *e);
int envelope_put_recipient(stralloc *out, const struct envelope_recipient *r);

enum envelope_status {
  ENVELOPE_OK,
  ENVELOPE_MALFORMED,
  ENVELOPE_BAD_VERSION,
  ENVELOPE_NO_MEMORY
};

/* envelope_decode(): *e must be zeroed or freed before.  After anything but
 * ENVELOPE_OK *e is empty. */
enum envelope_status envelope_decode(struct envelope *e, struct text octets);

/* envelope_take(): stores one item of a payload that the caller walks, for
 * carriers that bring their own frame.  RECORD_UNKNOWN: not an envelope tag;
 * nothing is stored. */
enum record_status envelope_take(struct envelope *e, const struct tlv *item);

void envelope_free(struct envelope *e);

#endif
