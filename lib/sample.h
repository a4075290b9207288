/* sample.h - an envelope with every member set to a value of its own, for
 * round-trip tests */
#ifndef OWL_SAMPLE_H
#define OWL_SAMPLE_H

#include "lib/envelope.h"
#include "lib/result.h"
#include "lib/unittest.h"

#define SAMPLE_ID "1700000000123456.00112233445566778fff"
#define SAMPLE_UNKNOWN "\x0f\xf1\0\0\0\3n\0w\x0f\xf2\0\0\0\0"
#define SAMPLE_RECIPIENT_UNKNOWN "\x4f\xf1\0\0\0\1\xff"

static inline void sample_envelope(struct envelope *e) {
  *e = (struct envelope){
    .sender = TEXT("sender@example.org"),
    .envid = TEXT("envid"),
    .ret = RET_HEADERS,
    .body = BODY_8BITMIME,
    .smtputf8 = true,
    .requiretls = true,
    .priority = 13,
    .hold_until_us = 1700000000000001,
    .deadline_us = 1700000000000002,
    .deadline_mode = DEADLINE_NOTIFY,
    .forwarder = TEXT("forwarder.example"),
    .auth_user = TEXT("user"),
    .client_address = TEXT("192.0.2.1"),
    .client_name = TEXT("client.example"),
    .helo = TEXT("helo.example"),
    .tls = TEXT("TLSv1.3"),
    .instance = TEXT("instance"),
    .protocol = TEXT("ESMTPSA"),
    .parent = TEXT(SAMPLE_ID),
    .client_port = 2525,
    .submitter_uid = 1001,
    .submitter_pid = 1002,
    .arrival_us = 1700000000000003,
    .kind = KIND_DSN,
    .unknown = TEXT(SAMPLE_UNKNOWN),
  };
  struct envelope_recipient *r = envelope_add(e);
  *r = (struct envelope_recipient){.address = TEXT("one@example.com"),
                                   .orcpt = TEXT("rfc822;first@example.com"),
                                   .notify = NOTIFY_SUCCESS | NOTIFY_DELAY,
                                   .index = 5,
                                   .unknown = TEXT(SAMPLE_RECIPIENT_UNKNOWN)};
  r = envelope_add(e);
  r->address = TEXT("\xc3\xb6ne@example.com");
}

static inline void assert_same_recipient(const struct envelope_recipient *a,
                                         const struct envelope_recipient *b) {
  assert_text(a->address, b->address);
  assert_text(a->orcpt, b->orcpt);
  assert_int_equal(a->notify, b->notify);
  assert_int_equal(a->index, b->index);
}

static inline void assert_same_envelope(const struct envelope *a, const struct envelope *b) {
  assert_text(a->sender, b->sender);
  assert_text(a->envid, b->envid);
  assert_int_equal(a->ret, b->ret);
  assert_int_equal(a->body, b->body);
  assert_int_equal(a->smtputf8, b->smtputf8);
  assert_int_equal(a->requiretls, b->requiretls);
  assert_int_equal(a->priority, b->priority);
  assert_int_equal(a->hold_until_us, b->hold_until_us);
  assert_int_equal(a->deadline_us, b->deadline_us);
  assert_int_equal(a->deadline_mode, b->deadline_mode);
  assert_text(a->forwarder, b->forwarder);
  assert_text(a->auth_user, b->auth_user);
  assert_text(a->client_address, b->client_address);
  assert_text(a->client_name, b->client_name);
  assert_text(a->helo, b->helo);
  assert_text(a->tls, b->tls);
  assert_text(a->instance, b->instance);
  assert_text(a->protocol, b->protocol);
  assert_text(a->parent, b->parent);
  assert_int_equal(a->client_port, b->client_port);
  assert_int_equal(a->submitter_uid, b->submitter_uid);
  assert_int_equal(a->submitter_pid, b->submitter_pid);
  assert_int_equal(a->arrival_us, b->arrival_us);
  assert_int_equal(a->kind, b->kind);
  assert_int_equal(a->recipient_count, b->recipient_count);
  for (size_t i = 0; i < a->recipient_count; i++)
    assert_same_recipient(&a->recipients[i], &b->recipients[i]);
}

static inline struct result sample_result(void) {
  return (struct result){
    .class = RESULT_FAILURE,
    .status = TEXT("5.7.112"),
    .reply_code = 554,
    .text = TEXT("no such user"),
    .host = TEXT("mx.example"),
    .address = TEXT("2001:db8::1"),
    .tls = TEXT("TLSv1.2"),
    .action = ACTION_EXPANDED,
  };
}

static inline void assert_same_result(const struct result *a, const struct result *b) {
  assert_int_equal(a->class, b->class);
  assert_text(a->status, b->status);
  assert_int_equal(a->reply_code, b->reply_code);
  assert_text(a->text, b->text);
  assert_text(a->host, b->host);
  assert_text(a->address, b->address);
  assert_text(a->tls, b->tls);
  assert_int_equal(a->action, b->action);
}

#endif
