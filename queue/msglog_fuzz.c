/* A message's log, as a torn disk or a hostile copy would leave it. */
#include "config.h"
#include <stdint.h>
#include "queue/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct text octets = {(const char *)data, size}, rest;
  struct logrecord r;
  struct log_summary s;
  if (msglog_first(octets, &rest))
    while (msglog_next(&rest, &r) == MSGLOG_RECORD) {
    }
  (void)message_summarize_log(octets, &s);
  return 0;
}
