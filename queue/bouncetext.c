#include "config.h"
#include "queue/bouncepart.h"

/* Only failures stand in QSBMF's form, "Hi. This is the" and paragraphs that
 * begin with "<": programs that unsubscribe who fails take nothing else for
 * one. */

/* "host [address] said:", and "550 5.1.1 words", or the words alone when they are ours */
static void add_words(struct page *p, const struct result *r) {
  if (r->reply_code) {
    page_clean(p, r->host);
    if (r->address.len) {
      page_add(p, " [");
      page_clean(p, r->address);
      page_add(p, "]");
    }
    page_add(p, " said:\n");
    page_number(p, r->reply_code);
    page_add(p, " ");
  }
  page_clean(p, r->text);
  if (r->status.len) {
    page_add(p, " (#");
    page_clean(p, r->status);
    page_add(p, ")");
  }
  page_add(p, "\n");
}

static void add_failure(struct page *p, struct text address, const struct result *r) {
  page_add(p, "\n<");
  page_address(p, address);
  page_add(p, ">:\n");
  add_words(p, r);
  if (text_equals(r->status, "5.4.7"))
    page_add(p, "I'm not going to try again; this message has been in the queue too long.\n");
}

static void add_other(struct page *p, const char *what, struct text address) {
  page_add(p, "\n");
  page_add(p, what);
  page_add(p, " <");
  page_address(p, address);
  page_add(p, ">\n");
}

static void add_relayed(struct page *p, struct text address, const struct result *r) {
  add_other(p, "Handed on:", address);
  page_add(p, "The next mail server");
  if (r->host.len) {
    page_add(p, ", ");
    page_clean(p, r->host);
    page_add(p, ",");
  }
  page_add(p, " has taken it, and was not asked to report its delivery.\n");
}

static void add_recipient(struct page *p, const struct bounce *b, size_t i) {
  struct text address = b->m->file.envelope.recipients[i].address;
  const struct result *r = &b->m->states[i].last.result;
  switch (bounce_news(b->m, i, b->s)) {
    case BOUNCE_NOTHING: break;
    case BOUNCE_FAILED: add_failure(p, address, r); break;
    case BOUNCE_DELAYED:
      add_other(p, "Delayed:", address);
      add_words(p, r);
      break;
    case BOUNCE_DELIVERED: add_other(p, "Delivered:", address); break;
    case BOUNCE_RELAYED: add_relayed(p, address, r); break;
    case BOUNCE_EXPANDED:
      add_other(p, "Delivered:", address);
      page_add(p, "It was sent on from there; its further way is not reported.\n");
      break;
  }
}

static bool is_success(enum bounce_action a) {
  return a == BOUNCE_DELIVERED || a == BOUNCE_RELAYED || a == BOUNCE_EXPANDED;
}

/* Failures first. */
static void add_recipients(struct page *p, const struct bounce *b, enum bounce_action like) {
  for (size_t i = 0; i < b->m->file.envelope.recipient_count; i++) {
    enum bounce_action news = bounce_news(b->m, i, b->s);
    if (news == like || (is_success(news) && is_success(like))) add_recipient(p, b, i);
  }
}

static void add_delays(struct page *p, const struct bounce *b) {
  uint64_t until_us = bounce_retry_until_us(b);
  page_add(p, "Your message has not yet been delivered to the addresses below.\n"
              "This is only a warning: you need not send it again.\n");
  if (until_us) {
    page_add(p, "Attempts go on until ");
    page_date(p, until_us);
    page_add(p, ".\n");
  }
  add_recipients(p, b, BOUNCE_DELAYED);
}

static void add_failures(struct page *p, const struct bounce *b) {
  page_add(p, "Your message could not be delivered to the addresses below.\n"
              "The failure is permanent: no further attempt will be made.\n");
  add_recipients(p, b, BOUNCE_FAILED);
}

static void add_successes(struct page *p, const struct bounce *b) {
  page_add(p, "You asked to be told when your message arrives.\n");
  add_recipients(p, b, BOUNCE_DELIVERED);
}

void bounce_add_text(struct page *p, const struct bounce *b) {
  bool failed = bounce_has(b, BOUNCE_FAILED), delayed = bounce_has(b, BOUNCE_DELAYED);
  bool succeeded = bounce_has(b, BOUNCE_DELIVERED) || bounce_has(b, BOUNCE_RELAYED) ||
                   bounce_has(b, BOUNCE_EXPANDED);
  page_add(p, failed ? "Hi. This is the owlpost program at " : "This is the owlpost program at ");
  page_host(p, &b->s->bouncehost);
  page_add(p, ".\n");
  if (failed) add_failures(p, b);
  if (failed && (delayed || succeeded)) page_add(p, "\n");
  if (delayed) add_delays(p, b);
  if (delayed && succeeded) page_add(p, "\n");
  if (succeeded) add_successes(p, b);
}
