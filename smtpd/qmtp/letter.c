#include "config.h"
#include "smtpd/qmtp/letter.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "smtpd/qmtp/response.h"

static int ask_door(void *channel, enum door_frame what, const struct door_request *request,
                    struct door_answer *answer, int *fd) {
  return channel_ask(channel, what, request, answer, fd);
}

void letter_open(struct letter *l) {
  l->fd = -1;
  if (!l->reader.source) {
    l->reader.source = channel_read;
    l->reader.context = &l->channel;
  }
  if (!l->ask) {
    l->ask = ask_door;
    l->context = &l->channel;
  }
}

void letter_free(struct letter *l) {
  if (l->fd >= 0) close(l->fd);
  stralloc_free(&l->verdict);
  stralloc_free(&l->channel.output);
}

static void note_status(struct letter *l, const struct reply *r) {
  snprintf(l->status, sizeof l->status, "%.*s", (int)r->status.len, r->status.s ? r->status.s : "");
}

static int judge(struct letter *l, const struct reply *r) {
  note_status(l, r);
  stralloc_zero(&l->verdict);
  return response_cat(&l->verdict, r) == 0 ? 0 : (errno = ENOMEM, -1);
}

/* The reply's texts hold until the next. */
static int ask(struct letter *l, enum door_frame what, const struct door_request *request,
               struct reply *r) {
  struct door_answer a;
  int fd = -1;
  if (l->ask(l->context, what, request, &a, &fd) == -1) return errno = ESHUTDOWN, -1;
  if (fd >= 0 && l->fd >= 0) close(l->fd);
  if (fd >= 0) l->fd = fd;
  if (a.ends_session) l->ends = true;
  *r = reply_of(&a.result);
  return 0;
}

static int begin(struct letter *l, uint64_t octets) {
  struct door_request request = {.envelope = {.protocol = text_of(l->protocol)}};
  struct reply r = reply_say(552, "5.3.4", "that message is too large for this server");
  l->transfer = (struct transfer){.data = {.chunked = true, .normalises = l->normalises}};
  stralloc_zero(&l->verdict);
  l->granted = 0;
  l->status[0] = 0;
  l->begun = false;
  l->too_large_octets = l->databytes && octets > l->databytes ? octets : 0;
  if (l->too_large_octets) return judge(l, &r);
  if (ask(l, DOOR_DATA, &request, &r) == -1) return -1;
  l->begun = l->fd >= 0;
  return l->begun ? 0 : judge(l, &r);
}

static int store(struct letter *l, size_t len) {
  if (l->fd == -1) return 0;
  return transfer_store(&l->transfer, &l->channel, l->fd, l->databytes, (struct text){l->decoded, len});
}

/* LF as CRLF: a CR alone is then found as one. */
static struct text expand(struct letter *l, struct text in) {
  size_t n = 0;
  for (size_t i = 0; i < in.len; i++) {
    if (in.s[i] == '\n') l->expanded[n++] = '\r';
    l->expanded[n++] = in.s[i];
  }
  return (struct text){l->expanded, n};
}

int letter_take_message(struct letter *l, struct netstring *n, bool crlf) {
  struct text in;
  if (begin(l, n->left) == -1) return -1;
  pace_begin(&l->channel.pace);
  while (n->left) {
    if (netstring_take(n, sizeof l->expanded / 2, &in) == -1) return -1;
    if (!crlf) in = expand(l, in);
    if (store(l, data_decode(&l->transfer.data, &in, l->decoded)) == -1) return -1;
  }
  pace_end(&l->channel.pace);
  if (store(l, data_finish(&l->transfer.data, l->decoded)) == -1) return -1;
  if (l->fd >= 0) close(l->fd);
  l->fd = -1;
  if (l->verdict.len) return 0;
  struct reply r = transfer_verdict(&l->transfer, l->maxhops);
  return r.code == 250 ? 0 : judge(l, &r);
}

/* A request with such an address would be malformed. */
static bool is_address(struct text t, bool too_long, bool is_sender, struct reply *r) {
  *r = reply_say(553, is_sender ? "5.1.7" : "5.1.3", "that is no address");
  return !too_long && text_is_clean(t);
}

static int ask_sender(struct letter *l, struct text sender, bool too_long, struct reply *r) {
  struct door_request request = {
    .envelope = {.sender = sender, .helo = text_of(""), .protocol = text_of(l->protocol)},
    .octets = l->too_large_octets};
  return is_address(sender, too_long, true, r) ? ask(l, DOOR_MAIL, &request, r) : 0;
}

/* With a verdict as well: for the log, which names the sender of what is dropped. */
static bool is_told_sender(const struct letter *l) {
  return l->verdict.len == 0 || l->begun || l->too_large_octets;
}

int letter_take_sender(struct letter *l, struct netstring *outer) {
  stralloc address = {0};
  struct reply r = {.code = 250};
  bool too_long;
  int done = netstring_read(&l->reader, outer, ENVELOPE_ADDRESS_MAX, &address, &too_long);
  struct text sender = {address.s ? address.s : "", address.len};
  if (done == 0 && is_told_sender(l)) done = ask_sender(l, sender, too_long, &r);
  stralloc_free(&address);
  if (done == -1) return -1;
  return r.code == 250 || l->verdict.len ? 0 : judge(l, &r);
}

static int ask_recipient(struct letter *l, struct text address, bool too_long, stralloc *response) {
  struct envelope_recipient recipient = {.address = address};
  struct door_request request = {.envelope = {.recipients = &recipient, .recipient_count = 1}};
  struct reply r;
  if (is_address(address, too_long || address.len == 0, false, &r) &&
      ask(l, DOOR_RCPT, &request, &r) == -1)
    return -1;
  if (r.code / 100 == 2) return l->granted++, 0;
  note_status(l, &r);
  return response_cat(response, &r) == 0 ? 0 : (errno = ENOMEM, -1);
}

int letter_take_recipient(struct letter *l, struct netstring *outer, stralloc *response) {
  stralloc address = {0};
  bool too_long;
  stralloc_zero(response);
  int done = netstring_read(&l->reader, outer, ENVELOPE_ADDRESS_MAX, &address, &too_long);
  if (done == 0 && l->verdict.len == 0)
    done = ask_recipient(l, text_of_stralloc(&address), too_long, response);
  stralloc_free(&address);
  return done;
}

int letter_refuse(struct letter *l, struct text response) {
  return text_copy(&l->verdict, response) == 0 ? 0 : (errno = ENOMEM, -1);
}

static int drop(struct letter *l) {
  struct door_request request = {.status = text_of(l->status)};
  struct reply r;
  bool tells = l->transfer.pipe_broken; /* the injector's end is the reason */
  if (!l->begun) return 0;
  if (ask(l, DOOR_ABORT, &request, &r) == -1) return -1;
  return tells ? judge(l, &r) : 0;
}

/* The log tells what was wrong with the last of them, if there was one. */
static int refuse_for_lack_of_recipients(struct letter *l) {
  struct reply r = reply_say(550, "5.1.1", "no recipient can be taken");
  if (!l->status[0]) note_status(l, &r);
  return response_cat(&l->verdict, &r) == 0 ? 0 : (errno = ENOMEM, -1);
}

int letter_close(struct letter *l) {
  struct door_request request = {.octets = l->transfer.stored};
  struct reply r;
  if (l->verdict.len) return drop(l);
  if (l->granted == 0) return refuse_for_lack_of_recipients(l) == -1 ? -1 : drop(l);
  return ask(l, DOOR_COMPLETE, &request, &r) == -1 ? -1 : judge(l, &r);
}

enum talker_end letter_part(struct letter *l, int error) {
  if (error == EPROTO) {
    channel_part(&l->channel);
    return TALKER_HUNG_UP;
  }
  if (error) return channel_end_of(error);
  if (channel_flush(&l->channel) == -1) return channel_end_of(errno);
  if (!l->ends) return TALKER_QUIT;
  channel_linger(&l->channel);
  return TALKER_SHUTDOWN;
}
