package webhook

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// joinDate rejoins a Date that an adapter split into two values at its comma.
func joinDate(values []string) []string {
	if len(values) == 2 {
		joined := values[0] + ", " + values[1]
		if _, err := parseDate(joined); err == nil {
			return []string{joined}
		}
	}
	return values
}

// parseDate parses an HTTP date of 29 bytes. On the days 1 to 9 of a month it also accepts
// the form of 28 bytes, with a day of one digit: the documentation of the platform does not
// specify the form.
func parseDate(text string) (time.Time, error) {
	padded := text
	if len(text) == len(http.TimeFormat)-1 {
		padded = text[:5] + "0" + text[5:]
	}
	if date, ok := parseFixedDate(padded); ok {
		return date, nil
	}
	return time.Time{}, fmt.Errorf("%w: Date is not an HTTP date", ErrMalformed)
}

// parseFixedDate parses a date of the form "Mon, 02 Jan 2006 15:04:05 GMT". It reads the
// parts at their fixed positions, and rejects a text that differs from the formatted result.
// time.Parse is slower, and accepts more.
func parseFixedDate(text string) (time.Time, bool) {
	if len(text) != len(http.TimeFormat) {
		return time.Time{}, false
	}
	month := time.Month(1 + strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", text[8:11])/3)
	date := time.Date(number(text[12:16]), month, number(text[5:7]), number(text[17:19]), number(text[20:22]), number(text[23:25]), 0, time.UTC)
	var again [len(http.TimeFormat)]byte
	return date, string(date.AppendFormat(again[:0], http.TimeFormat)) == text
}

// number returns the number, or 0 if digits is not one.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
