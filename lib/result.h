/* result.h - what became of a recipient, or of a question about one
 *
 * Used by agents (RESULT, REFUSE), by the answer to a RCPT question, by the
 * doorkeeper's answers and by the message's log.
 */
#ifndef OWL_RESULT_H
#define OWL_RESULT_H

#include "lib/record.h"

enum result_class { RESULT_NONE = 0, RESULT_SUCCESS = 1, RESULT_DEFERRAL = 2, RESULT_FAILURE = 3 };

/* RFC 3464 2.3.3: what a success was, for DSNs. */
enum result_action {
  ACTION_DELIVERED = 0,
  ACTION_RELAYED = 1,
  ACTION_EXPANDED = 2,
  ACTION_HANDED_OVER = 3 /* relayed, to a server that sends the DSNs (RFC 3461 5.2.1) */
};

enum {
  RESULT_TEXT_MAX = 4096, /* octets of the remote's words */
  RESULT_HOST_MAX = 255,
  RESULT_ADDRESS_MAX = 64,
  RESULT_TLS_MAX = 512
};

struct result {
  uint64_t class;       /* enum result_class */
  struct text status;   /* RFC 3463, as "5.1.1" */
  uint64_t reply_code;  /* the SMTP reply's three digits, or 0 */
  struct text text;     /* one line, no control octets */
  struct text host;     /* the host that answered */
  struct text address;  /* its IP address */
  struct text tls;      /* version, cipher, verified how; absent: none */
  uint64_t action;      /* enum result_action */
};

/* The rows for a struct record that has a struct result as MEMBER. */
#define RESULT_FIELDS(TYPE, MEMBER)                                                              \
  {TAG_CLASS, FIELD_UINT, offsetof(TYPE, MEMBER.class), RESULT_FAILURE, false},                  \
  {TAG_STATUS, FIELD_TEXT, offsetof(TYPE, MEMBER.status), 11, false},                            \
  {TAG_REPLY_CODE, FIELD_UINT, offsetof(TYPE, MEMBER.reply_code), 599, false},                   \
  {TAG_TEXT, FIELD_TEXT, offsetof(TYPE, MEMBER.text), RESULT_TEXT_MAX, false},                   \
  {TAG_HOST, FIELD_TEXT, offsetof(TYPE, MEMBER.host), RESULT_HOST_MAX, false},                   \
  {TAG_ADDRESS, FIELD_TEXT, offsetof(TYPE, MEMBER.address), RESULT_ADDRESS_MAX, false},          \
  {TAG_TLS, FIELD_TEXT, offsetof(TYPE, MEMBER.tls), RESULT_TLS_MAX, false},                      \
  {TAG_ACTION, FIELD_UINT, offsetof(TYPE, MEMBER.action), ACTION_HANDED_OVER, false}

/* result_is_valid(): a class is given, status has the RFC 3463 form and fits
 * the class (absent is allowed), every text is clean. */
bool result_is_valid(const struct result *r);

#endif
