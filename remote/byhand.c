#include "config.h"
#include "remote/byhand.h"
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/agent.h"
#include "lib/clock.h"
#include "lib/iofd.h"
#include "lib/queueid.h"

int byhand_open(struct byhand *b, int fd) {
  struct stat st;
  bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
  b->body = is_file ? fd : io_to_memory(fd);
  if (b->body == -1 || fstat(b->body, &st) == -1) return -1;
  b->size = (uint64_t)st.st_size;
  return 0;
}

static bool may_be_queued(const char *address) {
  return strlen(address) <= ENVELOPE_ADDRESS_MAX && address_is_clean(text_of(address));
}

/* Recipients from first on, as many as one job can have and as are left. */
static int add_recipients(struct envelope *e, const struct byhand *b, size_t first, struct verdict *verdicts) {
  for (size_t n = first; n < b->count && e->recipient_count < AGENT_RECIPIENTS_MAX; n++) {
    if (!may_be_queued(b->recipients[n])) {
      verdict_set(&verdicts[n], RESULT_FAILURE, "5.1.3", "the address has no form in SMTP");
      continue;
    }
    struct envelope_recipient *r = envelope_add(e);
    if (!r) return errno = ENOMEM, -1;
    *r = (struct envelope_recipient){.address = text_of(b->recipients[n]), .index = n};
  }
  return 0;
}

static int send_job(int agent, const struct byhand *b, size_t number, const struct envelope *e) {
  struct queueid id;
  stralloc payload = {0};
  if (queueid_make(&id, clock_wall_us(&clock_system)) == -1) return -1;
  struct agent_job job = {
    .job = number, .message = text_of(id.s), .size = b->size, .envelope = *e};
  int r = agent_put_job(&payload, &job);
  if (r == 0)
    r = frame_send(agent, &agent_protocol, AGENT_JOB, text_of_stralloc(&payload), b->body, IO_FOREVER);
  int saved = errno;
  stralloc_free(&payload);
  return errno = saved, r;
}

static bool take_result(const struct byhand *b, const struct frame *f, struct verdict *verdicts) {
  struct agent_result r;
  if (agent_read_result(&r, f->payload) == -1 || r.index >= b->count) return false;
  if (verdicts[r.index].class != RESULT_NONE) return false;
  verdict_copy(&verdicts[r.index], &r.result);
  return true;
}

static void set_rest(const struct byhand *b, const struct result *r, struct verdict *verdicts) {
  for (size_t n = 0; n < b->count; n++)
    if (verdicts[n].class == RESULT_NONE) verdict_copy(&verdicts[n], r);
}

/* false: the agent takes no more. */
static bool await_results(struct frame_reader *in, int agent, const struct byhand *b, size_t count,
                          struct verdict *verdicts) {
  struct frame f;
  struct result refusal;
  while (count) {
    if (frame_receive(in, agent, &f, IO_FOREVER) != FRAME_READY) return false;
    if (f.fd >= 0) close(f.fd);
    if (f.type == AGENT_SILENT || f.type == AGENT_HEARD) continue;
    if (f.type == AGENT_REFUSE && agent_read_refuse(&refusal, f.payload) == 0)
      set_rest(b, &refusal, verdicts);
    if (f.type != AGENT_RESULT || !take_result(b, &f, verdicts)) return false;
    count--;
  }
  return true;
}

/* An agent that cannot begin says why, and ends before it has read the job. */
static bool run_job(struct frame_reader *in, int agent, const struct byhand *b, size_t number,
                    const struct envelope *e, struct verdict *verdicts) {
  bool sent = send_job(agent, b, number, e) == 0;
  if (!sent) (void)shutdown(agent, SHUT_WR);
  return await_results(in, agent, b, e->recipient_count, verdicts) && sent;
}

static size_t first_open(const struct byhand *b, const struct verdict *verdicts) {
  size_t n = 0;
  while (n < b->count && verdicts[n].class != RESULT_NONE) n++;
  return n;
}

/* As the runner does: other hosts know no mark of double bounces. */
static struct text sender_of(const struct byhand *b) {
  return text_of(strcmp(b->sender, "#@[]") == 0 ? "" : b->sender);
}

static void send_all(int agent, const struct byhand *b, struct verdict *verdicts) {
  struct frame_reader in = {.protocol = &agent_protocol};
  bool goes_on = true;
  size_t first;
  for (size_t job = 0; goes_on && (first = first_open(b, verdicts)) < b->count; job++) {
    struct envelope e = {.sender = sender_of(b)};
    goes_on = add_recipients(&e, b, first, verdicts) == 0;
    if (goes_on && e.recipient_count) goes_on = run_job(&in, agent, b, job, &e, verdicts);
    envelope_free(&e);
  }
  frame_reader_free(&in);
}

void byhand_send(int agent, const struct byhand *b, struct verdict *verdicts) {
  const struct result no_form = {
    .class = RESULT_FAILURE, .status = text_of("5.1.7"), .text = text_of("the sender's address has no form in SMTP")};
  const struct result died = {
    .class = RESULT_DEFERRAL, .status = text_of("4.3.0"), .text = text_of("the sending process ended early")};
  if (!may_be_queued(b->sender)) set_rest(b, &no_form, verdicts);
  send_all(agent, b, verdicts);
  set_rest(b, &died, verdicts);
}
