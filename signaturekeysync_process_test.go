package messagemedia_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// TestKeysSurviveKilledProcesses starts two processes that sync and rotate keys in one
// directory, and kills them, 20 times. Meanwhile this process verifies deliveries with keys of
// the directory.
func TestKeysSurviveKilledProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	directory := t.TempDir()
	store, err := messagemedia.NewFileKeyStore(directory)
	require.NoError(t, err)
	var toKill killList
	changed := make(chan bool, 1000)
	api := messagemediatest.NewServer(t, messagemediatest.WithKeyBits(1024), messagemediatest.WithObserver(func(e messagemediatest.Exchange) {
		if e.Method != http.MethodGet {
			toKill.changed()
			changed <- true
		}
	}))

	front := httptest.NewServer(api) // its Close waits for requests of killed processes
	defer front.Close()

	verified := 0
	var verifying sync.WaitGroup
	verifying.Go(func() {
		keys := webhook.StoredKeys(store)
		for range changed {
			if signer := api.Signer(""); signer != nil {
				_, err := keys.Key(t.Context(), signer.Key().ID())
				assert.NoError(t, err)
				verified++
			}
		}
	})
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		var exits sync.WaitGroup
		for range 2 {
			process := startKeyProcess(t, front.URL, directory)
			reads := random.IntN(60) // delay the kill
			toKill.add(1+random.IntN(6), func() {
				for range reads {
					_, _ = store.SignatureKeys(t.Context())
				}
				_ = process.Process.Kill()
			})
			exits.Go(func() { assert.Error(t, process.Wait(), "a process exited without being killed") })
		}
		exits.Wait()
		_, err := store.SignatureKeys(t.Context())
		require.NoError(t, err)
	}
	front.Close()

	result, err := api.Client().SyncSignatureKey(t.Context(), store)
	require.NoError(t, err)
	known := map[string]bool{result.EnabledID: true}
	for _, key := range result.Kept {
		known[key.ID] = true
	}
	for _, key := range result.LeftBehind {
		known[key.ID] = true
	}
	ids, enabled := keysOf(t, api.Client())
	assert.Equal(t, result.EnabledID, enabled)
	for _, id := range ids {
		assert.True(t, known[id], "%s is not in the result\n%v", id, result)
	}
	close(changed)
	verifying.Wait()
	assert.Greater(t, verified, 20)
	t.Logf("%d keys, %d left behind, %d verified", len(ids), len(result.LeftBehind), verified)
}

// killList kills processes, each after some changes at the API.
type killList struct {
	mu    sync.Mutex
	after []int
	kill  []func()
}

func (k *killList) add(changes int, kill func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.after, k.kill = append(k.after, changes), append(k.kill, kill)
}

func (k *killList) changed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.after {
		if k.after[i]--; k.after[i] == 0 {
			go k.kill[i]()
		}
	}
}

const keyProcessURL, keyProcessDirectory = "TEST_KEY_PROCESS_URL", "TEST_KEY_PROCESS_DIRECTORY"

func startKeyProcess(t *testing.T, url, directory string) *exec.Cmd {
	executable, err := os.Executable()
	require.NoError(t, err)
	process := exec.CommandContext(t.Context(), executable, "-test.run", "^TestKeyProcess$")
	process.Env = append(os.Environ(), keyProcessURL+"="+url, keyProcessDirectory+"="+directory)
	process.Stderr = os.Stderr
	require.NoError(t, process.Start())
	return process
}

// TestKeyProcess is run by the processes of TestKeysSurviveKilledProcesses and does not end.
func TestKeyProcess(t *testing.T) {
	if os.Getenv(keyProcessURL) == "" {
		t.Skip("run by TestKeysSurviveKilledProcesses")
	}
	client, err := messagemedia.NewClient(messagemedia.BasicAuth("test-key", "test-secret"), messagemedia.WithBaseURL(os.Getenv(keyProcessURL)))
	require.NoError(t, err)
	store, err := messagemedia.NewFileKeyStore(os.Getenv(keyProcessDirectory))
	require.NoError(t, err)
	for err == nil {
		if _, err = client.SyncSignatureKey(t.Context(), store); err == nil {
			_, err = client.RotateSignatureKey(t.Context(), store)
		}
	}
	t.Error(err)
}

// TestNoDeliveryIsRejectedWhileKeysRotate sends 1,000 deliveries to two receivers with one store
// during rotations, of which two run concurrently.
func TestNoDeliveryIsRejectedWhileKeysRotate(t *testing.T) {
	t.Parallel()
	store, err := messagemedia.NewFileKeyStore(t.TempDir())
	require.NoError(t, err)
	api := messagemediatest.NewServer(t)
	client := api.Client()
	_, err = client.SyncSignatureKey(t.Context(), store)
	require.NoError(t, err)

	var keyIDs sync.Map
	for range 2 {
		verifier, err := webhook.NewVerifier(webhook.Signed(webhook.StoredKeys(store)))
		require.NoError(t, err)
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			delivery, err := verifier.Verify(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusUnauthorized)
				return
			}
			keyIDs.Store(delivery.KeyID, true)
			w.WriteHeader(http.StatusNoContent)
		}))
		defer receiver.Close()
		_, err = client.CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
			URL: receiver.URL, Method: http.MethodPost, Encoding: messagemedia.EncodingJSON,
			Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: messagemedia.JSONTemplate,
		})
		require.NoError(t, err)
	}

	const events, senders = 500, 8 // each event is delivered to both receivers
	var sent, rejected atomic.Int64
	var running sync.WaitGroup
	for range senders {
		running.Go(func() {
			for n := sent.Add(1); n <= events; n = sent.Add(1) {
				if n%50 < 2 { // two concurrently
					_, err := client.RotateSignatureKey(t.Context(), store)
					assert.NoError(t, err)
				}
				result, err := api.Send(t.Context(), &webhook.ReceivedSMS{ReplyID: "1", Content: "hello"})
				assert.NoError(t, err)
				for _, delivery := range result.Deliveries {
					if !delivery.Acknowledged() {
						rejected.Add(1)
					}
				}
			}
		})
	}
	running.Wait()
	assert.Zero(t, rejected.Load())
	keys := 0
	for range keyIDs.Range {
		keys++
	}
	assert.Greater(t, keys, 5, "several keys signed deliveries")
	t.Logf("%d of %d deliveries rejected, signed with %d keys", rejected.Load(), 2*events, keys)
}
