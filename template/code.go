package template

// Code identifies the kind of a [Problem]. Codes are stable, so programs can compare them
// and [Suppress] can omit intended problems.
type Code string

// Codes of problems through which untrusted input loses or changes deliveries.
const (
	// CodeUnescapedInput means that untrusted input reaches the payload without the escape
	// that its place needs.
	CodeUnescapedInput Code = "unescaped_input"

	// CodeDamagedEscape means that the template cuts or changes a text after escaping it.
	CodeDamagedEscape Code = "damaged_escape"

	// CodeUnquotedInput means that untrusted input is outside quotes, where no escape helps.
	CodeUnquotedInput Code = "unquoted_input"

	// CodeXMLCharacter means that XML does not allow a character of a text, escaped or not.
	// A single emoji loses the message.
	CodeXMLCharacter Code = "xml_character"

	// CodeInjectedName means that a text becomes the name of a field.
	CodeInjectedName Code = "injected_name"

	// CodeRepeatedName means that a name occurs twice, so that one value hides the other.
	CodeRepeatedName Code = "repeated_name"

	// CodeChangedValue means that a value differs after the payload is decoded.
	CodeChangedValue Code = "changed_value"

	// CodeCutCharacter means that a text is cut within an emoji, so that half of it arrives
	// as "?".
	CodeCutCharacter Code = "cut_character"

	// CodeInputInURL means that untrusted input is part of the URL.
	CodeInputInURL Code = "input_in_url"
)

// Codes of payload problems that do not depend on the event's values.
const (
	// CodeSyntax means that the platform can't parse the template.
	CodeSyntax Code = "syntax"

	// CodeUnsupported means that the template uses a directive that this package does not
	// render.
	CodeUnsupported Code = "unsupported"

	// CodeRenderingFails means that a method or an index fails, which fails the rendering.
	CodeRenderingFails Code = "rendering_fails"

	// CodeInvalidPayload means that the payload is not valid in its encoding.
	CodeInvalidPayload Code = "invalid_payload"

	// CodeWrongEncoding means that the payload is valid in another encoding than the webhook's.
	CodeWrongEncoding Code = "wrong_encoding"

	// CodeBareName means that a form has a name without a value.
	CodeBareName Code = "bare_name"

	// CodeLineBreak means that a line break of the template becomes part of a name or value.
	CodeLineBreak Code = "line_break"

	// CodeInvisibleCharacter means that the template has a character that editors do not show.
	CodeInvisibleCharacter Code = "invisible_character"

	// CodeEmptyBody means that there is no template, and therefore no body.
	CodeEmptyBody Code = "empty_body"

	// CodeUnusedBody means that the method is GET, whose body receivers and proxies ignore.
	CodeUnusedBody Code = "unused_body"
)

// Codes of problems with variables and with the template language.
const (
	// CodeUndefinedID means that the ID of an event renders literally, so that all events
	// have the same ID.
	CodeUndefinedID Code = "undefined_id"

	// CodeUndefinedReference means that a reference renders literally for some events.
	CodeUndefinedReference Code = "undefined_reference"

	// CodeUndocumentedVariable means that the platform does not document the variable.
	CodeUndocumentedVariable Code = "undocumented_variable"

	// CodeDeprecatedVariable means that the template uses $type, which is deprecated.
	CodeDeprecatedVariable Code = "deprecated_variable"

	// CodeHyphen means that a hyphen is part of the name that it follows.
	CodeHyphen Code = "hyphen"

	// CodeAccidentalProperty means that a dot after a variable reads a property that the
	// variable does not have.
	CodeAccidentalProperty Code = "accidental_property"

	// CodeUnknownMethod means that a value has no such method, or none for these arguments.
	CodeUnknownMethod Code = "unknown_method"

	// CodeMisplacedQuiet means that a ! in the argument of $esc, as in $esc.json($!x),
	// protects nothing.
	CodeMisplacedQuiet Code = "misplaced_quiet"
)

// Codes of problems for the receiver of a delivery.
const (
	// CodeNoDedupeKey means that a delivery does not have the platform's ID of the event.
	CodeNoDedupeKey Code = "no_dedupe_key"

	// CodeUnknownName means that package webhook does not know the name of the ID.
	CodeUnknownName Code = "unknown_name"

	// CodeWrongEvent means that package webhook parses the delivery as another event.
	CodeWrongEvent Code = "wrong_event"

	// CodeWrongField means that package webhook reads a value that differs from the event's.
	CodeWrongField Code = "wrong_field"

	// CodeRetryCount means that $retryCount makes each retry differ from the first attempt.
	CodeRetryCount Code = "retry_count"
)

// Codes of problems in the other fields of a request.
const (
	// CodeInvalidRequest means that the SDK and the API reject the request.
	CodeInvalidRequest Code = "invalid_request"

	// CodeUndocumentedValue means that the platform does not document the encoding, event
	// type or method.
	CodeUndocumentedValue Code = "undocumented_value"

	// CodeNoRetries means that a delivery that fails once is lost.
	CodeNoRetries Code = "no_retries"

	// CodeReservedHeader means that HTTP or the platform sets the header.
	CodeReservedHeader Code = "reserved_header"

	// CodeHeaderValue means that the value of a header is not ASCII.
	CodeHeaderValue Code = "header_value"

	// CodeUnreachableURL means that the platform can't reach the URL.
	CodeUnreachableURL Code = "unreachable_url"
)

// Codes of an incomplete check. [Suppress] does not omit them.
const (
	// CodeTooComplex means that the template needs more than a check's maximum of steps.
	CodeTooComplex Code = "too_complex"

	// CodeInterrupted means that the context ended.
	CodeInterrupted Code = "interrupted"
)
