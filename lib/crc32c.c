#include "config.h"
#include "lib/crc32c.h"
#include <string.h>

/* Eight octets a step ("slicing by 8").  The tables are built at the first
 * call, 2,048 words in a few microseconds: cheaper than asking the processor
 * for its CRC instruction, because CPUID traps in virtual machines. */
enum { REVERSED_POLYNOMIAL_HIGH = 0x82F6, REVERSED_POLYNOMIAL_LOW = 0x3B78 };

static uint32_t table[8][256];

static void build_tables(void) {
  const uint32_t polynomial = (uint32_t)REVERSED_POLYNOMIAL_HIGH << 16 | REVERSED_POLYNOMIAL_LOW;
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = (c >> 1) ^ (c & 1 ? polynomial : 0);
    table[0][i] = c;
  }
  for (int slice = 1; slice < 8; slice++)
    for (int i = 0; i < 256; i++)
      table[slice][i] = (table[slice - 1][i] >> 8) ^ table[0][table[slice - 1][i] & 255];
}

static uint32_t load_little(const unsigned char *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t crc32c(uint32_t crc, const void *octets, size_t len) {
  const unsigned char *p = octets;
  if (!table[0][1]) build_tables();
  crc = ~crc;
  for (; len >= 8; p += 8, len -= 8) {
    uint32_t low = crc ^ load_little(p), high = load_little(p + 4);
    crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
          table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
          table[1][high >> 16 & 255] ^ table[0][high >> 24];
  }
  for (; len; p++, len--) crc = (crc >> 8) ^ table[0][(crc ^ *p) & 255];
  return ~crc;
}
