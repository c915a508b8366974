package velocity

import (
	"fmt"
	"slices"
	"strings"
)

// method is a method with typed parameters, one letter each: o for any value, s for a
// non-null String, S for a String or null, i for an Integer, d for a number, b for a Bool,
// l for a *List, m for a *Map.
type method struct {
	parameters string
	call       func(r *renderer, self Value, args []Value) (Value, error)
}

// methods are the overloads of each method of a type. A call uses the first overload that
// fits the arguments.
type methods map[string][]method

// properties are the methods that `$x.name` calls: getName or getname, otherwise isName.
type properties map[string]method

// kind is a type of values with its methods.
type kind struct {
	class      class
	methods    methods
	properties properties

	// zero is the receiver for calls of static methods, and statics are their names.
	zero    Value
	statics []string
}

// withStatics marks methods that can also be called on the class.
func (k *kind) withStatics(zero Value, names ...string) *kind {
	k.zero, k.statics = zero, names
	return k
}

func newKind(name string, own ...methods) *kind {
	all := methods{}
	for _, some := range append(own, common) {
		for method, overloads := range some {
			all[method] = append(all[method], overloads...)
		}
	}
	all["getClass"] = []method{{"", func(*renderer, Value, []Value) (Value, error) { return class(name), nil }}}
	k := &kind{class: class(name), methods: all, properties: properties{}}
	for _, prefix := range [...]string{"is", "get"} {
		for name, overloads := range all {
			if property, ok := strings.CutPrefix(name, prefix); ok && property != "" && overloads[0].parameters == "" {
				k.properties[property] = overloads[0]
				k.properties[strings.ToLower(property[:1])+property[1:]] = overloads[0]
			}
		}
	}
	return k
}

// withoutProperties removes properties.
func (k *kind) withoutProperties(names ...string) *kind {
	for _, name := range names {
		delete(k.properties, name)
		delete(k.properties, strings.ToUpper(name[:1])+name[1:])
	}
	return k
}

// kindOf returns the type of a value.
func kindOf(v Value) *kind {
	switch v := v.(type) {
	case String:
		return stringKind
	case Bool:
		return boolKind
	case Integer:
		return integerKind
	case Float:
		return floatKind
	case *large:
		return largeKind
	case character:
		return characterKind
	case *List:
		return listKinds[v.kind]
	case *Map:
		return mapKind
	case Entry:
		return entryKind
	case *loop:
		return loopKind
	case escapes:
		return escapesKind
	case *iterator:
		return iteratorKind
	case *Bean:
		return v.beanType.kind
	}
	return classKind
}

// kindOfClass returns the type of a class, or nil if no template value has this class.
func kindOfClass(c class) *kind {
	for _, k := range append([]*kind{
		stringKind, boolKind, integerKind, floatKind, largeKind, characterKind, mapKind, entryKind, loopKind, iteratorKind, classKind,
	}, listKinds[:]...) {
		if k.class == c {
			return k
		}
	}
	return nil
}

// property returns a property of a value. It returns null if the property does not exist.
func (r *renderer) property(v Value, name string) (Value, error) {
	switch v := v.(type) {
	case *Map:
		if name != "class" {
			value, _ := v.get(String(name))
			return value, nil
		}
	case *loop:
		if _, own := loopKind.properties[name]; !own {
			return v.get(String(name)), nil
		}
	}
	if m, ok := kindOf(v).properties[name]; ok {
		return m.call(r, v, nil)
	}
	return nil, nil
}

// call calls a method. It returns null if no method has the name and accepts the
// arguments.
func (r *renderer) call(v Value, n *Call) (Value, error) {
	first := len(r.args)
	err := r.pushArguments(n.Args)
	var value Value
	if err == nil {
		r.at = n.Position
		value, err = r.choose(v, n.Name, r.args[first:len(r.args):len(r.args)])
	}
	r.args = r.args[:first]
	return value, err
}

// pushArguments evaluates arguments and pushes them on the stack of active calls.
func (r *renderer) pushArguments(args []Node) error {
	for _, arg := range args {
		value, err := r.evaluate(arg)
		if err != nil {
			return err
		}
		if err := r.chargeKey(value, 0); err != nil {
			return err
		}
		r.args = append(r.args, value)
	}
	return nil
}

// choose calls the first overload that fits the arguments.
func (r *renderer) choose(v Value, name string, args []Value) (Value, error) {
	overloads := kindOf(v).methods[name]
	for _, m := range overloads {
		if m.fits(args) {
			value, err := m.callChecked(r, v, args)
			return value, r.located(err, name)
		}
	}
	if c, ok := v.(class); ok && overloads == nil {
		return r.callOnClass(c, name, args)
	}
	for _, m := range overloads {
		if m.parameters == "" { // Velocity finds the method for any arguments, and then fails to call it
			return nil, r.located(methodError("takes no arguments"), name)
		}
	}
	return nil, nil
}

// callOnClass calls a static method. For other methods of the class, it returns an error,
// because Velocity finds them and then fails to call them.
func (r *renderer) callOnClass(c class, name string, args []Value) (Value, error) {
	k := kindOfClass(c)
	if k == nil {
		return nil, nil
	}
	for _, m := range k.methods[name] {
		switch {
		case !m.fits(args):
			continue
		case !slices.Contains(k.statics, name):
			return nil, r.located(methodError("not a static method"), name)
		}
		value, err := m.callChecked(r, k.zero, args)
		return value, r.located(err, name)
	}
	return nil, nil
}

// located adds the position and the name of the method to an error.
func (r *renderer) located(err error, name string) error {
	if failed, ok := err.(*Error); ok && failed.Kind == Method {
		failed.Position, failed.Name = r.at, name
		failed.Message = name + ": " + failed.Message
	}
	return err
}

func (m method) fits(args []Value) bool {
	if len(args) != len(m.parameters) {
		return false
	}
	for i, arg := range args {
		if !accepts(m.parameters[i], arg) {
			return false
		}
	}
	return true
}

// accepts reports whether a parameter accepts a value. Every object type accepts null.
func accepts(parameter byte, v Value) bool {
	ok := true
	switch parameter {
	case 's', 'S':
		ok = v == nil || isString(v)
	case 'l':
		_, ok = v.(*List)
		ok = ok || v == nil
	case 'm':
		_, ok = v.(*Map)
		ok = ok || v == nil
	case 'i':
		var n Integer
		n, ok = v.(Integer)
		ok = ok && n == Integer(int32(n))
	case 'd':
		ok = isNumber(v)
	case 'b':
		_, ok = v.(Bool)
	}
	return ok
}

func (m method) callChecked(r *renderer, v Value, args []Value) (Value, error) {
	for i, arg := range args {
		if arg == nil && strings.IndexByte("slm", m.parameters[i]) >= 0 {
			return nil, methodError("argument %d is null", i+1)
		}
	}
	return m.call(r, v, args)
}

// methodError returns the error of a failed method. The caller adds position and name.
func methodError(format string, args ...any) error {
	return &Error{Kind: Method, Message: fmt.Sprintf(format, args...)}
}

// of returns a method that calls a function without arguments or errors.
func of[T Value](f func(self T) Value) []method {
	return []method{{"", func(_ *renderer, self Value, _ []Value) (Value, error) { return f(self.(T)), nil }}}
}

// with returns a method that calls a function with arguments and without errors.
func with[T Value](parameters string, f func(self T, args []Value) Value) method {
	return method{parameters, func(_ *renderer, self Value, args []Value) (Value, error) { return f(self.(T), args), nil }}
}

// common are the methods of every value.
var common = methods{
	"toString": {{"", func(r *renderer, self Value, _ []Value) (Value, error) {
		text, err := r.textOf(self)
		return String(text), err
	}}},
	"equals": {{"o", func(r *renderer, self Value, args []Value) (Value, error) {
		same, err := r.equal(self, args[0], 0)
		return Bool(same), err
	}}},
	"hashCode": {{"", func(r *renderer, self Value, _ []Value) (Value, error) {
		code, err := r.hash(self, 0)
		return Integer(code), err
	}}},
}

// ordered are the fallback methods of comparable types, for arguments that their own
// methods do not accept.
var ordered = methods{
	"compareTo": {{"o", func(*renderer, Value, []Value) (Value, error) {
		return nil, methodError("compared with a value of another type")
	}}},
}
