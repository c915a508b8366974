package messagemedia

// Digest names the hash that the platform signs deliveries with.
type Digest string

// The documented digests.
const (
	DigestSHA224 Digest = "SHA224"
	DigestSHA256 Digest = "SHA256"
	DigestSHA512 Digest = "SHA512"
)
