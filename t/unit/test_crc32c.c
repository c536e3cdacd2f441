
/*
 * CRC-32C: published values, and the instruction against the table.
 */


#include "unit.h"
#include "../../src/store/procore_crc32c.h"


int
main(void)
{
    size_t         i, len;
    uint32_t       whole, parts;
    unsigned char  data[300];

    memset(data, 0, 32);
    is_int(procore_crc32c(0, data, 32), 0x8a9136aa, "RFC 3720: 32 zeros");

    memset(data, 0xff, 32);
    is_int(procore_crc32c(0, data, 32), 0x62a8ab43, "RFC 3720: 32 ones");

    for (i = 0; i < 32; i++) {
        data[i] = (unsigned char) i;
    }

    is_int(procore_crc32c(0, data, 32), 0x46dd794e, "RFC 3720: ascending");

    for (i = 0; i < 32; i++) {
        data[i] = (unsigned char) (31 - i);
    }

    is_int(procore_crc32c(0, data, 32), 0x113fdb5c, "RFC 3720: descending");

    is_int(procore_crc32c(0, (const unsigned char *) "123456789", 9),
           0xe3069283, "the check value");
    is_int(procore_crc32c(0, data, 0), 0, "nothing");

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (unsigned char) (i * i + 7);
    }

    for (len = 0; len <= sizeof(data); len++) {
        if (procore_crc32c(0, data, len) != procore_crc32c_table(0, data, len))
        {
            break;
        }
    }

    is_int((long long) len, sizeof(data) + 1, "as the table, every length");

    whole = procore_crc32c(0, data, sizeof(data));

    for (i = 0; i <= sizeof(data); i++) {
        parts = procore_crc32c(procore_crc32c(0, data, i), data + i,
                               sizeof(data) - i);

        if (parts != whole) {
            break;
        }
    }

    is_int((long long) i, sizeof(data) + 1, "in two parts, cut anywhere");

    return done_testing();
}
