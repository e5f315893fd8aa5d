package pca

// #include <pca/driver.h>
import "C"

import "strconv"

// nameOf is a constant's name, or the number where it has none.
func nameOf[T ~int](names map[T]string, v T) string {
	if name, ok := names[v]; ok {
		return name
	}
	return strconv.Itoa(int(v))
}

// Kind of a CA.
type Kind int

const (
	Private    Kind = C.PCA_KIND_PRIVATE
	Compliance Kind = C.PCA_KIND_COMPLIANCE
)

var kindNames = map[Kind]string{Private: "PRIVATE", Compliance: "COMPLIANCE"}

// String is its name in pca.h: "COMPLIANCE".
func (v Kind) String() string { return nameOf(kindNames, v) }

// Family of keys.
type Family int

const (
	RSA Family = C.PCA_FAMILY_RSA
	ECC Family = C.PCA_FAMILY_ECC
	SM2 Family = C.PCA_FAMILY_SM2
)

var familyNames = map[Family]string{RSA: "RSA", ECC: "ECC", SM2: "SM2"}

// String is its name in pca.h: "SM2".
func (v Family) String() string { return nameOf(familyNames, v) }

// KeyAlgorithm of a key; 0: the family's default.
type KeyAlgorithm int

const (
	RSA1024 KeyAlgorithm = C.PCA_KEY_RSA_1024
	RSA2048 KeyAlgorithm = C.PCA_KEY_RSA_2048
	RSA3072 KeyAlgorithm = C.PCA_KEY_RSA_3072
	RSA4096 KeyAlgorithm = C.PCA_KEY_RSA_4096
	P256    KeyAlgorithm = C.PCA_KEY_EC_P256
	P384    KeyAlgorithm = C.PCA_KEY_EC_P384
	P521    KeyAlgorithm = C.PCA_KEY_EC_P521
	KeySM2  KeyAlgorithm = C.PCA_KEY_SM2
)

var keyAlgorithmNames = map[KeyAlgorithm]string{
	RSA1024: "RSA_1024", RSA2048: "RSA_2048", RSA3072: "RSA_3072", RSA4096: "RSA_4096", P256: "EC_P256",
	P384: "EC_P384", P521: "EC_P521", KeySM2: "SM2",
}

// String is its name in pca.h: "SM2".
func (v KeyAlgorithm) String() string { return nameOf(keyAlgorithmNames, v) }

// State of a CA.
type State int

const (
	Purchased State = C.PCA_CA_PURCHASED
	Enabled   State = C.PCA_CA_ENABLED
	Disabled  State = C.PCA_CA_DISABLED
	Revoked   State = C.PCA_CA_REVOKED
)

var stateNames = map[State]string{Purchased: "PURCHASED", Enabled: "ENABLED", Disabled: "DISABLED", Revoked: "REVOKED"}

// String is its name in pca.h: "REVOKED".
func (v State) String() string { return nameOf(stateNames, v) }

// CertType is what a certificate is for.
type CertType int

const (
	Server CertType = C.PCA_CERT_SERVER
	Client CertType = C.PCA_CERT_CLIENT
	Both   CertType = C.PCA_CERT_BOTH
	Custom CertType = C.PCA_CERT_CUSTOM
)

var certTypeNames = map[CertType]string{Server: "SERVER", Client: "CLIENT", Both: "BOTH", Custom: "CUSTOM"}

// String is its name in pca.h: "CUSTOM".
func (v CertType) String() string { return nameOf(certTypeNames, v) }

// Status of a certificate.
type Status int

const (
	StatusPending   Status = C.PCA_STATUS_PENDING
	StatusIssued    Status = C.PCA_STATUS_ISSUED
	StatusRevoked   Status = C.PCA_STATUS_REVOKED
	StatusRejected  Status = C.PCA_STATUS_REJECTED
	StatusCancelled Status = C.PCA_STATUS_CANCELLED
)

var statusNames = map[Status]string{
	StatusPending: "PENDING", StatusIssued: "ISSUED", StatusRevoked: "REVOKED", StatusRejected: "REJECTED",
	StatusCancelled: "CANCELLED",
}

// String is its name in pca.h: "CANCELLED".
func (v Status) String() string { return nameOf(statusNames, v) }

// Container is who holds a private key.
type Container int

const (
	Managed   Container = C.PCA_CONTAINER_MANAGED
	USBKey    Container = C.PCA_CONTAINER_USBKEY
	CSR       Container = C.PCA_CONTAINER_CSR
	PublicKey Container = C.PCA_CONTAINER_PUBLIC
)

var containerNames = map[Container]string{Managed: "MANAGED", USBKey: "USBKEY", CSR: "CSR", PublicKey: "PUBLIC"}

// String is its name in pca.h: "PUBLIC".
func (v Container) String() string { return nameOf(containerNames, v) }

// SANType is the kind of a name, by its GeneralName tag (RFC 5280 4.2.1.6).
type SANType int

const (
	Email     SANType = C.PCA_SAN_EMAIL
	DNS       SANType = C.PCA_SAN_DNS
	Directory SANType = C.PCA_SAN_DIRECTORY
	URI       SANType = C.PCA_SAN_URI
	IP        SANType = C.PCA_SAN_IP
)

var sANTypeNames = map[SANType]string{Email: "EMAIL", DNS: "DNS", Directory: "DIRECTORY", URI: "URI", IP: "IP"}

// String is its name in pca.h: "IP".
func (v SANType) String() string { return nameOf(sANTypeNames, v) }

// Reason of a revocation (RFC 5280 5.3.1).
type Reason int

const (
	Unspecified          Reason = C.PCA_REASON_UNSPECIFIED
	KeyCompromise        Reason = C.PCA_REASON_KEY_COMPROMISE
	CACompromise         Reason = C.PCA_REASON_CA_COMPROMISE
	AffiliationChanged   Reason = C.PCA_REASON_AFFILIATION_CHANGED
	Superseded           Reason = C.PCA_REASON_SUPERSEDED
	CessationOfOperation Reason = C.PCA_REASON_CESSATION_OF_OPERATION
	PrivilegeWithdrawn   Reason = C.PCA_REASON_PRIVILEGE_WITHDRAWN
)

var reasonNames = map[Reason]string{
	Unspecified: "UNSPECIFIED", KeyCompromise: "KEY_COMPROMISE", CACompromise: "CA_COMPROMISE",
	AffiliationChanged: "AFFILIATION_CHANGED", Superseded: "SUPERSEDED",
	CessationOfOperation: "CESSATION_OF_OPERATION", PrivilegeWithdrawn: "PRIVILEGE_WITHDRAWN",
}

// String is its name in pca.h: "PRIVILEGE_WITHDRAWN".
func (v Reason) String() string { return nameOf(reasonNames, v) }

// Format of what is handed out.
type Format int

const (
	PEM   Format = C.PCA_FORMAT_PEM
	DER   Format = C.PCA_FORMAT_DER
	PFX   Format = C.PCA_FORMAT_PFX
	JKS   Format = C.PCA_FORMAT_JKS
	PKCS8 Format = C.PCA_FORMAT_PKCS8
	CRT   Format = C.PCA_FORMAT_CRT
	PKCS7 Format = C.PCA_FORMAT_PKCS7
)

var formatNames = map[Format]string{
	PEM: "PEM", DER: "DER", PFX: "PFX", JKS: "JKS", PKCS8: "PKCS8", CRT: "CRT", PKCS7: "PKCS7",
}

// String is its name in pca.h: "PKCS7".
func (v Format) String() string { return nameOf(formatNames, v) }

// Flags of an export.
type Flags int

const (
	WithChain        Flags = C.PCA_WITH_CHAIN
	WithRoot         Flags = C.PCA_WITH_ROOT
	PlainKey         Flags = C.PCA_PLAIN_KEY
	Legacy           Flags = C.PCA_LEGACY
	WithPasswordFile Flags = C.PCA_WITH_PASSWORD_FILE
)

// SignForm is what a container's driver signs: the digest (for SM2 the SM3 of ZA and message, GB/T 32918.2), or the message itself.
type SignForm int

const (
	SignDigest  SignForm = C.PCA_SIGN_DIGEST
	SignMessage SignForm = C.PCA_SIGN_MESSAGE
)

// CertificateUse tells the certificates of an SM2 pair apart, for a driver.
type CertificateUse int

const (
	CertificateSigning    CertificateUse = C.PCA_CERTIFICATE_SIGNING
	CertificateEncryption CertificateUse = C.PCA_CERTIFICATE_ENCRYPTION
)

// Any is no expected value, for Root.Assign.
const Any uint64 = C.PCA_ANY
