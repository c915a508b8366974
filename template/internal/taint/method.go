package taint

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// call returns what a method of a value can return.
func (a *analysis) call(v value, n *velocity.Call, args []value) value {
	var result value
	for _, t := range v.texts {
		if !a.charge(len(t)) {
			return value{}
		}
		result = join(result, a.textMethod(t, n, args))
	}
	for _, o := range v.objects {
		result = join(result, a.objectMethod(o, n, args))
	}
	return result
}

// objectMethod returns what a method of an object can return. Of a method that is not
// known, it returns all that it could.
func (a *analysis) objectMethod(o *object, n *velocity.Call, args []value) value {
	if o.kind == escapeTool {
		return a.escape(n.Name, args)
	}
	switch n.Name {
	case "size", "indexOf", "lastIndexOf", "hashCode", "getCount", "getIndex":
		return number
	case "isEmpty", "contains", "containsKey", "containsValue", "containsAll", "equals", "hasNext", "getHasNext", "isFirst", "isLast", "getClass":
		return boolean
	case "toString":
		return value{texts: a.printed(objectOf(o))}
	case "keySet":
		return a.listOf(n, "keys", o.allKeys())
	case "entrySet":
		pair := a.object(n, "entry", entry)
		a.changed(pair.put("key", true, o.allKeys()))
		a.changed(pair.put("value", true, o.contents()))
		return a.listOf(n, "entries", objectOf(pair))
	case "values", "toArray", "subList", "iterator", "listIterator", "clone":
		return a.listOf(n, "items", o.contents())
	case "getParent", "getTopmost":
		return objectOf(o)
	case "put", "putIfAbsent", "set", "replace":
		if len(args) == 2 {
			a.putOrSet(o, args[0], args[1])
		}
	case "add", "addAll", "putAll", "retainAll", "removeAll", "addFirst", "addLast":
		a.addAll(o, args)
	case "get", "getOrDefault":
		if len(args) > 0 {
			return join(a.element(objectOf(o), args[0]), join(value{}, last(args[1:])))
		}
	}
	if name, ok := strings.CutPrefix(n.Name, "get"); ok && len(args) == 0 && name != "" && (o.kind == bean || o.kind == entry) {
		return o.field(strings.ToLower(name[:1]) + name[1:])
	}
	return join(o.contents(), boolean)
}

func last(args []value) value {
	if len(args) == 0 {
		return value{}
	}
	return args[len(args)-1]
}

func (a *analysis) putOrSet(o *object, key, v value) {
	if o.kind == list {
		a.changed(o.add(v))
	} else {
		a.put(o, key, v)
	}
}

// addAll adds arguments to an object, and what is in them.
func (a *analysis) addAll(o *object, args []value) {
	for _, arg := range args {
		a.changed(o.add(arg))
		for _, other := range arg.objects {
			a.changed(o.add(other.contents()))
			if keys := other.allKeys(); !keys.within(o.keys) {
				o.keys = join(o.keys, keys)
				a.changes++
			}
		}
	}
}

func (a *analysis) listOf(node any, name string, items value) value {
	o := a.object(node, name, list)
	a.changed(o.add(items))
	return objectOf(o)
}

// escape calls a method of $esc. Each escapes character by character.
func (a *analysis) escape(name string, args []value) value {
	if len(args) == 0 {
		return a.constant("$esc." + name + "()")
	}
	if len(args) > 1 {
		return value{}
	}
	var result value
	for _, t := range a.printed(args[0]) {
		escaped, ok := a.mapped(t, call{method: "esc." + name}, false, func(texts []string) []outcome { return a.engine.escape(name, texts) })
		if ok {
			result = join(result, value{texts: []text{escaped}})
		}
	}
	return result
}

// call is a method with its arguments, as it is remembered what it makes of a star.
type call struct {
	star   *star
	method string
	args   string
}

// mapped is a text after a method that treats each character on its own. It is not ok if
// there is no such method.
func (a *analysis) mapped(t text, c call, damages bool, apply func([]string) []outcome) (text, bool) {
	mapped := text{}
	for _, p := range t {
		if p.many != nil {
			many, ok := a.mappedMany(p.many, c, damages, apply)
			if !ok {
				return nil, false
			}
			mapped = append(mapped, part{many: many})
			continue
		}
		if p.star == nil {
			r := apply([]string{p.literal})[0]
			if !r.defined || !a.charge(1+len(p.literal)/8) {
				return nil, false
			}
			mapped = mapped.concat(text{{literal: r.text}})
			continue
		}
		c.star = p.star
		image, known := a.memo[c]
		if !known {
			image = a.imageOf(p.star, damages, apply)
			a.memo[c] = image
		}
		if image == nil {
			return nil, false
		}
		mapped = mapped.concat(text{{star: image}})
	}
	return mapped, true
}

func (a *analysis) mappedMany(many []text, c call, damages bool, apply func([]string) []outcome) ([]text, bool) {
	var mapped []text
	for _, t := range many {
		image, ok := a.mapped(t, c, damages, apply)
		if !ok {
			return nil, false
		}
		mapped = append(mapped, image)
	}
	return mapped, true
}

func (a *analysis) imageOf(s *star, damages bool, apply func([]string) []outcome) *star {
	if !a.charge(4 * len(s.atoms)) {
		return nil
	}
	texts, images := make([]string, len(s.atoms)), make([]string, len(s.atoms))
	for i, atom := range s.atoms {
		texts[i] = atom.text
	}
	for i, r := range apply(texts) {
		if !r.defined {
			return nil
		}
		images[i] = r.text
	}
	return s.mapped(images, damages)
}

// textMethod returns what a method of a text can return.
func (a *analysis) textMethod(t text, n *velocity.Call, args []value) value {
	switch n.Name {
	case "length", "indexOf", "lastIndexOf", "hashCode", "compareTo", "compareToIgnoreCase", "codePointAt", "codePointCount", "codePointBefore",
		"parseInt", "parseLong", "parseDouble", "parseFloat", "intValue", "longValue", "doubleValue", "floatValue":
		return number
	case "isEmpty", "isBlank", "contains", "startsWith", "endsWith", "matches", "equals", "equalsIgnoreCase", "contentEquals", "regionMatches", "getClass":
		return boolean
	case "toString", "intern", "trimToSize":
		return value{texts: []text{t}}
	case "toUpperCase", "toLowerCase":
		return a.characterwise(t, n.Name, nil)
	case "concat":
		if len(args) == 1 {
			return a.concatenate(value{texts: []text{t}}, args[0])
		}
	case "replace":
		return a.replace(t, n, args)
	case "replaceAll", "replaceFirst":
		return a.replaceMatches(t, n.Name, args)
	case "split":
		return a.listOf(n, "split", a.split(t, args))
	case "trim", "strip", "stripLeading", "stripTrailing":
		return a.trim(t, n.Name)
	}
	return a.anyPart(t, args)
}

// characterwise calls a method that treats each character on its own.
func (a *analysis) characterwise(t text, method string, args []string) value {
	c := call{method: method, args: strings.Join(args, "\x00")}
	mapped, ok := a.mapped(t, c, true, func(texts []string) []outcome { return a.engine.call(method, texts, args) })
	if !ok {
		return value{}
	}
	return value{texts: []text{mapped}}
}

// anyPart is any part of a text and of what a method was given, in any order.
func (a *analysis) anyPart(t text, args []value) value {
	all := t.star()
	for _, arg := range args {
		all = union(all, a.flattened(arg, 0))
	}
	a.charge(len(all.atoms))
	return starred(a.cutOf(all))
}

// cutOf remembers cut, so that one star has one cut.
func (a *analysis) cutOf(s *star) *star {
	c := call{star: s, method: "cut"}
	cut, known := a.memo[c]
	if !known {
		cut = s.cut()
		a.memo[c] = cut
	}
	return cut
}

// trim takes white space off the ends, which cuts nothing but what begins or ends with it.
func (a *analysis) trim(t text, method string) value {
	if t.isLiteral() {
		return a.characterwise(t, method, nil)
	}
	for _, p := range t.flat() {
		for _, atom := range p.star.atoms {
			if atom.isEscape() && strings.TrimSpace(atom.text) != atom.text {
				return starred(a.cutOf(t.star()))
			}
		}
	}
	var trimmed text
	for i, p := range t {
		if p.isLiteral() && i == 0 {
			p.literal = strings.TrimLeft(p.literal, " \t\r\n")
		}
		if p.isLiteral() && i == len(t)-1 {
			p.literal = strings.TrimRight(p.literal, " \t\r\n")
		}
		trimmed = append(trimmed, p)
	}
	return join(value{texts: []text{t}}, value{texts: []text{trimmed}})
}

// replace replaces a text with another one.
func (a *analysis) replace(t text, n *velocity.Call, args []value) value {
	if len(args) != 2 {
		return value{}
	}
	old, known := args[0].asLiteral()
	if !known || old == "" {
		return a.anyPart(t, args)
	}
	if t.isLiteral() { // such as a text of the template with a place for a value
		return a.fill(strings.Split(t.joined(), old), args[1])
	}
	replacement, known := args[1].asLiteral()
	switch {
	case utf8.RuneCountInString(old) == 1 && known:
		return a.characterwise(t, "replace", []string{old, replacement})
	case old == "]]>" && known && splitsCDATA(replacement):
		s := t.star()
		split := newStar(s.origin, append(slices.Clone(s.atoms), atom{text: replacement}))
		split.damaged, split.split = s.damaged, replacement
		return starred(split)
	}
	return a.insertions(t, args[1])
}

// fill is the pieces of a text with a value between each two.
func (a *analysis) fill(pieces []string, between value) value {
	filled := literal(pieces[0])
	for _, piece := range pieces[1:] {
		filled = a.concatenate(a.concatenate(filled, between), literal(piece))
	}
	return filled
}

// insertions is a text with something in place of parts of it, which can be parts of escapes.
func (a *analysis) insertions(t text, replacement value) value {
	inserted := a.flattened(replacement, 0)
	return starred(union(a.cutOf(t.star()), inserted))
}

// replaceMatches replaces what a regular expression matches.
func (a *analysis) replaceMatches(t text, method string, args []value) value {
	if len(args) != 2 {
		return value{}
	}
	expression, known1 := args[0].asLiteral()
	replacement, known2 := args[1].asLiteral()
	if !known1 || !known2 {
		return a.anyPart(t, args)
	}
	p := a.pattern(expression)
	switch {
	case t.isLiteral():
		return a.characterwise(t, method, []string{expression, replacement})
	case method == "replaceAll" && p.single && !p.repeated:
		return a.characterwise(t, method, []string{expression, replacement})
	case method == "replaceAll" && p.single && a.keepsEscapes(t, p):
		return a.characterwise(flattenLiterals(t), method, []string{expression, replacement})
	}
	return a.insertions(t, literal(replacement))
}

// keepsEscapes reports whether a pattern matches all of each escape or nothing of it.
func (a *analysis) keepsEscapes(t text, p *pattern) bool {
	for _, atom := range t.star().atoms {
		if !atom.isEscape() {
			continue
		}
		for _, c := range atom.text {
			if a.matches(p, string(c)) {
				return false
			}
		}
	}
	return true
}

// flattenLiterals is a text whose literals are characters: a run that is replaced can go
// beyond their ends.
func flattenLiterals(t text) text { return text{{star: t.star()}} }

// split is what a text is cut into.
func (a *analysis) split(t text, args []value) value {
	expression, known := value{}.asLiteral()
	if len(args) > 0 {
		expression, known = args[0].asLiteral()
	}
	if !known {
		return a.anyPart(t, args)
	}
	p, all := a.pattern(expression), t.star()
	if !p.single {
		return starred(a.cutOf(all))
	}
	if !a.keepsEscapes(t, p) {
		all = a.cutOf(all)
	}
	a.charge(len(all.atoms))
	if len(args) > 1 { // a limit: what is behind the last match is not cut
		return starred(all)
	}
	return starred(all.only(func(at atom) bool { return at.isEscape() || !a.matches(p, at.text) }))
}
