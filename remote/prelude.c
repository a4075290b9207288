#include "config.h"
#include "remote/prelude.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/exitcode.h"
#include "lib/iofd.h"
#include "lib/sandbox.h"
#include "lib/unixsock.h"
#include "remote/exchange.h"
#include "remote/net.h"

enum { MEMORY_OCTETS = 16 * 1024 * 1024, CPU_S = 60 };

struct report {
  uint64_t end;
  struct result result;
  struct text hello, name;
};

static const struct field report_fields[] = {
  {TAG_PRELUDE_END, FIELD_UINT, offsetof(struct report, end), PRELUDE_REFUSED, true},
  {TAG_HELLO, FIELD_OCTETS, offsetof(struct report, hello), REPLY_TEXT_MAX, false},
  {TAG_HELO, FIELD_TEXT, offsetof(struct report, name), OFFER_NAME_MAX, false},
  RESULT_FIELDS(struct report, result),
  FIELD_END
};

/* ---- the child */

/* What came with the answer is not the server's who will prove who it is. */
static enum prelude_end end_plaintext(struct smtp *s) {
  stream_peek(&s->stream);
  if (stream_unread(&s->stream).len == 0) return PRELUDE_READY;
  exchange_lose(s, "4.7.0", "the server says more than its answer", "STARTTLS");
  return PRELUDE_LOST;
}

enum prelude_end prelude_speak(struct smtp *s, int fd, struct text helohost) {
  s->stage = STAGE_GREETING;
  if (!smtp_hello(s, fd, helohost)) return PRELUDE_LOST;
  if (!s->offer.starttls) return PRELUDE_PLAIN;
  if (!exchange_command(s, "STARTTLS", TEXT_ABSENT)) return PRELUDE_LOST;
  if (s->reply.code == CODE_READY) return end_plaintext(s);
  exchange_judge(s);
  verdict_defer(&s->verdict, "4.7.0");
  return PRELUDE_REFUSED;
}

static int send_report(int sock, const struct smtp *s, enum prelude_end end) {
  struct report r = {.end = end, .hello = end == PRELUDE_PLAIN ? text_of_stralloc(&s->reply.text) : TEXT_ABSENT};
  stralloc payload = {0};
  if (s->offer.name[0]) r.name = text_of(s->offer.name);
  if (end == PRELUDE_LOST || end == PRELUDE_REFUSED) r.result = verdict_result(&s->verdict);
  int sent = record_put(&payload, report_fields, &r);
  if (sent == 0) sent = frame_send(sock, &net_protocol, NET_PRELUDE, text_of_stralloc(&payload), -1, IO_FOREVER);
  return sent;
}

static _Noreturn void run_child(const struct prelude_settings *p, int fd, int sock, struct smtp *s, struct text helohost) {
  struct sandbox sandbox = {.memory_octets = MEMORY_OCTETS, .cpu_s = CPU_S, .may_lack_seccomp = p->may_lack_seccomp};
  const int keep[] = {fd, sock, p->facts ? p->facts->fd : fd};
  sandbox_close_others(keep, 3);
  if (sandbox_enter(&sandbox) == -1) _exit(TOOL_SYSTEM);
  _exit(send_report(sock, s, prelude_speak(s, fd, helohost)) == 0 ? TOOL_OK : TOOL_SYSTEM);
}

/* ---- the connector */

static bool read_report(struct report *r, const struct frame *f) {
  if (f->type != NET_PRELUDE || record_read(report_fields, r, f->payload) == -1) return false;
  bool has_result = r->end == PRELUDE_LOST || r->end == PRELUDE_REFUSED;
  return !has_result || (result_is_valid(&r->result) && r->result.class == RESULT_DEFERRAL);
}

/* false: the watched peer is gone. */
static bool wait_for_child(int sock, int watched) {
  struct pollfd p[] = {{sock, POLLIN, 0}, {watched, 0, 0}};
  int n;
  do n = poll(p, 2, IO_FOREVER); /* the child has limits of its own */
  while (n == -1 && errno == EINTR);
  return n > 0 && p[1].revents == 0;
}

static enum prelude_end hear(struct prelude *p, int sock, int watched) {
  struct report r = {0};
  struct frame f;
  for (;;) {
    enum frame_status s = frame_poll(&p->reader, sock, &f);
    if (s == FRAME_AGAIN && !wait_for_child(sock, watched)) return PRELUDE_GONE;
    if (s == FRAME_AGAIN) continue;
    errno = 0;
    if (s != FRAME_READY || !read_report(&r, &f)) return PRELUDE_FAILED;
    p->result = r.result;
    p->hello = r.hello;
    p->name = r.name;
    return (enum prelude_end)r.end;
  }
}

static void reap(pid_t pid) {
  int saved = errno;
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) continue;
  errno = saved;
}

enum prelude_end prelude_run(struct prelude *p, const struct prelude_settings *s, int fd, int watched,
                             struct text helohost, struct text host, struct text address) {
  int pair[2];
  struct smtp smtp = {.is_lmtp = s->is_lmtp, .limits_ms = s->limits_ms, .facts = s->facts, .host = host, .address = address};
  *p = (struct prelude){.reader = {.protocol = &net_protocol, .no_descriptors = true}};
  if (unixsock_pair(pair) == -1) return PRELUDE_FAILED;
  /* when the connector is gone nobody hears of the end */
  smtp.stream = (struct stream){.fd = -1, .watched = pair[1]};
  pid_t pid = fork();
  if (pid == 0) run_child(s, fd, pair[1], &smtp, helohost);
  close(pair[1]);
  enum prelude_end end = pid == -1 ? PRELUDE_FAILED : hear(p, pair[0], watched);
  if (pid > 0) reap(pid);
  close(pair[0]);
  return end;
}

void prelude_free(struct prelude *p) { frame_reader_free(&p->reader); }
