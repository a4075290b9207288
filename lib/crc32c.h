/* crc32c.h - CRC-32C (Castagnoli), as in RFC 3720 appendix B.4
 *
 * crc32c(crc, ...) continues crc, which starts at 0: crc32c(crc32c(0, a), b)
 * equals crc32c(0, a followed by b).
 */
#ifndef OWL_CRC32C_H
#define OWL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *octets, size_t len);

/* crc32c_zeroes(): continues crc by so many octets of 0, in a time that hardly
 * depends on how many. */
uint32_t crc32c_zeroes(uint32_t crc, uint64_t count);

/* crc32c_nocase(): of the octets with their ASCII letters made small, so that it is
 * the same for what text_equal_nocase() takes for equal. */
uint32_t crc32c_nocase(const char *octets, size_t len);

#endif
