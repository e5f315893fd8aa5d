/* BER as some write PKCS#12, made DER: indefinite lengths and octet strings in pieces (X.690 8.1.3.6, 8.7). */
#ifndef PCAI_BER_H
#define PCAI_BER_H

#include "base/der.h"

/* One element; what is DER already stays as it is. -1: anything else that is not DER, or nested deeper than any PFX. */
int pcai_ber_to_der(struct slice in, struct buf *out);

#endif
