
#include <stdlib.h>

#include "unit.h"
#include "../../src/procore/procore_link.h"
#include "../../src/procore/procore_project_list.h"


static char                    seen[1024];
static procore_project_list_t  list;


static void
on_project(void *data, uint64_t project, uint64_t company)
{
    size_t  len;

    (void) data;

    len = strlen(seen);

    snprintf(seen + len, sizeof(seen) - len, "%llu/%llu ",
             (unsigned long long) project, (unsigned long long) company);
}


static int
read_in_pieces(const char *text, size_t piece)
{
    size_t  n, len;

    len = strlen(text);
    seen[0] = '\0';

    procore_project_list_start(&list, on_project, NULL);

    while (len != 0) {
        n = len < piece ? len : piece;

        (void) procore_project_list_feed(&list, (const unsigned char *) text,
                                         n);
        text += n;
        len -= n;
    }

    return procore_project_list_end(&list);
}


static void
lists(const char *text, procore_project_list_e shape, const char *want)
{
    int  i;

    static const size_t  pieces[] = { 4096, 1, 7 };

    for (i = 0; i < 3; i++) {
        is_int(read_in_pieces(text, pieces[i]), PROCORE_OK, "%s", text);
        is_str(seen, want, "its projects");
        is_int(list.shape, shape, "its shape");
    }
}


static void
refused(const char *text)
{
    is_int(read_in_pieces(text, 4096), PROCORE_MALFORMED, "malformed: %s",
           text);
    is_int(read_in_pieces(text, 1), PROCORE_MALFORMED, "byte by byte");
}


static void
count_project(void *data, uint64_t project, uint64_t company)
{
    uint64_t  *sum = data;

    *sum += project + company;
}


static void
test_large(void)
{
    char      text[32];
    size_t    i, len;
    uint64_t  sum;

    sum = 0;

    procore_project_list_start(&list, count_project, &sum);

    for (i = 1; i <= 200000; i++) {
        len = (size_t) snprintf(text, sizeof(text), "%s%llu",
                                i == 1 ? "[" : ",",
                                562949953421312ULL + i);

        (void) procore_project_list_feed(&list, (unsigned char *) text, len);
    }

    (void) procore_project_list_feed(&list, (const unsigned char *) "]", 1);

    is_int(procore_project_list_end(&list), PROCORE_OK, "200,000 ids");
    is_int((long long) list.count, 200000, "are counted");
    ok(sum == 200000 * 562949953421312ULL + 200000ULL * 200001 / 2,
       "and read exactly");
}


static void
test_link(void)
{
    size_t         i;
    procore_str_t  value;

    static const char *const  next[] = {
        "<https://a/?page=2>; rel=\"next\"",
        "<https://a/?page=2>; rel=next",
        "<https://a/?page=2>;rel=NEXT",
        "<u>;REL = \"last Next\"",
        "<u>; rel=\"prev\", <v>; rel=\"next\"",
        "<u;,>; title=\"a, b; \\\"rel=x\"; rel=\"first next\"",
        " , ,<u>; rel=\"first\" ,, <v> ; title ; rel=next",
        "<>;rel=next",
    };

    static const char *const  not_next[] = {
        "",
        "<https://a/?page=2>; rel=\"prev\"",
        "<https://a/?rel=next>; rel=\"last\"",
        "<https://a/>; title=\"rel=next\"",
        "<https://a/>; title=\"; rel=next",
        "<https://a/>; rel=\"next-archive\"",
        "<https://a/>; rel=\"http://x/next\"",
        "<https://a/>; rel=prev; rel=next",
        "<https://a/>; rev=next",
        "<https://a/>; rel",
        "<https://a/>; rel=",
        "<https://a/>; rel=\"\"",
        "<https://a/>, rel=next",
        "https://a/; rel=next",
        "<https://a/; rel=next",
        "rel=next",
        "next",
    };

    for (i = 0; i < sizeof(next) / sizeof(next[0]); i++) {
        value.data = (const unsigned char *) next[i];
        value.len = strlen(next[i]);
        is_int(procore_link_has_next(&value), 1, "has a next: %s", next[i]);
    }

    for (i = 0; i < sizeof(not_next) / sizeof(not_next[0]); i++) {
        value.data = (const unsigned char *) not_next[i];
        value.len = strlen(not_next[i]);
        is_int(procore_link_has_next(&value), 0, "no next: %s", not_next[i]);
    }
}


int
main(void)
{
    size_t  i;

    static const char *const  malformed[] = {
        "", " ", "null", "{}", "5", "\"5\"", "{\"id\":5}", "[1,2", "[1,]",
        "[1,2]]", "[1 2]", "[0]", "[-1]", "[1.0]", "[1e3]", "[null]",
        "[true]", "[\"a\"]", "[\"\"]", "[9223372036854775808]", "[[1]]",
        "[1,{\"id\":2}]", "[{\"id\":2},1]", "[{}]", "[{\"name\":1}]",
        "[{\"id\":null}]", "[{\"id\":[1]}]", "[{\"id\":{\"id\":1}}]",
        "[{\"id\":1,\"id\":1}]", "[{\"id\":\"x\"}]", "[{\"id\":true}]",
        "[{\"company\":{\"id\":1}}]", "[{\"id\":1,\"company\":5}]",
        "[{\"id\":1,\"company\":\"5\"}]", "[{\"id\":1,\"company\":[]}]",
        "[{\"id\":1,\"company\":{}}]", "[{\"id\":1,\"company\":true}]",
        "[{\"id\":1,\"company\":{\"id\":null}}]",
        "[{\"id\":1,\"company\":{\"id\":1,\"id\":2}}]",
        "[{\"id\":1,\"company\":{\"id\":1},\"company\":{\"id\":1}}]",
        "[{\"id\":1,\"company\":null,\"company\":{\"id\":1}}]",
        "[{\"id\":1}", "[{\"id\":1}] x", "[{\"id\":1},]",
        "{\"data\":[{\"id\":1}]}", "[{\"id\":11111111111111111111111111111}]",
    };

    lists("[]", PROCORE_PROJECT_LIST_EMPTY, "");
    lists("[1]", PROCORE_PROJECT_LIST_IDS, "1/0 ");
    lists(" [ 1 , 22,\"333\" , 9223372036854775807 ] ",
          PROCORE_PROJECT_LIST_IDS, "1/0 22/0 333/0 9223372036854775807/0 ");
    lists("[{\"id\":1}]", PROCORE_PROJECT_LIST_OBJECTS, "1/0 ");
    lists("[{\"company\":{\"name\":\"x\",\"id\":\"7\"},\"id\":\"1\"},"
          "{\"id\":2,\"name\":\"]\"}]",
          PROCORE_PROJECT_LIST_OBJECTS, "1/7 2/0 ");
    lists("[{\"x\":{\"id\":5,\"company\":{\"id\":6}},\"y\":[{\"id\":9},[8]],"
          "\"i\\u0064\":1,\"company\":null}]",
          PROCORE_PROJECT_LIST_OBJECTS, "1/0 ");
    lists("[{\"id\":1,\"company\":{\"x\":{\"id\":2},\"y\":[3],\"id\":4},"
          "\"z\":{\"id\":9}},{\"id\":2,\"x\":{\"id\":3}}]",
          PROCORE_PROJECT_LIST_OBJECTS, "1/4 2/0 ");

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        refused(malformed[i]);
    }

    test_large();
    test_link();

    return done_testing();
}
