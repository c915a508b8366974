package webhook

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// joinDate undoes what some adapters do to a Date: they take its comma for one between
// two values.
func joinDate(values []string) []string {
	if len(values) == 2 {
		joined := values[0] + ", " + values[1]
		if _, err := parseDate(joined); err == nil {
			return []string{joined}
		}
	}
	return values
}

// parseDate accepts one spelling of each second: an HTTP date of 29 bytes, or, on a day of
// one digit, of 28. Which one the platform writes on such days is not documented.
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

// parseFixedDate looks where "Mon, 02 Jan 2006 15:04:05 GMT" has its parts: what is
// something else there does not format back to itself. time.Parse is slower, and accepts
// more.
func parseFixedDate(text string) (time.Time, bool) {
	if len(text) != len(http.TimeFormat) {
		return time.Time{}, false
	}
	month := time.Month(1 + strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", text[8:11])/3)
	date := time.Date(number(text[12:16]), month, number(text[5:7]), number(text[17:19]), number(text[20:22]), number(text[23:25]), 0, time.UTC)
	var again [len(http.TimeFormat)]byte
	return date, string(date.AppendFormat(again[:0], http.TimeFormat)) == text
}

// number returns 0 for what is not a number.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
