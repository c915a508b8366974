package webhook

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// receipt is the state of one delivery while the handler processes it.
type receipt struct {
	handler       *Handler
	parent        context.Context // the request's
	target        func() string
	method        string
	header        http.Header
	readBody      func(*receipt) ([]byte, error)
	contentLength int64
	canAbort      bool // whether a panic with http.ErrAbortHandler aborts the response

	start       time.Time
	ctx         context.Context // ends after the handler's timeout
	earlyCtx    context.Context // ends after a third of it; nil until needed
	cancelEarly context.CancelFunc
	calling     string // the user's function that runs now, for errors
	share       share
	hasTurn     bool
	request     request
	proof       proof
	body        []byte
	signedText  []byte
	accepted    acceptance
	delivery    *Delivery
	outcome     DeliveryOutcome
}

// receive processes a delivery and sets its outcome. Deferred functions complete it, since a
// user's function may panic or call runtime.Goexit.
func (r *receipt) receive() {
	r.start = time.Now()
	ctx, cancel := context.WithDeadline(r.parent, r.start.Add(r.handler.timeout))
	defer cancel()
	r.ctx = ctx
	r.share = r.handler.budget.share(r.early)
	defer r.observe()
	defer r.log()
	defer r.release()
	err := errGoexit // unless process returns
	defer func() { r.conclude(err, recover()) }()
	err = r.process()
}

func (r *receipt) process() error {
	for _, stage := range stages {
		if err := stage(r); err != nil {
			return err
		}
	}
	return r.deduplicate()
}

// early returns the context of the stages before the deduplicator.
func (r *receipt) early() context.Context {
	if r.earlyCtx == nil {
		r.earlyCtx, r.cancelEarly = context.WithDeadline(r.ctx, r.earlyDeadline())
	}
	return r.earlyCtx
}

func (r *receipt) earlyDeadline() time.Time { return r.start.Add(r.handler.timeout / 3) }

// release returns the turn and the memory of the delivery.
func (r *receipt) release() {
	r.endTurn()
	r.share.close()
	if r.cancelEarly != nil {
		r.cancelEarly()
	}
}

// methods are the methods of a webhook.
var methods = []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut}

func (r *receipt) checkMethod() error {
	if !slices.Contains(methods, r.method) {
		return ErrMethodNotAllowed
	}
	return nil
}

func (r *receipt) authenticateHeader() (err error) {
	r.calling = "the function of WithTarget"
	r.request = request{method: r.method, target: r.target(), header: r.header, isolated: true}
	ctx := r.ctx
	if r.handler.verifier.scheme.waits() {
		ctx = r.early()
	}
	r.proof, err = r.handler.verifier.authenticateHeader(ctx, r.request)
	return err
}

func (r *receipt) read() (err error) {
	defer r.share.finishReading()
	r.calling = "the request's body" // a middleware may have replaced it
	r.body, err = r.readBody(r)
	return err
}

func (r *receipt) authenticateBody() (err error) {
	if signed := r.proof.signed(); signed != nil && r.handler.signedText {
		r.signedText = append(signed.appendHead(nil), r.body...)
	}
	r.accepted, err = authenticateBody(r.proof, r.method, r.body, r.contentLength)
	return err
}

func (r *receipt) parse() error {
	r.delivery = r.handler.verifier.newVerifiedDelivery(r.request, r.accepted, r.body, Parse(r.body))
	return nil
}
