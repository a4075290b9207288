#include "config.h"
#include "smtpd/doorkeeper/senders.h"
#include "smtpd/doorkeeper/match.h"

const char *senders_refuse(const struct settings *s, struct text helo, struct text sender,
                           struct facts *f) {
  if (s->badhelo.count && match_note(f, "badhelo", match_name(&s->badhelo, helo), helo))
    return "sorry, the name that you greet with is in my list of refused names";
  if (sender.len && match_note(f, "badmailfrom", match_address(&s->badmailfrom, sender), sender))
    return "sorry, your envelope sender is in my list of refused senders";
  return NULL;
}
