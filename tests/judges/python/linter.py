"""Answers with pkilint: RFC 5280's certificates, CRLs, and certificates beside their issuers."""
import functools
import re
from pathlib import Path

import validators
from pkilint import loader, pkix
from pkilint.bin import lint_pkix_signer_signee_cert_chain as pair
from pkilint.pkix import certificate, crl, extension, name
from pkilint.validation import ValidationFindingSeverity

from lines import serve

WORST = ValidationFindingSeverity.NOTICE


class Findings(Exception):
    pass


@functools.lru_cache(maxsize=None)
def certificate_validator():
    return certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [certificate.create_issuer_validator_container([]), certificate.create_validity_validator_container(),
         certificate.create_subject_validator_container([]), certificate.create_extensions_validator_container([]),
         certificate.create_spki_validator_container([])])


@functools.lru_cache(maxsize=None)
def crl_validator():
    return crl.create_pkix_crl_validator_container(
        [pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS), pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS)],
        [crl.create_issuer_validator_container([]), crl.create_validity_validator_container([]), crl.create_extensions_validator_container([])])


@functools.lru_cache(maxsize=None)
def pair_validators():
    return pair.create_decoder_validation_container(), pair.create_issuer_validation_container(), pair.create_subject_validation_container()


def is_host(name):
    """The name syntax that pkilint borrows knows neither wildcards nor top labels that are not public, nor hosts of one label."""
    labels = name.removeprefix('*.').split('.')
    return bool(re.fullmatch('[a-z0-9]([a-z0-9-]*[a-z0-9])?', labels[-1])) and (len(labels) == 1 or bool(validators.domain('.'.join([*labels[:-1], 'com']))))


def is_uri(uri):
    """The URI syntax that it borrows knows the schemes of the web alone; others without an authority are free in what follows."""
    scheme, rest = uri.split(':', 1)
    return not rest.startswith('//') or bool(validators.url('http:' + rest))


BORROWED = {'pkix.invalid_domain_name_syntax': is_host, 'pkix.invalid_uri_syntax': is_uri, 'pkix.ldap_uri_not_validated': is_uri}


def stands(finding, node):
    return finding.severity <= WORST and not (finding.code in BORROWED and BORROWED[finding.code](str(node.pdu)))


def report(results):
    found = [f'{result.node.path}: {description}' for result in results for description in result.finding_descriptions
             if stands(description.finding, result.node)]
    if found:
        raise Findings('; '.join(found))


def lint(path):
    text = Path(path).read_text()
    if '.crl' in path:
        report(crl_validator().validate(loader.RFC5280CertificateListDocumentLoader().load_pem_document(text, path).root))
    else:
        report(certificate_validator().validate(loader.RFC5280CertificateDocumentLoader().load_pem_document(text, path).root))


def issued(path, issuer):
    documents = {}
    load = loader.RFC5280CertificateDocumentLoader().load_pem_document
    for key, file in ('issuer', issuer), ('subject', path):
        documents[key] = load(Path(file).read_text(), key, file, documents)
    decoding, of_issuer, of_subject = pair_validators()
    report([*decoding.validate(documents['issuer'].root), *decoding.validate(documents['subject'].root),
            *of_issuer.validate(documents['issuer'].root), *of_subject.validate(documents['subject'].root)])


serve({'lint': lint, 'issued': issued}, (Findings, ValueError))
