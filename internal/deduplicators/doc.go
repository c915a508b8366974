// Package deduplicators contains the deduplicators of package webhook's documentation, word
// for word, and tests them with SQLite and with a server that speaks the Redis protocol. It
// is a separate module, so that no other module gets its dependencies.
package deduplicators
