package messagemedia

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	keyFilePrefix = "key-" // also keeps IDs apart from reserved names, such as CON on Windows
	keyFileSuffix = ".json"
	tempKeyFile   = ".key-*.tmp"

	maxKeyIDBytes   = 64       // a UUID has 36
	maxKeyFileBytes = 64 << 10 // a key of 16,384 bits has 3 KiB
)

// FileKeyStore is a [SignatureKeyStore] in a directory. Each key is a JSON file whose name
// is "key-", the ID and ".json", with mode 0600 where the system has modes. Any number of
// programs of one account can use the directory concurrently. Another account, also a
// sub-account, needs a directory of its own. Create a store with [NewFileKeyStore].
//
// Files with other names are ignored. If a key's file is invalid, reading the store
// returns an error with the name of the file.
type FileKeyStore struct{ directory string }

// NewFileKeyStore returns a store in a directory. If the directory does not exist, it is
// created with mode 0700. The directory must outlive the program, so in a container it must
// be on a volume. All instances of a receiver must share it. Across machines, it must be on a
// network file system on which a rename is atomic and immediately visible.
func NewFileKeyStore(directory string) (*FileKeyStore, error) {
	if directory == "" {
		return nil, errors.New("messagemedia: NewFileKeyStore: directory is empty")
	}
	absolute, err := filepath.Abs(directory) // the program may change its working directory
	if err == nil {
		err = os.MkdirAll(absolute, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("messagemedia: NewFileKeyStore: %w", err)
	}
	s := &FileKeyStore{absolute}
	if err := s.removeAbandoned(); err != nil {
		return nil, fmt.Errorf("messagemedia: NewFileKeyStore: %w", err)
	}
	return s, nil
}

// removeAbandoned removes temporary files of programs that were killed during a write. It
// returns an error if the directory cannot be read.
func (s *FileKeyStore) removeAbandoned() error {
	entries, err := os.ReadDir(s.directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if match, _ := filepath.Match(tempKeyFile, entry.Name()); !match {
			continue
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.Remove(filepath.Join(s.directory, entry.Name())) // another program may be faster
		}
	}
	return nil
}

// SignatureKeys returns all keys of the directory.
func (s *FileKeyStore) SignatureKeys(ctx context.Context) ([]StoredKey, error) {
	names, err := s.names()
	if err != nil {
		return nil, fmt.Errorf("messagemedia: FileKeyStore: %w", err)
	}
	var keys []StoredKey
	for name := range names {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("messagemedia: FileKeyStore: %w", err)
		}
		key, err := s.read(ctx, name)
		switch {
		case errors.Is(err, fs.ErrNotExist): // deleted since the directory was read
		case err != nil:
			return nil, fmt.Errorf("messagemedia: FileKeyStore: %w", err)
		default:
			keys = append(keys, *key)
		}
	}
	return keys, nil
}

// names returns the names of the key files. It reads the directory twice, since some file
// systems, such as tmpfs, can omit a file that is being replaced by a rename.
func (s *FileKeyStore) names() (map[string]bool, error) {
	names := make(map[string]bool)
	for range 2 {
		entries, err := os.ReadDir(s.directory)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if strings.HasPrefix(entry.Name(), keyFilePrefix) && strings.HasSuffix(entry.Name(), keyFileSuffix) {
				names[entry.Name()] = true
			}
		}
	}
	return names, nil
}

func (s *FileKeyStore) read(ctx context.Context, name string) (*StoredKey, error) {
	path := filepath.Join(s.directory, name)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file; move it out of the directory", path)
	case info.Size() > maxKeyFileBytes:
		return nil, fmt.Errorf("%s is not a key: must have at most %d bytes, got %d; move it out of the directory", path, maxKeyFileBytes, info.Size())
	}
	var data []byte
	err = whileShared(ctx, func() (err error) { data, err = os.ReadFile(path); return err })
	if err != nil {
		return nil, err
	}
	key := new(StoredKey)
	if err := json.Unmarshal(data, key); err != nil {
		return nil, fmt.Errorf("%s is not a key: %w; move it out of the directory", path, err)
	}
	if err := key.check(); err != nil {
		return nil, fmt.Errorf("%s is not a key: %w; move it out of the directory", path, err)
	}
	if want, err := keyFileName(key.ID); err != nil || want != name {
		return nil, fmt.Errorf("%s contains the key %q, which does not match the file name; move it out of the directory", path, key.ID)
	}
	return key, nil
}

// PutSignatureKey writes the key to a temporary file and renames it. File and directory are
// synced to the disk. If the ID has more than 64 bytes, PutSignatureKey returns an error.
func (s *FileKeyStore) PutSignatureKey(ctx context.Context, key StoredKey) error {
	if err := s.put(ctx, key); err != nil {
		return fmt.Errorf("messagemedia: FileKeyStore: put key %q: %w", key.ID, err)
	}
	return nil
}

func (s *FileKeyStore) put(ctx context.Context, key StoredKey) error {
	name, err := keyFileName(key.ID)
	if err != nil {
		return err
	}
	if err := errors.Join(key.check(), ctx.Err()); err != nil {
		return err
	}
	data, err := json.MarshalIndent(key, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(s.directory, tempKeyFile) // mode 0600
	if err != nil {
		return err
	}
	_, err = temp.Write(append(data, '\n'))
	if err == nil {
		err = temp.Sync()
	}
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = whileShared(ctx, func() error { return os.Rename(temp.Name(), filepath.Join(s.directory, name)) })
	}
	if err != nil {
		_ = os.Remove(temp.Name())
		return err
	}
	return syncDirectory(s.directory)
}

// DeleteSignatureKey removes the key's file.
func (s *FileKeyStore) DeleteSignatureKey(ctx context.Context, id string) error {
	if err := s.delete(ctx, id); err != nil {
		return fmt.Errorf("messagemedia: FileKeyStore: delete key %q: %w", id, err)
	}
	return nil
}

func (s *FileKeyStore) delete(ctx context.Context, id string) error {
	name, err := keyFileName(id)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = whileShared(ctx, func() error { return os.Remove(filepath.Join(s.directory, name)) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDirectory(s.directory)
}

// keyFileName returns the name of a key's file. It also escapes upper case letters, since
// some file systems ignore case.
func keyFileName(id string) (string, error) {
	if id == "" || len(id) > maxKeyIDBytes {
		return "", fmt.Errorf("the ID must have 1 to %d bytes, got %d", maxKeyIDBytes, len(id))
	}
	var name strings.Builder
	for _, c := range []byte(id) {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' {
			name.WriteByte(c)
		} else {
			fmt.Fprintf(&name, "%%%02x", c)
		}
	}
	return keyFilePrefix + name.String() + keyFileSuffix, nil
}

// check returns an error if the key lacks a required field.
func (k *StoredKey) check() error {
	switch {
	case k.ID == "":
		return errors.New("the key has no id")
	case k.Digest == "":
		return errors.New("the key has no digest")
	case k.PublicKey == "":
		return errors.New("the key has no public_key")
	}
	return nil
}
