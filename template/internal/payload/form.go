package payload

import (
	"fmt"
	"net/url"
	"strings"
)

func (r *reader) form(path, text string) error {
	if text == "" {
		return nil
	}
	seen := make(map[string]bool)
	for parameter := range strings.SplitSeq(text, "&") {
		if parameter == "" { // a loop may write & first
			continue
		}
		if strings.Contains(parameter, ";") {
			return fmt.Errorf("some receivers read ; as a separator and others reject it, at %q", around(parameter, strings.IndexByte(parameter, ';')+1))
		}
		escapedName, escapedValue, hasValue := strings.Cut(parameter, "=")
		name, err := url.QueryUnescape(escapedName)
		if err != nil {
			return err
		}
		value, err := url.QueryUnescape(escapedValue)
		if err != nil {
			return err
		}
		r.name(path+"/"+name, name, seen)
		if !hasValue {
			r.document.Bare = append(r.document.Bare, name)
			continue
		}
		r.text(path+"/"+name, value)
	}
	return nil
}
