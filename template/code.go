package template

// Code names what a problem is. It is stable, and the same for all problems of a kind, so
// that programs can tell them apart, and [Suppress] can leave out what is on purpose.
type Code string

// The codes of what loses or changes deliveries, because of what strangers write.
const (
	// CodeUnescapedInput: untrusted input reaches the payload without the escape that its
	// place needs.
	CodeUnescapedInput Code = "unescaped_input"

	// CodeDamagedEscape: a text is cut or changed after it was escaped.
	CodeDamagedEscape Code = "damaged_escape"

	// CodeUnquotedInput: untrusted input stands outside quotes, where no escape helps.
	CodeUnquotedInput Code = "unquoted_input"

	// CodeXMLCharacter: XML does not allow a character of a text, escaped or not. One
	// emoji loses the message.
	CodeXMLCharacter Code = "xml_character"

	// CodeInjectedName: a text becomes the name of a field.
	CodeInjectedName Code = "injected_name"

	// CodeRepeatedName: a name is there twice, so that one value hides another.
	CodeRepeatedName Code = "repeated_name"

	// CodeChangedValue: a value arrives as another one.
	CodeChangedValue Code = "changed_value"

	// CodeCutCharacter: a text is cut within an emoji, and half of it arrives as "?".
	CodeCutCharacter Code = "cut_character"

	// CodeInputInURL: untrusted input is a part of the URL.
	CodeInputInURL Code = "input_in_url"
)

// The codes of what is wrong with a payload, whatever is in the event.
const (
	// CodeSyntax: the platform can't parse the template.
	CodeSyntax Code = "syntax"

	// CodeUnsupported: the template uses what this package does not render.
	CodeUnsupported Code = "unsupported"

	// CodeRenderingFails: a method or an index fails, and the rendering with it.
	CodeRenderingFails Code = "rendering_fails"

	// CodeInvalidPayload: the payload is not valid in its encoding.
	CodeInvalidPayload Code = "invalid_payload"

	// CodeWrongEncoding: the payload is valid in another encoding than the webhook's.
	CodeWrongEncoding Code = "wrong_encoding"

	// CodeBareName: a form has a name without a value.
	CodeBareName Code = "bare_name"

	// CodeLineBreak: a line break of the template becomes a part of a name or value.
	CodeLineBreak Code = "line_break"

	// CodeInvisibleCharacter: the template has a character that editors do not show.
	CodeInvisibleCharacter Code = "invisible_character"

	// CodeEmptyBody: there is no template, and so no body.
	CodeEmptyBody Code = "empty_body"

	// CodeUnusedBody: the method is GET, whose body receivers and proxies ignore.
	CodeUnusedBody Code = "unused_body"
)

// The codes of variables and of the template language.
const (
	// CodeUndefinedID: the ID of an event renders literally, so that all events have the
	// same one.
	CodeUndefinedID Code = "undefined_id"

	// CodeUndefinedReference: a reference renders literally for some events.
	CodeUndefinedReference Code = "undefined_reference"

	// CodeUndocumentedVariable: the platform does not document the variable.
	CodeUndocumentedVariable Code = "undocumented_variable"

	// CodeDeprecatedVariable: $type is deprecated.
	CodeDeprecatedVariable Code = "deprecated_variable"

	// CodeHyphen: a hyphen is a part of the name that it follows.
	CodeHyphen Code = "hyphen"

	// CodeAccidentalProperty: a dot behind a variable reads a property that it lacks.
	CodeAccidentalProperty Code = "accidental_property"

	// CodeUnknownMethod: a value has no such method, or not for these arguments.
	CodeUnknownMethod Code = "unknown_method"

	// CodeMisplacedQuiet: a ! in the argument of $esc, as in $esc.json($!x), protects nothing.
	CodeMisplacedQuiet Code = "misplaced_quiet"
)

// The codes of what the receiver makes of a delivery.
const (
	// CodeNoDedupeKey: a delivery does not have the platform's ID of the event.
	CodeNoDedupeKey Code = "no_dedupe_key"

	// CodeUnknownName: the ID has a name that package webhook does not know.
	CodeUnknownName Code = "unknown_name"

	// CodeWrongEvent: package webhook takes the delivery for another event.
	CodeWrongEvent Code = "wrong_event"

	// CodeWrongField: a field of the event has another value in the payload.
	CodeWrongField Code = "wrong_field"

	// CodeRetryCount: $retryCount makes each retry another delivery.
	CodeRetryCount Code = "retry_count"
)

// The codes of the rest of a request.
const (
	// CodeInvalidRequest: the SDK and the API reject the request.
	CodeInvalidRequest Code = "invalid_request"

	// CodeUndocumentedValue: the platform does not document the encoding, event type or method.
	CodeUndocumentedValue Code = "undocumented_value"

	// CodeNoRetries: a delivery that fails once is lost.
	CodeNoRetries Code = "no_retries"

	// CodeReservedHeader: HTTP or the platform sets the header.
	CodeReservedHeader Code = "reserved_header"

	// CodeHeaderValue: the value of a header is not ASCII.
	CodeHeaderValue Code = "header_value"

	// CodeUnreachableURL: the platform can't reach the URL.
	CodeUnreachableURL Code = "unreachable_url"
)

// The codes of a check that was not completed. They can't be suppressed.
const (
	// CodeTooComplex: the template needs more steps than a check has.
	CodeTooComplex Code = "too_complex"

	// CodeInterrupted: the context ended.
	CodeInterrupted Code = "interrupted"
)
