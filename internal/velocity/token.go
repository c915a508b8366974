package velocity

// token is the smallest piece that the parser sees.
type token struct {
	Position
	kind tokenKind

	// image is the token as written. It can begin with what turned out to be no
	// token of its own, as in `$$x` or `\\$x`.
	image string

	// start and end are its offsets in the text that the scanner reads.
	start, end int

	// before is a lone `$` or `#` that stands in front of the token.
	before string
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
