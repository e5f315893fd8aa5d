/* The types of records; seeds of target record hold a type's place here. */
#ifndef PCA_TESTS_FUZZ_TYPES_H
#define PCA_TESTS_FUZZ_TYPES_H

#include "ca/records.h"

static const struct record_type *const record_types[] = {
    &pcai_region_type,     &pcai_sequence_type, &pcai_policy_type, &pcai_storage_type, &pcai_ca_type,         &pcai_quota_type,
    &pcai_generation_type, &pcai_key_type,      &pcai_ca_cert_type, &pcai_cert_type,   &pcai_status_type,     &pcai_revocation_type,
    &pcai_piece_type,      &pcai_token_type,    &pcai_name_type,   &pcai_expiry_type,  &pcai_serial_type,     &pcai_public_key_type,
    &pcai_intent_type,     &pcai_log_type,      &pcai_frontier_type,
};

#endif
