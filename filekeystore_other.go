//go:build !windows

package messagemedia

import (
	"context"
	"errors"
	"os"
)

// syncDirectory makes a rename or a removal durable.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

func whileShared(_ context.Context, operate func() error) error { return operate() }
