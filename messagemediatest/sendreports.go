package messagemediatest

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/messagemedia/webhooks-go-sdk/internal/platform"
	"github.com/messagemedia/webhooks-go-sdk/webhook"
)

// SendReports simulates the delivery reports of one message. It sends them one at a time,
// in the order of statuses. The platform does not guarantee that reports arrive in the
// order in which it generated them, so tests can use another order:
//
//	_, err = api.SendReports(ctx, report, []webhook.Status{webhook.StatusDelivered, webhook.StatusEnroute, webhook.StatusSubmitted}, handler)
//
// Each report is a copy of the given one with the status, a matching status code, and an
// ID of its own. ReceivedAt gives the order of generation. An enroute report has the
// ReceivedAt of the given report, or the current time if that is zero. A submitted report
// is one second later, and a report with a final status two seconds.
//
// If webhooks can't be subscribed to a status, SendReports returns an error and sends
// nothing. It stops at the first error of [Server.Send], and returns the results so far.
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

// stages has, for each status, a typical status code and the time of the report after the
// first one.
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
