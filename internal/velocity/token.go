package velocity

import (
	"strconv"
	"strings"
)

// token is the smallest piece that the parser sees.
type token struct {
	Position
	kind tokenKind

	// image is the token as written. It can begin with what turned out to be no
	// token of its own, as in `$$x` or `\\$x`.
	image string

	// before is a lone `$` or `#` that stands in front of the token.
	before string
}

// quoted is the token in an error, cut if it is long.
func (t token) quoted() string {
	const length = 20
	if characters := []rune(t.image[:min(len(t.image), 4*length)]); len(characters) > length {
		return strconv.Quote(string(characters[:length]) + "…")
	}
	return strconv.Quote(t.image)
}

// literal is how the token reads where a part of the template renders as it is
// written: comments are dropped, and so are the backslashes of references.
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
	broken              // what can't be a token at all: the scanner has the error

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
	operator // all others, by Operator

	// What the scanner keeps to itself.
	more       // the beginning of a token
	skipped    // a part of a comment
	terminated // the end of a reference or directive, of no length
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

// directiveWords are the directives that the grammar itself knows.
var directiveWords = map[string]tokenKind{
	"if": ifDirective, "elseif": elseifDirective, "else": elseDirective, "end": endDirective,
}
