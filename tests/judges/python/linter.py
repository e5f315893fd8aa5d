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


# pkilint borrows its syntax of names, which knows the top labels of the public DNS and the schemes of the web alone, and no
# wildcards. What it refuses is shown to it once more with these put in.

def under_com(host):
    """The host with its top label, if that is one, made com."""
    above, _, top = host.rpartition('.')
    return f'{above or top}.com' if re.fullmatch('[a-z0-9]([a-z0-9-]*[a-z0-9])?', top) else host


def is_host(name):
    return bool(validators.domain(under_com(name.removeprefix('*.'))))


def is_mailbox(address):
    local, _, domain = address.rpartition('@')
    return bool(validators.email(f'{local}@{under_com(domain)}'))


def is_uri(uri):
    """A scheme without an authority is free in what follows."""
    scheme, rest = uri.split(':', 1)
    authority = re.match('//([^/?#:]*[.][^/?#:]*)', rest)
    return not rest.startswith('//') or bool(authority and validators.url(f'http://{under_com(authority[1])}{rest[authority.end():]}'))


BORROWED = {'pkix.invalid_domain_name_syntax': is_host, 'pkix.invalid_email_address_syntax': is_mailbox,
            'pkix.invalid_uri_syntax': is_uri, 'pkix.ldap_uri_not_validated': is_uri}

# RFC 5280 4.2.1.4 would rather have no qualifier; who asks for one gets it.
ASKED_FOR = {'pkix.certificate_policies_policy_has_qualifier'}


def stands(finding, node):
    return finding.severity <= WORST and finding.code not in ASKED_FOR and not (finding.code in BORROWED and BORROWED[finding.code](str(node.pdu)))


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
