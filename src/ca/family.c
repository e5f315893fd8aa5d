#include "ca/family.h"

#include "pca/pca.h"
#include "x509/certificate.h"

/* RFC 8813 3: no keyEncipherment on an EC key. GM/T 0015: an SM2 key that signs has nonRepudiation, and another key is
 * encrypted to. */
static const struct family families[] = {
    {PCA_FAMILY_RSA, "RSA", PCA_KEY_RSA_3072, PCA_KEY_RSA_2048, KU_DIGITAL_SIGNATURE, KU_KEY_ENCIPHERMENT, 0},
    {PCA_FAMILY_ECC, "ECC", PCA_KEY_EC_P256, PCA_KEY_EC_P256, KU_DIGITAL_SIGNATURE, 0, 0},
    {PCA_FAMILY_SM2, "SM2", PCA_KEY_SM2, PCA_KEY_SM2, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, 0,
     KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT},
};

const struct family *pcai_family(uint64_t family)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if ((uint64_t)families[i].family == family)
            return &families[i];
    return NULL;
}

const char *pcai_family_name(uint64_t family)
{
    const struct family *f = pcai_family(family);
    return f ? f->name : "unknown";
}

int pcai_family_key(uint64_t family, int is_ca)
{
    const struct family *f = pcai_family(family);
    return !f ? 0 : is_ca ? f->ca_key : f->leaf_key;
}
