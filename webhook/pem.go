package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

const (
	beginPublicKey = "-----BEGIN PUBLIC KEY-----"
	endPublicKey   = "-----END PUBLIC KEY-----"
)

// lineBreaks replaces the forms that a line break takes in environment variables, YAML and
// shells. Each contains a backslash or a CR, which base64 does not use.
var lineBreaks = strings.NewReplacer(`\\r`, "\n", `\\n`, "\n", `\r`, "\n", `\n`, "\n", "\r", "\n")

// decodePublicKey decodes PEM, or base64 alone. It restores line breaks, and removes quotes
// and all white space, which base64 does not use.
func decodePublicKey(text string) ([]byte, error) {
	text, err := withoutQuotes(strings.TrimSpace(lineBreaks.Replace(text)))
	if err != nil {
		return nil, err
	}
	if text == "" {
		return nil, errors.New("empty; must be base64 of DER, or PEM")
	}
	if strings.Contains(text, "-----") {
		if text, err = insidePEM(text); err != nil {
			return nil, err
		}
	}
	text = strings.Join(strings.Fields(text), "")
	if i := strings.IndexFunc(text, isNotBase64); i >= 0 {
		return nil, fmt.Errorf("byte %d is not a base64 character", i+1)
	}
	if len(text)%4 != 0 {
		return nil, fmt.Errorf("base64 must have a multiple of 4 characters, got %d: a part is missing, or a + became a space", len(text))
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("base64 padding in the wrong place")
	}
	return der, nil
}

// withoutQuotes removes one pair of quotes.
func withoutQuotes(text string) (string, error) {
	for _, quote := range []string{`"`, "'", "`"} {
		before, after := strings.HasPrefix(text, quote), strings.HasSuffix(text, quote)
		switch {
		case before && after && len(text) > 1:
			return strings.TrimSpace(text[1 : len(text)-1]), nil
		case before || after:
			return "", errors.New("a quote at one end only: a part is missing")
		}
	}
	return text, nil
}

// insidePEM returns the base64 of a text that is a single PEM block.
func insidePEM(text string) (string, error) {
	if kind, ok := otherBlock(text); ok {
		return "", fmt.Errorf("PEM block must be a PUBLIC KEY, got a %s", kind)
	}
	inside, begins := strings.CutPrefix(text, beginPublicKey)
	inside, ends := strings.CutSuffix(inside, endPublicKey)
	switch {
	case !begins && strings.Contains(text, beginPublicKey):
		return "", errors.New("text before the PEM block")
	case !begins:
		return "", errors.New("PEM block without the line " + beginPublicKey)
	case !ends && strings.Contains(text, endPublicKey):
		return "", errors.New("text after the PEM block; must be one PUBLIC KEY alone")
	case !ends:
		return "", errors.New("PEM block without the line " + endPublicKey + ": a part is missing")
	case strings.Contains(inside, "-----"):
		return "", errors.New("several PEM blocks; must be one PUBLIC KEY alone")
	case strings.Contains(inside, ":"):
		return "", errors.New("PEM block has headers; must have none")
	}
	return inside, nil
}

// otherBlock returns the kind of a PEM block that is not a public key, such as PRIVATE KEY.
func otherBlock(text string) (kind string, ok bool) {
	_, rest, found := strings.Cut(text, "-----BEGIN ")
	kind, _, closed := strings.Cut(rest, "-----")
	isKind := strings.Trim(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ") == ""
	return kind, found && closed && isKind && len(kind) <= 32 && kind != "PUBLIC KEY"
}

func isNotBase64(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' && r != '/' && r != '='
}
