#include "cli.h"

#include <stdio.h>
#include <string.h>

const struct word kinds[] = {{PCA_KIND_PRIVATE, "private"}, {PCA_KIND_COMPLIANCE, "compliance"}, {0, NULL}};
const struct word families[] = {{PCA_FAMILY_RSA, "rsa"}, {PCA_FAMILY_ECC, "ecc"}, {PCA_FAMILY_SM2, "sm2"}, {0, NULL}};
const struct word keys[] = {{PCA_KEY_RSA_1024, "rsa-1024"}, {PCA_KEY_RSA_2048, "rsa-2048"}, {PCA_KEY_RSA_3072, "rsa-3072"},
                            {PCA_KEY_RSA_4096, "rsa-4096"}, {PCA_KEY_EC_P256, "p-256"},     {PCA_KEY_EC_P384, "p-384"},
                            {PCA_KEY_EC_P521, "p-521"},     {PCA_KEY_SM2, "sm2"},           {0, NULL}};
const struct word states[] = {{PCA_CA_PURCHASED, "purchased"}, {PCA_CA_ENABLED, "enabled"}, {PCA_CA_DISABLED, "disabled"},
                              {PCA_CA_REVOKED, "revoked"},     {0, NULL}};
const struct word types[] = {{PCA_CERT_SERVER, "server"}, {PCA_CERT_CLIENT, "client"}, {PCA_CERT_BOTH, "both"},
                             {PCA_CERT_CUSTOM, "custom"}, {0, NULL}};
const struct word statuses[] = {{PCA_STATUS_PENDING, "pending"},   {PCA_STATUS_ISSUED, "issued"},       {PCA_STATUS_REVOKED, "revoked"},
                                {PCA_STATUS_REJECTED, "rejected"}, {PCA_STATUS_CANCELLED, "cancelled"}, {0, NULL}};
const struct word containers[] = {{PCA_CONTAINER_MANAGED, "managed"}, {PCA_CONTAINER_USBKEY, "usbkey"}, {PCA_CONTAINER_CSR, "csr"},
                                  {PCA_CONTAINER_PUBLIC, "public"},   {0, NULL}};
const struct word reasons[] = {{PCA_REASON_UNSPECIFIED, "unspecified"},
                               {PCA_REASON_KEY_COMPROMISE, "key-compromise"},
                               {PCA_REASON_CA_COMPROMISE, "ca-compromise"},
                               {PCA_REASON_AFFILIATION_CHANGED, "affiliation-changed"},
                               {PCA_REASON_SUPERSEDED, "superseded"},
                               {PCA_REASON_CESSATION_OF_OPERATION, "cessation-of-operation"},
                               {PCA_REASON_PRIVILEGE_WITHDRAWN, "privilege-withdrawn"},
                               {0, NULL}};
const struct word formats[] = {{PCA_FORMAT_PEM, "pem"}, {PCA_FORMAT_DER, "der"},     {PCA_FORMAT_PFX, "pfx"},     {PCA_FORMAT_JKS, "jks"},
                               {PCA_FORMAT_CRT, "crt"}, {PCA_FORMAT_PKCS8, "pkcs8"}, {PCA_FORMAT_PKCS7, "pkcs7"}, {0, NULL}};
const struct word sans[] = {{PCA_SAN_EMAIL, "email"}, {PCA_SAN_DNS, "dns"}, {PCA_SAN_URI, "uri"}, {PCA_SAN_IP, "ip"}, {0, NULL}};

const struct word encodings[] = {{PCA_FORMAT_PEM, "pem"}, {PCA_FORMAT_DER, "der"}, {0, NULL}};
const struct word constraint_kinds[] = {{PCA_SAN_EMAIL, "email"}, {PCA_SAN_DNS, "dns"}, {PCA_SAN_DIRECTORY, "directory"},
                                        {PCA_SAN_URI, "uri"},     {PCA_SAN_IP, "ip"},   {0, NULL}};

const struct word *words_of_option(const char *option)
{
    static const struct {
        const char *option;
        const struct word *words;
    } known[] = {{"kind", kinds},       {"family", families}, {"key", keys},      {"ca-state", states}, {"type", types},
                 {"status", statuses}, {"reason", reasons},  {"format", formats}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].option, option) == 0)
            return known[i].words;
    return NULL;
}

const char *word_of(const struct word *words, int value)
{
    for (; words->text; words++)
        if (words->value == value)
            return words->text;
    return "";
}

int word_value(struct session *s, const struct word *words, const char *what, const char *text, int *value)
{
    char list[256] = "";
    for (const struct word *w = words; text && w->text; w++) {
        if (strcmp(w->text, text) == 0) {
            *value = w->value;
            return PCA_OK;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", w->text);
    }
    return text ? refuse(s, PCA_E_INVALID, "%s is not \"%s\" but one of %s", what, text, list) : PCA_OK;
}
