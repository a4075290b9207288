#include "config.h"
#include "lib/agent.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include "lib/route.h"
#include "lib/sample.h"
#include "lib/unixsock.h"

static struct agent_job sample_job(void) {
  struct agent_job j = {
    .job = 77, .message = TEXT(SAMPLE_ID), .size = 12, .content = TEXT("Subject\n\nx\r\0")};
  sample_envelope(&j.envelope);
  j.envelope.unknown = TEXT_ABSENT;
  j.envelope.recipients[0].unknown = TEXT_ABSENT;
  return j;
}

static void jobs_come_back(void **state) {
  (void)state;
  struct agent_job j = sample_job(), back;
  stralloc out = {0};
  assert_int_equal(agent_put_job(&out, &j), 0);
  assert_int_equal(agent_read_job(&back, text_of_stralloc(&out), false), 0);
  assert_int_equal(back.job, 77);
  assert_text(back.message, j.message);
  assert_int_equal(back.size, 12);
  assert_text(back.content, j.content);
  assert_same_envelope(&back.envelope, &j.envelope);
  envelope_free(&j.envelope);
  envelope_free(&back.envelope);
  stralloc_free(&out);
}

/* A job of the sample with one change, put and read again. */
typedef void change(struct agent_job *j);
static int read_changed(change *c, bool has_descriptor) {
  struct agent_job j = sample_job(), back;
  stralloc out = {0};
  c(&j);
  assert_int_equal(agent_put_job(&out, &j), 0);
  errno = 0;
  int r = agent_read_job(&back, text_of_stralloc(&out), has_descriptor);
  if (r == 0) envelope_free(&back.envelope);
  else assert_int_equal(errno, EPROTO);
  envelope_free(&j.envelope);
  stralloc_free(&out);
  return r;
}

static void same(struct agent_job *j) { (void)j; }
static void no_content(struct agent_job *j) { j->content = TEXT_ABSENT; }
static void empty(struct agent_job *j) { j->content = TEXT(""), j->size = 0; }
static void wrong_size(struct agent_job *j) { j->size++; }
static void no_message(struct agent_job *j) { j->message = TEXT_ABSENT; }
static void path_for_message(struct agent_job *j) { j->message = TEXT("../../etc/passwd"); }
static void no_sender(struct agent_job *j) { j->envelope.sender = TEXT_ABSENT; }
static void null_sender(struct agent_job *j) { j->envelope.sender = TEXT(""); }
static void no_recipients(struct agent_job *j) { j->envelope.recipient_count = 0; }
static void unknown(struct agent_job *j) { j->envelope.unknown = TEXT("\x0f\xf1\0\0\0\0"); }
static void critical(struct agent_job *j) { j->envelope.unknown = TEXT("\x8f\xf1\0\0\0\0"); }
static void critical_recipient(struct agent_job *j) {
  j->envelope.recipients[0].unknown = TEXT("\xcf\xf1\0\0\0\0");
}
static void at_limit(struct agent_job *j) {
  while (j->envelope.recipient_count < AGENT_RECIPIENTS_MAX)
    envelope_add(&j->envelope)->address = TEXT("x");
}
static void over_limit(struct agent_job *j) {
  at_limit(j);
  envelope_add(&j->envelope)->address = TEXT("x");
}

static void checks_jobs(void **state) {
  (void)state;
  static const struct {
    const char *what;
    change *change;
    bool has_descriptor;
    int result;
  } cases[] = {
    {"as it is", same, false, 0},
    {"content and descriptor", same, true, -1},
    {"descriptor alone", no_content, true, 0},
    {"neither content nor descriptor", no_content, false, -1},
    {"an empty body", empty, false, 0},
    {"a size that does not fit", wrong_size, false, -1},
    {"no queue id", no_message, false, -1},
    {"a path for a queue id", path_for_message, false, -1},
    {"no sender", no_sender, false, -1},
    {"the null sender", null_sender, false, 0},
    {"no recipients", no_recipients, false, -1},
    {"unknown terms", unknown, false, 0},
    {"unknown critical terms", critical, false, -1},
    {"unknown critical terms of a recipient", critical_recipient, false, -1},
    {"many recipients", at_limit, false, 0},
    {"too many recipients", over_limit, false, -1},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    if (read_changed(cases[i].change, cases[i].has_descriptor) != cases[i].result)
      fail_msg("%s", cases[i].what);
}

static void the_greatest_job_fits_into_a_frame(void **state) {
  (void)state;
  static char body[AGENT_CONTENT_MAX], x[ENVELOPE_ADDRESS_MAX];
  struct agent_job j = sample_job();
  stralloc out = {0};
  memset(x, 'x', sizeof x);
  at_limit(&j);
  for (size_t i = 0; i < AGENT_RECIPIENTS_MAX; i++) {
    j.envelope.recipients[i].address = j.envelope.recipients[i].orcpt = (struct text){x, sizeof x};
    j.envelope.recipients[i].notify = NOTIFY_DELAY;
    j.envelope.recipients[i].index = i;
  }
  j.content = (struct text){body, j.size = sizeof body};
  assert_int_equal(agent_put_job(&out, &j), 0);
  assert_true(out.len <= AGENT_FRAME_MAX);
  j.content.len++;
  assert_int_equal(agent_put_job(&out, &j), -1);
  envelope_free(&j.envelope);
  stralloc_free(&out);
}

static void truncated_jobs_are_refused(void **state) {
  (void)state;
  struct agent_job j = sample_job();
  stralloc out = {0};
  j.envelope.recipient_count = 1;
  assert_int_equal(agent_put_job(&out, &j), 0);
  for (size_t len = 0; len < out.len; len++) {
    char *exact = malloc(len ? len : 1);
    struct agent_job back;
    memcpy(exact, out.s, len);
    if (agent_read_job(&back, (struct text){exact, len}, false) == 0) envelope_free(&back.envelope);
    else assert_null(back.envelope.recipients);
    free(exact);
  }
  envelope_free(&j.envelope);
  stralloc_free(&out);
}

static void workers_come_back(void **state) {
  (void)state;
  struct agent_worker w = {CHANNEL_REMOTE, TEXT("a@b"), PROTOCOL_SMTP, TEXT("mx.example"), 2525, true, TEXT_ABSENT}, back;
  stralloc out = {0};
  assert_int_equal(agent_put_worker(&out, &w), 0);
  assert_int_equal(agent_read_worker(&back, text_of_stralloc(&out)), 0);
  assert_int_equal(back.channel, CHANNEL_REMOTE);
  assert_text(back.address, w.address);
  assert_text(back.host, w.host);
  assert_int_equal(back.port, 2525);
  assert_true(back.use_mx);
  stralloc_free(&out);
  w = (struct agent_worker){CHANNEL_REMOTE, .protocol = PROTOCOL_LMTP, .socket_path = TEXT("/run/Lmtp")};
  assert_int_equal(agent_put_worker(&out, &w), 0);
  assert_int_equal(agent_read_worker(&back, text_of_stralloc(&out)), 0);
  assert_int_equal(back.protocol, PROTOCOL_LMTP);
  assert_text(back.socket_path, w.socket_path);
  assert_int_equal(back.port, 0);
  stralloc_free(&out);
}

/* An agent of before would take an LMTP server for one of SMTP. */
static void lmtp_is_critical(void **state) {
  (void)state;
  struct agent_worker w = {CHANNEL_REMOTE, .protocol = PROTOCOL_LMTP, .host = TEXT("h"), .port = 24};
  stralloc out = {0};
  struct tlv item;
  bool found = false;
  assert_int_equal(agent_put_worker(&out, &w), 0);
  struct tlv_reader r = {text_of_stralloc(&out)};
  while (tlv_next(&r, &item) == TLV_ITEM)
    if (item.tag == TAG_SPOKEN) found = item.tag & TAG_CRITICAL;
  assert_true(found && TAG_SOCKET_PATH & TAG_CRITICAL);
  stralloc_free(&out);
}

static void checks_workers(void **state) {
  (void)state;
  const struct {
    struct agent_worker worker;
    int result;
  } cases[] = {
    {{CHANNEL_LOCAL, TEXT("user@host"), PROTOCOL_SMTP, TEXT_ABSENT, 0, false, TEXT_ABSENT}, 0},
    {{CHANNEL_LOCAL, TEXT(""), PROTOCOL_SMTP, TEXT("host"), 25, false, TEXT_ABSENT}, -1},
    {{CHANNEL_LOCAL, TEXT_ABSENT, PROTOCOL_SMTP, TEXT("host"), 25, false, TEXT_ABSENT}, -1},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_SMTP, TEXT("host"), 25, false, TEXT_ABSENT}, 0},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_SMTP, TEXT("host"), 0, false, TEXT_ABSENT}, -1},
    {{CHANNEL_REMOTE, TEXT("user@host"), PROTOCOL_SMTP, TEXT(""), 25, false, TEXT_ABSENT}, -1},
    {{CHANNEL_REMOTE, TEXT("user@host"), PROTOCOL_SMTP, TEXT_ABSENT, 25, false, TEXT_ABSENT}, -1},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_LMTP, TEXT("host"), 24, false, TEXT_ABSENT}, 0},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_LMTP, TEXT("host"), 24, true, TEXT_ABSENT}, -1},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_LMTP, TEXT_ABSENT, 0, false, TEXT("/run/lmtp")}, 0},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_SMTP, TEXT_ABSENT, 0, false, TEXT("/run/lmtp")}, -1},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_LMTP, TEXT("host"), 24, false, TEXT("/run/lmtp")}, -1},
    {{CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_LMTP, TEXT_ABSENT, 0, false, TEXT("run/lmtp")}, -1},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    stralloc out = {0};
    assert_int_equal(agent_put_worker(&out, &cases[i].worker), cases[i].result);
    stralloc_free(&out);
  }
  struct agent_worker back;
  assert_int_equal(agent_read_worker(&back, TEXT("")), -1);
  assert_int_equal(agent_read_worker(&back, TEXT("\3\4\0\0\0\x08\0\0\0\0\0\0\0\2")), -1);
  assert_int_equal(agent_read_worker(&back, TEXT("\3\4\0\0\0\x08\0\0\0\0\0\0\0\0")), -1);
  assert_int_equal(agent_read_worker(&back, TEXT("\3\4\0\0\0\x08\0\0\0\0\0\0\0\1")), -1);
  const struct agent_worker over[] = {
    {2, TEXT("a"), PROTOCOL_SMTP, TEXT("b"), 25, false, TEXT_ABSENT},
    {CHANNEL_REMOTE, TEXT_ABSENT, PROTOCOL_SMTP, TEXT("b"), 65536, false, TEXT_ABSENT},
    {CHANNEL_LOCAL, TEXT("a\nb"), PROTOCOL_SMTP, TEXT_ABSENT, 0, false, TEXT_ABSENT},
  };
  for (size_t i = 0; i < COUNT(over); i++) {
    stralloc out = {0};
    assert_int_equal(agent_put_worker(&out, &over[i]), -1);
    stralloc_free(&out);
  }
}

static void results_come_back(void **state) {
  (void)state;
  struct agent_result r = {UINT32_MAX, 999, sample_result()}, back;
  stralloc out = {0};
  assert_int_equal(agent_put_result(&out, &r), 0);
  assert_int_equal(agent_read_result(&back, text_of_stralloc(&out)), 0);
  assert_int_equal(back.job, UINT32_MAX);
  assert_int_equal(back.index, 999);
  assert_same_result(&back.result, &r.result);
  stralloc_free(&out);
  r = (struct agent_result){.result = {.class = RESULT_SUCCESS}};
  assert_int_equal(agent_put_result(&out, &r), 0);
  assert_int_equal(agent_read_result(&back, text_of_stralloc(&out)), 0);
  assert_same_result(&back.result, &r.result);
  stralloc_free(&out);
  assert_int_equal(agent_read_result(&back, TEXT("")), -1);
}

static void sends_over_a_socket(void **state) {
  (void)state;
  struct agent_result r = {3, 4, sample_result()}, back;
  struct result refusal;
  struct frame_reader reader = {.protocol = &agent_protocol};
  struct frame f;
  int pair[2];
  assert_int_equal(unixsock_pair(pair), 0);
  assert_int_equal(agent_send_result(pair[0], &r, 1000), 0);
  assert_int_equal(agent_send_refuse(pair[0], &r.result, 1000), 0);
  r.result.text = TEXT("two\nlines");
  assert_int_equal(agent_send_result(pair[0], &r, 1000), -1);
  assert_int_equal(errno, EILSEQ);
  assert_int_equal(frame_poll(&reader, pair[1], &f), FRAME_READY);
  assert_int_equal(f.type, AGENT_RESULT);
  assert_int_equal(agent_read_result(&back, f.payload), 0);
  assert_int_equal(back.index, 4);
  assert_int_equal(frame_poll(&reader, pair[1], &f), FRAME_READY);
  assert_int_equal(f.type, AGENT_REFUSE);
  assert_int_equal(agent_read_refuse(&refusal, f.payload), 0);
  struct result sample = sample_result();
  assert_same_result(&refusal, &sample);
  assert_int_equal(frame_poll(&reader, pair[1], &f), FRAME_AGAIN);
  frame_reader_free(&reader);
  close(pair[0]);
  close(pair[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(jobs_come_back),
    cmocka_unit_test(checks_jobs),
    cmocka_unit_test(the_greatest_job_fits_into_a_frame),
    cmocka_unit_test(truncated_jobs_are_refused),
    cmocka_unit_test(workers_come_back),
    cmocka_unit_test(lmtp_is_critical),
    cmocka_unit_test(checks_workers),
    cmocka_unit_test(results_come_back),
    cmocka_unit_test(sends_over_a_socket),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
