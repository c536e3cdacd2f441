
/*
 * CRC-32C (Castagnoli), RFC 3720, section 12.1.
 */


#ifndef PROCORE_CRC32C_H
#define PROCORE_CRC32C_H


#include <stddef.h>
#include <stdint.h>


/*
 * Continues "crc" (0 at first) over "len" bytes of "data" and returns the new
 * value.  procore_crc32c() takes the processor's instruction where there is
 * one; procore_crc32c_table() never does, and gives the same.
 */

uint32_t procore_crc32c(uint32_t crc, const unsigned char *data, size_t len);
uint32_t procore_crc32c_table(uint32_t crc, const unsigned char *data,
    size_t len);


#endif /* PROCORE_CRC32C_H */
