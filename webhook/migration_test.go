package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// deployments is a service that is deployed several times. Each deployment replaces its
// handler.
type deployments struct {
	t       *testing.T
	current atomic.Pointer[webhook.Handler]
	handled sync.Map // the IDs of handled messages
	mu      sync.Mutex
	schemes map[string]int // since the last call of seen
}

func (d *deployments) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.current.Load().ServeHTTP(w, r)
}

func (d *deployments) deploy(scheme webhook.Scheme) {
	d.current.Store(newHandler(d.t, newVerifier(d.t, scheme), func(_ context.Context, delivery *webhook.Delivery) error {
		d.handled.Store(delivery.Event.(*webhook.ReceivedSMS).ReplyID, true)
		return nil
	}, webhook.WithObserver(func(_ context.Context, o webhook.DeliveryOutcome) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.schemes[o.Scheme]++
	})))
}

// seen returns how deliveries were authenticated since the last call.
func (d *deployments) seen() map[string]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := d.schemes
	d.schemes = map[string]int{}
	return seen
}

// TestRotatingATokenAndMovingToSignaturesLosesNothing follows the steps of the package
// documentation while 2,000 messages arrive: to another token, to signatures, and back to a
// token. The webhook has no Retries, so a delivery that is rejected is lost.
func TestRotatingATokenAndMovingToSignaturesLosesNothing(t *testing.T) {
	t.Parallel()
	const messages, senders = 2_000, 8
	api := messagemediatest.NewServer(t)
	client := api.Client()
	headers := func(token string) map[string]string { return map[string]string{"X-Webhook-Token": token} }
	hook, err := client.CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
		URL: "https://example.com/hooks", Method: http.MethodPost, Encoding: messagemedia.EncodingJSON, Template: messagemedia.JSONTemplate,
		Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Headers: headers(aToken),
	})
	require.NoError(t, err)
	key, err := client.CreateSignatureKey(t.Context(), messagemedia.CreateSignatureKeyRequest{Digest: messagemedia.DigestSHA256})
	require.NoError(t, err)
	parsed, err := webhook.ParseKey(key.ID, key.Digest, key.PublicKey)
	require.NoError(t, err)
	signed := webhook.Signed(webhook.NewKeySet(parsed))

	service := &deployments{t: t, schemes: map[string]int{}}
	service.deploy(headerToken(aToken))
	var sent, refused atomic.Int32
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for n := sent.Add(1); n <= messages; n = sent.Add(1) {
				result, err := api.Send(t.Context(), &webhook.ReceivedSMS{ReplyID: fmt.Sprint(n), Content: "YES"}, messagemediatest.ToHandler(service))
				if err != nil || !result.Acknowledged() {
					refused.Add(1)
				}
			}
		})
	}
	// someDeliveries waits until further deliveries have begun and ended.
	someDeliveries := func() map[string]int {
		service.seen()
		for begun := sent.Load(); sent.Load() < min(begun+50, messages); {
			api.Webhooks("") // takes some time
		}
		return service.seen()
	}
	update := func(request messagemedia.UpdateWebhookRequest) {
		_, err := client.UpdateWebhook(t.Context(), hook.ID, request)
		require.NoError(t, err)
	}
	// lastOf waits until no delivery uses the old scheme.
	lastOf := func(old string) {
		for range 100 {
			if someDeliveries()[old] == 0 {
				return
			}
		}
		t.Errorf("%s is still used", old)
	}

	require.Positive(t, someDeliveries()["header:X-Webhook-Token"])

	// Rotate the token.
	service.deploy(headerToken(otherToken, aToken))
	require.Positive(t, someDeliveries()["header:X-Webhook-Token#2"])
	update(messagemedia.UpdateWebhookRequest{Headers: headers(otherToken)})
	lastOf("header:X-Webhook-Token#2")
	service.deploy(headerToken(otherToken))
	require.Positive(t, someDeliveries()["header:X-Webhook-Token"])

	// Move to signatures.
	service.deploy(webhook.AnyOf(signed, headerToken(otherToken)))
	require.Positive(t, someDeliveries()["header:X-Webhook-Token"])
	_, err = client.EnableSignatureKey(t.Context(), key.ID)
	require.NoError(t, err)
	lastOf("header:X-Webhook-Token")
	service.deploy(signed)
	update(messagemedia.UpdateWebhookRequest{Headers: map[string]string{}})
	require.Positive(t, someDeliveries()["signature"])

	// Return to a token.
	service.deploy(webhook.AnyOf(signed, headerToken(aToken)))
	update(messagemedia.UpdateWebhookRequest{Headers: headers(aToken)})
	someDeliveries() // no delivery without the token is in progress
	require.NoError(t, client.DisableSignatureKey(t.Context()))
	lastOf("signature")
	service.deploy(headerToken(aToken))

	sending.Wait()
	handled := 0
	service.handled.Range(func(any, any) bool { handled++; return true })
	t.Logf("%d of %d deliveries lost", messages-handled, messages)
	assert.Equal(t, messages, handled)
	assert.Zero(t, refused.Load())
	assert.Positive(t, service.seen()["header:X-Webhook-Token"])
}

// TestTwoWebhooksOnOnePath differ in the query. The deliveries of both are handled.
func TestTwoWebhooksOnOnePath(t *testing.T) {
	t.Parallel()
	api := messagemediatest.NewServer(t)
	for _, to := range []string{"crm", "billing"} {
		_, err := api.Client().CreateWebhook(t.Context(), messagemedia.CreateWebhookRequest{
			URL: "https://example.com/hooks?to=" + to + "&token=" + aToken, Method: http.MethodPost, Encoding: messagemedia.EncodingJSON,
			Events: []messagemedia.EventType{messagemedia.EventReceivedSMS}, Template: messagemedia.JSONTemplate,
		})
		require.NoError(t, err)
	}
	counter := new(counter)
	handler := newHandler(t, newVerifier(t, queryToken(aToken)), counter.call, inMemory())
	for range 2 { // in the second round, both are duplicates
		result, err := api.Send(t.Context(), &webhook.ReceivedSMS{ReplyID: "1", Content: "Hi"}, messagemediatest.ToHandler(handler))
		require.NoError(t, err)
		assert.True(t, result.Acknowledged(), result)
		assert.EqualValues(t, 2, counter.calls.Load())
	}
}

// TestRotatingATokenInTheURL does not handle a retry under the new token again.
func TestRotatingATokenInTheURL(t *testing.T) {
	t.Parallel()
	counter := new(counter)
	handler := newHandler(t, newVerifier(t, queryToken(otherToken, aToken)), counter.call, inMemory())
	for _, token := range []string{aToken, otherToken} {
		assert.Equal(t, 204, response(handler, tokenRequest("/hooks?to=crm&token="+token, nil)).Code)
	}
	assert.EqualValues(t, 1, counter.calls.Load())
}

// TestDeliveriesOfAMessagesCallbackURL have a fixed form and no headers of the account. They
// are signed if the account has secure callbacks.
func TestDeliveriesOfAMessagesCallbackURL(t *testing.T) {
	t.Parallel()
	report := `{"callback_url":"https://example.com/hooks?token=x","delay":0,` + sampleReport[2:]
	for scheme, sign := range map[webhook.Scheme]bool{queryToken(aToken): false, signedBySigner(): true, webhook.AllOf(queryToken(aToken), signedBySigner()): true} {
		r := received("POST", "/hooks?token="+aToken, report)
		if sign {
			require.NoError(t, signer.Sign(r))
		}
		delivery, err := newVerifier(t, scheme).Verify(r)
		require.NoError(t, err)
		assert.Equal(t, webhook.Parse([]byte(sampleReport)), delivery.Event)
		assert.NotEmpty(t, delivery.DedupeKey())
	}
}
