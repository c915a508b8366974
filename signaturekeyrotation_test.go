package messagemedia_test

import (
	"path"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
)

func TestRotateSignatureKeyDeletesKeysReplacedEarlier(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		first, err := client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)

		second, err := client.RotateSignatureKey(t.Context(), store, messagemedia.SignatureKeyDigest(messagemedia.DigestSHA512))
		require.NoError(t, err)
		assert.NotEqual(t, first.EnabledID, second.EnabledID)
		require.Len(t, second.Kept, 1)
		assert.Equal(t, first.EnabledID, second.Kept[0].ID)
		assert.Equal(t, time.Now().UTC(), second.Kept[0].Replaced)
		assert.Contains(t, second.String(), "  ~ replace "+first.EnabledID+"\n    kept in the store: "+first.EnabledID+", created 2000-01-01T00:00:00Z, replaced 2000-01-02T00:00:00Z\n")
		assert.Equal(t, []string{"POST", "PATCH", "POST", "PATCH"}, committed(api), "keys that can have signed deliveries in transit are kept")

		time.Sleep(59 * time.Minute)
		third, err := client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		assert.Len(t, third.Kept, 2, "an hour has not passed")

		time.Sleep(time.Minute)
		fourth, err := client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		assert.Len(t, fourth.Kept, 2, "the second key's hour is not over")
		assert.Contains(t, fourth.Steps, messagemedia.SignatureKeyStep{Action: messagemedia.KeyActionDelete, KeyID: first.EnabledID, Outcome: messagemedia.OutcomeApplied})
		assert.Contains(t, fourth.Steps, messagemedia.SignatureKeyStep{Action: messagemedia.KeyActionRemove, KeyID: first.EnabledID, Outcome: messagemedia.OutcomeApplied})
		ids, enabled := keysOf(t, client)
		assert.Equal(t, ids, storedIDs(t, store))
		assert.Equal(t, fourth.EnabledID, enabled)
		assert.NotContains(t, ids, first.EnabledID)
		keys, err := store.SignatureKeys(t.Context())
		require.NoError(t, err)
		for _, key := range keys {
			assert.Equal(t, key.ID == second.EnabledID, key.Digest == messagemedia.DigestSHA512)
		}
	})
}

// TestOneOfTwoConcurrentRotationsTakesEffect starts the second one before the first enables
// its key.
func TestOneOfTwoConcurrentRotationsTakesEffect(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		_, err := client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStorePut, Delay: time.Minute})
		slow := make(chan *messagemedia.SignatureKeyResult)
		go func() {
			result, err := client.RotateSignatureKey(t.Context(), store)
			assert.NoError(t, err)
			slow <- result
		}()
		time.Sleep(time.Second)
		fast, err := client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		result := <-slow
		assert.Equal(t, fast.EnabledID, result.EnabledID)
		ids, enabled := keysOf(t, client)
		assert.Equal(t, fast.EnabledID, enabled)
		assert.Len(t, ids, 2, "the unneeded key is deleted")
		assert.Equal(t, ids, storedIDs(t, store))
	})
}

// TestTheStoreIsCorrectedAfterAnInterruptedRotation has a key with Replaced that is still
// enabled.
func TestTheStoreIsCorrectedAfterAnInterruptedRotation(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		first, err := client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		api.Fail(messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 503, Times: 3})
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.ErrorIs(t, err, messagemedia.ErrServer)
		replaced := func() bool {
			keys, err := store.SignatureKeys(t.Context())
			require.NoError(t, err)
			i := slices.IndexFunc(keys, func(k messagemedia.StoredKey) bool { return k.ID == first.EnabledID })
			return !keys[i].Replaced.IsZero()
		}
		for minutes, want := range []bool{0: true, 1: false} {
			time.Sleep(time.Duration(minutes) * 6 * time.Minute)
			_, err = client.SyncSignatureKey(t.Context(), store)
			require.NoError(t, err)
			assert.Equal(t, want, replaced(), "another rotation may still be running for some minutes")
		}
	})
}

// TestAnOldReplacedDoesNotDeleteAKeyUsedSince interrupts a rotation, after which the old key
// stays enabled for hours and is then disabled by hand.
func TestAnOldReplacedDoesNotDeleteAKeyUsedSince(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		first, err := client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		api.Fail(messagemediatest.Fault{Operation: "EnableSignatureKey", Status: 503, Times: 3})
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.ErrorIs(t, err, messagemedia.ErrServer)
		time.Sleep(2 * time.Hour)
		require.NoError(t, client.DisableSignatureKey(t.Context()))
		for _, call := range []keyCall{client.SyncSignatureKey, client.RotateSignatureKey} {
			_, err = call(t.Context(), store)
			require.NoError(t, err)
		}
		assert.Contains(t, storedIDs(t, store), first.EnabledID, "deliveries that it signed can be in transit")
		time.Sleep(2 * time.Hour)
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		assert.NotContains(t, storedIDs(t, store), first.EnabledID)
	})
}

// TestARotationKeepsNewKeys covers keys that another run may be about to enable. An hour
// later, that run must have ended.
func TestARotationKeepsNewKeys(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		_, err := client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		time.Sleep(24 * time.Hour)
		created := createForeignKey(t, client)
		pending := messagemedia.StoredKey{ID: created.ID, Digest: created.Digest, PublicKey: created.PublicKey, Created: time.Now().UTC()}
		require.NoError(t, store.PutSignatureKey(t.Context(), pending))
		for hours := range 3 {
			time.Sleep(59 * time.Minute)
			result, err := client.RotateSignatureKey(t.Context(), store)
			require.NoError(t, err)
			i := slices.IndexFunc(result.Kept, func(k messagemedia.StoredKey) bool { return k.ID == pending.ID })
			require.GreaterOrEqual(t, i, 0)
			assert.Equal(t, hours == 0, result.Kept[i].Replaced.IsZero(), "after an hour, the rotation sets Replaced")
		}
		time.Sleep(59 * time.Minute)
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		assert.NotContains(t, storedIDs(t, store), pending.ID)
	})
}

// TestAProxys404DoesNotConfirmAKeysDeletion checks that the store keeps the key.
func TestAProxys404DoesNotConfirmAKeysDeletion(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		first, err := client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		api.Fail(messagemediatest.Fault{Operation: "DeleteSignatureKey", Status: 404, Body: "<html>"})
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		assert.Contains(t, storedIDs(t, store), first.EnabledID)
		time.Sleep(2 * time.Hour)
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		ids, _ := keysOf(t, client)
		assert.NotContains(t, ids, first.EnabledID)
		assert.Equal(t, ids, storedIDs(t, store))
	})
}

// TestARotationRemovesKeysDeletedAtTheAPI covers a program that crashed before it removed a
// deleted key from the store.
func TestARotationRemovesKeysDeletedAtTheAPI(t *testing.T) {
	withKeys(t, func(t *testing.T, api *messagemediatest.Server, store *messagemediatest.KeyStore) {
		client := api.Client()
		first, err := client.SyncSignatureKey(t.Context(), store)
		require.NoError(t, err)
		_, err = client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		store.Fail(messagemediatest.KeyStoreFault{Operation: messagemediatest.KeyStoreDelete})
		result, err := client.RotateSignatureKey(t.Context(), store)
		require.ErrorIs(t, err, messagemediatest.ErrKeyStoreFault)
		assert.Contains(t, result.Steps, messagemedia.SignatureKeyStep{Action: messagemedia.KeyActionRemove, KeyID: first.EnabledID, Outcome: messagemedia.OutcomeUnknown})
		time.Sleep(2 * time.Hour)
		result, err = client.RotateSignatureKey(t.Context(), store)
		require.NoError(t, err)
		assert.NotContains(t, storedIDs(t, store), first.EnabledID)
		for _, exchange := range api.Requests() {
			assert.False(t, path.Base(exchange.Target) == first.EnabledID && !exchange.Committed, "the key is not deleted at the API again")
		}
		assert.Len(t, result.Kept, 1)
	})
}
