package velocity

import (
	"strconv"
	"strings"
)

// token is a token of a template.
type token struct {
	Position
	kind tokenKind

	// image is the source text of the token. It can begin with characters that are not
	// a token themselves, as in `$$x` or `\\$x`.
	image string

	// before is a lone `$` or `#` before the token.
	before string
}

// quoted quotes the token for an error. It truncates a long token.
func (t token) quoted() string {
	const length = 20
	if characters := []rune(t.image[:min(len(t.image), 4*length)]); len(characters) > length {
		return strconv.Quote(string(characters[:length]) + "…")
	}
	return strconv.Quote(t.image)
}

// literal returns the text of the token in a literally rendered part of the template: it
// omits comments and the backslashes of references.
func (t token) literal() string {
	switch t.kind {
	case blockComment:
		return ""
	case identifier, openReference:
		return t.before + t.image[max(0, strings.LastIndexByte(t.image, '$')):]
	case escapedDirective:
		return unescaped(t.image)
	}
	return t.before + t.image
}

type tokenKind int

const (
	endOfText tokenKind = iota
	broken              // not a token: the scanner has the error

	// In text.
	textRun
	escape           // \
	doubleEscape     // \\
	escapedDirective // \#if
	emptyIndex       // $[ or $.
	lineComment      // ##
	lineCommentEnd
	blockComment
	textBlock    // #[[ … ]]#
	setDirective // #set(
	ifDirective
	elseifDirective
	elseDirective
	endDirective
	word
	bracketedWord

	// In references.
	identifier
	dot
	openReference  // {
	closeReference // }
	openIndex
	closeIndex
	closeArguments

	// In expressions.
	blank
	openParenthesis
	closeParenthesis
	openBracket
	closeBracket
	openBrace
	closeBrace
	comma
	colon
	doubleDot
	stringLiteral
	integerLiteral
	floatLiteral
	trueLiteral
	falseLiteral
	equals
	not
	operator // all other operators, by Operator

	// Internal kinds of the scanner.
	more       // the beginning of a token
	skipped    // a part of a comment
	terminated // the empty end of a reference or directive
)

// operators are the binary operators, as symbols and as words.
var operators = map[string]Operator{
	"+": Add, "-": Subtract, "*": Multiply, "/": Divide, "%": Modulo,
	"&&": And, "and": And, "||": Or, "or": Or,
	"<": Less, "lt": Less, "<=": LessOrEqual, "le": LessOrEqual,
	">": Greater, "gt": Greater, ">=": GreaterOrEqual, "ge": GreaterOrEqual,
	"==": Equal, "eq": Equal, "!=": NotEqual, "ne": NotEqual,
}

// keywords are the words of expressions that are not operators.
var keywords = map[string]tokenKind{"true": trueLiteral, "false": falseLiteral, "not": not}

// directiveWords are the directives of the grammar.
var directiveWords = map[string]tokenKind{
	"if": ifDirective, "elseif": elseifDirective, "else": elseDirective, "end": endDirective,
}
