package messagemedia_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

// withKeys runs a test with fake time, a platform and a store.
func withKeys(t *testing.T, test func(*testing.T, *messagemediatest.Server, *messagemediatest.KeyStore)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := messagemediatest.NewServer(t, messagemediatest.WithInMemoryNetwork(), messagemediatest.WithKeyBits(1024))
		defer api.Close()
		test(t, api, messagemediatest.NewKeyStore())
	})
}

// keyCall is SyncSignatureKey or RotateSignatureKey.
type keyCall = func(context.Context, messagemedia.SignatureKeyStore, ...messagemedia.SignatureKeyOption) (*messagemedia.SignatureKeyResult, error)

// committed returns the methods of the requests that took effect: "POST", "PATCH" or "DELETE".
func committed(api *messagemediatest.Server) []string {
	var changes []string
	for _, exchange := range api.Requests() {
		if exchange.Committed {
			changes = append(changes, exchange.Method)
		}
	}
	return changes
}

func storedIDs(t *testing.T, store *messagemediatest.KeyStore) []string {
	keys, err := store.SignatureKeys(t.Context())
	require.NoError(t, err)
	ids := []string{}
	for _, key := range keys {
		ids = append(ids, key.ID)
	}
	return ids
}

func keysOf(t *testing.T, client *messagemedia.Client) (ids []string, enabled string) {
	ids = []string{}
	for key, err := range client.SignatureKeys(t.Context()) {
		require.NoError(t, err)
		ids = append(ids, key.ID)
		if key.Enabled {
			enabled = key.ID
		}
	}
	slices.Sort(ids)
	return ids, enabled
}

func createForeignKey(t *testing.T, client *messagemedia.Client) *messagemedia.SignatureKey {
	key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	return key
}

func TestSyncSignatureKeyCreatesStoresAndEnablesOnce(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		result, err := client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		keys, err := store.SignatureKeys(t.Context())
		require.NoError(t, err)
		require.Len(t, keys, 1)
		assert.Equal(t, api.Signer("").Key().ID(), keys[0].ID)
		assert.Equal(t, messagemedia.DigestSHA256, keys[0].Digest)
		assert.Equal(t, time.Now().UTC(), keys[0].Created)
		assert.Zero(t, keys[0].Replaced)
		id := keys[0].ID
		assert.Equal(t, "  + create  "+id+"\n  + store   "+id+"\n  ~ enable  "+id+"\nSignature key: "+id+" is enabled.", result.String())

		result, err = client.SyncSignatureKey(t.Context(), store, messagemedia.SignatureKeyDigest(messagemedia.DigestSHA512), messagemedia.DeleteKeysLeftBehind())
		require.NoError(t, err)
		assert.Equal(t, &messagemedia.SignatureKeyResult{EnabledID: id}, result)
		assert.Equal(t, []string{"POST", "PATCH"}, committed(api))
	})
}

func TestSyncSignatureKeyKeepsAForeignKey(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		foreign, idle := createForeignKey(t, client), createForeignKey(t, client)
		_, err := client.EnableSignatureKey(t.Context(), foreign.ID)
		require.NoError(t, err)
		before := len(committed(api))
		time.Sleep(2 * time.Hour)

		for _, call := range []keyCall{client.SyncSignatureKey, client.RotateSignatureKey} {
			result, err := call(t.Context(), store, messagemedia.DeleteKeysLeftBehind())
			require.ErrorIs(t, err, messagemedia.ErrForeignSignatureKey)
			assert.ErrorContains(t, err, foreign.ID)
			assert.Equal(t, foreign.ID, result.EnabledID)
			require.Len(t, result.LeftBehind, 1)
			assert.Equal(t, idle.ID, result.LeftBehind[0].ID)
		}
		assert.Len(t, committed(api), before)
		assert.Empty(t, storedIDs(t, store))

		result, err := client.SyncSignatureKey(t.Context(), store, messagemedia.TakeOverSignatureKey(), messagemedia.DeleteKeysLeftBehind())
		require.NoError(t, err)
		assert.Contains(t, result.Steps, messagemedia.SignatureKeyStep{Action: messagemedia.KeyActionReplace, KeyID: foreign.ID, Outcome: messagemedia.OutcomeApplied})
		require.Len(t, result.LeftBehind, 1)
		assert.Equal(t, foreign.ID, result.LeftBehind[0].ID, "the replaced foreign key is not deleted in the same call")
		ids, enabled := keysOf(t, client)
		assert.ElementsMatch(t, []string{foreign.ID, enabled}, ids)
		assert.Equal(t, []string{enabled}, storedIDs(t, store))
	})
}

func TestKeysLeftBehindAreReportedAndDeletedWhenOld(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		api.Fail(messagemediatest.Fault{Operation: "CreateSignatureKey", ResetConnection: true, AfterCommit: true})
		result, err := client.SyncSignatureKey(t.Context(), store)
		require.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
		assert.Equal(t, "  + create  a key: unknown\nSignature key: none is known to be enabled.", result.String())

		for range 2 { // too new, without and with the option
			result, err = client.SyncSignatureKey(t.Context(), store, messagemedia.DeleteKeysLeftBehind())
			require.NoError(t, err)
			require.Len(t, result.LeftBehind, 1)
			assert.Contains(t, result.String(), "  ! left behind: "+result.LeftBehind[0].ID+", created 2000-01-01T00:00:00Z, not in the store\n")
		}
		left := result.LeftBehind[0].ID
		time.Sleep(time.Hour)
		result, err = client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		assert.Len(t, result.LeftBehind, 1, "without the option, the key is only reported")
		result, err = client.SyncSignatureKey(t.Context(), store, messagemedia.DeleteKeysLeftBehind())
		require.NoError(t, err)
		assert.Equal(t, "  - delete  "+left+"\nSignature key: "+result.EnabledID+" is enabled.", result.String())
		ids, enabled := keysOf(t, client)
		assert.Equal(t, []string{enabled}, ids)
	})
}

func TestKeysLeftBehindAreDeletedUntilADeletionFails(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		for range 3 {
			_, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
			require.NoError(t, err)
		}
		time.Sleep(time.Hour)
		api.Fail(messagemediatest.Fault{Operation: "DeleteSignatureKey", Status: 403})
		result, err := client.SyncSignatureKey(t.Context(), store, messagemedia.DeleteKeysLeftBehind())
		require.ErrorIs(t, err, messagemedia.ErrForbidden)
		assert.Len(t, result.LeftBehind, 3)
		result, err = client.SyncSignatureKey(t.Context(), store, messagemedia.DeleteKeysLeftBehind())
		require.NoError(t, err)
		assert.Empty(t, result.LeftBehind)
		ids, enabled := keysOf(t, client)
		assert.Equal(t, []string{enabled}, ids)
	})
}

func TestSyncSignatureKeyWithoutTheFeatureNamesTheAlternative(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t, messagemediatest.WithoutSignatureKeys())
	for _, call := range []keyCall{api.Client().SyncSignatureKey, api.Client().RotateSignatureKey} {
		result, err := call(t.Context(), messagemediatest.NewKeyStore())
		require.ErrorIs(t, err, messagemedia.ErrForbidden)
		assert.ErrorContains(t, err, "authenticate deliveries by a token, see webhook.HeaderToken")
		assert.Equal(t, &messagemedia.SignatureKeyResult{}, result)
	}
}

// TestAKeyThatCouldNotBeEnabledIsDeleted matters because a program that keeps restarting would
// otherwise fill the account with keys.
func TestAKeyThatCouldNotBeEnabledIsDeleted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  *messagemediatest.Fault
		store  *messagemediatest.KeyStoreFault
		stall  time.Duration
		kept   int // keys left at the API
		stored int
		want   string
	}{
		"the store fails":                                         {store: &messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStorePut}, want: "store key "},
		"the store fails after storing the key":                   {store: &messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStorePut, AfterCommit: true}, want: "store key "},
		"the platform rejects the enabling":                       {fault: &messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 400}, want: "400 Bad Request"},
		"the platform forbids the enabling":                       {fault: &messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 403}, want: "403 Forbidden"},
		"a proxy responds 403 after the platform enabled the key": {fault: &messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 403, AfterCommit: true}, kept: 1, stored: 1, want: "403 Forbidden"},
		"the program stalls":                                      {stall: 6 * time.Minute, want: "must begin within 5m0s of the start of the call, got 6m0s; call again"},
		"the created key is unreadable":                           {fault: &messagemediatest.Fault{Operation: "CreateSignatureKey", Status: 201, Body: `{"key_id":"k","public_key":"AAAA"}`}, want: "created key k: the public key is not a SubjectPublicKeyInfo"},
		"the created key is not base64":                           {fault: &messagemediatest.Fault{Operation: "CreateSignatureKey", Status: 201, Body: `{"key_id":"k","public_key":"?"}`}, want: "created key k: the public key is not base64"},
		"the created key is not an RSA key":                       {fault: &messagemediatest.Fault{Operation: "CreateSignatureKey", Status: 201, Body: `{"key_id":"k","public_key":"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="}`}, want: "the public key is a ed25519.PublicKey, not an RSA key"},
		"the outcome is unknown, after 500":                       {fault: &messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 500, Times: 3}, kept: 1, stored: 1, want: "outcome unknown"},
		"the outcome is unknown, after a lost response":           {fault: &messagemediatest.Fault{Operation: "EnableSignatureKey", ResetConnection: true, AfterCommit: true, Times: 3}, kept: 1, stored: 1, want: "outcome unknown"},
		"the platform limits the rate":                            {fault: &messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 429, Times: 3}, kept: 1, stored: 1, want: "429"},
		"the response contains another key":                       {fault: &messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 200, Body: `{"key_id":"other"}`}, kept: 1, stored: 1, want: "the response contains key other: outcome unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
				if c.fault != nil {
					api.Fail(*c.fault)
				}
				if c.store != nil {
					store.Fail(*c.store)
				}
				if c.stall > 0 {
					store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStorePut, Delay: c.stall})
				}
				client := api.Client()
				result, err := client.SyncSignatureKey(t.Context(), store)
				require.ErrorContains(t, err, c.want)
				ids, _ := keysOf(t, client)
				assert.Len(t, ids, c.kept, "%v", result)
				assert.Len(t, storedIDs(t, store), c.stored)
				if strings.Contains(c.want, "outcome unknown") {
					assert.ErrorIs(t, err, messagemedia.ErrOutcomeUnknown)
					assert.Empty(t, result.EnabledID)
				}

				result, err = client.SyncSignatureKey(t.Context(), store)
				require.NoError(t, err)
				_, enabled := keysOf(t, client)
				assert.Equal(t, result.EnabledID, enabled)
				assert.Contains(t, storedIDs(t, store), enabled)
			})
		})
	}
}

func TestNothingMoreIsSentToAnAPIThatIsDown(t *testing.T) {
	t.Parallel()
	lists := 0
	for name, c := range map[string]struct {
		fault messagemediatest.Fault
		last  string // method of the last request
	}{
		"while a key is enabled": {messagemediatest.Fault{Operation: "EnableSignatureKey"}, http.MethodPatch},
		"while the keys are listed again": {messagemediatest.Fault{Operation: "ListSignatureKeys", Match: func(*http.Request) bool {
			lists++
			return lists > 1
		}}, http.MethodGet},
	} {
		t.Run(name, func(t *testing.T) {
			withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
				c.fault.Status, c.fault.Times = 503, 3
				api.Fail(c.fault)
				_, err := api.Client().SyncSignatureKey(t.Context(), store)
				require.ErrorIs(t, err, messagemedia.ErrServer)
				requests := api.Requests()
				assert.Equal(t, c.last, requests[len(requests)-1].Method)
				assert.Len(t, storedIDs(t, store), 1)
			})
		})
	}
}

func TestNothingIsCreatedWhenTheStoreCantBeRead(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		failure := errors.New("relation does not exist")
		store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreRead, Err: failure})
		_, err := api.Client().RotateSignatureKey(t.Context(), store)
		require.ErrorIs(t, err, failure)
		assert.EqualError(t, err, "messagemedia: RotateSignatureKey: read the store: relation does not exist")
		assert.Empty(t, committed(api))
	})
}

func TestInvalidSignatureKeyRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store   messagemedia.SignatureKeyStore
		options []messagemedia.SignatureKeyOption
		want    []string
	}{
		"no store":          {nil, nil, []string{"store: The store is nil; pass a SignatureKeyStore, such as that of NewFileKeyStore"}},
		"a nil pointer":     {(*messagemedia.FileKeyStore)(nil), nil, []string{"store: The store is nil; pass a SignatureKeyStore, such as that of NewFileKeyStore"}},
		"a nil option":      {messagemediatest.NewKeyStore(), []messagemedia.SignatureKeyOption{messagemedia.TakeOverSignatureKey(), nil}, []string{"option 2: The option is nil"}},
		"an unknown digest": {messagemediatest.NewKeyStore(), []messagemedia.SignatureKeyOption{messagemedia.SignatureKeyDigest("MD5")}, []string{`SignatureKeyDigest: must be SHA224, SHA256 or SHA512, got "MD5"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, refusing(t), basic)
			for operation, call := range map[string]keyCall{
				"SyncSignatureKey": client.SyncSignatureKey, "RotateSignatureKey": client.RotateSignatureKey,
			} {
				result, err := call(t.Context(), c.store, c.options...)
				invalid, ok := errors.AsType[*messagemedia.ValidationError](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, operation, invalid.Operation)
				assert.Equal(t, c.want, invalid.Details)
				assert.NotNil(t, result)
			}
		})
	}
}

func TestSignatureKeyResultAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(messagemedia.SignatureKeyResult{
		EnabledID: "k",
		Steps:     []messagemedia.SignatureKeyStep{{Action: messagemedia.KeyActionCreate, Outcome: messagemedia.OutcomeUnknown}},
	})
	require.NoError(t, err)
	assert.JSONEq(t, `{"enabled_id":"k","steps":[{"action":"create","outcome":"unknown"}]}`, string(text))
}
