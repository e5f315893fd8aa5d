/* What a key may be used for: basicConstraints, keyUsage, extKeyUsage (RFC 5280 4.2.1.3, 4.2.1.9, 4.2.1.12). */
#include "x509/lint_internal.h"

static const char *const basic_constraints = "basicConstraints", *const key_usage = "keyUsage", *const ext_key_usage = "extKeyUsage";

/* ---- basicConstraints ---- */

static void bc_ca_critical(struct lint_run *run)
{
    const struct lint_extension *e = pcai_lint_extension(&run->tbs, OID_BASIC_CONSTRAINTS);
    if (!e || !e->critical || !run->tbs.is_ca)
        pcai_lint_found(run, LINT_ERROR, basic_constraints, "a CA has basicConstraints, critical, with cA TRUE");
}

static void bc_leaf_absent_or_empty(struct lint_run *run)
{
    const struct lint_extension *e = pcai_lint_extension(&run->tbs, OID_BASIC_CONSTRAINTS);
    if (!e)
        return;
    if (run->tbs.is_ca || !e->critical)
        pcai_lint_found(run, LINT_ERROR, basic_constraints, "a leaf has no basicConstraints, or an empty SEQUENCE, critical");
    else
        pcai_lint_found(run, LINT_NOTE, basic_constraints, "GmSSL 3 refuses an empty basicConstraints");
}

static void pathlen_only_with_ca(struct lint_run *run)
{
    if (!run->tbs.has_path_length)
        return;
    if (!run->tbs.is_ca || !(run->tbs.usage & KU_KEY_CERT_SIGN) || run->tbs.path_length < 0)
        pcai_lint_found(run, LINT_ERROR, basic_constraints, "a path length stands with cA TRUE and keyCertSign only, and is not negative");
}

/* RFC 5280 6.1.4 (l): the issuer's path length counts this CA. */
static void pathlen_respected(struct lint_run *run)
{
    if (!run->issuer.has_path_length)
        return;
    if (run->issuer.path_length < 1)
        pcai_lint_found(run, LINT_ERROR, basic_constraints, "the issuer's path length is 0: no CA stands below it");
    else if (!run->tbs.has_path_length || run->tbs.path_length >= run->issuer.path_length)
        pcai_lint_found(run, LINT_ERROR, basic_constraints, "the path length is not below the issuer's %d", (int)run->issuer.path_length);
}

static void root_no_pathlen_no_eku(struct lint_run *run)
{
    if (run->tbs.has_path_length)
        pcai_lint_found(run, LINT_ERROR, basic_constraints, "a root has no path length");
    if (pcai_lint_extension(&run->tbs, OID_EXTENDED_KEY_USAGE))
        pcai_lint_found(run, run->context->kept ? LINT_NOTE : LINT_ERROR, ext_key_usage, "a root has no extKeyUsage");
    if (pcai_lint_extension(&run->tbs, OID_CERTIFICATE_POLICIES))
        pcai_lint_found(run, LINT_ERROR, "certificatePolicies", "a root has no policies");
}

/* ---- keyUsage ---- */

static void ku_critical_nonempty(struct lint_run *run)
{
    const struct lint_extension *e = pcai_lint_extension(&run->tbs, OID_KEY_USAGE);
    if (!e || !e->critical)
        pcai_lint_found(run, LINT_ERROR, key_usage, "keyUsage is there, and critical");
    else if (!run->tbs.usage)
        pcai_lint_found(run, LINT_ERROR, key_usage, "keyUsage has no bit set");
    else if (run->tbs.usage_trailing_zero)
        pcai_lint_found(run, LINT_ERROR, key_usage, "keyUsage ends in zero bits (X.690 11.2.2)");
}

/* OCSP is signed by responders of their own: no CA needs digitalSignature. */
static void ku_ca_bits(struct lint_run *run)
{
    if (run->tbs.usage && run->tbs.usage != (KU_KEY_CERT_SIGN | KU_CRL_SIGN))
        pcai_lint_found(run, LINT_ERROR, key_usage, "a CA's keyUsage is keyCertSign and cRLSign");
}

static void ku_leaf_no_ca_bits(struct lint_run *run)
{
    if (run->tbs.usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN))
        pcai_lint_found(run, LINT_ERROR, key_usage, "a leaf has neither keyCertSign nor cRLSign");
}

/* RFC 3279 2.3.1; RFC 8813 3. CA bits and SM2 keys have lints of their own. */
static void ku_fits_key_type(struct lint_run *run)
{
    unsigned allowed = KU_KEY_CERT_SIGN | KU_CRL_SIGN | KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
    enum oid algorithm = pcai_oid_find(run->tbs.key.algorithm);
    if (algorithm == OID_RSA_ENCRYPTION)
        allowed |= KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT;
    else if (algorithm == OID_EC_PUBLIC_KEY)
        allowed |= KU_KEY_AGREEMENT;
    if (run->tbs.usage & ~allowed && !pcai_lint_key_is_sm2(&run->tbs.key))
        pcai_lint_found(run, LINT_ERROR, key_usage, "keyUsage has bits that do not fit the type of the key");
}

/* GM/T 0015, GB/T 38636: a key signs (C0) or is encrypted to (38). */
static void ku_sm2_dual(struct lint_run *run)
{
    unsigned signs = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, receives = KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT;
    if (pcai_lint_key_is_sm2(&run->tbs.key) && run->tbs.usage && run->tbs.usage != signs && run->tbs.usage != receives)
        pcai_lint_found(run, LINT_ERROR, key_usage,
                        "an SM2 key's keyUsage is digitalSignature and nonRepudiation, or keyEncipherment, dataEncipherment and keyAgreement");
}

/* ---- extKeyUsage ---- */

static int has_purpose(const struct tbs *t, struct slice purpose)
{
    struct der in = pcai_lint_sequence(t, OID_EXTENDED_KEY_USAGE);
    struct slice oid;
    while (pcai_der_get(&in, DER_OID, &oid) == 0)
        if (pcai_slice_equal(oid, purpose))
            return 1;
    return 0;
}

static int has(const struct lint_run *run, enum oid purpose)
{
    return has_purpose(&run->tbs, pcai_oid(purpose));
}

static int has_mail_name(const struct lint_run *run)
{
    struct der names = pcai_lint_sequence(&run->tbs, OID_SUBJECT_ALT_NAME);
    struct lint_general g;
    while (pcai_lint_next_general(&names, &g) == 1)
        if (g.type == PCA_SAN_EMAIL)
            return 1;
    return 0;
}

/* The purposes of each type of leaf; others may stand beside them. */
static void eku_server(struct lint_run *run)
{
    const struct lint_extension *e = pcai_lint_extension(&run->tbs, OID_EXTENDED_KEY_USAGE);
    struct der purposes = pcai_lint_sequence(&run->tbs, OID_EXTENDED_KEY_USAGE);
    int type = run->context->type, server = has(run, OID_SERVER_AUTH), client = has(run, OID_CLIENT_AUTH);
    if (e && e->critical)
        pcai_lint_found(run, LINT_ERROR, ext_key_usage, "extKeyUsage is not critical");
    if (type == PCA_CERT_CUSTOM || (e && pcai_der_at_end(&purposes)))
        return;
    if (server != (type != PCA_CERT_CLIENT) || client != (type != PCA_CERT_SERVER))
        pcai_lint_found(run, LINT_ERROR, ext_key_usage, "serverAuth and clientAuth are not those of the certificate's type");
    if (type == PCA_CERT_CLIENT && has(run, OID_EMAIL_PROTECTION) != has_mail_name(run))
        pcai_lint_found(run, LINT_ERROR, ext_key_usage, "a client has emailProtection when it has an e-mail address, and only then");
}

static void eku_no_any_critical(struct lint_run *run)
{
    const struct lint_extension *e = pcai_lint_extension(&run->tbs, OID_EXTENDED_KEY_USAGE);
    if (has(run, OID_ANY_EXTENDED_KEY_USAGE) && (run->context->role == LINT_LEAF || e->critical))
        pcai_lint_found(run, LINT_ERROR, ext_key_usage, "anyExtendedKeyUsage is not in a leaf, and never critical");
}

/* RFC 5280 4.2.1.12: the bits that each purpose goes with. */
static const struct {
    enum oid purpose;
    unsigned usage;
} consistent[] = {
    {OID_SERVER_AUTH, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT},
    {OID_CLIENT_AUTH, KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT},
    {OID_CODE_SIGNING, KU_DIGITAL_SIGNATURE},
    {OID_EMAIL_PROTECTION, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT},
    {OID_TIME_STAMPING, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION},
    {OID_OCSP_SIGNING, KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION},
};

static void eku_ku_consistent(struct lint_run *run)
{
    for (size_t i = 0; i < sizeof consistent / sizeof *consistent; i++)
        if (run->tbs.usage && has(run, consistent[i].purpose) && !(run->tbs.usage & consistent[i].usage))
            pcai_lint_found(run, LINT_ERROR, key_usage, "keyUsage has no bit that goes with %s", pcai_oid_name(consistent[i].purpose));
}

static void eku_nesting(struct lint_run *run)
{
    struct der in = pcai_lint_sequence(&run->tbs, OID_EXTENDED_KEY_USAGE);
    struct slice oid;
    if (!pcai_lint_extension(&run->issuer, OID_EXTENDED_KEY_USAGE) || has_purpose(&run->issuer, pcai_oid(OID_ANY_EXTENDED_KEY_USAGE)))
        return;
    while (pcai_der_get(&in, DER_OID, &oid) == 0)
        if (!has_purpose(&run->issuer, oid))
            pcai_lint_found(run, LINT_ERROR, ext_key_usage, "%s is not among the issuer's purposes", pcai_oid_name(pcai_oid_find(oid)));
}

static void eku_not_empty(struct lint_run *run)
{
    struct der in = pcai_lint_sequence(&run->tbs, OID_EXTENDED_KEY_USAGE);
    if (pcai_lint_extension(&run->tbs, OID_EXTENDED_KEY_USAGE) && pcai_der_at_end(&in))
        pcai_lint_found(run, LINT_ERROR, ext_key_usage, "extKeyUsage has no purpose in it");
}

static const struct lint lints[] = {
    {"bc_ca_critical", LINT_ON_CA, bc_ca_critical},
    {"bc_leaf_absent_or_empty", LINT_ON_LEAF, bc_leaf_absent_or_empty},
    {"pathlen_only_with_ca", LINT_ON_CERTIFICATE, pathlen_only_with_ca},
    {"pathlen_respected", LINT_ON_SUB, pathlen_respected},
    {"root_no_pathlen_no_eku", LINT_ON_ROOT, root_no_pathlen_no_eku},
    {"ku_critical_nonempty", LINT_ON_CERTIFICATE, ku_critical_nonempty},
    {"ku_ca_bits", LINT_ON_CA, ku_ca_bits},
    {"ku_leaf_no_ca_bits", LINT_ON_LEAF, ku_leaf_no_ca_bits},
    {"ku_fits_key_type", LINT_ON_LEAF, ku_fits_key_type},
    {"ku_sm2_dual", LINT_ON_LEAF, ku_sm2_dual},
    {"eku_server", LINT_ON_LEAF, eku_server},
    {"eku_no_any_critical", LINT_ON_CERTIFICATE, eku_no_any_critical},
    {"eku_ku_consistent", LINT_ON_LEAF, eku_ku_consistent},
    {"eku_nesting", LINT_ON_ISSUED, eku_nesting},
    {"eku_not_empty", LINT_ON_CERTIFICATE, eku_not_empty},
};
const struct lint_group pcai_lints_usage = LINT_GROUP(lints);
