// Package deduplicators has the deduplicators that the documentation of package webhook
// shows, as they stand there, to test them over SQLite and over the Redis protocol. It is
// a module of its own, so that its dependencies are nobody else's.
package deduplicators
