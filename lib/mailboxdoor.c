#include "config.h"
#include "lib/mailboxdoor.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/iofd.h"
#include "lib/unixsock.h"

const struct frame_protocol mailboxdoor_protocol = {'M', 1, MAILBOXDOOR_FRAME_MAX};

#define AT(MEMBER) offsetof(struct mailboxdoor_request, MEMBER)

static const struct field request_fields[] = {
  {TAG_SERVICE, FIELD_TEXT, AT(service), PASS_SERVICE_MAX, false},
  {TAG_PASS, FIELD_OCTETS, AT(pass), PASS_OCTETS_MAX, false},
  {TAG_CLIENT_ADDRESS, FIELD_TEXT, AT(client_address), PASS_CLIENT_MAX, false},
  {TAG_CLIENT_PORT, FIELD_UINT, AT(client_port), 65535, false},
  {TAG_CLIENT_NAME, FIELD_TEXT, AT(client_name), 255, false},
  {TAG_LOCAL_ADDRESS, FIELD_TEXT, AT(local_address), PASS_CLIENT_MAX, false},
  {TAG_LOCAL_PORT, FIELD_UINT, AT(local_port), 65535, false},
  {TAG_TLS, FIELD_TEXT, AT(tls), RESULT_TLS_MAX, false},
  {TAG_UTF8, FIELD_FLAG, AT(utf8), 0, false},
  {TAG_LANGUAGE, FIELD_TEXT, AT(language), MAILBOXDOOR_LANGUAGE_MAX, false},
  FIELD_END
};

static const struct field end_fields[] = {
  {TAG_SEEN, FIELD_UINT, offsetof(struct mailboxdoor_end, seen), UINT64_MAX, false},
  {TAG_RETRIEVED, FIELD_UINT, offsetof(struct mailboxdoor_end, retrieved), UINT64_MAX, false},
  {TAG_SENT, FIELD_UINT, offsetof(struct mailboxdoor_end, sent), UINT64_MAX, false},
  {TAG_REMOVED, FIELD_UINT, offsetof(struct mailboxdoor_end, removed), UINT64_MAX, false},
  {TAG_TEXT, FIELD_TEXT, offsetof(struct mailboxdoor_end, why), MAILBOXDOOR_WHY_MAX, false},
  FIELD_END
};

struct answer {
  struct result result;
};

static const struct field answer_fields[] = {RESULT_FIELDS(struct answer, result), FIELD_END};

int mailboxdoor_put_request(stralloc *out, const struct mailboxdoor_request *r) {
  return record_put(out, request_fields, r);
}

int mailboxdoor_read_request(struct mailboxdoor_request *r, struct text payload) {
  *r = (struct mailboxdoor_request){0};
  if (record_read(request_fields, r, payload) == -1) return -1;
  return r->service.len && r->pass.len ? 0 : (errno = EPROTO, -1);
}

int mailboxdoor_put_answer(stralloc *out, const struct result *r) {
  const struct answer a = {*r};
  return record_put(out, answer_fields, &a);
}

int mailboxdoor_read_answer(struct result *r, struct text payload) {
  struct answer a = {0};
  int read = record_read(answer_fields, &a, payload);
  *r = a.result;
  return read == 0 && result_is_valid(r) ? 0 : (errno = EPROTO, -1);
}

int mailboxdoor_put_end(stralloc *out, const struct mailboxdoor_end *e) { return record_put(out, end_fields, e); }

int mailboxdoor_read_end(struct mailboxdoor_end *e, struct text payload) {
  *e = (struct mailboxdoor_end){0};
  return record_read(end_fields, e, payload);
}

/* ---- the caller's side */

static int ask(int sock, const struct mailboxdoor_request *r, int stream, int limit_ms) {
  stralloc payload = {0};
  int sent = mailboxdoor_put_request(&payload, r);
  if (sent == 0)
    sent = frame_send(sock, &mailboxdoor_protocol, MAILBOXDOOR_OPEN, text_of_stralloc(&payload), stream, limit_ms);
  int saved = errno;
  text_wipe(&payload); /* whoever has the pass may open the mailbox */
  return errno = saved, sent;
}

/* What comes too late must not reach anybody: a session would begin on a stream that
 * we go on with.  Behind the shutdown() it cannot be sent; what was sent before is there. */
static enum frame_status receive(struct mailboxdoor *d, struct frame *f, int limit_ms) {
  enum frame_status s = frame_receive(&d->reader, d->sock, f, limit_ms);
  if (s != FRAME_AGAIN) return s;
  (void)shutdown(d->sock, SHUT_RD);
  s = frame_poll(&d->reader, d->sock, f);
  return s == FRAME_READY ? s : FRAME_AGAIN;
}

static int hear(struct mailboxdoor *d, struct result *a, int limit_ms) {
  struct frame f;
  switch (receive(d, &f, limit_ms)) {
    case FRAME_READY: break;
    case FRAME_AGAIN: return errno = ETIMEDOUT, -1;
    case FRAME_EOF:
    case FRAME_MALFORMED: return errno = EPROTO, -1;
    case FRAME_ERROR: return -1;
  }
  return f.type == MAILBOXDOOR_ANSWER ? mailboxdoor_read_answer(a, f.payload) : (errno = EPROTO, -1);
}

int mailboxdoor_open(struct mailboxdoor *d, const char *rundir, const struct mailboxdoor_request *r, int stream,
                     struct result *a, int limit_ms) {
  uint64_t deadline = io_deadline(limit_ms);
  *d = (struct mailboxdoor){.reader = {.protocol = &mailboxdoor_protocol, .no_descriptors = true, .step_octets = 1024}};
  d->sock = unixsock_connect_in(rundir, "mailbox", limit_ms);
  if (d->sock == -1 || ask(d->sock, r, stream, io_remaining_ms(deadline)) == -1) return -1;
  return hear(d, a, io_remaining_ms(deadline));
}

enum mailboxdoor_news mailboxdoor_poll(struct mailboxdoor *d, struct mailboxdoor_end *e) {
  struct frame f;
  *e = (struct mailboxdoor_end){0};
  enum frame_status s = frame_poll(&d->reader, d->sock, &f);
  if (s == FRAME_AGAIN) return MAILBOXDOOR_NONE;
  if (s != FRAME_READY || f.type != MAILBOXDOOR_END || mailboxdoor_read_end(e, f.payload) == -1) return MAILBOXDOOR_GONE;
  return MAILBOXDOOR_TOLD;
}

bool mailboxdoor_wait(struct mailboxdoor *d, struct mailboxdoor_end *e) {
  enum mailboxdoor_news news;
  while ((news = mailboxdoor_poll(d, e)) == MAILBOXDOOR_NONE)
    if (io_wait(d->sock, POLLIN, IO_FOREVER) == -1) return false;
  return news == MAILBOXDOOR_TOLD;
}

void mailboxdoor_close(struct mailboxdoor *d) {
  frame_reader_free(&d->reader);
  if (d->sock >= 0) close(d->sock);
  d->sock = -1;
}

/* ---- the other side */

static int send_payload(int sock, unsigned type, stralloc *payload, int made) {
  int sent = made;
  if (sent == 0) sent = frame_send(sock, &mailboxdoor_protocol, type, text_of_stralloc(payload), -1, 0);
  int saved = errno;
  stralloc_free(payload);
  return errno = saved, sent;
}

int mailboxdoor_send_answer(int sock, const struct result *r) {
  stralloc payload = {0};
  return send_payload(sock, MAILBOXDOOR_ANSWER, &payload, mailboxdoor_put_answer(&payload, r));
}

int mailboxdoor_send_end(int sock, const struct mailboxdoor_end *e) {
  stralloc payload = {0};
  return send_payload(sock, MAILBOXDOOR_END, &payload, mailboxdoor_put_end(&payload, e));
}
