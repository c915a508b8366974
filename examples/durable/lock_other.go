//go:build !unix

package main

import "os"

// lock creates the directory. On this platform, the operator must ensure that no other process
// uses it.
func lock(directory string) (unlock func(), err error) {
	return func() {}, os.MkdirAll(directory, 0o700)
}
