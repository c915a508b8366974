package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	messagemedia "github.com/messagemedia/webhooks-go-sdk"
	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// Check says what is wrong with a template for an encoding and some event types;
// without any, for all that are documented. It reads the template, and renders it
// for events of each type: complete ones, ones without what may be missing, and
// ones whose texts are made to break a payload. See the package's documentation
// for what it looks at, and for what can't be known.
func Check(template string, encoding messagemedia.Encoding, events []messagemedia.EventType) []Problem {
	c := newChecker(events)
	c.checkTemplate(template, encoding)
	c.checkDedupeKey()
	return c.problems()
}

// CheckRequest does what [Check] does for the template of a request, and looks at
// the rest of the request, too: at what the API would refuse, at the variables in
// its URL, and at Retries, since without them a delivery that fails once is lost.
func CheckRequest(request messagemedia.CreateWebhookRequest) []Problem {
	c := newChecker(request.Events)
	c.checkValid(request)
	c.checkTemplate(request.Template, request.Encoding)
	c.checkURL(request.URL)
	c.checkDedupeKey()
	if request.Retries == 0 {
		c.add("retries", place{}, SeverityWarning,
			"there is one attempt for each event, and a message whose delivery fails is lost", "set Retries, 5 at best")
	}
	return c.problems()
}

// checker collects what it finds.
type checker struct {
	events   []messagemedia.EventType
	findings []*finding
	outputs  map[messagemedia.EventType]string // what was rendered for a complete event, with the URL
}

// finding is a problem of some of the event types, none of which stands for all.
type finding struct {
	Problem
	events []messagemedia.EventType
}

// place is one in a template. The zero value is the whole of it.
type place = velocity.Position

func newChecker(events []messagemedia.EventType) *checker {
	c := &checker{outputs: make(map[messagemedia.EventType]string)}
	if len(events) == 0 {
		events = documentedTypes
	}
	for _, eventType := range events {
		if slices.Contains(c.events, eventType) {
			continue
		}
		c.events = append(c.events, eventType)
		if _, err := Sample(eventType); err != nil {
			c.add("events", place{}, SeverityWarning, fmt.Sprintf("%q is not documented, so nothing was checked for it", eventType), "")
		}
	}
	return c
}

// add takes down a problem, once. Events are those that it is a problem of.
func (c *checker) add(field string, at place, severity Severity, message, suggestion string, events ...messagemedia.EventType) {
	problem := Problem{Field: field, Line: at.Line, Column: at.Column, Severity: severity, Message: message, Suggestion: suggestion}
	i := slices.IndexFunc(c.findings, func(f *finding) bool { return f.Problem == problem })
	if i < 0 {
		c.findings = append(c.findings, &finding{problem, events})
		return
	}
	for _, event := range events {
		if !slices.Contains(c.findings[i].events, event) {
			c.findings[i].events = append(c.findings[i].events, event)
		}
	}
}

// problems are the findings in the order of their places. Each says of which
// events it is a problem, unless it is one of all.
func (c *checker) problems() []Problem {
	var problems []Problem
	for _, f := range c.findings {
		if len(f.events) > 0 && len(f.events) < len(c.events) {
			f.Message = "in " + join(f.events) + ": " + f.Message
		}
		problems = append(problems, f.Problem)
	}
	slices.SortStableFunc(problems, byPlace)
	return problems
}

// join names event types. All delivery reports are named as such: the six differ
// in what they say and not in what they have.
func join(events []messagemedia.EventType) string {
	var names, reports []string
	for _, event := range events {
		if _, isReport := sampleReports[event]; isReport {
			reports = append(reports, string(event))
		} else {
			names = append(names, string(event))
		}
	}
	if len(reports) == len(sampleReports) {
		reports = []string{"delivery reports"}
	}
	return strings.Join(append(names, reports...), ", ")
}

// checkValid finds what the API would refuse.
func (c *checker) checkValid(request messagemedia.CreateWebhookRequest) {
	invalid, _ := errors.AsType[*messagemedia.ValidationError](request.Validate())
	if invalid == nil {
		return
	}
	for _, detail := range invalid.Details {
		pointer, message, _ := strings.Cut(strings.TrimPrefix(detail, "/"), ": ")
		c.add(pointer, place{}, SeverityError, message, "")
	}
}

func (c *checker) checkTemplate(text string, encoding messagemedia.Encoding) {
	if text == "" {
		c.add("template", place{}, SeverityWarning, "there is none, and what the platform sends then is not documented", "set messagemedia.JSONTemplate")
		return
	}
	if reading := c.parse("template", text); reading != nil {
		form, known := forms[encoding]
		if !known {
			c.add("encoding", place{}, SeverityWarning, fmt.Sprintf("%q is not documented, so whether texts are escaped for it was not checked", encoding), "")
			form = anyForm
		}
		reading.renderCases(form)
	}
}

// checkURL looks at the variables of a URL. Their values may be encoded twice, or
// not at all: the platform's way is not documented.
func (c *checker) checkURL(text string) {
	if reading := c.parse("url", text); reading != nil {
		reading.renderCases(urlForm)
	}
}

// checkDedupeKey looks for the event's own ID in what was rendered: without it, a
// receiver can't tell a delivery that is tried again from another event. It can be
// in the URL; of a template that did not render nothing is known.
func (c *checker) checkDedupeKey() {
	for _, eventType := range c.events {
		output, rendered := c.outputs[eventType]
		if !rendered {
			continue
		}
		sample, _ := Sample(eventType)
		variable, id := platformID(sample)
		if !strings.Contains(output, id) {
			c.add("template", place{}, SeverityWarning,
				"there is no dedupe key: nothing in a delivery tells a second try from another event",
				"put $"+variable+" into it", eventType)
		}
	}
}

// platformID is the platform's own ID of an event, and the variable that has it.
func platformID(event webhook.Event) (variable, id string) {
	switch e := event.(type) {
	case *webhook.DeliveryReport:
		return "drId", e.DeliveryReportID
	case *webhook.ReceivedSMS:
		return "moId", e.ReplyID
	case *webhook.ReceivedMMS:
		return "moId", e.ReplyID
	case *webhook.OptOut:
		return "notificationId", e.NotificationID
	}
	return "", ""
}
