#include "config.h"
#include "queue/node.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAUSE_FACTOR = 9 };

struct wanted {
  bool *lanes; /* by number; owned */
  uint64_t waiting, jobs;
  bool any, held; /* some of them are */
};

static bool is_name(struct text domain) {
  return domain.len && domain.len < NODE_MAX && text_is_clean(domain) && !memchr(domain.s, '@', domain.len) &&
         !memchr(domain.s, '/', domain.len);
}

static bool is_at_or_below(struct text host, struct text domain) {
  if (host.len < domain.len) return false;
  size_t before = host.len - domain.len;
  if (!text_equal_nocase((struct text){host.s + before, domain.len}, domain)) return false;
  return before == 0 || host.s[before - 1] == '.';
}

static void want(const struct runner *r, struct wanted *w, const struct lane *l) {
  if (l->held) w->held = true;
  if (l->held || w->lanes[l->number]) return;
  w->any = w->lanes[l->number] = true;
  w->waiting += waitlist_in_lane(&r->waitlist, l->number);
  w->jobs += l->jobs;
}

/* 0, or -1 without memory. */
static int want_route(struct runner *r, struct wanted *w, struct text domain) {
  struct route route = {0};
  stralloc text = {0};
  const struct lane *l = NULL;
  int result = stralloc_copys(&text, "postmaster@") ? text_cat(&text, domain) : -1;
  if (result == 0)
    result = srsrules_route(&r->settings.srs, &r->settings.routes, TEXT_ABSENT, text_of_stralloc(&text),
                            clock_wall_us(r->clock), &route, NULL);
  if (result == 0 && route.channel == CHANNEL_REMOTE && !route_leads_nowhere(&route)) {
    stralloc_zero(&text);
    result = lane_cat_name(&text, &route);
    if (result == 0) l = lanes_named(&r->lanes, text_of_stralloc(&text), false);
  }
  if (l) want(r, w, l);
  stralloc_free(&text);
  route_free(&route);
  return result;
}

static void want_below(const struct runner *r, struct wanted *w, struct text domain) {
  for (uint32_t i = LANES_FIRST_OWN; i < r->lanes.count; i++) {
    const struct lane *l = lanes_at(&r->lanes, i);
    if (l && l->channel == CHANNEL_REMOTE && is_at_or_below(lane_host(l), domain)) want(r, w, l);
  }
}

static uint64_t start(struct runner *r, const struct wanted *w) {
  uint64_t begun_us = clock_boot_us(r->clock);
  for (uint32_t i = LANES_FIRST_OWN; i < r->lanes.count; i++)
    if (w->lanes[i]) lane_hurry(&r->lanes, lanes_at(&r->lanes, i), begun_us);
  if (!w->waiting) return 0;
  uint64_t started = waitlist_hurry_lanes(&r->waitlist, w->lanes, r->lanes.count, begun_us);
  uint64_t now_us = clock_boot_us(r->clock);
  r->node_us = now_us + PAUSE_FACTOR * (now_us - begun_us);
  return started;
}

static int start_wanted(struct runner *r, const struct wanted *w, struct node_mail *mail) {
  if (w->held && !w->any) return errno = EBUSY, -1;
  if (w->waiting && clock_boot_us(r->clock) < r->node_us) return errno = EAGAIN, -1;
  *mail = (struct node_mail){.started = start(r, w), .jobs = w->jobs};
  return 0;
}

int node_start(struct runner *r, struct text node, uint64_t uid, struct node_mail *mail) {
  struct text domain = node;
  bool below = node.len && node.s[0] == '@';
  if (below) domain = (struct text){node.s + 1, node.len - 1};
  if (!is_name(domain)) return errno = EINVAL, -1;
  if (!backlog_is_loaded(&r->backlog)) return errno = EINPROGRESS, -1;
  struct wanted w = {.lanes = calloc((size_t)r->lanes.count + 1, sizeof *w.lanes)};
  if (!w.lanes || want_route(r, &w, domain) == -1) return free(w.lanes), errno = ENOMEM, -1;
  if (below) want_below(r, &w, domain);
  int result = start_wanted(r, &w, mail);
  int saved = errno;
  free(w.lanes);
  if (result == 0) report_node(r, node, mail->started, uid);
  errno = saved;
  return result;
}
