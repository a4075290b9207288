/* The first octet chooses the decoder; what it takes can be encoded again. */
#include "config.h"
#include "lib/agent.h"
#include "lib/fuzz.h"
#include "lib/queueid.h"

static void job(struct text payload, bool has_descriptor) {
  struct agent_job j, back;
  stralloc out = {0};
  if (agent_read_job(&j, payload, has_descriptor) == -1) {
    check(!j.envelope.recipients);
    return;
  }
  check(j.message.len == QUEUEID_LENGTH && j.envelope.sender.s);
  check(has_descriptor || j.content.len == j.size);
  check(agent_put_job(&out, &j) == 0);
  check(agent_read_job(&back, text_of_stralloc(&out), has_descriptor) == 0);
  check(back.envelope.recipient_count == j.envelope.recipient_count);
  envelope_free(&back.envelope);
  envelope_free(&j.envelope);
  stralloc_free(&out);
}

static void result(struct text payload) {
  struct agent_result r, back;
  stralloc out = {0};
  if (agent_read_result(&r, payload) == -1) return;
  check(result_is_valid(&r.result) && agent_put_result(&out, &r) == 0);
  check(agent_read_result(&back, text_of_stralloc(&out)) == 0);
  check(back.index == r.index && text_equal(back.result.text, r.result.text));
  stralloc_free(&out);
}

static void worker(struct text payload) {
  struct agent_worker w, back;
  stralloc out = {0};
  if (agent_read_worker(&w, payload) == -1) return;
  check(agent_put_worker(&out, &w) == 0);
  check(agent_read_worker(&back, text_of_stralloc(&out)) == 0 && back.port == w.port);
  stralloc_free(&out);
}

static void refuse(struct text payload) {
  struct result r;
  if (agent_read_refuse(&r, payload) == 0) check(result_is_valid(&r));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size) {
  struct text input = fuzz_input(octets, size);
  switch (fuzz_choice(&input) % 5) {
    case 0: job(input, false); break;
    case 1: job(input, true); break;
    case 2: result(input); break;
    case 3: worker(input); break;
    case 4: refuse(input); break;
  }
  return 0;
}
