package messagemediatest

import (
	"bytes"
	"context"
	"errors"
)

// Resend sends a duplicate of an earlier delivery. It repeats the request of the last
// attempt with the same method, URL, headers and body, even if the webhook has changed
// since. Only the Date and the signature are new. A $retryCount in the body is unchanged.
// Resend retries like [Server.Send]. [ToAccount] has no effect, because the delivery
// names its account. [WithDuplicate] adds duplicates to a delivery when it is sent.
//
// Resend returns an error if the delivery has no attempt, an option is invalid, ctx ended
// or the server was closed.
func (s *Server) Resend(ctx context.Context, delivery DeliveryResult, options ...SendOption) (*DeliveryResult, error) {
	const operation = "Resend"
	settings, err := s.newSendSettings(options)
	if err != nil {
		return nil, sendError(operation, err)
	}
	if len(delivery.Attempts) == 0 {
		return nil, sendError(operation, errors.New("the delivery has no attempt to send again"))
	}
	settings.account = delivery.Account
	original := delivery.Attempts[len(delivery.Attempts)-1]
	duplicate := delivery.clone()
	duplicate.Attempts, duplicate.Err = nil, nil
	err = s.dispatch(ctx, settings, func(ctx context.Context) {
		s.deliver(ctx, &duplicate, settings, func(int) (Attempt, error) { return original.unsigned(), nil })
	})
	if err != nil {
		return &duplicate, sendError(operation, err)
	}
	return &duplicate, nil
}

// unsigned returns a new attempt with the same request, without the signature and the
// Date that it covers.
func (a Attempt) unsigned() Attempt {
	header := a.Header.Clone()
	if header.Get("X-MessageMedia-Signature") != "" {
		for _, name := range signatureHeaders {
			header.Del(name)
		}
	}
	return Attempt{Method: a.Method, URL: a.URL, Header: header, RequestBody: bytes.Clone(a.RequestBody)}
}
