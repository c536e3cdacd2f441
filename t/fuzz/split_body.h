
/* A reader of bodies for split_feed(). */


#ifndef PROCORE_FUZZ_SPLIT_BODY_H
#define PROCORE_FUZZ_SPLIT_BODY_H


#include "split.h"

#include "../../src/claims/procore_body.h"


static inline int
split_body_feed(void *reader, const unsigned char *data, size_t len)
{
    return procore_body_feed(reader, data, len);
}


static inline int
split_body_end(void *reader)
{
    return procore_body_end(reader);
}


static inline split_reader_t
split_body(procore_body_t *body)
{
    split_reader_t  reader;

    reader.reader = body;
    reader.feed = split_body_feed;
    reader.end = split_body_end;

    return reader;
}


#endif /* PROCORE_FUZZ_SPLIT_BODY_H */
