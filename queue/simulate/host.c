#include "config.h"
#include "queue/simulate/host.h"

bool host_is_down(const struct host *h, uint64_t now_us) {
  for (size_t i = 0; i < h->model->down_count; i++)
    if (now_us >= h->model->downs[i].from_us && now_us < h->model->downs[i].to_us) return true;
  return false;
}

static uint64_t draw(struct chance *c, struct span s) { return chance_between(c, s.from_us, s.to_us); }

enum host_answer host_connect(struct host *h, struct chance *c, uint64_t now_us, uint64_t *takes_us) {
  *takes_us = h->model->timeout_us;
  if (host_is_down(h, now_us)) return HOST_DOWN;
  *takes_us = draw(c, h->model->connect);
  if (h->model->connections && h->open >= h->model->connections) return HOST_BUSY;
  h->open++;
  return HOST_TAKES;
}

static bool rate_is_used_up(struct host *h, uint64_t now_us) {
  if (!h->model->rate) return false;
  if (now_us >= h->rate_began_us + h->model->rate_us) {
    h->rate_began_us = now_us;
    h->rate_used = 0;
  }
  return h->rate_used++ >= h->model->rate;
}

enum host_answer host_begin(struct host *h, struct chance *c, uint64_t now_us, uint64_t *takes_us) {
  *takes_us = 0;
  if (rate_is_used_up(h, now_us)) return HOST_BUSY;
  *takes_us = draw(c, h->model->latency);
  return HOST_TAKES;
}

struct result host_refusal(enum host_answer answer, bool connected) {
  struct result r = {.class = RESULT_DEFERRAL};
  r.status = text_of(answer == HOST_BUSY ? "4.3.2" : connected ? "4.4.2" : "4.4.1");
  r.text = text_of(answer == HOST_BUSY ? "too much" : connected ? "connection lost" : "connection timed out");
  r.reply_code = answer == HOST_BUSY ? 421 : 0;
  return r;
}

struct result host_result(const struct host *h, struct chance *c) {
  const struct model *m = h->model;
  uint64_t n = m->fail || m->defer || m->slower ? chance_between(c, 0, 99) : 100;
  if (n < m->fail)
    return (struct result){.class = RESULT_FAILURE, .status = text_of("5.1.1"), .reply_code = 550, .text = text_of("nobody")};
  if (n < m->fail + m->defer)
    return (struct result){.class = RESULT_DEFERRAL, .status = text_of("4.2.0"), .reply_code = 450, .text = text_of("later")};
  if (n < m->fail + m->defer + m->slower)
    return (struct result){.class = RESULT_DEFERRAL, .status = text_of("4.7.1"), .reply_code = 450, .text = text_of("slower")};
  return (struct result){.class = RESULT_SUCCESS, .status = text_of("2.0.0"), .reply_code = 250, .text = text_of("taken")};
}
