package page

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/messagemediatest"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// proof is the result of verifying a request with one scheme.
type proof struct {
	Scheme string `json:"scheme"`
	OK     bool   `json:"ok"`
	Text   string `json:"text"`
}

// proofsOf verifies an attempt with each scheme of package webhook: the signature and
// every token of the webhook. It must be called soon after the attempt, because a
// signature is valid for a limited time.
func proofsOf(a messagemediatest.Attempt, hook messagemedia.Webhook, signer *messagemediatest.Signer) []proof {
	target, err := url.Parse(a.URL)
	if err != nil {
		return []proof{{"URL", false, err.Error()}}
	}
	request := webhook.RawRequest{Method: a.Method, Target: target.RequestURI(), Header: a.Header, Body: a.RequestBody}
	proofs := []proof{signatureProof(request, signer)}
	for _, name := range slices.Sorted(maps.Keys(hook.Headers)) {
		proofs = append(proofs, tokenProof("Header token", name, request, webhook.HeaderToken(name, hook.Headers[name])))
	}
	_, query, _ := strings.Cut(hook.URL, "?")
	parameters, _ := url.ParseQuery(query) // omits malformed parameters
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if value := parameters.Get(name); !strings.Contains(value, "$") { // a variable is not a token
			proofs = append(proofs, tokenProof("Query token", name, request, webhook.QueryToken(name, value)))
		}
	}
	return proofs
}

func signatureProof(request webhook.RawRequest, signer *messagemediatest.Signer) proof {
	id := request.Header.Get("X-MessageMedia-Key-Id")
	if id == "" || signer == nil {
		return proof{"Signature", false, "none: the account has no enabled signature key"}
	}
	if err := verify(request, webhook.Signed(webhook.NewKeySet(signer.Key()))); err != nil {
		return proof{"Signature", false, err.Error()}
	}
	return proof{"Signature", true, fmt.Sprintf("valid, %s with key %s", request.Header.Get("X-MessageMedia-Digest-Type"), id)}
}

func tokenProof(scheme, name string, request webhook.RawRequest, token webhook.Scheme) proof {
	if err := verify(request, token); err != nil {
		reasons := strings.ReplaceAll(err.Error(), "\nwebhook: ", "; ")
		return proof{scheme, false, name + ": " + strings.TrimPrefix(reasons, "webhook: ")}
	}
	return proof{scheme, true, name + " is valid"}
}

// verify verifies a request with one scheme.
func verify(request webhook.RawRequest, scheme webhook.Scheme) error {
	verifier, err := webhook.NewVerifier(scheme)
	if err != nil {
		return err
	}
	_, err = verifier.VerifyRaw(context.Background(), request)
	return err
}
