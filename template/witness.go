package template

import (
	"errors"
	"fmt"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/payload"
	"github.com/messagemedia/webhooks-go-sdk/template/internal/taint"
)

// renderCases renders the template for the test cases of each kind of event, and checks the
// output.
func (t *parsedTemplate) renderCases() {
	for _, kind := range t.kindsOfEvents() {
		valid, names := true, []string(nil)
		for _, eventType := range kind.events {
			for _, test := range harmlessCases(eventType) {
				document, ok := t.renderCase(test)
				if valid = valid && ok; !ok {
					break // the other cases would repeat the problem
				}
				if test.kind == complete && document != nil {
					names = document.Names()
				}
			}
		}
		if !valid || t.isExposed() {
			continue // hostile cases would repeat the problem
		}
		for _, test := range t.hostileCases(kind, names) {
			if _, ok := t.renderCase(test); !ok {
				break
			}
		}
	}
}

// isExposed reports whether untrusted input reaches the structure of the payload.
func (t *parsedTemplate) isExposed() bool { return len(t.exposed) > 0 }

// insertion is a rendered reference.
type insertion struct {
	reference *velocity.Reference
	text      string
}

// trial is a rendered test case.
type trial struct {
	testCase
	variables  *velocity.Map
	insertions []insertion
	undefined  []*velocity.Reference
	output     string
	invalid    error // why the output is not valid
}

// renderCase renders the template for a test case and checks the output. It returns the
// decoded payload, which is nil if there was no need to decode it, and reports whether the
// payload is valid.
func (t *parsedTemplate) renderCase(test testCase) (*payload.Document, bool) {
	if !t.goesOn(t.field) {
		return nil, false
	}
	r := &trial{testCase: test, variables: platform.Variables(test.event, 0)}
	var err error
	r.output, err = t.render(t.template, r.variables, velocity.Options{Observe: r.observe})
	var document *payload.Document
	if err == nil {
		document, r.invalid = t.decode(r)
	}
	for _, reference := range r.undefined {
		t.addUndefined(reference, r)
	}
	switch {
	case err != nil:
		t.addRenderError(err, test)
		return nil, false
	case r.invalid != nil:
		t.add(Problem{Code: CodeInvalidPayload, Field: t.field, Severity: SeverityError,
			Message: fmt.Sprintf("%s is not valid %s: %v", test.outcome(), t.form.name, r.invalid)}, test.events...)
		return nil, false
	}
	if test.kind == complete {
		t.keep(test.events[0], r.output)
	}
	if document != nil {
		t.checkDocument(document, r)
	}
	if t.form.decode != nil {
		t.checkMeaning(r)
	}
	if t.form.format == taint.JSON || t.form.format == taint.Form && t.field == "template" {
		t.checkParsed(r)
	}
	return document, true
}

// decode decodes the output of a trial. For most hostile cases it only checks that the
// output is valid, since checkMeaning decodes them with marks.
func (t *parsedTemplate) decode(r *trial) (*payload.Document, error) {
	if t.form.decode == nil {
		return nil, nil
	}
	if r.kind == hostile && !r.hasNames && t.form.valid != nil && t.form.valid(r.output) {
		t.steps -= len(r.output) / bytesPerStep
		return nil, nil
	}
	return t.read(r.output, r)
}

// bytesPerStep is the number of payload bytes that count as one step of decoding.
const bytesPerStep = 32

func (t *parsedTemplate) read(output string, r *trial) (*payload.Document, error) {
	t.steps -= len(output) / bytesPerStep
	return t.form.decode(output, r.text)
}

func (r *trial) observe(reference *velocity.Reference, inserted string, defined bool) {
	if defined {
		r.insertions = append(r.insertions, insertion{reference, inserted})
	} else {
		r.undefined = append(r.undefined, reference)
	}
}

// render renders a template within the remaining steps.
func (c *checker) render(template *velocity.Template, variables *velocity.Map, options velocity.Options) (string, error) {
	const mostSteps, mostBytes = 1_000_000, 4 << 20 // for one event
	var spent int
	options.Limits = velocity.Limits{Steps: max(1, min(c.steps, mostSteps)), OutputBytes: mostBytes}
	options.Spent = &spent
	output, err := template.Render(c.ctx, variables, options)
	c.steps -= spent + 1
	return output, err
}

// renderSample renders the template for the first event type for which that succeeds.
func (t *parsedTemplate) renderSample() (string, bool) {
	for _, eventType := range t.events {
		event, err := Sample(eventType)
		if err != nil || !t.goesOn(t.field) {
			continue
		}
		if output, err := t.render(t.template, platform.Variables(event, 0), velocity.Options{}); err == nil {
			return output, true
		}
	}
	return "", false
}

// keep stores the output for an event type, for checkReceiving.
func (c *parsedTemplate) keep(eventType messagemedia.EventType, output string) {
	delivery := c.deliveries[eventType]
	if delivery == nil {
		delivery = &rendered{}
		c.deliveries[eventType] = delivery
	}
	if c.field == "url" {
		delivery.url = output
	} else {
		delivery.body, delivery.complete = output, true
	}
}

// outcome describes the payload of a test case.
func (t testCase) outcome() string {
	switch t.kind {
	case sparse:
		return "the payload of an event in which a value is missing"
	case several:
		return "the payload of an event with several metadata entries or attachments"
	case hostile:
		return fmt.Sprintf("the payload of an event with the text %q", short(t.text))
	}
	return "the payload"
}

func (t *parsedTemplate) addRenderError(err error, test testCase) {
	failure, ok := errors.AsType[*velocity.Error](err)
	switch {
	case !t.goesOn(t.field):
		// the context or the steps have ended
	case ok && failure.Kind == velocity.Limit:
		t.add(at(t.field, failure.Position, CodeTooComplex, SeverityError, failure.Message+beyondLimits, ""), test.events...)
	case ok:
		t.add(at(t.field, failure.Position, CodeRenderingFails, SeverityError, failure.Message+": the rendering fails, and the message is lost", ""), test.events...)
	default:
		t.add(at(t.field, place{}, CodeRenderingFails, SeverityError, err.Error(), ""), test.events...)
	}
}
