/* describe.h - a message, its recipients and their results, for JSON
 *
 * The members are those that owlq(8) documents.
 */
#ifndef OWL_OWLQ_DESCRIBE_H
#define OWL_OWLQ_DESCRIBE_H

#include "queue/owlq/jsonline.h"
#include "queue/owlq/select.h"

/* describe_due(): when the recipient is tried next, by the wall clock, if the
 * machine does not sleep until then; now_us or earlier: as soon as possible. */
uint64_t describe_due(const struct message *m, size_t recipient);

/* describe_next(): the earliest of those that wait; UINT64_MAX when none does. */
uint64_t describe_next(const struct message *m);

/* describe_age(): whole seconds since the arrival, 0 for one in the future. */
uint64_t describe_age(uint64_t arrival_us, uint64_t now_us);

/* describe_kind(), describe_class(): names, as in the JSON. */
const char *describe_kind(uint64_t kind);
const char *describe_class(uint64_t class);

/* describe_latest(): the recipient whose last result says most about why the
 * message is still here: the last one that did not succeed.  Its number, or the
 * count of recipients when there is none. */
size_t describe_latest(const struct message *m);

/* describe_message(): id, state, place, arrived, age_s, octets; and sender,
 * kind, or the reason why it is bad. */
void describe_message(struct jsonline *j, const struct selected *m, uint64_t now_us);

/* describe_receipt(): of whom it came and how: client_address, tls, authenticated_user. */
void describe_receipt(struct jsonline *j, const struct envelope *e);

/* describe_recipient(): address, state, attempts, next. */
void describe_recipient(struct jsonline *j, const struct message *m, size_t i);

/* describe_last(): its last result as the member "last", where there is one. */
void describe_last(struct jsonline *j, const struct message *m, size_t i);

/* describe_result(): at, result, status, code, text, host, address, tls,
 * destination. */
void describe_result(struct jsonline *j, const struct logrecord *r);

#endif
