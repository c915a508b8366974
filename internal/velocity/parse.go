package velocity

import "strings"

const (
	// maxNesting is the maximum nesting depth of blocks, arguments, parentheses and
	// strings.
	maxNesting = 500

	// maxStrings is the maximum nesting depth of interpolated strings. Each level is parsed
	// again.
	maxStrings = 10

	// maxOperators is the maximum number of operators in a row.
	maxOperators = 200
)

// parser builds the tree. It looks ahead up to two tokens.
type parser struct {
	scanner
	*variables
	ahead   []token
	depth   int
	strings int             // the number of strings around the text
	read    strings.Builder // the literal texts of the taken tokens
}

func newParser(text string, at Position, variables *variables) *parser {
	p := &parser{scanner: scanner{text: text, at: at, written: len(text), quotes: 1}, variables: variables}
	p.read.Grow(len(text))
	return p
}

// template parses a whole text.
func (p *parser) template() ([]Node, error) {
	nodes, err := p.block()
	if err != nil {
		return nil, err
	}
	if t := p.peek(0); t.kind != endOfText {
		return nil, p.unexpectedToken(t)
	}
	return nodes, nil
}

// peek returns the token after a number of others.
func (p *parser) peek(n int) token {
	for len(p.ahead) <= n {
		p.ahead = append(p.ahead, p.scan())
	}
	return p.ahead[n]
}

func (p *parser) take() token {
	t := p.peek(0)
	p.ahead = p.ahead[:copy(p.ahead, p.ahead[1:])]
	p.read.WriteString(t.literal())
	return t
}

// since returns the literal text of the tokens that were taken after a start. The start is
// the length of read at that time.
func (p *parser) since(length int) string { return p.read.String()[length:] }

// skip takes the next token if it is of a kind.
func (p *parser) skip(kind tokenKind) bool {
	if p.peek(0).kind != kind {
		return false
	}
	p.take()
	return true
}

func (p *parser) expect(kind tokenKind, what string) error {
	if p.skip(kind) {
		return nil
	}
	return p.missing(what)
}

// missing returns an error for an unexpected token or the end of the text.
func (p *parser) missing(what string) error {
	if p.fault != nil {
		return p.fault
	}
	t := p.peek(0)
	if t.kind == endOfText {
		return failure(t.Position, Syntax, "the text ends where %s is expected", what)
	}
	return failure(t.Position, Syntax, "%s where %s is expected", t.quoted(), what)
}

func (p *parser) unexpectedToken(t token) error {
	if p.fault != nil {
		return p.fault
	}
	switch t.kind {
	case endDirective:
		return failure(t.Position, Syntax, "#end without a #if or #foreach")
	case elseDirective, elseifDirective:
		return failure(t.Position, Syntax, "%s without a #if before it", strings.TrimSpace(t.image))
	}
	return failure(t.Position, Syntax, "%s is not expected here", t.quoted())
}

// deeper increases the nesting depth. The caller must call back.
func (p *parser) deeper() error {
	if p.depth++; p.depth > maxNesting {
		return failure(p.peek(0).Position, Limit, "nested deeper than %d levels", maxNesting)
	}
	return nil
}

func (p *parser) back() { p.depth-- }

// block parses statements.
func (p *parser) block() ([]Node, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer p.back()
	var nodes []Node
	var err error
	for err == nil && p.startsStatement() {
		nodes, err = p.statement(nodes)
	}
	return nodes, err
}

func (p *parser) startsStatement() bool {
	switch p.peek(0).kind {
	case ifDirective, identifier, openReference, lineComment, blockComment, textBlock, setDirective, escapedDirective, doubleEscape, word, bracketedWord:
		return true
	}
	return p.startsText()
}

// startsText reports whether the next token is text. Tokens of references and expressions
// are text outside of these.
func (p *parser) startsText() bool {
	switch p.peek(0).kind {
	case textRun, escape, emptyIndex, dot, openParenthesis, closeParenthesis, integerLiteral, floatLiteral, stringLiteral, closeReference:
		return true
	case openReference:
		return p.peek(1).kind != identifier
	}
	return false
}

// statement parses the next statement and appends it to a block.
func (p *parser) statement(nodes []Node) ([]Node, error) {
	switch p.peek(0).kind {
	case ifDirective:
		return p.ifStatement(nodes)
	case identifier:
		return p.referenceStatement(nodes)
	case lineComment, blockComment:
		return p.comment(nodes), nil
	case textBlock:
		return p.textBlock(nodes), nil
	case setDirective:
		return p.set(nodes)
	case escapedDirective, doubleEscape:
		return p.escaped(nodes), nil
	case word, bracketedWord:
		return p.directive(nodes)
	}
	if p.startsText() {
		return p.plainText(nodes), nil
	}
	return p.referenceStatement(nodes)
}

func (p *parser) referenceStatement(nodes []Node) ([]Node, error) {
	reference, err := p.reference()
	if err != nil {
		return nil, err
	}
	return append(nodes, reference), nil
}

func (p *parser) plainText(nodes []Node) []Node {
	at, first := p.peek(0).Position, p.take()
	if !p.startsText() {
		return appendText(nodes, at, first.before+first.image)
	}
	text := []byte(first.before + first.image)
	for p.startsText() {
		t := p.take()
		text = append(append(text, t.before...), t.image...)
	}
	return appendText(nodes, at, string(text))
}

func appendText(nodes []Node, at Position, text string) []Node {
	if text == "" {
		return nodes
	}
	return append(nodes, &Text{at, text})
}

// comment parses a comment. A lone `$` before it is text.
func (p *parser) comment(nodes []Node) []Node {
	t := p.take()
	for _, start := range [...]string{"##", "#*"} {
		if n := strings.Index(t.image, start); n > 0 {
			nodes = appendText(nodes, t.Position, t.image[:n])
			break
		}
	}
	if t.kind == lineComment {
		p.skip(lineCommentEnd)
	}
	return append(nodes, &Comment{t.Position})
}

// textBlock parses #[[ … ]]#.
func (p *parser) textBlock(nodes []Node) []Node {
	t := p.take()
	return appendText(nodes, t.Position, t.image[len("#[["):len(t.image)-len("]]#")])
}

// escaped parses backslashes before directives. There, two backslashes represent one;
// elsewhere, they render literally.
func (p *parser) escaped(nodes []Node) []Node {
	t := p.take()
	if t.kind == escapedDirective {
		return appendText(nodes, t.Position, unescaped(t.image))
	}
	slashes := []byte(t.image)
	for p.peek(0).kind == doubleEscape {
		slashes = append(slashes, p.take().image...)
	}
	if p.peek(0).startsDirective() {
		slashes = slashes[:len(slashes)/2]
	}
	return appendText(nodes, t.Position, string(slashes))
}

// startsDirective reports whether backslashes before the token are escapes.
func (t token) startsDirective() bool {
	switch t.kind {
	case ifDirective, elseDirective, elseifDirective, endDirective:
		return true
	}
	return t.image != "" && isDirective(t.image[1:])
}

// unescaped returns the output of an escaped directive.
func unescaped(image string) string {
	last := strings.LastIndexByte(image, '\\')
	name := strings.Trim(image[last+2:], "{}")
	if isDirective(name) || directiveWords[name] != 0 || name == "set" {
		return image[:last/2] + image[last+1:]
	}
	return image
}

// set parses #set(…). Its opening parenthesis is part of the first token.
func (p *parser) set(nodes []Node) ([]Node, error) {
	start := p.take()
	blanks := strings.IndexByte(start.image, '#')
	start.Offset += blanks
	start.Column += blanks
	p.skip(blank)
	target, err := p.expectReference("the reference to set")
	if err != nil {
		return nil, err
	}
	p.skip(blank)
	if err := p.expect(equals, "="); err != nil {
		return nil, err
	}
	value, err := p.enclosedExpression()
	if err != nil {
		return nil, err
	}
	p.inSet = false
	p.changes = p.changes || len(target.Accessors) > 0
	return append(nodes, &Set{start.Position, target, value}), nil
}

func (p *parser) ifStatement(nodes []Node) ([]Node, error) {
	statement := &If{Position: p.peek(0).Position}
	for next := ifDirective; p.peek(0).kind == next; next = elseifDirective {
		branch, err := p.branch()
		if err != nil {
			return nil, err
		}
		statement.Branches = append(statement.Branches, branch)
	}
	if p.skip(elseDirective) {
		var err error
		if statement.Else, err = p.block(); err != nil {
			return nil, err
		}
	}
	return append(nodes, statement), p.expect(endDirective, "the #end of #if")
}

// branch parses #if or #elseif with its condition and block.
func (p *parser) branch() (Branch, error) {
	branch := Branch{Position: p.take().Position}
	p.skip(blank)
	err := p.expect(openParenthesis, "(")
	if err != nil {
		return branch, err
	}
	if branch.Condition, err = p.enclosedExpression(); err != nil {
		return branch, err
	}
	branch.Body, err = p.block()
	return branch, err
}

// enclosedExpression parses an expression and the closing parenthesis.
func (p *parser) enclosedExpression() (Node, error) {
	expression, err := p.expression()
	if err != nil {
		return nil, err
	}
	return expression, p.expect(closeParenthesis, ")")
}
