package webhook

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// receipt is one delivery on its way through the stages.
type receipt struct {
	handler       *Handler
	parent        context.Context // of the request
	target        func() string
	method        string
	header        http.Header
	readBody      func(*receipt) ([]byte, error)
	contentLength int64

	start       time.Time
	ctx         context.Context // ends with the time for all
	earlyCtx    context.Context // nil until it is needed
	cancelEarly context.CancelFunc
	calling     string // the function of the user's that runs now
	share       share
	hasTurn     bool
	request     request
	proof       proof
	body        []byte
	accepted    acceptance
	delivery    *Delivery
	outcome     DeliveryOutcome
}

// receive takes a delivery through the stages and sets its outcome. It does so in deferred
// functions, since a function of the user's may panic or call runtime.Goexit.
func (h *Handler) receive(r *receipt) {
	r.start = time.Now()
	ctx, cancel := context.WithDeadline(r.parent, r.start.Add(h.timeout))
	defer cancel()
	r.ctx = ctx
	r.share = h.budget.share(r.early)
	defer r.observe()
	defer r.log()
	defer r.release()
	err := errGoexit // unless process returns
	defer func() { r.conclude(err, recover()) }()
	err = r.process()
}

func (r *receipt) process() error {
	r.calling = "the request's body" // a middleware may have replaced it
	for _, stage := range stages {
		if err := stage(r); err != nil {
			return err
		}
	}
	return r.deduplicate()
}

// early returns the context of what comes before the deduplicator.
func (r *receipt) early() context.Context {
	if r.earlyCtx == nil {
		r.earlyCtx, r.cancelEarly = context.WithDeadline(r.ctx, r.earlyDeadline())
	}
	return r.earlyCtx
}

func (r *receipt) earlyDeadline() time.Time { return r.start.Add(r.handler.timeout / 3) }

// release gives back what the delivery took, whichever way it ended.
func (r *receipt) release() {
	r.endTurn()
	r.share.close()
	if r.cancelEarly != nil {
		r.cancelEarly()
	}
}

// methods are those that a webhook can have.
var methods = []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut}

func (r *receipt) checkMethod() error {
	if !slices.Contains(methods, r.method) {
		return ErrMethodNotAllowed
	}
	return nil
}

func (r *receipt) authenticateHeader() (err error) {
	r.request = request{method: r.method, header: r.header, isolated: true}
	if err := r.findTarget(); err != nil {
		return err
	}
	ctx := r.ctx
	if r.handler.verifier.scheme.waits() {
		ctx = r.early()
	}
	r.proof, err = r.handler.verifier.authenticateHeader(ctx, &r.request)
	return err
}

func (r *receipt) findTarget() error {
	if r.handler.verifier.target.function == nil {
		r.request.target = r.target()
		return nil
	}
	return isolate("the function of WithTarget", func() error { r.request.target = r.target(); return nil })
}

func (r *receipt) read() (err error) {
	defer r.share.finishReading()
	r.body, err = r.readBody(r)
	return err
}

func (r *receipt) authenticateBody() (err error) {
	r.accepted, err = authenticateBody(r.proof, r.body, r.contentLength)
	return err
}

func (r *receipt) parse() error {
	r.delivery = r.handler.verifier.newVerifiedDelivery(&r.request, r.accepted, r.body, Parse(r.body))
	return nil
}
