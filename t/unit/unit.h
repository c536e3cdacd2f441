
/*
 * Checks for the unit tests; what they print is TAP, so that prove reads it.
 */


#ifndef PROCORE_UNIT_H
#define PROCORE_UNIT_H


#include <stdarg.h>
#include <stdio.h>
#include <string.h>


static int  unit_run;
static int  unit_failed;


static inline void
unit_vreport(int passed, const char *fmt, va_list args)
{
    unit_run++;

    printf("%sok %d - ", passed ? "" : "not ", unit_run);
    vprintf(fmt, args);
    printf("\n");

    if (!passed) {
        unit_failed++;
    }
}


__attribute__((format(printf, 2, 3)))
static inline int
ok(int passed, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    unit_vreport(passed, fmt, args);
    va_end(args);

    return passed;
}


__attribute__((format(printf, 3, 4)))
static inline int
is_int(long long got, long long want, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    unit_vreport(got == want, fmt, args);
    va_end(args);

    if (got != want) {
        printf("#      got: %lld\n# expected: %lld\n", got, want);
    }

    return got == want;
}


/* Either text may be NULL, and equals only another NULL. */

__attribute__((format(printf, 3, 4)))
static inline int
is_str(const char *got, const char *want, const char *fmt, ...)
{
    int      same;
    va_list  args;

    same = (got != NULL && want != NULL) ? strcmp(got, want) == 0
                                         : got == want;

    va_start(args, fmt);
    unit_vreport(same, fmt, args);
    va_end(args);

    if (!same) {
        printf("#      got: %s\n# expected: %s\n", got ? got : "(null)",
               want ? want : "(null)");
    }

    return same;
}


/* Prints the plan; what main() returns. */

static inline int
done_testing(void)
{
    printf("1..%d\n", unit_run);

    return unit_failed != 0 || unit_run == 0;
}


#endif /* PROCORE_UNIT_H */
