#include "config.h"
#include "queue/inject/header.h"
#include "lib/address.h"
#include "lib/clock.h"
#include "lib/header.h"
#include "lib/phrase.h"

enum { SHOWN_MAX = 200 };

struct maker {
  struct injectheader *made;
  const struct injectheader_order *order;
  struct addrlist_completion completion;
  bool seen[HEADER_NAME_COUNT];
  bool resent;
  stralloc fields; /* of the caller, rewritten */
  struct injectrecipients followup; /* those of To and Cc */
  bool to_list;    /* one of them is a list that wants Mail-Followup-To */
  stralloc *why;
};

static void look(struct maker *m, struct text header) {
  struct header_field f;
  while (header_next(&header, &f)) {
    enum header_name name = header_classify(f.name);
    m->seen[name] = true;
    if (header_traits(name) & HEADER_RESENT) m->resent = true;
  }
}

/* A resent message's own fields have a Resent- form, RFC 5322 3.6.6. */
static enum header_name own_from(const struct maker *m) { return m->resent ? HEADER_RESENT_FROM : HEADER_FROM; }
static enum header_name own_id(const struct maker *m) {
  return m->resent ? HEADER_RESENT_MESSAGE_ID : HEADER_MESSAGE_ID;
}

static bool is_left_out(const struct maker *m, enum header_name name) {
  if (name == HEADER_BCC || name == HEADER_RESENT_BCC) return true;
  if (name == HEADER_RETURN_PATH || name == HEADER_CONTENT_LENGTH) return true;
  if (name == own_from(m)) return m->order->author->own_from;
  return name == own_id(m) && m->order->author->own_id;
}

static bool names_recipients(const struct maker *m, enum header_name name) {
  unsigned traits = header_traits(name);
  return m->order->use_recipients && (traits & HEADER_RECIPIENTS) &&
         m->resent == ((traits & HEADER_RESENT) != 0);
}

static bool names_sender(const struct maker *m, enum header_name name) {
  return name == HEADER_RETURN_PATH && m->order->use_sender && !m->order->author->own_sender;
}

static enum inject_outcome take_sender(struct maker *m, const struct addrlist *l) {
  if (m->made->has_sender || l->count == 0) return INJECT_OK;
  if (addrlist_cat_address(&m->made->sender, &l->mailboxes[0], &m->completion) == -1)
    return inject_no_memory(m->why);
  m->made->has_sender = true;
  if (m->order->author->verp && m->made->sender.len && !stralloc_cats(&m->made->sender, "-@[]"))
    return inject_no_memory(m->why);
  if (text_is_clean(text_of_stralloc(&m->made->sender))) return INJECT_OK;
  return inject_fail(m->why, INJECT_MALFORMED, "a control octet in Return-Path: ",
                     text_of_stralloc(&m->made->sender));
}

static bool wants_followup(const struct maker *m, struct text address) {
  return list_find(&m->order->author->lists, address) != NULL;
}

static enum inject_outcome note_followup(struct maker *m, const struct addrlist *l) {
  const char *p;
  size_t before = m->followup.octets.len;
  if (m->order->author->lists.count == 0) return INJECT_OK;
  enum inject_outcome o = injectrecipients_add_all(&m->followup, l, &m->completion, m->why);
  if (o != INJECT_OK) return o;
  for (p = m->followup.octets.s + before; p < m->followup.octets.s + m->followup.octets.len;) {
    struct text address = text_of(p);
    if (wants_followup(m, address)) m->to_list = true;
    p += address.len + 1;
  }
  return INJECT_OK;
}

static enum inject_outcome take_addresses(struct maker *m, enum header_name name, const struct addrlist *l) {
  enum inject_outcome o = INJECT_OK;
  if (names_recipients(m, name))
    o = injectrecipients_add_all(&m->made->recipients, l, &m->completion, m->why);
  if (o == INJECT_OK && names_sender(m, name)) o = take_sender(m, l);
  if (o == INJECT_OK && (name == HEADER_TO || name == HEADER_CC)) o = note_followup(m, l);
  return o;
}

static int cat_rewritten(struct maker *m, const struct header_field *f, const struct addrlist *l) {
  struct text name = {f->whole.s, (size_t)(f->value.s - f->whole.s)};
  if (text_cat(&m->fields, name) == -1) return -1;
  if (addrlist_cat_rewritten(&m->fields, f->value, l, &m->completion) == -1) return -1;
  return stralloc_cats(&m->fields, "\n") ? 0 : -1;
}

static enum inject_outcome fail_field(const struct maker *m, struct text whole) {
  if (whole.len > SHOWN_MAX) whole.len = SHOWN_MAX;
  if (whole.len && whole.s[whole.len - 1] == '\n') whole.len--;
  return inject_fail(m->why, INJECT_MALFORMED, "unable to parse the header field ", whole);
}

static enum inject_outcome keep_as_is(struct maker *m, enum header_name name, struct text whole) {
  if (is_left_out(m, name) || text_cat(&m->fields, whole) == 0) return INJECT_OK;
  return inject_no_memory(m->why);
}

static enum inject_outcome take_list_field(struct maker *m, enum header_name name,
                                           const struct header_field *f) {
  struct addrlist l = {0};
  enum inject_outcome o;
  switch (addrlist_parse(&l, f->value)) {
    case ADDRLIST_NO_MEMORY: return inject_no_memory(m->why);
    case ADDRLIST_SYNTAX:
      if (names_recipients(m, name) || names_sender(m, name)) return fail_field(m, f->whole);
      return keep_as_is(m, name, f->whole);
    case ADDRLIST_OK: break;
  }
  o = take_addresses(m, name, &l);
  if (o == INJECT_OK && !is_left_out(m, name) && cat_rewritten(m, f, &l) == -1)
    o = inject_no_memory(m->why);
  addrlist_free(&l);
  return o;
}

static enum inject_outcome take_fields(struct maker *m, struct text header) {
  struct header_field f;
  enum inject_outcome o = INJECT_OK;
  while (o == INJECT_OK && header_next(&header, &f)) {
    enum header_name name = header_classify(f.name);
    if (header_traits(name) & HEADER_ADDRESSES) o = take_list_field(m, name, &f);
    else o = keep_as_is(m, name, f.whole);
  }
  return o;
}

static int begin(struct maker *m, const char *name) {
  stralloc *out = &m->made->header;
  return (!m->resent || stralloc_cats(out, "Resent-")) && stralloc_cats(out, name) ? 0 : -1;
}

static int add_date(struct maker *m) {
  stralloc *out = &m->made->header;
  if (m->seen[m->resent ? HEADER_RESENT_DATE : HEADER_DATE]) return 0;
  if (begin(m, "Date: ") == -1 || clock_cat_date(out, m->order->now_us) == -1) return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}

static int add_id(struct maker *m) {
  stralloc *out = &m->made->header;
  if (m->seen[own_id(m)] && !m->order->author->own_id) return 0;
  if (begin(m, "Message-ID: <") == -1 || !stralloc_cats(out, m->order->id->s)) return -1;
  if (!stralloc_cats(out, ".owlpost@") ||
      text_cat(out, text_of_stralloc(&m->order->author->id_host)) == -1)
    return -1;
  return stralloc_cats(out, ">\n") ? 0 : -1;
}

static int cat_author(stralloc *out, const struct injectheader_order *order) {
  struct text name = text_of_stralloc(&order->author->name);
  struct text address = order->from.s ? order->from : text_of_stralloc(&order->author->address);
  bool angle = name.len && !order->author->name_in_comment;
  if (angle && (phrase_cat(out, name) == -1 || !stralloc_cats(out, " <"))) return -1;
  if (address_cat(out, address) == -1) return -1;
  if (angle && !stralloc_cats(out, ">")) return -1;
  if (name.len && !angle && (!stralloc_cats(out, " ") || phrase_cat_comment(out, name) == -1)) return -1;
  return 0;
}

static int add_from(struct maker *m) {
  stralloc *out = &m->made->header;
  if (m->seen[own_from(m)] && !m->order->author->own_from) return 0;
  if (begin(m, "From: ") == -1 || cat_author(out, m->order) == -1) return -1;
  return stralloc_cats(out, "\n") ? 0 : -1;
}

/* A message without any recipient field gets one, so that no mailer on the way
 * puts the Bcc recipients into one. */
static int add_cc(struct maker *m) {
  if (m->resent ? m->seen[HEADER_RESENT_TO] || m->seen[HEADER_RESENT_CC]
                : m->seen[HEADER_TO] || m->seen[HEADER_CC])
    return 0;
  if (begin(m, "Cc: ") == -1) return -1;
  return stralloc_cats(&m->made->header, "recipient list not shown: ;\n") ? 0 : -1;
}

static int add_followup(struct maker *m) {
  struct envelope once = {0};
  stralloc *out = &m->made->header;
  int r = 0;
  if (!m->to_list || m->resent || m->seen[HEADER_MAIL_FOLLOWUP_TO]) return 0;
  r = injectrecipients_fill(&m->followup, &once, 0);
  for (size_t i = 0; i < once.recipient_count && r == 0; i++)
    r = stralloc_cats(out, i ? ",\n  " : "Mail-Followup-To: ") &&
            address_cat(out, once.recipients[i].address) == 0
          ? 0
          : -1;
  if (r == 0 && !stralloc_cats(out, "\n")) r = -1;
  envelope_free(&once);
  return r;
}

static int put_together(struct maker *m) {
  if (add_date(m) == -1 || add_id(m) == -1 || add_from(m) == -1) return -1;
  if (add_cc(m) == -1 || add_followup(m) == -1) return -1;
  return text_cat(&m->made->header, text_of_stralloc(&m->fields));
}

enum inject_outcome injectheader_make(struct injectheader *h, const struct injectheader_order *order,
                                      struct text header, stralloc *why) {
  struct maker m = {.made = h,
                    .order = order,
                    .completion = injectauthor_completion(order->author),
                    .why = why};
  look(&m, header);
  enum inject_outcome o = take_fields(&m, header);
  if (o == INJECT_OK && put_together(&m) == -1) o = inject_no_memory(why);
  stralloc_free(&m.fields);
  injectrecipients_free(&m.followup);
  return o;
}

void injectheader_free(struct injectheader *h) {
  stralloc_free(&h->header);
  stralloc_free(&h->sender);
  injectrecipients_free(&h->recipients);
}
