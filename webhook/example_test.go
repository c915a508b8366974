package webhook_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// The examples get their deliveries from deliver, at the end of this file, which
// signs them as the platform does. platformKey is what CreateSignatureKey returned.

func ExampleNewHandler() {
	key, err := webhook.ParseKey(platformKey.ID, platformKey.Digest, platformKey.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(key)))
	if err != nil {
		log.Fatal(err)
	}
	handler, err := webhook.NewHandler(verifier, func(ctx context.Context, d *webhook.Delivery) error {
		switch event := d.Event.(type) {
		case *webhook.ReceivedSMS:
			fmt.Printf("%s texted %q\n", event.SourceNumber, event.Content)
		case *webhook.DeliveryReport:
			fmt.Printf("message %s: %s\n", event.MessageID, event.Status)
		case *webhook.UnparsedEvent:
			fmt.Println(event.Err)
		}
		return nil // only once it is stored: the platform will not send it again
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /hooks/sms", handler)

	fmt.Println(deliver(mux, `{"reply_id":"d3c2","source_number":"+61491570156","content":"Hello"}`))
	fmt.Println(deliver(mux, `{"delivery_report_id":"9f01","message_id":"877c","status":"delivered"}`))
	fmt.Println(deliver(mux, `Hello from a template of your own`))
	// Output:
	// +61491570156 texted "Hello"
	// 204
	// message 877c: delivered
	// 204
	// webhook: parse payload: not a JSON object
	// 204
}

// In a framework that has an *http.Request, whatever its own handlers look like.
func ExampleVerifier_Verify() {
	verifier := exampleVerifier()
	receive := func(w http.ResponseWriter, r *http.Request) {
		delivery, err := verifier.Verify(r)
		switch {
		case errors.Is(err, webhook.ErrKeySource):
			w.WriteHeader(http.StatusServiceUnavailable) // it is not the delivery's fault
			return
		case err != nil:
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Println(delivery.Method, delivery.Target, string(delivery.Body))
		w.WriteHeader(http.StatusNoContent)
	}

	fmt.Println(deliver(http.HandlerFunc(receive), "payload"))
	// Output:
	// POST /hooks/sms payload
	// 204
}

// In a function-as-a-service, whose event has the request in parts. The path and
// the query must be those that stood in the request line, byte for byte.
func ExampleVerifier_VerifyRaw() {
	type gatewayEvent struct {
		Method, RawPath, RawQuery string
		Headers                   map[string]string
		Body                      string
	}
	verifier := exampleVerifier()
	function := func(ctx context.Context, event gatewayEvent) (status int) {
		header := http.Header{}
		for name, value := range event.Headers {
			header.Set(name, value)
		}
		target := event.RawPath
		if event.RawQuery != "" {
			target += "?" + event.RawQuery
		}
		delivery, err := verifier.VerifyRaw(ctx, webhook.RawRequest{
			Method: event.Method, Target: target, Header: header, Body: []byte(event.Body),
		})
		if err != nil {
			return http.StatusUnauthorized
		}
		fmt.Println(string(delivery.Body))
		return http.StatusNoContent
	}

	event := gatewayEvent{Method: "POST", RawPath: "/hooks/sms", RawQuery: "tenant=7", Body: "payload", Headers: map[string]string{}}
	for name, values := range signedHeader("POST", "/hooks/sms?tenant=7", "payload") {
		event.Headers[strings.ToLower(name)] = values[0]
	}
	fmt.Println(function(context.Background(), event))
	event.RawQuery = "tenant=8"
	fmt.Println(function(context.Background(), event))
	// Output:
	// payload
	// 204
	// 401
}

// Deliveries are accepted all the way through a rotation. Between the steps, each
// instance of a service must have done the one before.
func ExampleKeySet() {
	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	ctx, client := context.Background(), api.Client()

	keys := webhook.NewKeySet()
	verifier, err := webhook.NewVerifier(webhook.Signed(keys))
	if err != nil {
		log.Fatal(err)
	}
	var old string
	for range 2 {
		created, err := client.CreateSignatureKey(ctx, messagemedia.CreateSignatureKeyRequest{Digest: webhook.SHA256})
		if err != nil {
			log.Fatal(err)
		}
		// Store created here: the API never returns its PublicKey again.
		key, err := webhook.ParseKey(created.ID, created.Digest, created.PublicKey)
		if err != nil {
			log.Fatal(err)
		}
		if err := keys.Add(key); err != nil { // beside the old one, whose deliveries are still on their way
			log.Fatal(err)
		}
		if _, err := client.EnableSignatureKey(ctx, key.ID()); err != nil {
			log.Fatal(err)
		}

		r := httptest.NewRequest("POST", "/hooks/sms", strings.NewReader("payload"))
		if err := api.Signer("").Sign(r); err != nil {
			log.Fatal(err)
		}
		_, err = verifier.Verify(r)
		fmt.Println(err)

		if old != "" { // half an hour later
			keys.Remove(old)
			if err := client.DeleteSignatureKey(ctx, old); err != nil {
				log.Fatal(err)
			}
		}
		old = key.ID()
	}
	// Output:
	// <nil>
	// <nil>
}

// database is a KeySource over a table. It remembers the keys that it read, since
// anybody can send an ID, and each is asked for.
type database struct {
	query func(ctx context.Context, id string) (digest messagemedia.Digest, publicKey string, err error)
	cache sync.Map // of *webhook.Key, by ID
}

func (d *database) Key(ctx context.Context, id string) (*webhook.Key, error) {
	if key, ok := d.cache.Load(id); ok {
		return key.(*webhook.Key), nil
	}
	digest, publicKey, err := d.query(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, webhook.ErrUnknownKey // refused; after any other error the platform retries
	}
	if err != nil {
		return nil, err
	}
	key, err := webhook.ParseKey(id, digest, publicKey)
	if err == nil {
		d.cache.Store(id, key)
	}
	return key, err
}

func ExampleKeySource() {
	verifier, err := webhook.NewVerifier(webhook.Signed(&database{query: func(_ context.Context, id string) (messagemedia.Digest, string, error) {
		if id != platformKey.ID {
			return "", "", sql.ErrNoRows
		}
		return platformKey.Digest, platformKey.PublicKey, nil
	}}))
	if err != nil {
		log.Fatal(err)
	}
	handler := exampleHandler(verifier, func(context.Context, *webhook.Delivery) error { return nil })
	fmt.Println(deliver(handler, "payload"))
	// Output: 204
}

// For a template of your own, in JSON.
func ExampleDelivery() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		var order struct {
			Number   int    `json:"order"`
			Response string `json:"response"`
		}
		if err := json.Unmarshal(d.Body, &order); err != nil {
			return err
		}
		fmt.Println(order.Number, order.Response)
		return nil
	})
	fmt.Println(deliver(handler, `{"order":7,"response":"YES"}`))
	// Output:
	// 7 YES
	// 204
}

// For a webhook with EncodingForm. That of a GET request has its names in the query.
func ExampleParseValues() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		form, err := url.ParseQuery(string(d.Body))
		if err != nil {
			return err
		}
		if sms, ok := webhook.ParseValues(form).(*webhook.ReceivedSMS); ok {
			fmt.Println(sms.SourceNumber, sms.Content)
		}
		return nil
	})
	fmt.Println(deliver(handler, `reply_id=d3c2&source_number=%2B61491570156&content=Hi+%26+bye`))
	// Output:
	// +61491570156 Hi & bye
	// 204
}

func ExampleWithDeduplicator() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		fmt.Println("handled")
		return nil
	}, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)))

	const payload = `{"reply_id":"d3c2","content":"YES"}`
	fmt.Println(deliver(handler, payload))
	fmt.Println(deliver(handler, payload)) // the first response got lost
	// Output:
	// handled
	// 204
	// 204
}

// A template of your own has the ID under another name than Parse knows.
func ExampleWithDedupeKey() {
	key := func(d *webhook.Delivery) string {
		var own struct{ ID string }
		if err := json.Unmarshal(d.Body, &own); err != nil {
			return "" // it is handled, as often as it comes
		}
		return own.ID
	}
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		fmt.Printf("handled %s\n", d.Body)
		return nil
	}, webhook.WithDeduplicator(new(webhook.MemoryDeduplicator)), webhook.WithDedupeKey(key))

	deliver(handler, `{"id":"d3c2"}`)
	deliver(handler, `{"id":"d3c2"}`)
	// Output: handled {"id":"d3c2"}
}

// A table with a unique column for the key makes storing it and handling it one
// transaction, across all instances.
func ExampleDelivery_DedupeKey() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		fmt.Printf("%q\n", d.DedupeKey())
		return nil
	})
	deliver(handler, `{"delivery_report_id":"9f01","status":"delivered","error_code":"220"}`)
	deliver(handler, `{"reply_id":"d3c2","content":"YES"}`)
	deliver(handler, `YES`)
	// Output:
	// "1-c23e73230bae8c9bbcddc64f156041d0df8b64ffb472c3a1953fe25947acc3d2"
	// "1-0b938a58d61d06c0744378dd8684450ef700becf12c612149a9f29fe8b57a3de"
	// ""
}

// A payload that was verified before, from a queue or a table.
func ExampleParse() {
	for _, payload := range []string{
		`{"notification_id":"0b5a","source_number":"+61491570156","content":"STOP"}`,
		`{"reply_id":"d3c2","content":"Hi","content":"Send me money"}`,
	} {
		switch event := webhook.Parse([]byte(payload)).(type) {
		case *webhook.OptOut:
			fmt.Println(event.SourceNumber, "wants no more messages")
		case *webhook.UnparsedEvent:
			fmt.Println(event.Err)
		}
	}
	// Output:
	// +61491570156 wants no more messages
	// webhook: parse payload: content occurs twice
}

func ExampleStatusCode_Description() {
	fmt.Println(webhook.StatusCode(332).Description())
	// Output: there is no route to the destination
}

// For most accounts: a token that the webhook's Headers carry.
func ExampleHeaderToken() {
	token := rand.Text() // keep it where the receiver and whoever creates the webhook read it

	verifier, err := webhook.NewVerifier(webhook.HeaderToken("X-Webhook-Token", token))
	if err != nil {
		log.Fatal(err)
	}
	handler, err := webhook.NewHandler(verifier, func(_ context.Context, d *webhook.Delivery) error {
		fmt.Println(d.Scheme)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}

	api, err := messagemediatest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer api.Close()
	if _, err := api.Client().CreateWebhook(context.Background(), messagemedia.CreateWebhookRequest{
		URL:      "https://example.com/hooks/sms",
		Method:   http.MethodPost,
		Encoding: messagemedia.EncodingJSON,
		Events:   []messagemedia.EventType{messagemedia.EventReceivedSMS},
		Template: messagemedia.JSONTemplate,
		Headers:  map[string]string{"X-Webhook-Token": token},
		Retries:  5,
	}); err != nil {
		log.Fatal(err)
	}
	sent, err := api.Send(context.Background(), &webhook.ReceivedSMS{ReplyID: "d3c2"}, messagemediatest.ToHandler(handler))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sent.Acknowledged())
	// Output:
	// header:X-Webhook-Token
	// true
}

// For a message's own callback_url, which can't carry headers.
func ExampleQueryToken() {
	const token = "9Zq1vJ0cLxkR5sXw2BtUdA"
	verifier, err := webhook.NewVerifier(webhook.QueryToken("token", token))
	if err != nil {
		log.Fatal(err)
	}
	for _, target := range []string{"/hooks?token=" + token, "/hooks?token=guess", "/hooks"} {
		delivery, err := verifier.Verify(httptest.NewRequest("POST", target, strings.NewReader(`{"reply_id":"d3c2"}`)))
		fmt.Println(delivery, err)
	}
	// Output:
	// POST /hooks?… (query:token, RECEIVED_SMS, 19 bytes) <nil>
	// <nil> webhook: bad token
	// <nil> webhook: bad token
}

// From a token to signatures without losing a delivery: both are accepted until the
// observer sees the token no longer.
func ExampleAnyOf() {
	const token = "9Zq1vJ0cLxkR5sXw2BtUdA"
	verifier, err := webhook.NewVerifier(webhook.AnyOf(
		webhook.Signed(webhook.NewKeySet(signer.Key())),
		webhook.HeaderToken("X-Webhook-Token", token),
	))
	if err != nil {
		log.Fatal(err)
	}
	signed := signedHeader("POST", "/hooks", "payload")
	for _, header := range []http.Header{signed, {"X-Webhook-Token": {token}}, {}} {
		delivery, err := verifier.VerifyRaw(context.Background(), webhook.RawRequest{Method: "POST", Target: "/hooks", Header: header, Body: []byte("payload")})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(delivery.Scheme)
	}
	// Output:
	// signature
	// header:X-Webhook-Token
	// webhook: missing header: not signed; webhook: bad token
}

// A forged delivery needs both, a signature and the token.
func ExampleAllOf() {
	const token = "9Zq1vJ0cLxkR5sXw2BtUdA"
	verifier, err := webhook.NewVerifier(webhook.AllOf(
		webhook.Signed(webhook.NewKeySet(signer.Key())),
		webhook.QueryToken("token", token),
	))
	if err != nil {
		log.Fatal(err)
	}
	raw := webhook.RawRequest{Method: "POST", Target: "/hooks?token=" + token, Body: []byte("payload")}
	raw.Header = signedHeader(raw.Method, raw.Target, "payload")
	delivery, err := verifier.VerifyRaw(context.Background(), raw)
	fmt.Println(delivery.Scheme, err)
	raw.Header = nil
	_, err = verifier.VerifyRaw(context.Background(), raw)
	fmt.Println(err)
	// Output:
	// query:token+signature <nil>
	// webhook: missing header: not signed
}

// In a function-as-a-service: the same policy, response and observer without net/http.
func ExampleHandler_HandleRaw() {
	handler := exampleHandler(exampleVerifier(), func(_ context.Context, d *webhook.Delivery) error {
		return errors.New("the database is down")
	})
	response := handler.HandleRaw(context.Background(), webhook.RawRequest{
		Method: "POST",
		Target: "/hooks/sms?tenant=7", // as in the request line, byte for byte
		Header: signedHeader("POST", "/hooks/sms?tenant=7", "payload"),
		Body:   []byte("payload"),
	})
	fmt.Println(response.Status, response.Header)
	// Output: 503 map[Retry-After:[5]]
}

// To count what became of each request, and to see when a token is no longer used.
func ExampleWithObserver() {
	handler := exampleHandler(exampleVerifier(), func(context.Context, *webhook.Delivery) error { return nil },
		webhook.WithObserver(func(_ context.Context, o webhook.DeliveryOutcome) {
			fmt.Println(o.Status, o.Reason, o.Scheme, o.EventKind)
		}))
	deliver(handler, `{"reply_id":"d3c2"}`)
	handler.HandleRaw(context.Background(), webhook.RawRequest{Method: "POST", Target: "/hooks/sms"})
	// Output:
	// 204 handled signature RECEIVED_SMS
	// 401 missing_header
}

func ExampleStatus_Final() {
	status := webhook.StatusDelivered
	for _, report := range []webhook.Status{webhook.StatusSubmitted, webhook.StatusRead} { // in the order in which they arrive
		if report.Final() || !status.Final() {
			status = report
		}
	}
	fmt.Println(status)
	// Output: read
}

func ExampleAttachment_FileName() {
	fmt.Println(webhook.Attachment{ContentType: "image/jpeg", Name: "../../etc/cat.php.jpeg"}.FileName())
	fmt.Println(webhook.Attachment{ContentType: "text/html", Name: "page.html"}.FileName())
	// Output:
	// cat_php.jpg
	// page.bin
}

func exampleHandler(verifier *webhook.Verifier, callback callback, options ...webhook.HandlerOption) *webhook.Handler {
	handler, err := webhook.NewHandler(verifier, callback, options...)
	if err != nil {
		log.Fatal(err)
	}
	return handler
}

func exampleVerifier() *webhook.Verifier {
	key, err := webhook.ParseKey(platformKey.ID, platformKey.Digest, platformKey.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(webhook.Signed(webhook.NewKeySet(key)))
	if err != nil {
		log.Fatal(err)
	}
	return verifier
}

// deliver sends a payload as the platform does, and returns the status of the response.
func deliver(handler http.Handler, payload string) int {
	r := httptest.NewRequest("POST", "/hooks/sms", strings.NewReader(payload))
	r.Header = signedHeader("POST", "/hooks/sms", payload)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}

func signedHeader(method, target, body string) http.Header {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if err := signer.Sign(r); err != nil {
		log.Fatal(err)
	}
	return r.Header
}
