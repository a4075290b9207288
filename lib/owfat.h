/* owfat.h - libowfat's fmt and scan functions, made safe to call
 *
 * libowfat 0.32 marks fmt_* and scan_* as pure although they write through a
 * pointer, so the optimiser drops calls whose result is not used.  Include
 * them through this header only: it takes the attribute away.
 */
#ifndef OWL_OWFAT_H
#define OWL_OWFAT_H

#include <sys/types.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define pure
#include <fmt.h>
#include <scan.h>
#undef pure
#include <stralloc.h>

#endif
