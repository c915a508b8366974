package messagemediatest

import (
	"bytes"
	"context"
	"errors"
)

// Resend makes a duplicate of a delivery from before: it sends the request of the last
// attempt again, with the method, URL, headers and body that it had, whatever has become
// of the webhook since. Only Date and signature are new, as in each attempt. It is
// retried as the webhook was. The body is the same, and so is a $retryCount in it.
// [WithDuplicate] makes duplicates of a delivery that is yet to be sent.
//
// It returns an error if the delivery has no attempt, an option is invalid, the context
// ended or the server was closed. [ToAccount] has no effect: the account is the
// delivery's.
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

// unsigned returns the attempt's request without a signature and without the Date that
// it covers, yet to be sent.
func (a Attempt) unsigned() Attempt {
	header := a.Header.Clone()
	if header.Get("X-MessageMedia-Signature") != "" {
		for _, name := range signatureHeaders {
			header.Del(name)
		}
	}
	return Attempt{Method: a.Method, URL: a.URL, Header: header, RequestBody: bytes.Clone(a.RequestBody)}
}
