package taint

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/messagemedia/webhooks-go-sdk/internal/velocity"
)

// call returns the possible results of a method of a value.
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

// objectMethod returns the possible results of a method of an object. An unknown method can
// return anything that it has access to.
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

// addAll adds arguments and their contents to an object.
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

// escape calls a method of $esc, which escapes character by character.
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

// call is the key of a cached result of a method on a star.
type call struct {
	star   *star
	method string
	args   string
}

// mapped returns a text after a method that maps each character separately. If there is no
// such method, ok is false.
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

// textMethod returns the possible results of a method of a text.
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

// characterwise calls a method that maps each character separately.
func (a *analysis) characterwise(t text, method string, args []string) value {
	c := call{method: method, args: strings.Join(args, "\x00")}
	mapped, ok := a.mapped(t, c, true, func(texts []string) []outcome { return a.engine.call(method, texts, args) })
	if !ok {
		return value{}
	}
	return value{texts: []text{mapped}}
}

// anyPart returns any parts of a text and of a method's arguments, in any order.
func (a *analysis) anyPart(t text, args []value) value {
	all := t.star()
	for _, arg := range args {
		all = union(all, a.flattened(arg, 0))
	}
	a.charge(len(all.atoms))
	return starred(a.cutOf(all))
}

// cutOf caches cut, so that a star has one cut.
func (a *analysis) cutOf(s *star) *star {
	c := call{star: s, method: "cut"}
	cut, known := a.memo[c]
	if !known {
		cut = s.cut()
		a.memo[c] = cut
	}
	return cut
}

// trim removes white space at the ends. It cuts only atoms that begin or end with it.
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
	if t.isLiteral() { // a text of the template with a placeholder
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

// fill returns the pieces of a text joined by a value.
func (a *analysis) fill(pieces []string, between value) value {
	filled := literal(pieces[0])
	for _, piece := range pieces[1:] {
		filled = a.concatenate(a.concatenate(filled, between), literal(piece))
	}
	return filled
}

// insertions returns a text with replaced parts, which can be parts of escapes.
func (a *analysis) insertions(t text, replacement value) value {
	inserted := a.flattened(replacement, 0)
	return starred(union(a.cutOf(t.star()), inserted))
}

// replaceMatches replaces the matches of a regular expression.
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

// keepsEscapes reports whether a pattern matches either all or nothing of each escape.
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

// flattenLiterals replaces literals by their characters, since a match can extend beyond the
// ends of a literal.
func flattenLiterals(t text) text { return text{{star: t.star()}} }

// split returns the pieces of a text.
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
	if len(args) > 1 { // a limit: the text after the last match is not split
		return starred(all)
	}
	return starred(all.only(func(at atom) bool { return at.isEscape() || !a.matches(p, at.text) }))
}
