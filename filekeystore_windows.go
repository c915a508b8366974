package messagemedia

import (
	"context"
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// syncDirectory does nothing: Windows cannot sync a directory, and NTFS journals file names.
func syncDirectory(string) error { return nil }

// whileShared retries an operation that Windows refuses while another program has the file
// open.
func whileShared(ctx context.Context, operate func() error) error {
	const sharingViolation = syscall.Errno(32)
	const pause, pauses = 10 * time.Millisecond, 100
	err := operate()
	for range pauses {
		refused := errors.Is(err, fs.ErrPermission) || errors.Is(err, sharingViolation)
		if !refused || ctx.Err() != nil {
			return err
		}
		time.Sleep(pause)
		err = operate()
	}
	return err
}
