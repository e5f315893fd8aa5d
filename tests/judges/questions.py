"""What judges are asked. Files are PEM; an answer is (accepted, text)."""
from dataclasses import dataclass
from pathlib import Path

TWO_DIGITS_END = 2524608000  # 2050: later years do not fit into two digits


@dataclass(frozen=True)
class Verify:
    """Is the leaf good for the purpose (server, client) under the name (or -), at a time (0: now), given these CRLs?"""
    leaf: Path
    subs: tuple
    root: Path
    purpose: str
    match: str = '-'
    at: int = 0
    crls: tuple = ()

    @property
    def needs(self):
        return ({'verify'} | ({'at'} if self.at else set()) | ({'far'} if self.at >= TWO_DIGITS_END else set()) |
                ({'crls'} if self.crls else set()) | ({'mail'} if '@' in self.match else {'match'} if self.match != '-' else set()))


@dataclass(frozen=True)
class Issued:
    """Did this CA sign that certificate?"""
    certificate: Path
    issuer: Path
    needs = {'issued'}


@dataclass(frozen=True)
class Crl:
    """Is this the issuer's CRL?"""
    crl: Path
    issuer: Path
    needs = {'crl'}


@dataclass(frozen=True)
class Entries:
    """The text: serial:reason:invalidity of each entry, joined by commas; 0 and - for what is absent."""
    crl: Path
    needs = {'entries'}


@dataclass(frozen=True)
class Serial:
    """The text: the serial number in hexadecimal."""
    certificate: Path
    needs = {'serial'}


@dataclass(frozen=True)
class Read:
    """Can the file be read through, without a warning?"""
    path: Path
    needs = {'read'}


@dataclass(frozen=True)
class Same:
    """Is the PEM file what the judge makes of the DER file?"""
    pem: Path
    der: Path
    needs = {'same'}


@dataclass(frozen=True)
class Key:
    """Is this the private key of that certificate?"""
    key: Path
    certificate: Path
    needs = {'key'}


@dataclass(frozen=True)
class Lint:
    """Accepted when there is nothing to be found fault with."""
    path: Path
    needs = {'lint'}
