
#include "unit.h"
#include "../../src/procore/procore_company_list.h"


static procore_company_list_t  list;


static int
look_for(uint64_t wanted, const char *text, size_t piece)
{
    size_t  n, len;

    len = strlen(text);

    procore_company_list_start(&list, wanted);

    while (len != 0) {
        n = len < piece ? len : piece;

        (void) procore_company_list_feed(&list, (const unsigned char *) text,
                                         n);
        text += n;
        len -= n;
    }

    return procore_company_list_end(&list);
}


static void
finds(uint64_t wanted, const char *text, unsigned count, const char *element)
{
    char  found[256];
    int   i;

    static const size_t  pieces[] = { 4096, 1, 5 };

    for (i = 0; i < 3; i++) {
        is_int(look_for(wanted, text, pieces[i]),
               element == NULL ? PROCORE_NOT_FOUND : PROCORE_OK,
               "%llu in %s", (unsigned long long) wanted, text);
        is_int((long long) list.count, count, "its companies");

        if (element != NULL) {
            snprintf(found, sizeof(found), "%.*s", (int) list.length,
                     text + list.offset);
            is_str(found, element, "the element byte for byte");
        }
    }
}


int
main(void)
{
    size_t       i;
    const char  *text;

    static const char *const  malformed[] = {
        "", "{}", "null", "5", "[5]", "[\"5\"]", "[{\"id\":1},2]", "[{}]",
        "[{\"id\":1}", "[{\"id\":1,\"id\":2}]", "[{\"id\":null}]",
        "[{\"id\":5},{\"name\":\"x\"}]", "[[{\"id\":5}]]",
        "{\"data\":[{\"id\":5}]}",
    };

    text = " [ {\"id\" : 5, \"name\":\"A } ]\"} ,\n{\"x\":{\"id\":7},"
           "\"id\":\"6\",\"l\":[{}]},{\"id\":7,\"name\":\"\xc3\xa9\"}]";

    finds(5, text, 3, "{\"id\" : 5, \"name\":\"A } ]\"}");
    finds(6, text, 3, "{\"x\":{\"id\":7},\"id\":\"6\",\"l\":[{}]}");
    finds(7, text, 3, "{\"id\":7,\"name\":\"\xc3\xa9\"}");
    finds(8, text, 3, NULL);
    finds(5, "[]", 0, NULL);
    finds(5, "[{\"id\":5,\"n\":1},{\"id\":5,\"n\":2}]", 2,
          "{\"id\":5,\"n\":1}");

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        is_int(look_for(5, malformed[i], 4096), PROCORE_MALFORMED,
               "malformed: %s", malformed[i]);
        is_int(look_for(5, malformed[i], 1), PROCORE_MALFORMED,
               "byte by byte");
    }

    return done_testing();
}
