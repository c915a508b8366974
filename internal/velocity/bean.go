package velocity

import (
	"slices"
	"strings"
)

// BeanType is the type of objects that have properties and nothing else: a template
// reads `$x.name` or `$x.getName()`, and can neither set a property nor call the methods
// of a map. It never changes.
type BeanType struct {
	kind       *kind
	class      string
	properties []string
}

// NewBeanType returns a type with the name of its class in Java, and properties such as
// "contentType", which getContentType() returns.
func NewBeanType(class string, properties ...string) *BeanType {
	getters := methods{}
	for i, property := range properties {
		getters["get"+strings.ToUpper(property[:1])+property[1:]] = of(func(b *Bean) Value { return b.values[i] })
	}
	return &BeanType{newKind(class, getters), class, slices.Clone(properties)}
}

// Properties returns the names of the properties.
func (t *BeanType) Properties() []string { return slices.Clone(t.properties) }

// New returns an object with the values of the properties, in the order of the type.
// Values that are missing are null.
func (t *BeanType) New(values ...Value) *Bean {
	b := &Bean{t, make([]Value, len(t.properties))}
	copy(b.values, values)
	return b
}

// Bean is an object of a [BeanType]. It never changes.
type Bean struct {
	beanType *BeanType
	values   []Value
}

// Get returns the value of a property, nil if there is none.
func (b *Bean) Get(property string) Value {
	if i := slices.Index(b.beanType.properties, property); i >= 0 {
		return b.values[i]
	}
	return nil
}
