
/*
 * One authorization as the relay knows it, and how it is kept: in the browser's
 * cookie until the login host has answered, then sealed in the store.
 */


#ifndef PROCORE_RELAY_H
#define PROCORE_RELAY_H


#include "../crypto/procore_seal.h"


#define PROCORE_RELAY_ID       32
#define PROCORE_RELAY_SECRET   32
#define PROCORE_RELAY_SCOPE    32
#define PROCORE_RELAY_CODE     68      /* "psg_" and 64 hexadecimal digits */

/* Seconds. */

#define PROCORE_RELAY_LOGIN    900     /* to log in */
#define PROCORE_RELAY_CHOOSE   480     /* to choose */
#define PROCORE_RELAY_REDEEM   60      /* to redeem */
#define PROCORE_RELAY_COPY     480     /* to redeem a code copied by hand */
#define PROCORE_RELAY_COOKIE   1500    /* the cookie, all of it and a reserve */
#define PROCORE_RELAY_SPENT    1800    /* spent ids and codes are remembered */
#define PROCORE_RELAY_RETRY    5       /* a repeated redemption is honest */
#define PROCORE_RELAY_UPSTREAM 600     /* a code of Procore's lives that long */

#define PROCORE_RELAY_LIVE     10000   /* live records in the store */
#define PROCORE_RELAY_USER     20      /* of one user of Procore's */
#define PROCORE_RELAY_COMPANIES  2000  /* 20 pages of 100 */
#define PROCORE_RELAY_NAME     1024    /* bytes kept of a company's name */
#define PROCORE_RELAY_COOKIES  6144    /* bytes of all our cookies together */
#define PROCORE_RELAY_COOKIE_MAX  4095 /* bytes of one, with its name */


/*
 * Which of it is set depends on the step.  Texts point into memory of the
 * caller of unpack.
 */

typedef struct {
    unsigned char  id[PROCORE_RELAY_ID];          /* public: the state */
    unsigned char  secret[PROCORE_RELAY_SECRET];  /* browser's, in the cookie */

    uint64_t       started_at;     /* seconds since the epoch */
    uint64_t       received_at;    /* the token answer or the code came */
    uint64_t       user;           /* Procore's user id, 0: unknown */
    uint64_t       company;        /* asked for by the app, or chosen */

    procore_str_t  client;
    procore_str_t  redirect_uri;   /* the app's, decoded */
    procore_str_t  state;          /* the app's, decoded; data NULL: none */
    procore_str_t  challenge;      /* the app's, data NULL: none */
    procore_str_t  answer;         /* the token answer, or Procore's code */
    procore_str_t  verifier;       /* towards Procore, data NULL: none */
    procore_str_t  login;          /* the user's, at Procore */
    procore_str_t  name;           /* of the company chosen */
    procore_str_t  companies;      /* procore_relay_company_next() */
    procore_str_t  token;          /* a chooser's access token; or a digest */

    unsigned       known:1;        /* the token was in the store already */
    unsigned       partial:1;      /* the user has more companies than kept */
    unsigned       forward:1;      /* "answer" is Procore's code */
} procore_relay_t;


/*
 * Bytes.  procore_relay_size() is exact; packing sets as many.  Unpacking
 * returns PROCORE_OK or PROCORE_MALFORMED (another version, a length beyond the
 * end, bytes left over).
 */

size_t procore_relay_size(const procore_relay_t *relay);
void procore_relay_pack(const procore_relay_t *relay, unsigned char *out);
int procore_relay_unpack(procore_relay_t *relay, const unsigned char *data,
    size_t len);

/*
 * A list of companies as bytes: each is its id and its name.  The size of one
 * with a name of "len" bytes; writing sets as many and returns where it ended.
 * Next: PROCORE_OK and *list is shorter by one, or PROCORE_NOT_FOUND at the end
 * (or where it is cut).
 */

size_t procore_relay_company_size(size_t len);
unsigned char *procore_relay_company_write(unsigned char *out, uint64_t id,
    const procore_str_t *name);
int procore_relay_company_next(procore_str_t *list, uint64_t *id,
    procore_str_t *name);

/*
 * The relay of one location: SHA-256 over realm, login host and callback.  What
 * one location has made is refused in another.  PROCORE_OK or PROCORE_ERROR.
 */

int procore_relay_scope(const procore_str_t *realm, const procore_str_t *login,
    const procore_str_t *callback, unsigned char scope[PROCORE_RELAY_SCOPE]);

/*
 * Keys under which records are kept: SHA-256 over scope, kind and id, or code
 * ("link": the chooser's).  PROCORE_OK or PROCORE_ERROR.
 */

typedef enum {
    PROCORE_RELAY_BY_ID = 1,
    PROCORE_RELAY_BY_CODE = 2,
    PROCORE_RELAY_BY_LINK = 3
} procore_relay_kind_e;

int procore_relay_key(const unsigned char scope[PROCORE_RELAY_SCOPE],
    procore_relay_kind_e kind, const procore_str_t *name,
    unsigned char key[PROCORE_DIGEST_SIZE]);

/*
 * Seals a packed record under HKDF-SHA-256 of a secret (the browser's, the
 * code, the link), its key in the store authenticated; and opens it.  "out" and
 * the codes as for procore_seal() and procore_unseal().
 */

int procore_relay_seal(const procore_str_t *secret,
    const unsigned char key[PROCORE_DIGEST_SIZE], const unsigned char *data,
    size_t len, unsigned char *out);
int procore_relay_unseal(const procore_str_t *secret,
    const unsigned char key[PROCORE_DIGEST_SIZE], const unsigned char *sealed,
    size_t len, unsigned char *out, size_t *out_len);

/* What derives from the browser secret.  PROCORE_OK or PROCORE_ERROR. */

/* The verifier towards Procore, 43 characters (RFC 7636, section 4.1). */

int procore_relay_verifier(const unsigned char secret[PROCORE_RELAY_SECRET],
    unsigned char verifier[43]);

/* S256 of a verifier, 43 characters (RFC 7636, section 4.2). */

int procore_relay_challenge(const procore_str_t *verifier,
    unsigned char challenge[43]);

/* The gateway's code for the app, the same for one company at every call. */

int procore_relay_code(const unsigned char secret[PROCORE_RELAY_SECRET],
    uint64_t company, unsigned char code[PROCORE_RELAY_CODE]);

/* The token of the picker's form, 64 hexadecimal digits. */

int procore_relay_form(const unsigned char secret[PROCORE_RELAY_SECRET],
    unsigned char token[64]);

/* Does it have the form of a gateway code (1) or not (0)? */

int procore_relay_is_code(const procore_str_t *code);

/* 16 digits of SHA-256 of the id, for the audit.  PROCORE_OK, PROCORE_ERROR. */

int procore_relay_audit(const unsigned char id[PROCORE_RELAY_ID],
    unsigned char digits[16]);


#endif /* PROCORE_RELAY_H */
