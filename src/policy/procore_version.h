
/*
 * The version of the module and of the command line.
 */


#ifndef PROCORE_VERSION_H
#define PROCORE_VERSION_H


#ifndef PROCORE_SCOPE_VERSION
#define PROCORE_SCOPE_VERSION  "0.1.0"
#endif


#endif /* PROCORE_VERSION_H */
