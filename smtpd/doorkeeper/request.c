#include "config.h"
#include "smtpd/doorkeeper/request.h"

bool request_is_empty(const struct door_request *rest) {
  stralloc left = {0};
  bool empty = door_put_request(&left, rest) == 0 && left.len == 0;
  stralloc_free(&left);
  return empty;
}
