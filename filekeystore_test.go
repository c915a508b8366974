package messagemedia_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
)

func aStoredKey(id string) messagemedia.StoredKey {
	return messagemedia.StoredKey{ID: id, Digest: messagemedia.DigestSHA256, PublicKey: "MIGf", Created: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)}
}

func newFileKeyStore(t *testing.T) (*messagemedia.FileKeyStore, string) {
	directory := filepath.Join(t.TempDir(), "deployment", "keys")
	store, err := messagemedia.NewFileKeyStore(directory)
	require.NoError(t, err)
	return store, directory
}

func fileNames(t *testing.T, directory string) []string {
	entries, err := os.ReadDir(directory)
	require.NoError(t, err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestFileKeyStoreKeepsKeysForOtherPrograms(t *testing.T) {
	t.Parallel()
	store, directory := newFileKeyStore(t)
	keys, err := store.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.Empty(t, keys)

	first, second := aStoredKey("7ca628a8-08b0-4e42-aeb8-960b37049c31"), aStoredKey("b")
	require.NoError(t, store.PutSignatureKey(t.Context(), first))
	require.NoError(t, store.PutSignatureKey(t.Context(), second))
	first.Replaced = first.Created.Add(time.Hour)
	require.NoError(t, store.PutSignatureKey(t.Context(), first))
	assert.Equal(t, []string{"key-7ca628a8-08b0-4e42-aeb8-960b37049c31.json", "key-b.json"}, fileNames(t, directory))

	other, err := messagemedia.NewFileKeyStore(directory)
	require.NoError(t, err)
	keys, err = other.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []messagemedia.StoredKey{first, second}, keys)

	for range 2 {
		require.NoError(t, other.DeleteSignatureKey(t.Context(), first.ID), "deleting a missing key is not an error")
	}
	keys, err = store.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []messagemedia.StoredKey{second}, keys)
}

// TestARelativeDirectoryIsResolvedOnce changes the working directory after NewFileKeyStore.
func TestARelativeDirectoryIsResolvedOnce(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	store, err := messagemedia.NewFileKeyStore("signature-keys")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey("k")))
	assert.Equal(t, []string{"key-k.json"}, fileNames(t, filepath.Join(root, "signature-keys")))
}

func TestFileKeyStoreIsReadableByItsOwnerAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no mode")
	}
	store, directory := newFileKeyStore(t)
	require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey("k")))
	for path, want := range map[string]fs.FileMode{directory: fs.ModeDir | 0o700, filepath.Join(directory, "key-k.json"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode())
	}
}

func TestFileKeyStoreEscapesIDs(t *testing.T) {
	t.Parallel()
	for id, name := range map[string]string{
		"../../etc/passwd": "key-%2e%2e%2f%2e%2e%2fetc%2fpasswd.json",
		`a\b:c`:            "key-a%5cb%3ac.json",
		"CON":              "key-%43%4f%4e.json",
		"con":              "key-con.json",
		"abc-xyz-019":      "key-abc-xyz-019.json",
		"key\x00\n":        "key-key%00%0a.json",
		"ключ":             "key-%d0%ba%d0%bb%d1%8e%d1%87.json",
	} {
		store, directory := newFileKeyStore(t)
		require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey(id)))
		assert.Equal(t, []string{name}, fileNames(t, directory))
		keys, err := store.SignatureKeys(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []messagemedia.StoredKey{aStoredKey(id)}, keys)
		require.NoError(t, store.DeleteSignatureKey(t.Context(), id))
		assert.Empty(t, fileNames(t, directory))
	}
}

func TestFileKeyStoreRejectsKeys(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 65)
	for want, key := range map[string]messagemedia.StoredKey{
		"messagemedia: FileKeyStore: put key \"\": the ID must have 1 to 64 bytes, got 0":              {},
		"messagemedia: FileKeyStore: put key \"" + long + "\": the ID must have 1 to 64 bytes, got 65": {ID: long},
		"messagemedia: FileKeyStore: put key \"k\": the key has no digest":                             {ID: "k"},
		"messagemedia: FileKeyStore: put key \"k\": the key has no public_key":                         {ID: "k", Digest: "SHA256"},
	} {
		store, directory := newFileKeyStore(t)
		assert.EqualError(t, store.PutSignatureKey(t.Context(), key), want)
		assert.Empty(t, fileNames(t, directory))
	}
	store, _ := newFileKeyStore(t)
	assert.EqualError(t, store.DeleteSignatureKey(t.Context(), ""), `messagemedia: FileKeyStore: delete key "": the ID must have 1 to 64 bytes, got 0`)
}

func TestFileKeyStoreAcceptsAnIDOf64Bytes(t *testing.T) {
	t.Parallel()
	store, _ := newFileKeyStore(t)
	require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey(strings.Repeat("k", 64))))
}

// TestFileKeyStoreReportsAKeyThatIsNotWritten has a directory in place of the key's file, which
// can neither be replaced nor removed.
func TestFileKeyStoreReportsAKeyThatIsNotWritten(t *testing.T) {
	t.Parallel()
	store, directory := newFileKeyStore(t)
	require.NoError(t, os.MkdirAll(filepath.Join(directory, "key-k.json", "below"), 0o700))
	assert.ErrorContains(t, store.PutSignatureKey(t.Context(), aStoredKey("k")), `put key "k": `)
	assert.ErrorContains(t, store.DeleteSignatureKey(t.Context(), "k"), `delete key "k": `)
	assert.Equal(t, []string{"key-k.json"}, fileNames(t, directory), "no temporary file is left")
}

func TestFileKeyStoreIgnoresOtherFiles(t *testing.T) {
	t.Parallel()
	store, directory := newFileKeyStore(t)
	require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey("k")))
	for _, name := range []string{"README.txt", ".DS_Store", "keys.json", ".key-1.tmp", "key-k.json.bak"} {
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte("junk"), 0o600))
	}
	keys, err := store.SignatureKeys(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []messagemedia.StoredKey{aStoredKey("k")}, keys)
}

func TestFileKeyStoreNamesInvalidFiles(t *testing.T) {
	t.Parallel()
	const whole = `{"id":"k","digest":"SHA256","public_key":"MIGf"}`
	for name, c := range map[string]struct{ content, want string }{
		"not JSON":           {"junk", "is not a key: invalid character 'j' looking for beginning of value"},
		"empty":              {"", "is not a key: unexpected end of JSON input"},
		"truncated":          {whole[:20], "is not a key: unexpected end of JSON input"},
		"an invalid time":    {`{"id":"k","digest":"SHA256","public_key":"MIGf","created":"yesterday"}`, "is not a key: parsing time"},
		"no ID":              {`{}`, "is not a key: the key has no id"},
		"no digest":          {`{"id":"k"}`, "is not a key: the key has no digest"},
		"no public key":      {`{"id":"k","digest":"SHA256"}`, "is not a key: the key has no public_key"},
		"another key's name": {`{"id":"other","digest":"SHA256","public_key":"MIGf"}`, `contains the key "other", which does not match the file name`},
		"far too large":      {strings.Repeat(" ", 64<<10) + whole, "must have at most 65536 bytes, got 65584"},
		"a directory":        {"", "is not a regular file"},
		"a broken link":      {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, directory := newFileKeyStore(t)
			require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey("good")))
			path := filepath.Join(directory, "key-k.json")
			switch name {
			case "a directory":
				require.NoError(t, os.Mkdir(path, 0o700))
			case "a broken link": // like a file that is deleted during the reading
				if os.Symlink(filepath.Join(directory, "nowhere"), path) != nil {
					t.Skip("no symbolic links on this system")
				}
				keys, err := store.SignatureKeys(t.Context())
				require.NoError(t, err)
				assert.Len(t, keys, 1)
				return
			default:
				require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
			}
			keys, err := store.SignatureKeys(t.Context())
			require.ErrorContains(t, err, "messagemedia: FileKeyStore: "+path+" ")
			assert.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "; move it out of the directory")
			assert.Empty(t, keys)
			require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey("k2")), "writing still works")
		})
	}
}

func TestNewFileKeyStoreRejects(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, directory := range []string{"", file, filepath.Join(file, "below")} {
		store, err := messagemedia.NewFileKeyStore(directory)
		require.ErrorContains(t, err, "messagemedia: NewFileKeyStore: ")
		assert.Nil(t, store)
	}
}

// TestNewFileKeyStoreRemovesAbandonedFiles checks that temporary files are removed if they are
// old.
func TestNewFileKeyStoreRemovesAbandonedFiles(t *testing.T) {
	t.Parallel()
	_, directory := newFileKeyStore(t)
	for _, name := range []string{".key-1.tmp", ".key-2.tmp", "old.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), nil, 0o600))
		if name != ".key-2.tmp" {
			old := time.Now().Add(-2 * time.Hour)
			require.NoError(t, os.Chtimes(filepath.Join(directory, name), old, old))
		}
	}
	_, err := messagemedia.NewFileKeyStore(directory)
	require.NoError(t, err)
	assert.Equal(t, []string{".key-2.tmp", "old.txt"}, fileNames(t, directory))
}

func TestFileKeyStoreReportsItsContextAndAMissingDirectory(t *testing.T) {
	t.Parallel()
	store, directory := newFileKeyStore(t)
	require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey("k")))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	operations := map[string]func(context.Context) error{
		"read":   func(ctx context.Context) error { _, err := store.SignatureKeys(ctx); return err },
		"put":    func(ctx context.Context) error { return store.PutSignatureKey(ctx, aStoredKey("other")) },
		"delete": func(ctx context.Context) error { return store.DeleteSignatureKey(ctx, "k") },
	}
	for name, operate := range operations {
		assert.ErrorIs(t, operate(ended), context.Canceled, name)
	}
	assert.Equal(t, []string{"key-k.json"}, fileNames(t, directory))
	require.NoError(t, os.RemoveAll(directory))
	for name, operate := range operations {
		if name != "delete" { // deleting a missing key is not an error
			assert.ErrorIs(t, operate(t.Context()), fs.ErrNotExist, name)
		}
	}
}

// TestFileKeyStoreReadsDuringWrites checks that every reading has a stored key, while other
// programs write that and other keys.
func TestFileKeyStoreReadsDuringWrites(t *testing.T) {
	t.Parallel()
	store, directory := newFileKeyStore(t)
	require.NoError(t, store.PutSignatureKey(t.Context(), aStoredKey("steady")))
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			other, err := messagemedia.NewFileKeyStore(directory)
			assert.NoError(t, err)
			for i := range 50 {
				steady := aStoredKey("steady")
				steady.Replaced = steady.Created.Add(time.Duration(i) * time.Second)
				assert.NoError(t, other.PutSignatureKey(t.Context(), steady))
				passing := aStoredKey(fmt.Sprintf("passing-%d", w))
				assert.NoError(t, other.PutSignatureKey(t.Context(), passing))
				assert.NoError(t, other.DeleteSignatureKey(t.Context(), passing.ID))
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for reading := true; reading; {
		select {
		case <-done:
			reading = false
		default:
		}
		keys, err := store.SignatureKeys(t.Context())
		require.NoError(t, err)
		found := 0
		for _, key := range keys {
			if key.ID == "steady" {
				found++
			}
		}
		require.Equal(t, 1, found)
	}
	assert.Equal(t, []string{"key-steady.json"}, fileNames(t, directory))
}
