package pca

// #include <pca/pca.h>
import "C"

// Kind of a CA.
type Kind int

const (
	Private    Kind = C.PCA_KIND_PRIVATE
	Compliance Kind = C.PCA_KIND_COMPLIANCE
)

// Family of keys.
type Family int

const (
	RSA Family = C.PCA_FAMILY_RSA
	ECC Family = C.PCA_FAMILY_ECC
	SM2 Family = C.PCA_FAMILY_SM2
)

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

// State of a CA.
type State int

const (
	Purchased State = C.PCA_CA_PURCHASED
	Enabled   State = C.PCA_CA_ENABLED
	Disabled  State = C.PCA_CA_DISABLED
	Revoked   State = C.PCA_CA_REVOKED
)

// CertType is what a certificate is for.
type CertType int

const (
	Server CertType = C.PCA_CERT_SERVER
	Client CertType = C.PCA_CERT_CLIENT
	Both   CertType = C.PCA_CERT_BOTH
	Custom CertType = C.PCA_CERT_CUSTOM
)

// Status of a certificate.
type Status int

const (
	StatusPending   Status = C.PCA_STATUS_PENDING
	StatusIssued    Status = C.PCA_STATUS_ISSUED
	StatusRevoked   Status = C.PCA_STATUS_REVOKED
	StatusRejected  Status = C.PCA_STATUS_REJECTED
	StatusCancelled Status = C.PCA_STATUS_CANCELLED
)

// Container is who holds a private key.
type Container int

const (
	Managed   Container = C.PCA_CONTAINER_MANAGED
	USBKey    Container = C.PCA_CONTAINER_USBKEY
	CSR       Container = C.PCA_CONTAINER_CSR
	PublicKey Container = C.PCA_CONTAINER_PUBLIC
)

// SANType is the kind of a name, by its GeneralName tag (RFC 5280 4.2.1.6).
type SANType int

const (
	Email     SANType = C.PCA_SAN_EMAIL
	DNS       SANType = C.PCA_SAN_DNS
	Directory SANType = C.PCA_SAN_DIRECTORY
	URI       SANType = C.PCA_SAN_URI
	IP        SANType = C.PCA_SAN_IP
)

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

// Flags of an export.
type Flags int

const (
	WithChain        Flags = C.PCA_WITH_CHAIN
	WithRoot         Flags = C.PCA_WITH_ROOT
	PlainKey         Flags = C.PCA_PLAIN_KEY
	Legacy           Flags = C.PCA_LEGACY
	WithPasswordFile Flags = C.PCA_WITH_PASSWORD_FILE
)

// Any is no expected value, for Root.Assign.
const Any = ^uint64(0)
