
/*
 * One client's sheet: what its users have named, put together.
 */


#include <stdlib.h>
#include <string.h>

#include "procore_report_internal.h"


void
procore_report_sheet_begin(procore_report_sheet_t *sheet,
    const procore_report_client_t *client)
{
    sheet->client = *client;
    memset(&sheet->user, 0, sizeof(procore_report_user_t));
    sheet->ncompanies = 0;
    sheet->passed = 0;
    sheet->prevented = 0;
    sheet->excepted = 0;
    sheet->nbound = 0;
    sheet->more_bound = 0;
    sheet->npersons = 0;
}


int
procore_report_foreign(const procore_report_user_t *user,
    const procore_report_naming_t *naming)
{
    if (naming->passed == 0 && naming->prevented == 0 && naming->excepted == 0)
    {
        return 0;
    }

    return naming->company == PROCORE_REPORT_ALIAS
           || naming->company == PROCORE_REPORT_REST
           || naming->company != user->home;
}


static void
procore_report_sheet_bound(procore_report_sheet_t *sheet, uint64_t company)
{
    size_t  i;

    for (i = 0; i < sheet->nbound; i++) {
        if (sheet->bound[i] == company) {
            return;
        }
    }

    if (company == PROCORE_REPORT_REST
        || sheet->nbound == PROCORE_REPORT_COMPANIES)
    {
        sheet->more_bound = 1;
        return;
    }

    sheet->bound[sheet->nbound++] = company;
}


static void
procore_report_sheet_user(procore_report_sheet_t *sheet,
    const procore_report_user_t *user)
{
    sheet->user = *user;

    if (!user->bound) {
        return;
    }

    procore_report_sheet_bound(sheet, user->home);

    if (user->person != 0 && sheet->npersons < PROCORE_REPORT_CLIENT_USERS) {
        sheet->persons[sheet->npersons].person = user->person;
        sheet->persons[sheet->npersons].company = user->home;
        sheet->npersons++;
    }
}


/* The company's entry, or the last one, of the rest. */

static procore_report_company_t *
procore_report_sheet_company(procore_report_sheet_t *sheet, uint64_t id)
{
    size_t                     i;
    procore_report_company_t  *company;

    for (i = 0; i < sheet->ncompanies; i++) {
        if (sheet->companies[i].sum.company == id) {
            return &sheet->companies[i];
        }
    }

    /* the rest takes no place of the others: it has the last one */

    if (id != PROCORE_REPORT_REST
        && i - (i > 0 && sheet->companies[i - 1].sum.company
                         == PROCORE_REPORT_REST)
           >= PROCORE_REPORT_COMPANIES)
    {
        return procore_report_sheet_company(sheet, PROCORE_REPORT_REST);
    }

    if (i > 0 && sheet->companies[i - 1].sum.company == PROCORE_REPORT_REST) {
        sheet->companies[i] = sheet->companies[i - 1];
        i--;
    }

    company = &sheet->companies[i];
    sheet->ncompanies++;

    memset(company, 0, sizeof(procore_report_company_t));
    company->sum.company = id;

    return company;
}


static void
procore_report_sheet_naming(procore_report_sheet_t *sheet,
    const procore_report_naming_t *naming)
{
    unsigned                   i;
    procore_report_naming_t   *sum;
    procore_report_company_t  *company;

    if (naming->bound_at != 0) {
        procore_report_sheet_bound(sheet, naming->company);
    }

    if (!procore_report_foreign(&sheet->user, naming)) {
        return;
    }

    company = procore_report_sheet_company(sheet, naming->company);
    company->users++;
    sum = &company->sum;

    if (naming->last >= sum->last && naming->example_len != 0) {
        sum->example_len = naming->example_len;
        memcpy(sum->example, naming->example, naming->example_len);
    }

    if (sum->first == 0 || naming->first < sum->first) {
        sum->first = naming->first;
    }

    if (naming->last > sum->last) {
        sum->last = naming->last;
    }

    sum->passed += naming->passed;
    sum->prevented += naming->prevented;
    sum->excepted += naming->excepted;
    sum->projects += naming->projects;

    for (i = 0; i < PROCORE_REPORT_CARRIERS; i++) {
        sum->carriers[i] += naming->carriers[i];
    }

    sheet->passed += naming->passed;
    sheet->prevented += naming->prevented;
    sheet->excepted += naming->excepted;
}


void
procore_report_sheet_add(procore_report_sheet_t *sheet,
    const procore_report_row_t *row)
{
    if (row->type == PROCORE_REPORT_ROW_USER) {
        procore_report_sheet_user(sheet, &row->user);

    } else if (row->type == PROCORE_REPORT_ROW_NAMING) {
        procore_report_sheet_naming(sheet, &row->naming);
    }
}


/* Most requests first; the rest comes last. */

static int
procore_report_company_order(const void *one, const void *two)
{
    uint64_t                        n, m;
    const procore_report_naming_t  *a, *b;

    a = &((const procore_report_company_t *) one)->sum;
    b = &((const procore_report_company_t *) two)->sum;

    if (a->company == PROCORE_REPORT_REST || b->company == PROCORE_REPORT_REST)
    {
        return a->company == PROCORE_REPORT_REST ? 1 : -1;
    }

    n = procore_report_requests(a);
    m = procore_report_requests(b);

    if (n != m) {
        return n < m ? 1 : -1;
    }

    return a->company > b->company ? 1 : -1;
}


/* memcmp() on numbers is no order of theirs, but puts equal ones together. */

static int
procore_report_person_order(const void *one, const void *two)
{
    return memcmp(one, two, 2 * sizeof(uint64_t));
}


void
procore_report_sheet_end(procore_report_sheet_t *sheet)
{
    qsort(sheet->companies, sheet->ncompanies,
          sizeof(procore_report_company_t), procore_report_company_order);
    qsort(sheet->persons, sheet->npersons, sizeof(sheet->persons[0]),
          procore_report_person_order);
}


size_t
procore_report_person(const procore_report_sheet_t *sheet, size_t *i)
{
    size_t  from, n;

    from = *i;
    n = 0;

    while (*i < sheet->npersons
           && sheet->persons[*i].person == sheet->persons[from].person)
    {
        n += *i == from
             || sheet->persons[*i].company != sheet->persons[*i - 1].company;
        *i += 1;
    }

    return n;
}


void
procore_report_set_add(procore_report_set_t *set, uint64_t company)
{
    size_t  i;

    if (company == PROCORE_REPORT_ALIAS || company == PROCORE_REPORT_REST) {
        set->more = 1;
        return;
    }

    /* 2^64 divided by the golden ratio, odd: spreads what differs little */

    i = (size_t) (company * 0x9e3779b97f4a7c15u >> 40) % PROCORE_REPORT_SET;

    while (set->ids[i] != 0) {

        if (set->ids[i] == company) {
            return;
        }

        i = (i + 1) % PROCORE_REPORT_SET;
    }

    if (set->n >= PROCORE_REPORT_SET / 4 * 3) {
        set->more = 1;
        return;
    }

    set->ids[i] = company;
    set->n++;
}
