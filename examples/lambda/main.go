// Command lambda receives deliveries in AWS Lambda, behind an API Gateway (REST or HTTP),
// an Application Load Balancer, or a function URL.
//
// It shows how the events of each become a webhook.RawRequest, and responds by
// Handler.HandleRaw: with the same checks and the same responses as net/http's handler. Use
// it when your receiver has no server of its own; what to copy is events.go.
//
// WEBHOOK_TOKEN is the token that a delivery carries in X-Webhook-Token. Signed deliveries
// need SIGNATURE_KEY_ID, SIGNATURE_DIGEST and SIGNATURE_PUBLIC_KEY, as the API returned
// them. PUBLIC_URL is what the platform calls, if that has another path than arrives.
//
// Outside of Lambda it feeds itself one sample event, and prints the response:
//
//	go -C examples/lambda run .
//
// It follows AWS's documentation of the events; it was not run in AWS.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

func main() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		if err := demonstrate(context.Background(), os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "lambda:", err)
			os.Exit(1)
		}
		return
	}
	f, err := newFunction(os.Getenv, slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "lambda:", err)
		os.Exit(1)
	}
	lambda.Start(f.invoke)
}

// function is what Lambda calls.
type function struct{ handler *webhook.Handler }

// newFunction makes the handler once, for all events of this instance.
func newFunction(getenv func(string) string, logger *slog.Logger) (*function, error) {
	scheme, err := newScheme(getenv)
	if err != nil {
		return nil, err
	}
	var options []webhook.VerifierOption
	if publicURL := getenv("PUBLIC_URL"); publicURL != "" {
		options = append(options, webhook.WithPublicURL(publicURL))
	}
	verifier, err := webhook.NewVerifier(scheme, options...)
	if err != nil {
		return nil, err
	}
	handler, err := webhook.NewHandler(verifier, newCallback(logger), webhook.WithLogger(logger))
	if err != nil {
		return nil, err
	}
	return &function{handler}, nil
}

// newScheme accepts whichever is set: the token, the signature key, or both while one
// replaces the other.
func newScheme(getenv func(string) string) (webhook.Scheme, error) {
	var schemes []webhook.Scheme
	if id := getenv("SIGNATURE_KEY_ID"); id != "" {
		key, err := webhook.ParseKey(id, messagemedia.Digest(getenv("SIGNATURE_DIGEST")), getenv("SIGNATURE_PUBLIC_KEY"))
		if err != nil {
			return nil, err
		}
		schemes = append(schemes, webhook.Signed(webhook.NewKeySet(key)))
	}
	if token := getenv("WEBHOOK_TOKEN"); token != "" {
		schemes = append(schemes, webhook.HeaderToken("X-Webhook-Token", token))
	}
	switch len(schemes) {
	case 0:
		return nil, errors.New("set WEBHOOK_TOKEN, or SIGNATURE_KEY_ID, SIGNATURE_DIGEST and SIGNATURE_PUBLIC_KEY")
	case 1:
		return schemes[0], nil
	}
	return webhook.AnyOf(schemes...), nil
}

// newCallback is where to store a delivery: in a table whose unique column is the dedupe
// key, or in a queue. Nil acknowledges it for good, so return nil only then. An instance's
// memory is no place for it, and none for a deduplicator: the next delivery goes to
// another instance.
func newCallback(logger *slog.Logger) func(context.Context, *webhook.Delivery) error {
	return func(ctx context.Context, d *webhook.Delivery) error {
		logger.InfoContext(ctx, "delivery", "delivery", d, "dedupe_key", d.DedupeKey())
		return nil
	}
}

// demonstrate feeds the function the event of a function URL.
func demonstrate(ctx context.Context, out io.Writer) error {
	fmt.Fprintln(out, "This is not Lambda: here is a sample event, and the response to it.")
	f, err := newFunction(func(name string) string {
		return map[string]string{"WEBHOOK_TOKEN": sampleToken}[name]
	}, slog.New(slog.NewTextHandler(out, nil)))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n\n", sampleEvent)
	response, err := f.invoke(ctx, []byte(sampleEvent))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", asJSON(response))
	return nil
}
