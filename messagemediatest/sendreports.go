package messagemediatest

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// SendReports simulates the delivery reports of one message, one after the other in the
// order of the statuses. Nothing promises that reports arrive in the order in which they
// were generated, so a test passes statuses in another:
//
//	_, err = api.SendReports(ctx, report, []webhook.Status{webhook.StatusDelivered, webhook.StatusEnroute, webhook.StatusSubmitted}, handler)
//
// Each report is a copy of the given one with the status, a status code of it, and an
// ID of its own. ReceivedAt tells the order of generation: enroute at the given report's
// time, or now if it has none, submitted a second later, and what ends a message
// another second later.
//
// SendReports stops at the first error, which is one of those of [Server.Send], and
// returns the results until then. A status that no webhook is called for is an error
// before anything is sent.
func (s *Server) SendReports(ctx context.Context, report *webhook.DeliveryReport, statuses []webhook.Status, options ...SendOption) ([]*SendResult, error) {
	const operation = "SendReports"
	reports, err := reportsOf(report, statuses)
	if err != nil {
		return nil, sendError(operation, err)
	}
	var results []*SendResult
	for _, report := range reports {
		result, err := s.Send(ctx, report, options...)
		if result != nil {
			results = append(results, result)
		}
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// stages are a typical status code of each status, and how many seconds after the
// first report it is generated.
var stages = map[webhook.Status]struct {
	code  webhook.StatusCode
	after time.Duration
}{
	webhook.StatusEnroute:   {101, 0},
	webhook.StatusSubmitted: {200, time.Second},
	webhook.StatusDelivered: {220, 2 * time.Second},
	webhook.StatusExpired:   {401, 2 * time.Second},
	webhook.StatusRejected:  {402, 2 * time.Second},
	webhook.StatusFailed:    {400, 2 * time.Second},
}

func reportsOf(report *webhook.DeliveryReport, statuses []webhook.Status) ([]*webhook.DeliveryReport, error) {
	if report == nil {
		return nil, errors.New("report must not be nil")
	}
	if len(statuses) == 0 {
		return nil, errors.New("statuses must not be empty")
	}
	first := cmp.Or(report.ReceivedAt, time.Now())
	var reports []*webhook.DeliveryReport
	for _, status := range statuses {
		copied := *report
		copied.DeliveryReportID = newUUID()
		copied.Status = status
		copied.StatusCode = stages[status].code
		copied.ReceivedAt = first.Add(stages[status].after)
		if _, err := platform.EventType(&copied); err != nil {
			return nil, err
		}
		reports = append(reports, &copied)
	}
	return reports, nil
}
